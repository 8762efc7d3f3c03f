//! The address to which the user's browser is sent.

use std::{borrow::Cow, fmt, time::Duration};

use auth_core::{Error, ErrorKind, Now, Secret};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use form_urlencoded::Serializer;
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

use crate::{Endpoint, PendingAuthorization};

/// How long a user may take to log in, unless told otherwise.
const MAX_AGE: Duration = Duration::from_secs(600);

/// A description of the login that a user is asked for. Every [`start`](Self::start) makes a new one of it.
///
/// `state` and PKCE with S256 are always used (RFC 9700 §2.1.1).
///
/// # Example
///
/// ```
/// use auth_core::{Clock, SystemClock};
/// use auth_oauth2::{AuthorizationRequest, Endpoint};
///
/// # fn main() -> Result<(), auth_core::Error> {
/// let page = Endpoint::parse("https://login.example/authorize")?;
/// let request = AuthorizationRequest::new(page, "demo-client", "https://shop.example/cb")?.scope("read");
///
/// let (address, mut pending) = request.start(SystemClock::new().now())?;
/// assert!(address.starts_with("https://login.example/authorize?response_type=code&client_id=demo-client"));
/// assert!(pending.callback("/cb?code=x&state=forged", SystemClock::new().now()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthorizationRequest {
    page: Endpoint,
    client_id: Box<str>,
    redirect_uri: Box<str>,
    parameters: Vec<(Cow<'static, str>, Box<str>)>,
    state_only: bool,
    max_age: Duration,
}

impl AuthorizationRequest {
    /// Returns a request at `page` that answers to `redirect_uri`, which is sent byte for byte as it is given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the id is empty or the redirect URI is not absolute or has a fragment
    /// (RFC 6749 §3.1.2).
    pub fn new(page: Endpoint, client_id: &str, redirect_uri: &str) -> Result<Self, Error> {
        let refusal = |why| Err(Error::new(ErrorKind::Configuration, why));
        if client_id.is_empty() {
            return refusal("the client id is empty");
        }
        if redirect_uri.contains('#') || Url::parse(redirect_uri).is_err() {
            return refusal(
                "the redirect URI must be absolute and without a fragment (RFC 6749 section 3.1.2)",
            );
        }
        Ok(Self {
            page,
            client_id: client_id.into(),
            redirect_uri: redirect_uri.into(),
            parameters: Vec::new(),
            state_only: false,
            max_age: MAX_AGE,
        })
    }

    /// Asks for that scope (RFC 6749 §3.3).
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        self.parameter("scope", scope)
    }

    /// Adds a parameter of the provider's own. It is for everybody to see.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: &str) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Changes how long the user may take: 10 minutes.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Sends neither `response_type` nor a PKCE challenge, for providers that know neither.
    ///
    /// `state` is then the only thing that keeps foreign codes out.
    #[must_use]
    pub fn dangerous_state_only(mut self) -> Self {
        self.state_only = true;
        self
    }

    /// Returns the address for the user's browser, and what is needed to read the answer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where a parameter stands in the address twice, and
    /// [`ErrorKind::Unavailable`] where the operating system has no randomness to give.
    pub fn start(&self, now: Now) -> Result<(String, PendingAuthorization), Error> {
        let state = random()?;
        let verifier = if self.state_only {
            None
        } else {
            Some(random()?)
        };
        let challenge = verifier.as_ref().map(s256);
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        if challenge.is_some() {
            pairs.push(("response_type", "code"));
        }
        pairs.push(("client_id", &self.client_id));
        pairs.push(("redirect_uri", &self.redirect_uri));
        let own = self
            .parameters
            .iter()
            .filter(|(_, value)| !value.is_empty());
        pairs.extend(own.map(|(name, value)| (&**name, &**value)));
        pairs.push(("state", state.expose()));
        if let Some(challenge) = &challenge {
            pairs.push(("code_challenge", challenge));
            pairs.push(("code_challenge_method", "S256"));
        }
        let address = self.address(&pairs)?;
        let pending = PendingAuthorization::new(
            state,
            verifier,
            Secret::from(&*self.redirect_uri),
            now,
            self.max_age,
        );
        Ok((address, pending))
    }

    fn address(&self, pairs: &[(&str, &str)]) -> Result<String, Error> {
        let uri = self.page.uri();
        let own = uri.query().unwrap_or_default();
        let mut names: Vec<Cow<'_, str>> = form_urlencoded::parse(own.as_bytes())
            .map(|(name, _)| name)
            .chain(pairs.iter().map(|(name, _)| Cow::Borrowed(*name)))
            .collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "a parameter stands in the authorization request twice (RFC 6749 section 3.1)",
            ));
        }
        let mut address = uri.to_string();
        let start = match uri.query() {
            Some(_) => address.len() - own.len(),
            None => {
                address.push('?');
                address.len()
            }
        };
        Ok(Serializer::for_suffix(address, start)
            .extend_pairs(pairs)
            .finish())
    }
}

/// Returns 256 bits from the operating system, in 43 characters.
fn random() -> Result<Secret, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| {
        Error::new(
            ErrorKind::Unavailable,
            "the operating system has no randomness to give",
        )
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Returns the challenge for a verifier (RFC 7636 §4.2).
pub(super) fn s256(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("page", &self.page)
            .field("client_id", &self.client_id)
            .field("state_only", &self.state_only)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}
