//! The one connection that all handles share, and its replacement when it is lost.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use auth_core::Error;
use auth_store::within;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, RedisResult, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::sync::OnceCell;

use crate::{
    probe,
    reason::{is_closed, is_lost, reason, silent},
};

/// Whether a server must prove that it keeps what it acknowledges.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Durability {
    Required,
    Accepted,
}

/// A connection that is made on first use, and again after it was lost.
///
/// The client's own manager is not used: it does not tell when it connects anew, so that nobody could look whether the
/// server is still one that keeps logins, and an error of connecting that is no I/O error stays with it for ever.
pub(crate) struct Link {
    client: Client,
    config: AsyncConnectionConfig,
    timeout: Duration,
    durability: Durability,
    current: Mutex<Place>,
}

type Place = Arc<OnceCell<MultiplexedConnection>>;

/// What is sent. It must do no harm when it is run twice.
pub(crate) enum Call<'a> {
    Command(&'a Cmd),
    Script(&'a ScriptInvocation<'a>),
}

impl Link {
    pub(crate) fn new(client: Client, timeout: Duration, durability: Durability) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        Self {
            client,
            config,
            timeout,
            durability,
            current: Mutex::default(),
        }
    }

    /// Connects, if nobody did.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        self.connection().await.map(drop)
    }

    /// Sends `call`, and once more where the connection turns out to be closed: servers close idle ones, and nobody
    /// notices until the next call.
    pub(crate) async fn send<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T, Error> {
        let (place, mut connection) = self.connection().await?;
        let error = match call.over(&mut connection).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        self.judge(&place, &error);
        if !is_closed(&error) {
            return Err(reason(&error));
        }
        let (place, mut connection) = self.connection().await?;
        call.over(&mut connection).await.map_err(|error| {
            self.judge(&place, &error);
            reason(&error)
        })
    }

    /// Returns the connection, and its place to say which one was lost. Whoever is dropped while connecting leaves
    /// that to the next one.
    ///
    /// One limit for waiting and connecting: where nobody answers, those who wait would else try one after the other.
    async fn connection(&self) -> Result<(Place, MultiplexedConnection), Error> {
        let place = Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner));
        let connection = within(self.timeout, place.get_or_try_init(|| self.open()));
        let connection = connection.await.ok_or_else(silent)??.clone();
        Ok((place, connection))
    }

    async fn open(&self) -> Result<MultiplexedConnection, Error> {
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&self.config);
        let mut connection = connection.await.map_err(|error| reason(&error))?;
        match self.durability {
            Durability::Required => probe::durability(&mut connection).await?,
            Durability::Accepted => {}
        }
        Ok(connection)
    }

    /// Gives up a connection after an `error` with which it is of no more use.
    fn judge(&self, place: &Place, error: &RedisError) {
        if is_lost(error) {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&current, place) {
                *current = Place::default();
            }
        }
    }
}

impl Call<'_> {
    async fn over<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        match self {
            Self::Command(command) => command.query_async(connection).await,
            Self::Script(script) => script.invoke_async(connection).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::TcpListener,
        time::{Duration, Instant},
    };

    use super::*;

    #[tokio::test]
    async fn many_wait_for_a_silent_server_no_longer_than_one() {
        // The kernel takes connections, and nobody answers.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client::open(format!("redis://{address}")).unwrap();
        let limit = Duration::from_millis(300);
        let link = Arc::new(Link::new(client, limit, Durability::Accepted));
        let begun = Instant::now();
        assert!(link.check().await.is_err());
        let (one, begun) = (begun.elapsed(), Instant::now());
        let mut many = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let link = Arc::clone(&link);
            many.spawn(async move { link.check().await.is_err() });
        }
        assert!(many.join_all().await.into_iter().all(|failed| failed));
        assert!(begun.elapsed() < one * 10, "they wait for each other");
    }
}
