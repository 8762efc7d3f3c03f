//! Addresses to which secrets may be sent.

use std::fmt;

use auth_core::{Error, ErrorKind, Origin};
use http::Uri;

/// The address of a token, authorization or API endpoint, checked once.
///
/// It is `https`, or `http` to a loopback literal, and has neither user-info nor a fragment (RFC 6749 §3.1, §3.2). A
/// query of its own is kept. `Debug` leaves the query out.
///
/// # Example
///
/// ```
/// use auth_oauth2::Endpoint;
///
/// # fn main() -> Result<(), auth_core::Error> {
/// let root = Endpoint::parse("https://api.example/connect?tenant=1")?;
/// assert_eq!(root.join("rest/token")?.uri(), "https://api.example/connect/rest/token?tenant=1");
/// assert!(Endpoint::parse("http://api.example/token").is_err());
/// assert!(Endpoint::parse("http://127.0.0.1:8080/token").is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    uri: Uri,
    origin: Origin,
}

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where it is not absolute, is plain `http` to anything but a loopback literal, or
    /// has user-info, a fragment, or a host that [`Origin::of`] refuses.
    pub fn parse(address: &str) -> Result<Self, Error> {
        let endpoint = Self::dangerous_plain_http(address)?;
        if !endpoint.origin.is_protected() {
            return Err(refusal(
                "it is plain http; use https, or a loopback address, or say dangerous_plain_http",
            ));
        }
        Ok(endpoint)
    }

    /// Reads an address and lets plain `http` pass, which sends secrets for everybody on the way to read.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), but for plain `http`.
    pub fn dangerous_plain_http(address: &str) -> Result<Self, Error> {
        // Checked on the text: a parsed `Uri` has already dropped the fragment.
        if address.contains('#') {
            return Err(refusal("it has a fragment"));
        }
        let uri: Uri = address.parse().map_err(|_| refusal("it cannot be read"))?;
        let origin = Origin::of(&uri)?;
        Ok(Self { uri, origin })
    }

    /// Returns the address with `path` appended to its path; its query is kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where `path` has a query, a fragment, a `.` or `..` segment, or characters that a
    /// path cannot have.
    pub fn join(&self, path: &str) -> Result<Self, Error> {
        let dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
        if dots || path.contains(['?', '#', '\\', '@']) {
            return Err(refusal("the part to append is more than a plain path"));
        }
        let base = self.uri.path().trim_end_matches('/');
        let mut joined = format!("{base}/{}", path.trim_start_matches('/'));
        if let Some(query) = self.uri.query() {
            joined.push('?');
            joined.push_str(query);
        }
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(
            joined
                .parse()
                .map_err(|_| refusal("the part to append cannot be read"))?,
        );
        let uri = Uri::from_parts(parts).map_err(|_| refusal("it cannot be put together"))?;
        Ok(Self {
            uri,
            origin: self.origin.clone(),
        })
    }

    /// Returns the whole address.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

fn refusal(why: &'static str) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!("the address cannot be an endpoint: {why}"),
    )
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Endpoint {
    /// Reads a text by [`Endpoint::parse`].
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The deserializer's own text may quote what it found, and a query may hold a secret; where it found nothing,
        // it names what is missing.
        let address =
            String::deserialize(deserializer).map_err(|error| match error.to_string() {
                text if text.starts_with("missing field ") => error,
                _ => serde::de::Error::custom("expected a text for an address"),
            })?;
        Self::parse(&address).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}{})", self.origin, self.uri.path())
    }
}

#[cfg(test)]
mod tests;
