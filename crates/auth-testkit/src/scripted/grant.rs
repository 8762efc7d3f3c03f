use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{Error, Exchange, Grant, Secret, TokenSet};

use super::{
    Gate,
    script::{Script, lock},
    token, token_set,
};

/// A grant that does what its script says, one step for each exchange; clones share script and memory.
///
/// When the script has ended, an exchange fails, unless [`always`](Self::always) says otherwise.
///
/// # Example
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use auth_core::{Exchange, Grant};
/// use auth_testkit::{ManualClock, ScriptedGrant};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let grant = ScriptedGrant::new();
/// grant.issues("first", Duration::from_secs(60)).panics();
///
/// let ctx = Exchange::new(Arc::new(ManualClock::new()));
/// let set = grant.exchange(&ctx).await.unwrap();
/// assert_eq!(set.token().unwrap().access().expose(), "first");
/// assert_eq!(grant.calls(), 1);
/// assert!(!grant.seen()[0].has_refresh());
/// # }
/// ```
#[derive(Clone)]
pub struct ScriptedGrant(Arc<Inner>);

struct Inner {
    script: Script<Exchange, TokenSet>,
    seen: Mutex<Vec<Seen>>,
    rotates: bool,
    leeway: Duration,
}

impl ScriptedGrant {
    /// Returns a grant with an empty script, whose exchanges spend the refresh token.
    pub fn new() -> Self {
        Self::with(true, Duration::ZERO)
    }

    /// Returns a grant with an empty script, whose exchanges do not spend the refresh token.
    pub fn reusing() -> Self {
        Self::with(false, Duration::ZERO)
    }

    /// Returns a grant with an empty script, whose exchanges spend the refresh token, which is good once more within
    /// `leeway`.
    pub fn lenient(leeway: Duration) -> Self {
        Self::with(true, leeway)
    }

    fn with(rotates: bool, leeway: Duration) -> Self {
        Self(Arc::new(Inner {
            script: Script::new(),
            seen: Mutex::default(),
            rotates,
            leeway,
        }))
    }

    /// Adds a step: returns `set`.
    pub fn returns(&self, set: TokenSet) -> &Self {
        self.acts(move |_| Ok(set))
    }

    /// Adds a step: issues an access token that lasts `lifetime` from the exchange on, and no refresh token.
    pub fn issues(&self, access: &str, lifetime: Duration) -> &Self {
        let access = Secret::from(access);
        self.acts(move |ctx| {
            let token = token(access.expose(), lifetime, &ctx.clock);
            Ok(TokenSet::new(token))
        })
    }

    /// Adds a step: issues an access token that lasts `lifetime` from the exchange on, and a refresh token.
    pub fn rotates_to(&self, access: &str, lifetime: Duration, refresh: &str) -> &Self {
        let (access, refresh) = (Secret::from(access), Secret::from(refresh));
        self.acts(move |ctx| {
            let (access, refresh) = (access.expose(), refresh.expose());
            Ok(token_set(access, lifetime, refresh, &ctx.clock))
        })
    }

    /// Adds a step: fails with `error`.
    pub fn fails(&self, error: Error) -> &Self {
        self.acts(move |_| Err(error))
    }

    /// Adds a step: panics.
    pub fn panics(&self) -> &Self {
        self.acts(|_| panic!("this step of the script panics"))
    }

    /// Adds a step: does what `act` says.
    pub fn acts(
        &self,
        act: impl FnOnce(&Exchange) -> Result<TokenSet, Error> + Send + 'static,
    ) -> &Self {
        self.0.script.act(act);
        self
    }

    /// Makes the step that is added next wait at `gate` first; a gate that is never opened makes it wait for ever.
    pub fn waits(&self, gate: &Gate) -> &Self {
        self.0.script.wait(gate);
        self
    }

    /// Does what `act` says in every exchange after the end of the script.
    pub fn always(
        &self,
        act: impl Fn(&Exchange) -> Result<TokenSet, Error> + Send + Sync + 'static,
    ) -> &Self {
        self.0.script.always(act);
        self
    }

    /// Returns how many exchanges began.
    pub fn calls(&self) -> usize {
        self.0.script.calls().begun
    }

    /// Returns how many exchanges returned.
    pub fn finished(&self) -> usize {
        self.0.script.calls().finished
    }

    /// Returns how many exchanges were dropped, or panicked, before they returned.
    pub fn abandoned(&self) -> usize {
        let calls = self.0.script.calls();
        calls.ended - calls.finished
    }

    /// Returns the largest number of exchanges that were under way at one time.
    pub fn most_at_once(&self) -> usize {
        self.0.script.calls().most_at_once
    }

    /// Waits until `count` exchanges have begun.
    ///
    /// # Cancellation
    ///
    /// Safe: watching changes nothing.
    pub async fn until_calls(&self, count: usize) {
        self.0.script.until_calls(count).await;
    }

    /// Returns what each exchange was told, in order.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.0.seen).clone()
    }
}

impl Default for ScriptedGrant {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Grant for ScriptedGrant {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        lock(&self.0.seen).push(Seen(ctx.clone()));
        self.0.script.play(ctx).await
    }

    fn rotates(&self) -> bool {
        self.0.rotates
    }

    fn leeway(&self) -> Duration {
        self.0.leeway
    }
}

impl fmt::Debug for ScriptedGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedGrant")
            .field("calls", &self.calls())
            .field("rotates", &self.0.rotates)
            .finish_non_exhaustive()
    }
}

/// What an exchange was told. Secrets can be compared with, but not seen.
#[derive(Clone, Debug)]
pub struct Seen(Exchange);

impl Seen {
    /// Returns whether there was a set from before.
    pub fn has_previous(&self) -> bool {
        self.0.previous.is_some()
    }

    /// Returns whether a refresh token was at hand.
    pub fn has_refresh(&self) -> bool {
        self.0.refresh_token().is_some()
    }

    /// Returns whether the refresh token at hand was `refresh`.
    pub fn presents(&self, refresh: &str) -> bool {
        let token = self.0.refresh_token();
        token.is_some_and(|token| token.expose() == refresh)
    }

    /// Returns whether the access token from before was `access`.
    pub fn held(&self, access: &str) -> bool {
        let token = self.0.previous.as_ref().and_then(TokenSet::token);
        token.is_some_and(|token| token.access().expose() == access)
    }

    /// Returns whether a person asked for the exchange.
    pub fn forced(&self) -> bool {
        self.0.forced
    }
}
