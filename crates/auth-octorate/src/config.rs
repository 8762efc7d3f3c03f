//! What has to be known about a client and where it is known.

use std::{fmt, time::Duration};

use auth_core::{Error, ErrorKind, Secret, StoreKey};
use auth_oauth2::{Endpoint, GrantType, GrantTypes};

/// The redirect URI that Octorate registers first.
pub const DEFAULT_REDIRECT_URI: &str = "https://localhost";

/// A client that Octorate knows.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Raw"))]
pub struct Config {
    pub(crate) client_id: Box<str>,
    pub(crate) client_secret: Secret,
    pub(crate) redirect_uri: Box<str>,
    allow_query: bool,
    pub(crate) base_url: Endpoint,
    pub(crate) authorize_page: Endpoint,
    pub(crate) grant_types: GrantTypes,
    pub(crate) code_max_age: Duration,
}

impl Config {
    /// Returns the configuration of a client, whose id and secret came in the welcome mail.
    pub fn new(client_id: &str, client_secret: Secret) -> Self {
        let constant = |address| Endpoint::parse(address).expect("these constants are addresses");
        let mut grant_types = GrantTypes::default();
        grant_types.authorization_code = GrantType::Named("code".into());
        grant_types.refresh_token = GrantType::Omitted;
        grant_types.client_credentials = GrantType::Omitted;
        Self {
            client_id: client_id.into(),
            client_secret,
            redirect_uri: DEFAULT_REDIRECT_URI.into(),
            allow_query: false,
            base_url: constant("https://api.octorate.com/connect"),
            authorize_page: constant("https://admin.octorate.com/octobook/identity/oauth.xhtml"),
            grant_types,
            code_max_age: Duration::from_secs(60),
        }
    }

    /// Sets where the browser comes back, byte for byte as registered: [`DEFAULT_REDIRECT_URI`], unless told otherwise.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where it is not `https`, or has a fragment or a query.
    pub fn redirect_uri(mut self, redirect_uri: &str) -> Result<Self, Error> {
        if redirect_uri.contains('?') && !self.allow_query {
            let why = "the redirect URI has a query; allow_query_in_redirect_uri comes first";
            return Err(Error::new(ErrorKind::Configuration, why));
        }
        https(redirect_uri)?;
        self.redirect_uri = redirect_uri.into();
        Ok(self)
    }

    /// Lets the redirect URI that is set next have a query, to which Octorate may append another `?`.
    #[must_use]
    pub fn allow_query_in_redirect_uri(mut self) -> Self {
        self.allow_query = true;
        self
    }

    /// Sets the root of the API: `https://api.octorate.com/connect`, for sandbox and production.
    #[must_use]
    pub fn base_url(mut self, base_url: Endpoint) -> Self {
        self.base_url = base_url;
        self
    }

    /// Sets the page for the user's browser; a [`Configuration`](crate::Configuration) lists those of the client.
    #[must_use]
    pub fn authorize_page(mut self, authorize_page: Endpoint) -> Self {
        self.authorize_page = authorize_page;
        self
    }

    /// Changes what grants are called: a code `code`, all else nothing. Some clients send the standard's names.
    #[must_use]
    pub fn grant_types(mut self, change: impl FnOnce(&mut GrantTypes)) -> Self {
        change(&mut self.grant_types);
        self
    }

    /// Sets how long after its arrival a code is sent: 60 s, and 180 s at most. Both lifetimes are documented.
    #[must_use]
    pub fn code_max_age(mut self, code_max_age: Duration) -> Self {
        self.code_max_age = code_max_age.min(Duration::from_secs(180));
        self
    }

    /// Returns the key under which a store keeps the login of `account`, a name of your own for the property.
    pub fn store_key(&self, account: &str) -> StoreKey {
        let origin = self.base_url.origin().to_string();
        StoreKey::new(["octorate", &origin, &self.client_id, account])
    }
}

/// Refuses an address to which Octorate would not send a browser.
pub(crate) fn https(address: &str) -> Result<(), Error> {
    if !address.starts_with("https://") {
        let why = "Octorate wants https:// in front of the address, also in development";
        return Err(Error::new(ErrorKind::Configuration, why));
    }
    Endpoint::parse(address).map(drop)
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    client_id: String,
    client_secret: Secret,
    redirect_uri: Option<String>,
    base_url: Option<Endpoint>,
    authorize_page: Option<Endpoint>,
    code_max_age: Option<u64>,
}

#[cfg(feature = "serde")]
impl TryFrom<Raw> for Config {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let mut config = Self::new(&raw.client_id, raw.client_secret);
        config.base_url = raw.base_url.unwrap_or(config.base_url);
        config.authorize_page = raw.authorize_page.unwrap_or(config.authorize_page);
        let config = config.code_max_age(Duration::from_secs(raw.code_max_age.unwrap_or(60)));
        config.redirect_uri(raw.redirect_uri.as_deref().unwrap_or(DEFAULT_REDIRECT_URI))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
