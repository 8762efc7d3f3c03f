//! The ways to log in.

use auth_core::{Cached, Error, ErrorKind, Exchange, Grant, Secret};
use auth_oauth2::{AuthorizationCode, AuthorizationCodeGrant, GrantRequest, HeaderSecret, Step};
use http::HeaderName;

use crate::Octorate;

/// A source of tokens for administration and for nothing else: a [`PropertySource`] has none of its methods, and the
/// other way round. It dereferences to its [`Cached`].
#[derive(Clone, Debug)]
pub struct AdminSource {
    pub(crate) cached: Cached,
    pub(crate) octorate: Octorate,
}

/// A source of tokens for the data of properties. It dereferences to its [`Cached`].
#[derive(Clone, Debug)]
pub struct PropertySource {
    pub(crate) cached: Cached,
    pub(crate) octorate: Octorate,
}

auth_core::forward_token_source!(AdminSource.cached, PropertySource.cached);

impl PropertySource {
    /// Exchanges a code for a login, which replaces the one held and is saved before this returns. The code is sent
    /// once, and not at all when it is too old (`code_expired`); it is used up in any case.
    ///
    /// # Errors
    ///
    /// [`LoginRequired`](auth_core::ErrorKind::LoginRequired) where it was refused or the answer is lost; otherwise as [`Cached::login`].
    ///
    /// # Cancellation
    ///
    /// As [`Cached::login_from`]: once begun, it goes on.
    pub async fn authorize(&self, code: AuthorizationCode) -> Result<(), Error> {
        let grant = AuthorizationCodeGrant::new(self.octorate.token.clone(), code);
        let login = async move |ctx: Exchange| Ok((grant.exchange(&ctx).await?, ()));
        self.cached.login_from(login).await?;
        self.octorate.watch.succeeded();
        Ok(())
    }

    /// Exchanges an old API key for the login of `accommodation`, as [`authorize`](Self::authorize) does a code. It
    /// works once for each pair, and nothing is sent twice.
    ///
    /// # Errors
    ///
    /// [`LoginRequired`](auth_core::ErrorKind::LoginRequired) with the code `migration_outcome_unknown` where the answer
    /// is lost, [`Configuration`](ErrorKind::Configuration) where either is empty; otherwise as [`Cached::login`].
    ///
    /// # Cancellation
    ///
    /// As [`authorize`](Self::authorize).
    pub async fn migrate(&self, old_key: Secret, accommodation: &str) -> Result<(), Error> {
        if accommodation.is_empty() {
            let why = "the id of the accommodation is empty";
            return Err(Error::new(ErrorKind::Configuration, why));
        }
        let key = HeaderSecret::new(HeaderName::from_static("key"), old_key)?;
        let client = self.octorate.migrate.known_by(key);
        let request = GrantRequest::new(Step::Other);
        let request = request.parameter("accommodation", Secret::from(accommodation));
        let login = async move |ctx: Exchange| {
            let lost = "migration_outcome_unknown";
            Ok((client.exchange_once(request, &ctx, lost).await?, ()))
        };
        self.cached.login_from(login).await
    }
}
