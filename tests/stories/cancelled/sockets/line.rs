//! A line between a client and its servers that stands still after a chosen number of bytes.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// The traffic of all that goes through, in both directions. Dropping the tasks ends every connection.
pub(super) struct Line {
    traffic: Arc<watch::Sender<Traffic>>,
    tasks: JoinSet<()>,
}

#[derive(Clone, Copy, Default)]
struct Traffic {
    passed: u64,
    /// Where it stands still.
    until: u64,
}

impl Line {
    pub(super) fn new() -> Self {
        let traffic = Traffic {
            passed: 0,
            until: u64::MAX,
        };
        Self {
            traffic: Arc::new(watch::Sender::new(traffic)),
            tasks: JoinSet::new(),
        }
    }

    /// Returns an address that leads to `server`, as `http://127.0.0.1:port`.
    pub(super) async fn to(&mut self, server: SocketAddr) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let traffic = Arc::clone(&self.traffic);
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(server).await else {
                    continue;
                };
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                connections.spawn(carry(near_in, far_out, Arc::clone(&traffic)));
                connections.spawn(carry(far_in, near_out, Arc::clone(&traffic)));
            }
        });
        format!("http://{address}")
    }

    /// Lets so many more bytes pass, and then none.
    pub(super) fn stand_still_after(&self, bytes: u64) {
        self.traffic
            .send_modify(|traffic| traffic.until = traffic.passed + bytes);
    }

    /// Waits until the line stands still.
    pub(super) async fn stands_still(&self) {
        let mut traffic = self.traffic.subscribe();
        let still = |traffic: &Traffic| traffic.passed == traffic.until;
        drop(traffic.wait_for(still).await);
    }

    /// Lets everything pass.
    pub(super) fn go_on(&self) {
        self.traffic.send_modify(|traffic| traffic.until = u64::MAX);
    }
}

/// Carries bytes until either side is gone, and never more than may pass.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    traffic: Arc<watch::Sender<Traffic>>,
) {
    let mut buffer = [0; 4096];
    let mut changes = traffic.subscribe();
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let mut left = &buffer[..length];
        while !left.is_empty() {
            let flows = |traffic: &Traffic| traffic.passed < traffic.until;
            if changes.wait_for(flows).await.is_err() {
                return;
            }
            let mut now = 0;
            traffic.send_modify(|traffic| {
                let may = traffic.until.saturating_sub(traffic.passed);
                now = usize::try_from(may).unwrap_or(usize::MAX).min(left.len());
                traffic.passed += now as u64;
            });
            let (pass, rest) = left.split_at(now);
            if to.write_all(pass).await.is_err() {
                return;
            }
            left = rest;
        }
    }
    let _ = to.shutdown().await;
}
