//! What has to be known about a server and its client.

use std::fmt;

use auth_core::{Error, ErrorKind, Secret, StoreKey};
use auth_oauth2::Endpoint;

use crate::dialect;

/// The host that the documentation names first. It is no default: a client is known in one region only.
pub const DEFAULT_SERVER: &str = "blynk.cloud";

/// A server of the Organization API and a client that it knows.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Raw"))]
pub struct Config {
    pub(crate) server: Endpoint,
    pub(crate) token: Endpoint,
    pub(crate) api: Endpoint,
    pub(crate) client_id: Box<str>,
    pub(crate) client_secret: Secret,
    pub(crate) client_auth: ClientAuth,
    pub(crate) refresh_mode: RefreshMode,
    pub(crate) param_placement: ParamPlacement,
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
        Self::at(
            server(server_address, Endpoint::parse)?,
            client_id,
            client_secret,
        )
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
            return Err(Error::new(
                ErrorKind::Configuration,
                "the client id or secret is empty; copy both from the developer zone of the console",
            ));
        }
        Ok(Self {
            token: server.join(dialect::TOKEN_PATH)?,
            api: server.join(dialect::API_PATH)?,
            server,
            client_id: client_id.into(),
            client_secret,
            client_auth: ClientAuth::default(),
            refresh_mode: RefreshMode::default(),
            param_placement: ParamPlacement::default(),
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

    /// Returns the key under which a store keeps the login of `account`, a name of your own for the organization.
    pub fn store_key(&self, account: &str) -> StoreKey {
        let origin = self.server.origin().to_string();
        StoreKey::new(["orgapi", &origin, &self.client_id, account])
    }
}

fn server(address: &str, read: fn(&str) -> Result<Endpoint, Error>) -> Result<Endpoint, Error> {
    let endpoint = if address.contains("://") {
        read(address)?
    } else {
        read(&format!("https://{address}"))?
    };
    if endpoint.uri().path() != "/" || endpoint.uri().query().is_some() {
        return Err(Error::new(
            ErrorKind::Configuration,
            "the server address has a path or a query; give the host alone, such as fra1.blynk.cloud",
        ));
    }
    Ok(endpoint)
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
}

#[cfg(feature = "serde")]
impl TryFrom<Raw> for Config {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let config = Self::new(&raw.server_address, &raw.client_id, raw.client_secret)?;
        Ok(config
            .client_auth(raw.client_auth)
            .refresh_mode(raw.refresh_mode)
            .param_placement(raw.param_placement))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("server", &self.server.origin())
            .field("client_auth", &self.client_auth)
            .field("refresh_mode", &self.refresh_mode)
            .field("param_placement", &self.param_placement)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
