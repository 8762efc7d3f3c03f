//! Where the server is, and how it is used.

use std::{fmt, time::Duration};

use auth_core::{Error, ErrorKind, Secret};
use redis::Client;

use crate::{
    RedisStore,
    link::{Durability, Link},
};

/// Locks are renewed every 5 s while an exchange takes its time; a shorter lease would end in between.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// Says how a [`RedisStore`] uses its server.
#[derive(Clone)]
pub struct RedisBuilder {
    url: Secret,
    prefix: String,
    lease: Duration,
    timeout: Duration,
    durability: Durability,
}

impl RedisBuilder {
    pub(crate) fn new(url: Secret) -> Self {
        Self {
            url,
            prefix: "auth".to_owned(),
            lease: Duration::from_secs(20),
            timeout: Duration::from_secs(5),
            durability: Durability::Required,
        }
    }

    /// Says with what the names of all keys of this store begin: `auth` unless told otherwise.
    ///
    /// Stores with different prefixes know nothing of each other. Curly braces are refused: they say which part of a
    /// name chooses the node of a cluster, and that is the login.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Says how long a lock outlives its holder's last word: 20 s unless told otherwise, at least 100 ms.
    ///
    /// Until then a login waits for a process that died, and from then on one that was only paused may be overtaken.
    /// The engine renews its locks every 5 s, so that less than about 15 s is of use in tests alone.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(SHORTEST_LEASE);
        self
    }

    /// Says how long connecting and every answer may take: 5 s each unless told otherwise. All that wait for one
    /// connection wait no longer than that together.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Takes a server that may lose what it acknowledged, or one that does not let that be seen.
    ///
    /// A refresh token that is lost after it replaced a spent one is a lost login: a person must log in again. Take
    /// such a server only for logins that can be had again without a person.
    #[must_use]
    pub fn accept_weak_durability(mut self) -> Self {
        self.durability = Durability::Accepted;
        self
    }

    /// Connects, and looks whether the server keeps what it acknowledges.
    ///
    /// It looks again whenever it has to connect anew.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Configuration`] with the code [`WEAK_DURABILITY`](crate::WEAK_DURABILITY) for a server that may
    ///   lose logins, without a code for an address or prefix that cannot be used, and with the server's own code where
    ///   it refuses the user or the password.
    /// * [`ErrorKind::Unavailable`] where the server cannot be reached or is not ready; with the code `WEAK_DURABILITY`
    ///   where it is about to keep logins, and still makes its log.
    ///
    /// # Cancellation
    ///
    /// Safe: the connection is closed.
    pub async fn connect(self) -> Result<RedisStore, Error> {
        if self.prefix.contains(['{', '}']) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the prefix of the Redis store has curly braces; leave them out",
            ));
        }
        // What the client says about an address may quote it, with its password.
        let client = Client::open(self.url.expose()).map_err(|_| {
            Error::new(
                ErrorKind::Configuration,
                "the address of the Redis server cannot be used; write it like redis://user:password@host:6379/0, or \
                 turn on the feature rustls of auth-store-redis for rediss://",
            )
        })?;
        let link = Link::new(client, self.timeout, self.durability);
        link.check().await?;
        Ok(RedisStore::new(link, &self.prefix, self.lease))
    }
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .field("timeout", &self.timeout)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
