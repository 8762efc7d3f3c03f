//! What has to be known about an installation, its client and its brand.

use std::{fmt, time::Duration};

use auth_core::{Error, ErrorKind, Origins, Secret, StoreKey};
use auth_oauth2::Endpoint;

/// An installation of Rator, a client that it knows, and one brand.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Config {
    pub(crate) token_url: Endpoint,
    pub(crate) api_base_url: Endpoint,
    pub(crate) client_id: Box<str>,
    pub(crate) client_secret: Secret,
    pub(crate) brand: BrandKey,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) preset: RatorPreset,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) client_auth: ClientAuth,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) refresh_mode: RefreshMode,
    pub(crate) brand_name: Option<String>,
    pub(crate) also_send_as: Option<String>,
    pub(crate) assumed_lifetime: Option<u64>,
}

/// The brand: as token requests name it, and as the header of API calls does, where its case counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(try_from = "Raw"))]
pub struct BrandKey {
    pub(crate) token_value: String,
    pub(crate) header_value: String,
}

/// Which release is spoken to, which says where the parameters of a token request go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RatorPreset {
    /// `rator-rest-api-3.x`: the brand into the query, all else into the form body.
    #[default]
    V3,
    /// REST v17.0 and later: everything into the form body.
    V17,
    /// 3.x as one of its examples is written: everything into the query. Passwords and refresh tokens end up in the
    /// logs of the server and of every proxy. RFC 6749 §4.3.2 wants the body; nothing falls back to this.
    AllQueryInsecure,
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
    /// As [`Basic`](Self::Basic), but operators log in (and do not refresh) without it, which some installations want.
    AbsentForOperators,
}

/// Whether refresh tokens are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RefreshMode {
    /// Where one is held, it is used; where it is refused or its outcome is unknown, the login is repeated, once.
    #[default]
    Held,
    /// The login is repeated. Choose this where several processes log in as one user: they share one access token, and
    /// a refresh by one of them kills it for all.
    Never,
}

impl BrandKey {
    /// Returns a brand that is written the same in both places.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where it is empty or has other characters than visible ASCII.
    pub fn new(brand: &str) -> Result<Self, Error> {
        Self::with_header(brand, brand)
    }

    /// Returns a brand that is written in another way in the header.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), for each.
    pub fn with_header(token_value: &str, header_value: &str) -> Result<Self, Error> {
        for value in [token_value, header_value] {
            if value.is_empty() || !value.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    "the brand must be visible ASCII text; ask who runs the installation for it",
                ));
            }
        }
        Ok(Self {
            token_value: token_value.to_owned(),
            header_value: header_value.to_owned(),
        })
    }

    /// Writes the brand in upper case in the header, which is what a live installation was seen to want.
    #[must_use]
    pub fn uppercase_header(mut self) -> Self {
        self.header_value.make_ascii_uppercase();
        self
    }
}

impl Config {
    /// Returns the configuration of a client. `token_url` is the whole address of the token endpoint, and `api/...`
    /// lies below `api_base_url`. Plain `http` beyond loopback takes [`Endpoint::dangerous_plain_http`].
    pub fn new(
        token_url: Endpoint,
        api_base_url: Endpoint,
        client_id: &str,
        client_secret: Secret,
        brand: BrandKey,
    ) -> Self {
        Self {
            token_url,
            api_base_url,
            client_id: client_id.into(),
            client_secret,
            brand,
            preset: RatorPreset::default(),
            client_auth: ClientAuth::default(),
            refresh_mode: RefreshMode::default(),
            brand_name: None,
            also_send_as: None,
            assumed_lifetime: None,
        }
    }

    /// Sets which release is spoken to. [`RatorPreset::V3`], unless told otherwise.
    #[must_use]
    pub fn preset(mut self, preset: RatorPreset) -> Self {
        self.preset = preset;
        self
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

    /// Sets what token requests call the brand. `brand_key`, unless told otherwise; some pages say `brandKey`.
    #[must_use]
    pub fn brand_name(mut self, brand_name: &str) -> Self {
        self.brand_name = Some(brand_name.to_owned());
        self
    }

    /// Sends the brand once more under this name, for servers whose parts disagree. Not done, unless told otherwise.
    #[must_use]
    pub fn also_send_as(mut self, also_send_as: &str) -> Self {
        self.also_send_as = Some(also_send_as.to_owned());
        self
    }

    /// Sets how long a token lasts where the reply does not say, in whole seconds. Until it is refused, unless told.
    #[must_use]
    pub fn assumed_lifetime(mut self, assumed_lifetime: Duration) -> Self {
        self.assumed_lifetime = Some(assumed_lifetime.as_secs());
        self
    }

    /// Returns the key under which a store keeps the login of `account`, such as `operator op.demo`. Each brand has its
    /// own: nobody documents that a token is good for two.
    pub fn store_key(&self, account: &str) -> StoreKey {
        let origin = self.token_url.origin().to_string();
        let (path, id) = (self.token_url.uri().path(), &self.client_id);
        // A stored token carries the header, so one that was corrected must not find it.
        let (brand, header) = (&self.brand.token_value, &self.brand.header_value);
        StoreKey::new(["rator", &origin, path, id, brand, header, account])
    }

    /// Returns where tokens may go.
    pub(crate) fn origins(&self) -> Origins {
        [self.api_base_url.origin().clone()].into_iter().collect()
    }
}

/// A brand as it is written down.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    token_value: String,
    header_value: Option<String>,
}

#[cfg(feature = "serde")]
impl TryFrom<Raw> for BrandKey {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let header = raw.header_value.as_ref().unwrap_or(&raw.token_value);
        Self::with_header(&raw.token_value, header)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("token_url", &self.token_url)
            .field("api_base_url", &self.api_base_url)
            .field("brand", &self.brand)
            .field("preset", &self.preset)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
