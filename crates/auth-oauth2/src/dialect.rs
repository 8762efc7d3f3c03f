//! What is odd about a provider, as data.

use std::{borrow::Cow, fmt, time::Duration};

use auth_core::{Error, Secret};
use http::{HeaderName, StatusCode};

/// How a token endpoint departs from RFC 6749. The default does not depart at all.
///
/// Make one by changing fields of the default. Everything but [`refine`](Self::refine) is data.
///
/// # Example
///
/// ```
/// use auth_oauth2::{Dialect, Expiry, GrantType};
///
/// let mut dialect = Dialect::default();
/// dialect.grant_types.authorization_code = GrantType::Named("code".into());
/// dialect.expiry = &[Expiry::Seconds("expires_in"), Expiry::Date("expireDate")];
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Dialect {
    /// Where the parameters of the grant go: the form body, as RFC 6749 wants it.
    pub placement: Placement,
    /// Names of parameters that are sent first, in this order, wherever they come from; the others follow as they were
    /// added: the grant's, then the constant ones, then the client's. Empty, because order means nothing to the standard.
    pub order: &'static [&'static str],
    /// What the grants are called.
    pub grant_types: GrantTypes,
    /// Parameters that every token request carries. None.
    pub parameters: Vec<Constant>,
    /// Headers that every token received brings along to the API, such as a brand. None.
    pub token_headers: Vec<(HeaderName, Cow<'static, str>)>,
    /// Members of the reply that tell when the token ends, the most trusted first: `expires_in`, in seconds.
    pub expiry: &'static [Expiry],
    /// How long a token lasts where the reply does not say. Unknown: it is then used until it is refused.
    pub assumed_lifetime: Option<Duration>,
    /// Members that hold the access token, the first one present counts: `access_token`.
    pub access_token: &'static [&'static str],
    /// Values of `token_type` that mean a bearer token, in any case: `bearer`. A missing one means it too.
    pub token_types: &'static [&'static str],
    /// What it means that a refresh does not bring a new refresh token: keep the old one (RFC 6749 §6).
    pub missing_refresh: MissingRefresh,
    /// Whether a refresh spends the refresh token. It does, to be careful.
    pub rotates: bool,
    /// How long after it was spent a refresh token may be sent once more, by the provider's promise: never. See
    /// [`Grant::leeway`](auth_core::Grant::leeway).
    pub reuse_leeway: Duration,
    /// How long after its arrival an authorization code may still be sent: 10 minutes (RFC 6749 §4.1.2).
    pub code_max_age: Duration,
    /// Members that hold the code of an error, the first readable one counts: `error`.
    pub error_code: &'static [&'static str],
    /// Error codes of the provider's own. Beside these and the standard's, only `[a-z_]+` is believed to be a code.
    pub error_codes: &'static [&'static str],
    /// Changes what a refusal means, where the table of the standard does not fit. It changes nothing.
    pub refine: fn(&Refusal<'_>, Error) -> Error,
    /// Further members of the reply to keep as extras of the token. None.
    pub extras: &'static [&'static str],
    /// Whether to send `Cache-Control: no-store`, which is due where secrets stand in the query (RFC 6750 §2.3). Off.
    pub ask_no_store: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            placement: Placement::Form,
            order: &[],
            grant_types: GrantTypes::default(),
            parameters: Vec::new(),
            token_headers: Vec::new(),
            expiry: &[Expiry::Seconds("expires_in")],
            assumed_lifetime: None,
            access_token: &["access_token"],
            token_types: &["bearer"],
            missing_refresh: MissingRefresh::Keep,
            rotates: true,
            reuse_leeway: Duration::ZERO,
            code_max_age: Duration::from_secs(600),
            error_code: &["error"],
            error_codes: &[],
            refine: |_, error| error,
            extras: &[],
            ask_no_store: false,
        }
    }
}

impl fmt::Debug for Dialect {
    /// Shows the names of headers and parameters and not their values, which may be keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.token_headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Dialect")
            .field("placement", &self.placement)
            .field("order", &self.order)
            .field("grant_types", &self.grant_types)
            .field("parameters", &self.parameters)
            .field("token_headers", &headers)
            .field("expiry", &self.expiry)
            .field("assumed_lifetime", &self.assumed_lifetime)
            .field("access_token", &self.access_token)
            .field("token_types", &self.token_types)
            .field("missing_refresh", &self.missing_refresh)
            .field("rotates", &self.rotates)
            .field("reuse_leeway", &self.reuse_leeway)
            .field("code_max_age", &self.code_max_age)
            .field("error_code", &self.error_code)
            .field("error_codes", &self.error_codes)
            .field("extras", &self.extras)
            .field("ask_no_store", &self.ask_no_store)
            .finish_non_exhaustive()
    }
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// Into the form body.
    #[default]
    Form,
    /// Into the query of the address, where logs of servers and proxies show it.
    Query,
}

/// A parameter that every token request carries.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Constant {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Secret,
    /// Where it goes.
    pub placement: Placement,
}

impl Constant {
    /// Returns a parameter of that name and value.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Secret>,
        placement: Placement,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            placement,
        }
    }
}

/// The value of `grant_type`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantType {
    /// It is sent with this value.
    Named(Cow<'static, str>),
    /// It is not sent.
    Omitted,
}

/// What the grants are called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantTypes {
    /// `authorization_code` (RFC 6749 §4.1.3).
    pub authorization_code: GrantType,
    /// `refresh_token` (RFC 6749 §6).
    pub refresh_token: GrantType,
    /// `client_credentials` (RFC 6749 §4.4.2).
    pub client_credentials: GrantType,
    /// `password` (RFC 6749 §4.3.2).
    pub password: GrantType,
}

impl Default for GrantTypes {
    fn default() -> Self {
        let named = |name| GrantType::Named(Cow::Borrowed(name));
        Self {
            authorization_code: named("authorization_code"),
            refresh_token: named("refresh_token"),
            client_credentials: named("client_credentials"),
            password: named("password"),
        }
    }
}

/// Which exchange it is, whatever the provider calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// An authorization code for tokens.
    AuthorizationCode,
    /// A refresh token for an access token.
    RefreshToken,
    /// The client's own credentials for an access token.
    ClientCredentials,
    /// A user's name and password for tokens.
    Password,
    /// An exchange that the standard does not know. Its `grant_type` is omitted unless the request names one.
    Other,
}

impl Step {
    /// Returns a name for logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::Other => "other",
        }
    }
}

/// A member of the reply that tells when the token ends.
///
/// Numbers are read whether they come as number or as text, with a fraction or an exponent; what cannot be read counts
/// as absent, a negative length has already ended, and everything is cut at [`MAX_LIFETIME`](auth_core::MAX_LIFETIME).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// Seconds that are left.
    Seconds(&'static str),
    /// Milliseconds that are left.
    Milliseconds(&'static str),
    /// A date of RFC 3339, with or without an RFC 9557 suffix. What is left counts from the reply's `Date` header,
    /// else from the wall clock; where nothing is left, a clock is wrong and the date counts as absent.
    Date(&'static str),
    /// Seconds since 1970. What is left counts as with [`Date`](Self::Date).
    UnixSeconds(&'static str),
    /// Milliseconds since 1970. What is left counts as with [`Date`](Self::Date).
    UnixMilliseconds(&'static str),
}

/// What it means that the reply to a refresh has no refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingRefresh {
    /// The one that was sent stays good (RFC 6749 §6).
    #[default]
    Keep,
    /// The one that was sent is spent, and there is no other.
    Forget,
}

/// A refusal by the token endpoint, as [`Dialect::refine`] sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Refusal<'a> {
    /// Which exchange was refused.
    pub step: Step,
    /// The status of the answer.
    pub status: StatusCode,
    /// The error code, where the answer has one that can be believed.
    pub code: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_headers_and_parameters_without_their_values() {
        let mut dialect = Dialect::default();
        let name = HeaderName::from_static("x-brand-key");
        dialect.token_headers = vec![(name, "planted-1".into())];
        dialect.parameters = vec![Constant::new("brand", "planted-2", Placement::Form)];
        let text = format!("{dialect:?}");
        assert!(
            text.contains("x-brand-key") && text.contains("brand"),
            "{text}"
        );
        assert!(!text.contains("planted"), "{text}");
    }
}
