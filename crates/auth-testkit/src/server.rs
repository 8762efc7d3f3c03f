//! An HTTP server on a free loopback port that keeps every byte it is sent and misbehaves when told to.

mod answer;
mod connection;
mod fault;
mod gzip;
mod h2;
mod in_memory;
mod reader;
#[cfg(test)]
mod tests;

use std::{fmt, io, net::SocketAddr, sync::Arc, time::SystemTime};

use auth_core::{Clock, Now};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

pub(crate) use self::answer::Answer;
use self::fault::Faults;
pub use self::{fault::Fault, in_memory::InMemory};
use crate::ledger::{Ledger, Notes, Request};

/// What an emulator does with one request. It runs to its end before a byte of the answer is written.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers `request` and notes what was wrong with it.
    fn answer(&self, request: &Request, notes: &mut Notes) -> Answer;

    /// Notes what is wrong with a request that a fault keeps from being processed. Nothing else comes of it.
    fn inspect(&self, request: &Request, notes: &mut Notes) {
        let _ = (request, notes);
    }

    /// Returns the time that the `Date` header tells, if there is to be one.
    fn date(&self, now: Now) -> Option<SystemTime> {
        Some(now.wall)
    }
}

/// A running server: its address, its faults and its ledger. Dropping it closes the port and every connection.
///
/// Every wait of the server (see [`Fault::Delay`]) is on the clock given to the emulator that owns it.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What every connection of one server shares.
struct Shared {
    clock: Arc<dyn Clock>,
    handler: Arc<dyn Handler>,
    faults: Faults,
    ledger: Ledger,
}

impl Server {
    /// Listens on `127.0.0.1`, on a port that the system chooses.
    pub(crate) async fn start(
        clock: Arc<dyn Clock>,
        handler: Arc<dyn Handler>,
        ledger: Ledger,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        ledger.serves(address);
        let shared = Arc::new(Shared {
            clock,
            handler,
            faults: Faults::default(),
            ledger,
        });
        Ok(Self {
            address,
            accepting: tokio::spawn(accept(listener, Arc::clone(&shared))),
            shared,
        })
    }

    /// Returns the address, as `http://127.0.0.1:port` without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the socket's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what the server was sent.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Returns a way to this server that needs no socket, for tests that count every wait.
    pub fn in_memory(&self) -> InMemory {
        InMemory::new(Arc::clone(&self.shared))
    }

    /// Does `fault` to the next request, after those planned before.
    pub fn next(&self, fault: Fault) {
        self.shared.faults.next(None, fault);
    }

    /// Does `fault` to the next request for `path`, given without a query.
    pub fn next_at(&self, path: &str, fault: Fault) {
        self.shared.faults.next(Some(path), fault);
    }

    /// Does `fault` to every request for which nothing else is planned, until [`clear`](Self::clear).
    pub fn always(&self, fault: Fault) {
        self.shared.faults.always(None, fault);
    }

    /// Does `fault` to every request for `path` for which nothing else is planned.
    pub fn always_at(&self, path: &str, fault: Fault) {
        self.shared.faults.always(Some(path), fault);
    }

    /// Forgets every fault planned.
    pub fn clear(&self) {
        self.shared.faults.clear();
    }

    /// Returns how many planned faults of [`next`](Self::next) have not happened yet.
    pub fn planned(&self) -> usize {
        self.shared.faults.planned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    shared.ledger.connected();
    let _ = stream.set_nodelay(true);
    // A client that goes away is no failure of the server, so the outcome interests nobody.
    let _ = connection::serve(stream, shared).await;
}
