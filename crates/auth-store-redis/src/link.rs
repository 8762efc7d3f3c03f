//! The one connection that all handles share, and its replacement when it is lost.

use std::sync::{Arc, Mutex, PoisonError};

use auth_core::Error;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, RedisResult, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::sync::OnceCell;

use crate::{
    probe,
    reason::{is_closed, is_lost, reason},
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
    pub(crate) fn new(
        client: Client,
        config: AsyncConnectionConfig,
        durability: Durability,
    ) -> Self {
        Self {
            client,
            config,
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
    async fn connection(&self) -> Result<(Place, MultiplexedConnection), Error> {
        let place = Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner));
        let connection = place.get_or_try_init(|| self.open()).await?.clone();
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
