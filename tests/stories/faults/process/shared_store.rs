//! The side of a process that uses a store which the story keeps for it.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use auth_core::{
    Clock, Error, ErrorKind, Intent, Lease, Lifetime, Record, Secret, StoreKey, Token, TokenSet,
    TokenStore,
    store::{CONFLICT, conflict},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::key;

/// A store that is asked over a connection to the story.
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

/// Writes a set down: refresh token, access token, and when that ends. A dash is nothing.
pub(super) fn written(set: &TokenSet) -> String {
    let refresh = set.refresh().map_or("-", |secret| secret.expose());
    let access = set.token().map_or("-", |token| token.access().expose());
    let ends = set
        .token()
        .and_then(Token::lifetime)
        .map(|life| nanos(life.ends().wall()).to_string());
    format!("{refresh} {access} {}", ends.as_deref().unwrap_or("-"))
}

pub(super) fn nanos(moment: SystemTime) -> u128 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_nanos()
}

/// Reads when it was begun, under which fence, and how often it was sent. A dash is nothing.
pub(super) fn intent_of(text: &str) -> Option<Intent> {
    let parts: Vec<_> = text.split(',').collect();
    let &[begun, fence, sends] = &parts[..] else {
        return None;
    };
    let begun = SystemTime::UNIX_EPOCH + Duration::from_nanos(begun.parse().unwrap());
    let mut intent = Intent::new(begun, fence.parse().unwrap());
    intent.sends = sends.parse().unwrap();
    Some(intent)
}

pub(super) fn read(words: &[&str], clock: &dyn Clock) -> TokenSet {
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

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "made up: the store is away")
}
