//! A store that a story keeps for its processes: one connection is one lease, which ends with it.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use auth_core::{
    Clock, Error, ErrorKind, Intent, Lease, Lifetime, Record, Secret, StoreKey, Token, TokenSet,
    TokenStore,
    store::{CONFLICT, conflict},
};
use auth_testkit::ManualClock;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use super::key;

/// The story's side.
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

/// Writes a set down: refresh token, access token, and when that ends. A dash is nothing.
fn written(set: &TokenSet) -> String {
    let refresh = set.refresh().map_or("-", |secret| secret.expose());
    let access = set.token().map_or("-", |token| token.access().expose());
    let ends = set
        .token()
        .and_then(Token::lifetime)
        .map(|life| nanos(life.ends().wall()).to_string());
    format!("{refresh} {access} {}", ends.as_deref().unwrap_or("-"))
}

fn nanos(moment: SystemTime) -> u128 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_nanos()
}

/// Reads when it was begun, under which fence, and how often it was sent. A dash is nothing.
fn intent_of(text: &str) -> Option<Intent> {
    let parts: Vec<_> = text.split(',').collect();
    let &[begun, fence, sends] = &parts[..] else {
        return None;
    };
    let begun = SystemTime::UNIX_EPOCH + Duration::from_nanos(begun.parse().unwrap());
    let mut intent = Intent::new(begun, fence.parse().unwrap());
    intent.sends = sends.parse().unwrap();
    Some(intent)
}

fn read(words: &[&str], clock: &dyn Clock) -> TokenSet {
    let &[refresh, access, ends] = words else {
        panic!("a set has three parts");
    };
    let secret = |text: &str| (text != "-").then(|| Secret::from(text));
    let Some(access) = secret(access) else {
        return TokenSet::login(secret(refresh).unwrap());
    };
    let mut token = Token::bearer(access).unwrap();
    if let Ok(ends) = ends.parse() {
        let now = clock.now();
        let ends = SystemTime::UNIX_EPOCH + Duration::from_nanos(ends);
        let left = ends.duration_since(now.wall).unwrap_or_default();
        token = token.with_lifetime(Lifetime::new(now, left));
    }
    TokenSet::new(token).with_refresh(secret(refresh))
}

/// The side of a process that was started by the story.
pub(super) struct SharedStore<C>(pub(super) SocketAddr, pub(super) C);

#[async_trait]
impl<C: Clock + Clone + 'static> TokenStore for SharedStore<C> {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        self.lease(key).await?.load().await
    }

    async fn lease(&self, _: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        let stream = TcpStream::connect(self.0).await.map_err(|_| away())?;
        let (read, write) = stream.into_split();
        let mut lease = SharedLease {
            replies: BufReader::new(read).lines(),
            orders: write,
            asked: 0,
            clock: self.1.clone(),
        };
        lease.ask("lease").await?;
        Ok(Box::new(lease))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        Ok(vec![key()])
    }
}

struct SharedLease<C> {
    replies: Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
    asked: u64,
    clock: C,
}

impl<C> SharedLease<C> {
    async fn ask(&mut self, order: &str) -> Result<String, Error> {
        self.asked += 1;
        let (number, line) = (self.asked.to_string(), format!("{} {order}\n", self.asked));
        self.orders
            .write_all(line.as_bytes())
            .await
            .map_err(|_| away())?;
        loop {
            let reply = self.replies.next_line().await.map_err(|_| away())?;
            let reply = reply.ok_or_else(away)?;
            match reply.split_once(' ') {
                Some((own, text)) if own == number => {
                    return match text.strip_prefix("error ") {
                        Some(CONFLICT) => Err(conflict()),
                        Some(_) => Err(away()),
                        None => Ok(text.to_owned()),
                    };
                }
                // The answer to an order whose asker was dropped.
                _ => {}
            }
        }
    }
}

#[async_trait]
impl<C: Clock> Lease for SharedLease<C> {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        let reply = self.ask("load").await?;
        let words: Vec<_> = reply.split(' ').collect();
        Ok(match &words[..] {
            [version, intent, set @ ..] => {
                let set = read(set, &self.clock);
                let record = Record::new(set, version.parse().unwrap());
                Some(record.with_intent(intent_of(intent)))
            }
            _ => None,
        })
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let expected = expected.map_or("-".to_owned(), |version| version.to_string());
        let reply = self.ask(&format!("save {expected} {}", written(set))).await;
        Ok(reply?.parse().unwrap())
    }

    fn next_version(&self) -> u64 {
        0
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        let (begun, fence, sends) = (nanos(intent.begun), intent.fence, intent.sends);
        let order = format!("begin {expected} {begun},{fence},{sends}");
        self.ask(&order).await.map(drop)
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.ask(&format!("settle {expected}")).await.map(drop)
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.ask(&format!("remove {expected}")).await.map(drop)
    }

    async fn renew(&mut self) -> Result<(), Error> {
        self.ask("renew").await.map(drop)
    }

    fn fence(&self) -> u64 {
        0
    }

    async fn release(mut self: Box<Self>) -> Result<(), Error> {
        self.ask("release").await.map(drop)
    }
}

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "made up: the store is away")
}
