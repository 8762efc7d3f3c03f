//! Telling a wrong client from logins that ended.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Exchange, Grant, Secret, TokenSet};

/// Watches the logins of many accounts that one client holds, for providers that answer a wrong client secret and a
/// login that ended alike. Clones watch together.
///
/// Where many different accounts are refused within a short time and none succeeds meanwhile, the refusal becomes one
/// of kind [`ErrorKind::Configuration`] with the code `client_credentials_suspected`.
#[derive(Clone)]
pub struct ClientWatch {
    many: usize,
    within: Duration,
    refusals: Arc<Mutex<HashMap<Box<str>, Duration>>>,
}

impl ClientWatch {
    /// Returns a watch for which `many` refused accounts within that time are too many. They are two at least: one login
    /// that ended says nothing about the client.
    pub fn new(many: usize, within: Duration) -> Self {
        Self {
            many: many.max(2),
            within,
            refusals: Arc::default(),
        }
    }

    /// Returns the grant of an account, watched.
    pub fn over(&self, account: &str, grant: impl Grant + 'static) -> Arc<dyn Grant> {
        Arc::new(Watched {
            account: account.into(),
            grant,
            watch: self.clone(),
        })
    }

    /// Takes note that the server accepted the client elsewhere, so that it is not suspected for what came before.
    pub fn succeeded(&self) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.clear();
    }

    fn is_suspicious(&self, account: &str, now: Duration) -> bool {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, at| now.saturating_sub(*at) <= self.within);
        refusals.insert(account.into(), now);
        refusals.len() >= self.many
    }
}

struct Watched<G> {
    account: Box<str>,
    grant: G,
    watch: ClientWatch,
}

#[async_trait]
impl<G: Grant> Grant for Watched<G> {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let outcome = self.grant.exchange(ctx).await;
        let error = match outcome {
            Ok(set) => {
                // The client is right, then.
                self.watch.succeeded();
                return Ok(set);
            }
            Err(error) => error,
        };
        let refused = error.kind() == ErrorKind::LoginRequired && error.status().is_some();
        if refused
            && self
                .watch
                .is_suspicious(&self.account, ctx.clock.monotonic())
        {
            return Err(error
                .with_kind(ErrorKind::Configuration)
                .with_code("client_credentials_suspected")
                .with_message(
                    "many accounts were refused at once; check the secret of the client",
                ));
        }
        Err(error)
    }

    fn rotates(&self) -> bool {
        self.grant.rotates()
    }

    fn initial(&self) -> Option<Secret> {
        self.grant.initial()
    }

    fn leeway(&self) -> Duration {
        self.grant.leeway()
    }
}

impl fmt::Debug for ClientWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientWatch")
            .field("many", &self.many)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}
