//! What has to be known about a server and its client.

use std::fmt;

use auth_core::{Error, ErrorKind, Origins, Secret, StoreKey};
use auth_oauth2::Endpoint;

/// The host that the documentation names first. It is no default: a client is known in one region only.
pub const DEFAULT_SERVER: &str = "blynk.cloud";

/// A server of the Organization API and a client that it knows.
///
/// # Example
///
/// ```
/// use auth_core::Secret;
/// use auth_orgapi::{Config, RefreshMode};
///
/// # fn main() -> Result<(), auth_core::Error> {
/// let secret = Secret::new("made-up");
/// let config = Config::new("fra1.blynk.cloud", "oa2-client-id_demo", secret)?
///     .refresh_mode(RefreshMode::Never);
/// assert!(!format!("{config:?}").contains("made-up"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Raw"))]
pub struct Config {
    pub(crate) server: Endpoint,
    pub(crate) client_id: Box<str>,
    pub(crate) client_secret: Secret,
    pub(crate) client_auth: ClientAuth,
    pub(crate) refresh_mode: RefreshMode,
    pub(crate) param_placement: ParamPlacement,
    pub(crate) other_regions: Vec<Endpoint>,
}

/// How the client shows who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ClientAuth {
    /// By the Basic header, id and secret as they are. The documentation shows this.
    #[default]
    Basic,
    /// By the Basic header, id and secret percent-encoded first (RFC 6749 §2.3.1).
    BasicEncoded,
    /// By parameters of the query, which the logs of the provider and of every proxy on the way will show.
    ///
    /// RFC 6749 §2.3.1 forbids it and the provider calls it less secure. Nothing falls back to it.
    QueryInsecure,
}

/// Whether refresh tokens are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RefreshMode {
    /// While the access token is good, it is renewed by the refresh token, as documented; otherwise, and where that is
    /// refused or its outcome is unknown, by the client's credentials, once.
    #[default]
    BeforeExpiry,
    /// Every token is obtained by the client's credentials, and no refresh token ever stands in an address.
    Never,
}

/// Where the parameters of a token request go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ParamPlacement {
    /// Into the query, as documented.
    #[default]
    Query,
    /// Into the form body, as RFC 6749 wants it. Whether the provider accepts that is not documented.
    Body,
}

impl Config {
    /// Returns the configuration of a client at `server_address`: a host, a host and port, or an address without path.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the address has more than that or is plain `http` to anything but a loopback
    /// literal, and where id or secret is empty.
    pub fn new(
        server_address: &str,
        client_id: &str,
        client_secret: Secret,
    ) -> Result<Self, Error> {
        let server = server(server_address, Endpoint::parse)?;
        Self::at(server, client_id, client_secret)
    }

    /// Returns the same for an address that may be plain `http`, which sends secrets for everybody on the way to read.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), but for plain `http`.
    pub fn dangerous_plain_http(
        server_address: &str,
        client_id: &str,
        client_secret: Secret,
    ) -> Result<Self, Error> {
        let server = server(server_address, Endpoint::dangerous_plain_http)?;
        Self::at(server, client_id, client_secret)
    }

    fn at(server: Endpoint, client_id: &str, client_secret: Secret) -> Result<Self, Error> {
        if client_id.is_empty() || client_secret.is_empty() {
            return Err(refusal(
                "the client id or secret is empty; copy both from the developer zone of the console",
            ));
        }
        Ok(Self {
            server,
            client_id: client_id.into(),
            client_secret,
            client_auth: ClientAuth::default(),
            refresh_mode: RefreshMode::default(),
            param_placement: ParamPlacement::default(),
            other_regions: Vec::new(),
        })
    }

    /// Sets how the client shows who it is. By the Basic header, unless told otherwise.
    #[must_use]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Sets whether refresh tokens are used. They are, unless told otherwise.
    #[must_use]
    pub fn refresh_mode(mut self, refresh_mode: RefreshMode) -> Self {
        self.refresh_mode = refresh_mode;
        self
    }

    /// Sets where the parameters of a token request go. Into the query, unless told otherwise.
    #[must_use]
    pub fn param_placement(mut self, param_placement: ParamPlacement) -> Self {
        self.param_placement = param_placement;
        self
    }

    /// Lets token requests follow a redirect to these servers, one step far, and lets tokens go there. None, unless
    /// told otherwise: a redirect is an error, for following it sends the client's secret to another host.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new) for each address.
    pub fn other_regions(mut self, server_addresses: &[&str]) -> Result<Self, Error> {
        let regions = server_addresses.iter().map(|a| server(a, Endpoint::parse));
        self.other_regions = regions.collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Returns the key under which a store keeps the login of `account`, a name of your own for the organization.
    pub fn store_key(&self, account: &str) -> StoreKey {
        let origin = self.server.origin().to_string();
        StoreKey::new(["orgapi", &origin, &self.client_id, account])
    }

    /// Returns where tokens may go.
    pub(crate) fn origins(&self) -> Origins {
        let regions = std::iter::once(&self.server).chain(&self.other_regions);
        regions.map(Endpoint::origin).cloned().collect()
    }
}

fn server(address: &str, read: fn(&str) -> Result<Endpoint, Error>) -> Result<Endpoint, Error> {
    let endpoint = if address.contains("://") {
        read(address)?
    } else {
        read(&format!("https://{address}"))?
    };
    if endpoint.uri().path() != "/" || endpoint.uri().query().is_some() {
        return Err(refusal(
            "the server address has a path or a query; give the host alone, such as fra1.blynk.cloud",
        ));
    }
    Ok(endpoint)
}

fn refusal(why: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, why)
}

/// A configuration as it is written down. Plain `http` cannot be allowed there: that takes a line of code.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    server_address: String,
    client_id: String,
    client_secret: Secret,
    #[serde(default)]
    client_auth: ClientAuth,
    #[serde(default)]
    refresh_mode: RefreshMode,
    #[serde(default)]
    param_placement: ParamPlacement,
    #[serde(default)]
    other_regions: Vec<String>,
}

#[cfg(feature = "serde")]
impl TryFrom<Raw> for Config {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let others: Vec<_> = raw.other_regions.iter().map(String::as_str).collect();
        Self::new(&raw.server_address, &raw.client_id, raw.client_secret)?
            .client_auth(raw.client_auth)
            .refresh_mode(raw.refresh_mode)
            .param_placement(raw.param_placement)
            .other_regions(&others)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("server", &self.server.origin())
            .field("client_auth", &self.client_auth)
            .field("refresh_mode", &self.refresh_mode)
            .field("param_placement", &self.param_placement)
            .field("other_regions", &self.other_regions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
