//! Where a token may go.

use std::{fmt, net::IpAddr, sync::Arc};

use http::{Uri, uri::Scheme};

use crate::{Error, ErrorKind};

#[cfg(test)]
mod tests;

/// Scheme, host and port of a server (RFC 6454 §4), as a token's permission to go there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Box<str>,
    port: u16,
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
        let default = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
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
            None if authority.as_str() == host => default,
            None => return Err(refusal("its port cannot be read")),
        };
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = literal.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        Ok(Self {
            protected: *scheme == Scheme::HTTPS || loopback,
            scheme: scheme.clone(),
            host: host.to_ascii_lowercase().into(),
            port,
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
        let Some(authority) = uri.authority() else {
            return false;
        };
        if *authority.as_str() == *self.host {
            // The usual case, settled by one comparison: nothing stands beside the host, so the default port is meant.
            let default = if self.scheme == Scheme::HTTPS {
                443
            } else {
                80
            };
            return self.port == default && uri.scheme() == Some(&self.scheme);
        }
        let host = authority.host();
        let port = match authority.port_u16() {
            Some(port) => port,
            // Neither a port nor user-info stands beside the host, so the default port is meant.
            None if authority.as_str().len() == host.len() => {
                if self.scheme == Scheme::HTTPS {
                    443
                } else {
                    80
                }
            }
            None => return false,
        };
        uri.scheme() == Some(&self.scheme)
            && port == self.port
            && host.eq_ignore_ascii_case(&self.host)
            && !authority.as_str().contains('@')
    }
}

fn refusal(why: &'static str) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!("the address cannot be where a token goes: {why}"),
    )
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
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
        self.0.iter().find(|origin| origin.matches(uri))
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
