//! The story's side of a store that it keeps for its processes: one connection is one lease, which ends with it.

use std::{net::SocketAddr, sync::Arc};

use auth_core::{
    Error, Lease, TokenStore,
    store::{CONFLICT, conflict},
};
use auth_testkit::ManualClock;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    key,
    shared_store::{intent_of, nanos, read, written},
};

/// The one who answers the processes.
pub(super) struct Steward {
    address: SocketAddr,
    leases: watch::Sender<()>,
}

impl Steward {
    pub(super) async fn start(store: impl TokenStore + 'static, clock: ManualClock) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let leases = watch::Sender::new(());
        let (store, ends): (Arc<dyn TokenStore>, _) = (Arc::new(store), leases.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let store = Arc::clone(&store);
                tokio::spawn(serve(stream, store, clock.clone(), ends.subscribe()));
            }
        });
        Self { address, leases }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes every lease away, as a store does when its holder has not been heard of for too long.
    pub(super) fn leases_end(&self) {
        self.leases.send_replace(());
    }
}

async fn serve(
    stream: TcpStream,
    store: Arc<dyn TokenStore>,
    clock: ManualClock,
    mut ends: watch::Receiver<()>,
) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut next = lines.next_line().await;
    // The first line asks for the lease; it may take a while, and a dead process waits no longer.
    let leased = {
        let key = key();
        tokio::select! {
            leased = store.lease(&key) => leased,
            _ = lines.next_line() => return,
        }
    };
    let mut lease = leased.ok();
    loop {
        let Ok(Some(line)) = next else { return };
        let (number, line) = line.split_once(' ').unwrap();
        let words: Vec<_> = line.split(' ').collect();
        let reply = tokio::select! {
            reply = answer(&*store, &mut lease, &words, &clock) => reply,
            _ = ends.changed() => Err(conflict()),
            // It says nothing before it is answered, so this is its end.
            _ = lines.next_line() => return,
        };
        let text = match reply {
            Ok(text) => format!("{number} {text}\n"),
            Err(error) => {
                lease = lease.filter(|_| error.code() != Some(CONFLICT));
                format!("{number} error {}\n", error.code().unwrap_or("away"))
            }
        };
        if write.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        next = tokio::select! {
            next = lines.next_line() => next,
            _ = ends.changed() => {
                lease = None;
                lines.next_line().await
            }
        };
    }
}

async fn answer(
    store: &dyn TokenStore,
    lease: &mut Option<Box<dyn Lease>>,
    words: &[&str],
    clock: &ManualClock,
) -> Result<String, Error> {
    if words == ["release"] {
        let Some(lease) = lease.take() else {
            return Err(conflict());
        };
        return lease.release().await.map(|()| "ok".to_owned());
    }
    if words == ["load"] {
        // Who lost the lease may look all the same.
        let record = match lease {
            Some(lease) => lease.load().await?,
            None => store.load(&key()).await?,
        };
        return Ok(match record {
            Some(record) => {
                let intent = record.intent.map_or("-".to_owned(), |intent| {
                    format!("{},{},{}", nanos(intent.begun), intent.fence, intent.sends)
                });
                format!("{} {intent} {}", record.version, written(&record.set))
            }
            None => "none".to_owned(),
        });
    }
    let lease = lease.as_mut().ok_or_else(conflict)?;
    match words {
        ["save", expected, set @ ..] => {
            let set = read(set, clock);
            let version = lease.save(expected.parse().ok(), &set).await?;
            Ok(version.to_string())
        }
        ["begin", expected, intent] => {
            let intent = intent_of(intent).unwrap();
            let begun = lease.begin(expected.parse().unwrap(), &intent).await;
            begun.map(|()| "ok".to_owned())
        }
        ["settle", expected] => {
            let settled = lease.settle(expected.parse().unwrap()).await;
            settled.map(|()| "ok".to_owned())
        }
        ["remove", expected] => {
            let removed = lease.remove(expected.parse().unwrap()).await;
            removed.map(|()| "ok".to_owned())
        }
        ["renew"] => lease.renew().await.map(|()| "ok".to_owned()),
        _ => Ok("ok".to_owned()),
    }
}
