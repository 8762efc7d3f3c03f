//! A locked login.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, SystemClock, store::conflict};
use auth_store::{Numbers, Slot, Value, crash};
use redis::{Script, ScriptInvocation};
use tokio::runtime::Handle;

use crate::{
    link::{Call, Link},
    scripts::{ERASE, LOCK, RELEASE, RENEW, WRITE},
    store::Names,
};

/// Numbers from here on have no exact place in a script's arithmetic.
const NUMBERS: u64 = 1 << 53;

/// The first wait before a lock is given back once more.
const AGAIN: Duration = Duration::from_millis(50);

/// A login that is locked in Redis, until it is given back or its lease ends.
pub struct RedisSlot {
    holder: Holder,
    numbers: Numbers,
}

impl RedisSlot {
    pub(crate) fn new(holder: Holder, number: u64) -> Self {
        Self {
            holder,
            numbers: Numbers::block(number),
        }
    }

    /// Returns `script` with what all guarded scripts begin with.
    fn guarded<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = self.holder.call(script);
        call.arg(self.numbers.number());
        call
    }

    async fn change(&self, call: &ScriptInvocation<'_>) -> Result<(), Error> {
        match self.holder.link.send(Call::Script(call)).await? {
            1_u64 => Ok(()),
            _ => Err(conflict()),
        }
    }
}

#[async_trait]
impl Slot for RedisSlot {
    async fn read(&mut self) -> Result<Option<Value>, Error> {
        self.holder.names.read(&self.holder.link).await
    }

    async fn write(&mut self, expected: Option<u64>, value: &Value) -> Result<(), Error> {
        let mut call = self.guarded(&WRITE);
        call.arg(expected.map_or_else(String::new, |version| version.to_string()));
        call.arg(value.version).arg(value.body.expose());
        crash::point("redis:writing");
        self.change(&call).await?;
        crash::point("redis:written");
        Ok(())
    }

    async fn erase(&mut self, expected: u64) -> Result<(), Error> {
        let mut call = self.guarded(&ERASE);
        call.arg(expected);
        crash::point("redis:erasing");
        self.change(&call).await?;
        crash::point("redis:erased");
        Ok(())
    }

    /// A lock that ran out is taken again, if nobody else had it since.
    async fn renew(&mut self) -> Result<(), Error> {
        let mut call = self.guarded(&RENEW);
        call.arg(millis(self.holder.lease));
        self.change(&call).await
    }

    fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    async fn release(mut self) -> Result<(), Error> {
        crash::point("redis:releasing");
        self.holder.release().await?;
        crash::point("redis:released");
        Ok(())
    }
}

impl fmt::Debug for RedisSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSlot")
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}

/// Who has a lock, or asks for it. Dropped, it gives back what it may have.
pub(crate) struct Holder {
    link: Arc<Link>,
    names: Names,
    lease: Duration,
    /// What the lock says while it is ours, and nobody else can guess.
    word: String,
    random: u64,
    runtime: Handle,
    /// Whether the lock may be ours.
    asked: bool,
}

impl Holder {
    pub(crate) fn new(link: Arc<Link>, names: Names, lease: Duration) -> Result<Self, Error> {
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(
                ErrorKind::Configuration,
                "the Redis store is used outside a Tokio runtime; enter one",
            )
        })?;
        let random = || {
            getrandom::u64().map_err(|_| {
                Error::new(
                    ErrorKind::Unavailable,
                    "the system gives no random numbers now",
                )
            })
        };
        let (one, other) = (random()?, random()?);
        Ok(Self {
            link,
            names,
            lease,
            word: format!("{one:016x}{other:016x}"),
            random: one ^ other.rotate_left(32),
            runtime,
            asked: false,
        })
    }

    /// Takes the lock and returns the number that goes with it, unless somebody else has it.
    pub(crate) async fn take(&mut self) -> Result<Option<u64>, Error> {
        let mut call = self.call(&LOCK);
        call.arg(millis(self.lease));
        self.asked = true;
        let number = self.link.send(Call::Script(&call)).await?;
        match number {
            0 => {
                self.asked = false;
                Ok(None)
            }
            1..NUMBERS => {
                crash::point("redis:locked");
                Ok(Some(number))
            }
            _ => Err(Error::new(
                ErrorKind::Protocol,
                "the Redis server counts the holders of this login beyond 2^53; delete the key that ends in :fence",
            )),
        }
    }

    /// Returns another number from 0 to 1, good enough to keep waiters apart.
    pub(crate) fn random(&mut self) -> f64 {
        // Xorshift, from a seed that is random already.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    async fn release(&mut self) -> Result<(), Error> {
        let call = self.call(&RELEASE);
        self.link.send::<u64>(Call::Script(&call)).await?;
        self.asked = false;
        Ok(())
    }

    fn call<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        for name in &self.names.0 {
            call.key(name);
        }
        call.arg(&self.word);
        call
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if self.asked {
            let link = Arc::clone(&self.link);
            let call = self.call(&RELEASE);
            self.runtime.spawn(give_back(link, call, self.lease));
        }
    }
}

/// Gives a lock back until that succeeds or its lease has ended by itself.
///
/// The answer to the last question may still be under way, but no later question overtakes it on one connection.
async fn give_back(link: Arc<Link>, call: ScriptInvocation<'static>, lease: Duration) {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    let mut wait = AGAIN;
    while link.send::<u64>(Call::Script(&call)).await.is_err() {
        let now = clock.monotonic();
        if now.saturating_sub(begun) > lease {
            return;
        }
        clock.sleep_until(now.saturating_add(wait)).await;
        wait = (wait * 2).min(AGAIN * 16);
    }
}

fn millis(lease: Duration) -> u64 {
    u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)
}
