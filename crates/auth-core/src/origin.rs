//! Where a token may go.

use std::{fmt, net::IpAddr, sync::Arc};

use http::Uri;

use crate::{Error, ErrorKind};

#[cfg(test)]
mod tests;

/// Scheme, host and port of a server (RFC 6454 §4), as a token's permission to go there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Host and port as they are usually written: in lower case, and without the port that the scheme implies.
    authority: Box<str>,
    port: u16,
    https: bool,
    protected: bool,
}

impl Origin {
    /// Reads the origin of an address. Path and query are ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the address is not absolute, not http or https, or has user-info, a host
    /// that is not plain ASCII, or a host with a trailing dot; and where it is plain `http` to anything but a loopback
    /// address.
    pub fn parse(address: &str) -> Result<Self, Error> {
        let uri = address.parse().map_err(|_| refusal("it cannot be read"))?;
        let origin = Self::of(&uri)?;
        if !origin.is_protected() {
            return Err(refusal(
                "it is plain http; use https, or a loopback address, or say dangerous_plain_http",
            ));
        }
        Ok(origin)
    }

    /// Reads the origin of an address and lets plain `http` pass, which sends tokens for everybody to read.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), but for plain `http`.
    pub fn dangerous_plain_http(address: &str) -> Result<Self, Error> {
        let uri = address.parse().map_err(|_| refusal("it cannot be read"))?;
        Self::of(&uri)
    }

    /// Returns the origin of a request's address.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), but for plain `http`: see [`is_protected`](Self::is_protected).
    pub fn of(uri: &Uri) -> Result<Self, Error> {
        let Some(scheme) = uri.scheme() else {
            return Err(refusal("it has no scheme"));
        };
        let https = match scheme.as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(refusal("its scheme is neither https nor http")),
        };
        let Some(authority) = uri.authority() else {
            return Err(refusal("it has no host"));
        };
        if authority.as_str().contains('@') {
            return Err(refusal("it has user-info in front of the host"));
        }
        let host = authority.host();
        if host.is_empty() || !host.is_ascii() || host.ends_with('.') {
            return Err(refusal(
                "its host is empty, not plain ASCII, or ends with a dot",
            ));
        }
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str() == host => default_port(https),
            None => return Err(refusal("its port cannot be read")),
        };
        let mut usual = host.to_ascii_lowercase();
        if port != default_port(https) {
            usual.push_str(&format!(":{port}"));
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = literal.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        Ok(Self {
            authority: usual.into(),
            port,
            https,
            protected: https || loopback,
        })
    }

    /// Returns whether what is sent there cannot be read on the way: `https`, or a loopback address.
    ///
    /// Only literal addresses count as loopback. A name such as `localhost` may resolve to anything.
    pub fn is_protected(&self) -> bool {
        self.protected
    }

    /// Returns whether `uri` is of this origin, without allocating. An address that [`of`](Self::of) refuses is not.
    #[inline]
    pub fn matches(&self, uri: &Uri) -> bool {
        self.is_written_in(uri) || self.matches_in_full(uri)
    }

    /// Returns whether the address names this origin in the usual way, which one comparison settles.
    #[inline]
    fn is_written_in(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return false;
        };
        self.matches_text(scheme, authority.as_str())
    }

    fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, _)) if self.port != default_port(self.https) => host,
            _ => &self.authority,
        }
    }

    /// Compares the parts, for an address that writes them otherwise.
    #[cold]
    fn matches_in_full(&self, uri: &Uri) -> bool {
        let Some(authority) = uri.authority() else {
            return false;
        };
        let host = authority.host();
        let port = match authority.port_u16() {
            Some(port) => port,
            // Neither a port nor user-info stands beside the host.
            None if authority.as_str().len() == host.len() => default_port(self.https),
            None => return false,
        };
        uri.scheme_str() == Some(scheme_of(self.https))
            && port == self.port
            && host.eq_ignore_ascii_case(self.host())
            && !authority.as_str().contains('@')
    }

    /// Returns whether an address with this scheme and authority is of this origin, for clients that do not use the `http`
    /// crate's addresses.
    ///
    /// Both must be as a URL parser leaves them: in lower case, and without the port that the scheme implies. What is
    /// written otherwise, or has user-info, is not of this origin.
    #[inline]
    pub fn matches_text(&self, scheme: &str, authority: &str) -> bool {
        // Texts that are known when this is built compare without a call.
        let same_scheme = match scheme {
            "https" => self.https,
            "http" => !self.https,
            _ => false,
        };
        same_scheme && *authority == *self.authority
    }
}

fn scheme_of(https: bool) -> &'static str {
    if https { "https" } else { "http" }
}

#[inline]
fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn refusal(why: &'static str) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!("the address cannot be where a token goes: {why}"),
    )
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}",
            scheme_of(self.https),
            self.host(),
            self.port
        )
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The origins to which a token may go. The empty set is the default everywhere and means: nowhere.
///
/// # Example
///
/// ```
/// use auth_core::Origins;
///
/// # fn main() -> Result<(), auth_core::Error> {
/// let origins = Origins::parse("https://api.example")?;
/// assert!(origins.allow(&"https://API.example:443/v1/things".parse().unwrap()));
/// assert!(!origins.allow(&"http://api.example/v1/things".parse().unwrap()));
/// assert!(!origins.allow(&"https://api.example.evil.example/".parse().unwrap()));
/// assert!(Origins::parse("http://api.example").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Origins(Arc<[Origin]>);

impl Origins {
    /// Returns the empty set.
    pub fn none() -> &'static Self {
        static NONE: std::sync::LazyLock<Origins> = std::sync::LazyLock::new(Origins::default);
        &NONE
    }

    /// Returns the set of one origin, read by [`Origin::parse`].
    ///
    /// # Errors
    ///
    /// As [`Origin::parse`].
    pub fn parse(address: &str) -> Result<Self, Error> {
        Origin::parse(address).map(|origin| Self(Arc::new([origin])))
    }

    /// Returns whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether `uri` is of one of these origins.
    #[inline]
    pub fn allow(&self, uri: &Uri) -> bool {
        self.find(uri).is_some()
    }

    /// Returns the one of these that `uri` is of.
    #[inline]
    pub fn find(&self, uri: &Uri) -> Option<&Origin> {
        let usual = self.0.iter().find(|origin| origin.is_written_in(uri));
        usual.or_else(|| self.find_in_full(uri))
    }

    #[cold]
    fn find_in_full(&self, uri: &Uri) -> Option<&Origin> {
        self.0.iter().find(|origin| origin.matches_in_full(uri))
    }

    /// Returns whether `origin` is one of these.
    pub fn contains(&self, origin: &Origin) -> bool {
        self.0.contains(origin)
    }

    /// Returns the origins.
    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter()
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Origins {
    /// Reads a list of addresses, each by [`Origin::parse`].
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        list.iter()
            .map(|address| Origin::parse(address).map_err(serde::de::Error::custom))
            .collect()
    }
}
