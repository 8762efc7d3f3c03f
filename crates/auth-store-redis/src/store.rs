//! Logins in Redis.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, Secret, StoreKey, SystemClock};
use auth_store::{Backend, Value};

use crate::{
    RedisBuilder, RedisSlot,
    link::{Call, Link},
    slot::Holder,
};

/// The first and the longest wait between two looks at a lock that somebody else holds, before jitter.
const WAITS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// How many keys are asked for at a time when all logins are listed.
const STEP: usize = 1000;

/// Keeps logins in one Redis server. Cheap to clone; clones share one connection.
///
/// Turn it into a token store with `sealed` or `in_plain_text` of [`Backend`].
///
/// # Contract
///
/// * A lock ends with its lease, so it cannot promise that two holders never overlap: one that is paused for longer
///   than the lease is overtaken. It cannot save then: every change compares the version stored, the holder's lock and
///   a number that rises with each holder. But both may have sent the same refresh token.
/// * Who finds its lock run out, but taken by nobody since, may still save: a new token that is kept late is better
///   than one that is lost.
#[derive(Clone)]
pub struct RedisStore {
    link: Arc<Link>,
    prefix: Arc<str>,
    lease: Duration,
}

impl RedisStore {
    /// Connects to the server at `url`, such as `redis://user:password@host:6379/0`, with the defaults of
    /// [`RedisBuilder`].
    ///
    /// # Errors
    ///
    /// As [`RedisBuilder::connect`].
    ///
    /// # Cancellation
    ///
    /// As [`RedisBuilder::connect`].
    pub async fn connect(url: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder(url).connect().await
    }

    /// Returns a builder for the server at `url`.
    pub fn builder(url: impl Into<Secret>) -> RedisBuilder {
        RedisBuilder::new(url.into())
    }

    pub(crate) fn new(link: Link, prefix: &str, lease: Duration) -> Self {
        Self {
            link: Arc::new(link),
            prefix: prefix.into(),
            lease,
        }
    }

    fn names(&self, key: &StoreKey) -> Names {
        // A cluster chooses the node by what stands in braces, so all three are on one.
        let name = |part| format!("{}:{{{key}}}:{part}", self.prefix);
        Names([name("lock"), name("fence"), name("login")])
    }

    /// Returns the key of the login with this name, unless it is not one.
    fn key(&self, name: &str) -> Option<StoreKey> {
        let inner = name.strip_prefix(&*self.prefix)?.strip_prefix(":{")?;
        inner.strip_suffix("}:login")?.parse().ok()
    }
}

/// The names of a lock, of the number of its last holder, and of the login.
pub(crate) struct Names(pub(crate) [String; 3]);

impl Names {
    pub(crate) async fn read(&self, link: &Link) -> Result<Option<Value>, Error> {
        let mut command = redis::cmd("HMGET");
        command.arg(&self.0[2]).arg("version").arg("body");
        let (version, body) = link
            .send::<(Option<String>, Option<String>)>(Call::Command(&command))
            .await?;
        let (Some(version), Some(body)) = (version, body) else {
            return Ok(None);
        };
        let body = Secret::from(body);
        let version = version.parse().map_err(|_| {
            Error::new(
                ErrorKind::Protocol,
                "the Redis server holds a login that this store did not write; it is left alone",
            )
        })?;
        Ok(Some(Value::new(version, body)))
    }
}

#[async_trait]
impl Backend for RedisStore {
    type Slot = RedisSlot;

    async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error> {
        self.names(key).read(&self.link).await
    }

    async fn lock(&self, key: &StoreKey) -> Result<RedisSlot, Error> {
        let mut holder = Holder::new(Arc::clone(&self.link), self.names(key), self.lease)?;
        let clock = SystemClock::new();
        let (mut wait, longest) = WAITS;
        loop {
            if let Some(number) = holder.take().await? {
                return Ok(RedisSlot::new(holder, number));
            }
            // Processes that wait for the same login must not ask in step.
            let jittered = wait.mul_f64(0.5 + holder.random());
            clock
                .sleep_until(clock.monotonic().saturating_add(jittered))
                .await;
            wait = (wait * 2).min(longest);
        }
    }

    async fn keys(&self) -> Result<Vec<StoreKey>, Error> {
        let pattern = format!("{}:{{*}}:login", escaped(&self.prefix));
        let mut found = BTreeSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut command = redis::cmd("SCAN");
            command.arg(&cursor).arg("MATCH").arg(&pattern);
            command.arg("COUNT").arg(STEP);
            let (next, names): (String, Vec<Vec<u8>>) =
                self.link.send(Call::Command(&command)).await?;
            let names = names
                .iter()
                .filter_map(|name| std::str::from_utf8(name).ok());
            found.extend(names.filter_map(|name| self.key(name)));
            if next == "0" {
                return Ok(found.into_iter().collect());
            }
            cursor = next;
        }
    }
}

/// Takes from a prefix what has a meaning in a pattern.
fn escaped(prefix: &str) -> String {
    let mut pattern = String::new();
    for char in prefix.chars() {
        if "*?[]^-\\".contains(char) {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
