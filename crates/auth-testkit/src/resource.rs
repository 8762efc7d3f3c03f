//! A protected resource: the thing that tokens are for.

mod handler;
mod knobs;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use auth_core::Clock;
use bytes::Bytes;

use self::handler::Handler;
pub use self::knobs::{GrpcRefusal, ResourceKnobs};
use crate::{
    Acceptor,
    ledger::{Ledger, Place, SecretKind},
    server::Server,
};

/// A protected resource that speaks HTTP/1.1 and, with prior knowledge, HTTP/2; every path exists.
///
/// A good token gets 200 and a JSON text with `method`, `path`, `length` and `sha256` of the body that came. Any other
/// gets 401, or gRPC's `UNAUTHENTICATED` where the request's `Content-Type` is one of gRPC's; a good gRPC request gets
/// its own body back.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use auth_testkit::{ManualClock, OrgApiEmulator, Resource};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let clock = Arc::new(ManualClock::new());
/// let emulator = OrgApiEmulator::start(clock.clone()).await?;
/// let resource = Resource::start(clock, emulator.acceptor()).await?;
/// resource.ledger().issuer(emulator.ledger());
/// assert_eq!(resource.refused(), 0);
/// # Ok(())
/// # }
/// ```
pub struct Resource {
    server: Server,
    knobs: Arc<Mutex<ResourceKnobs>>,
    refused: Arc<AtomicUsize>,
}

impl Resource {
    /// Starts a resource that takes the tokens that `accepts` says yes to.
    ///
    /// # Errors
    ///
    /// Where no loopback port can be had.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn start(clock: Arc<dyn Clock>, accepts: Acceptor) -> io::Result<Self> {
        let ledger = Ledger::default();
        ledger.belongs(
            "/",
            [(SecretKind::AccessToken, Place::header("authorization"))],
        );
        let knobs = Arc::new(Mutex::new(ResourceKnobs::default()));
        let refused = Arc::new(AtomicUsize::new(0));
        let handler = Handler {
            accepts,
            knobs: Arc::clone(&knobs),
            refused: Arc::clone(&refused),
        };
        Ok(Self {
            server: Server::start(clock, Arc::new(handler), ledger).await?,
            knobs,
            refused,
        })
    }

    /// Changes how the resource behaves, at any time.
    pub fn configure(&self, change: impl FnOnce(&mut ResourceKnobs)) {
        change(&mut self.knobs.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the address of the server, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Returns the server, to plan faults on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns what the resource was sent.
    pub fn ledger(&self) -> &Ledger {
        self.server.ledger()
    }

    /// Returns how many requests arrived.
    pub fn requests(&self) -> usize {
        self.ledger().requests()
    }

    /// Returns how many requests were refused for want of a good token.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// Returns the bodies of the requests that the ledger keeps, oldest first.
    pub fn bodies(&self) -> Vec<Bytes> {
        let entries = self.ledger().entries();
        entries.iter().map(|entry| entry.body().clone()).collect()
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("server", &self.server)
            .field("refused", &self.refused())
            .finish_non_exhaustive()
    }
}
