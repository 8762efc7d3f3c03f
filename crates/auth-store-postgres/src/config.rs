//! How to reach the database, and with how many connections.

use std::{borrow::Cow, env, fmt, net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use auth_core::{Error, ErrorKind};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::{
    PostgresStore, error,
    pool::{Limits, Pool},
    schema,
};

#[cfg(test)]
mod tests;

/// What an address may ask for. The driver would log the value of anything else.
const PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Where the database is and how it is used.
///
/// # Example
///
/// ```no_run
/// use auth_store_postgres::PostgresConfig;
///
/// # async fn open() -> Result<(), auth_core::Error> {
/// let store = PostgresConfig::from_url("postgres://service@db.example/logins?sslmode=verify-full")?
///     .schema("auth")
///     .lock_connections(8)
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresConfig {
    options: PgConnectOptions,
    pub(crate) schema: Option<String>,
    pub(crate) migrates: bool,
    pub(crate) without_fsync: bool,
    lock_connections: usize,
    data_connections: usize,
    limits: Limits,
    idle_timeout: Duration,
}

impl PostgresConfig {
    /// Takes the options of the driver, for what an address cannot say. Their settings for logs and prepared statements
    /// do not count: nothing is logged, and no statement is prepared under a name.
    pub fn new(options: PgConnectOptions) -> Self {
        // Poolers refuse parameters that they do not know, and know no digits of floats.
        let options = options
            .disable_statement_logging()
            .statement_cache_capacity(0)
            .extra_float_digits(None);
        Self {
            options,
            schema: None,
            migrates: true,
            without_fsync: false,
            lock_connections: 4,
            data_connections: 2,
            limits: Limits {
                acquire: Duration::from_secs(10),
                answer: Duration::from_secs(10),
            },
            idle_timeout: Duration::from_secs(5 * 60),
        }
    }

    /// Reads an address such as `postgres://user:password@host:5432/database?sslmode=verify-full`. What it leaves out
    /// comes from the variables `PGHOST`, `PGPASSWORD` and so on. No password file is read: the driver would log lines
    /// of it that it cannot read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where it is no such address or has a parameter that nobody knows.
    pub fn from_url(url: &str) -> Result<Self, Error> {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let names = query.split('&').map(|pair| pair.split('=').next());
        let unknown = |name: &str| {
            !name.is_empty() && !name.starts_with("options[") && !PARAMETERS.contains(&name)
        };
        if names.flatten().any(unknown) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the address of the database has a parameter that nobody knows; see the documentation for those there are",
            ));
        }
        let url = if env::var_os("PGPASSWORD").is_some() {
            Cow::Borrowed(url)
        } else {
            with_password(url)
        };
        let options = PgConnectOptions::from_str(&url).map_err(|foreign| error::of(&foreign))?;
        Ok(Self::new(options))
    }

    /// Says in which schema the table is or will be, instead of the first one of the search path that has it.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Says how many logins this store can hold locked at the same time: 4 unless told otherwise, at least 1. Each
    /// takes a connection for as long as an exchange lasts.
    #[must_use]
    pub fn lock_connections(mut self, lock_connections: usize) -> Self {
        self.lock_connections = lock_connections.clamp(1, MOST);
        self
    }

    /// Says how many connections read and write: 2 unless told otherwise, at least 1. Each is in use for a moment.
    #[must_use]
    pub fn data_connections(mut self, data_connections: usize) -> Self {
        self.data_connections = data_connections.clamp(1, MOST);
        self
    }

    /// Says how long to wait for a free connection: 10 s unless told otherwise.
    #[must_use]
    pub fn acquire_timeout(mut self, acquire_timeout: Duration) -> Self {
        self.limits.acquire = acquire_timeout;
        self
    }

    /// Says how long the server may take for an answer: 10 s unless told otherwise. Waiting for a lock is not limited.
    #[must_use]
    pub fn answer_timeout(mut self, answer_timeout: Duration) -> Self {
        self.limits.answer = answer_timeout;
        self
    }

    /// Says after how long the server takes a lock from a process that is connected but does nothing: 5 min unless told
    /// otherwise. Choose it longer than a process may be paused. The lock of a process that ended is free at once.
    #[must_use]
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Leaves the table as it is: it must be there, in the version of this library. Not needed for a role that must not
    /// create tables, because a table that is up to date is never touched.
    #[must_use]
    pub fn without_migration(mut self) -> Self {
        self.migrates = false;
        self
    }

    /// Accepts a server with `fsync = off` or `full_page_writes = off`, which loses logins in a crash. For tests.
    #[must_use]
    pub fn dangerous_without_fsync(mut self) -> Self {
        self.without_fsync = true;
        self
    }

    /// Connects, looks whether the server keeps what it is given, and brings the table up to date.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] where the server cannot be reached or is in recovery; [`ErrorKind::Configuration`]
    /// where it refuses, would lose logins, or has a table that is newer (code `newer_schema`) or, without migration,
    /// older (code `outdated_schema`) than this library, and where the address leaves open whether the connection is to
    /// be secure.
    ///
    /// # Cancellation
    ///
    /// Afterwards the table is in its old or in its new version.
    pub async fn connect(self) -> Result<PostgresStore, Error> {
        self.refuse_undecided()?;
        let pool = |size| Arc::new(Pool::new(self.options.clone(), size, self.limits));
        let (locks, data) = (pool(self.lock_connections), pool(self.data_connections));
        let schema = schema::prepare(data.acquire().await?, &self).await?;
        let waits = (self.limits.answer, self.idle_timeout);
        Ok(PostgresStore::new(locks, data, schema, waits))
    }

    /// The driver's default takes no offence at a server without a certificate. That must be somebody's decision.
    fn refuse_undecided(&self) -> Result<(), Error> {
        let host = self.options.get_host();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let local = self.options.get_socket().is_some()
            || host.starts_with('/')
            || host == "localhost"
            || address.is_ok_and(|address| address.is_loopback());
        let mode = self.options.get_ssl_mode();
        if local || !matches!(mode, PgSslMode::Allow | PgSslMode::Prefer) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Configuration,
            "the database is on another machine; say sslmode=verify-full, or sslmode=disable where the network is safe",
        ))
    }
}

/// Returns the address with an empty password where it has none, so that the driver does not look for one elsewhere.
fn with_password(url: &str) -> Cow<'_, str> {
    let (rest, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let (place, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    let authority = place.split_once("://").map_or("", |(_, after)| after);
    let authority = authority.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let within = user
        .split_once(':')
        .is_some_and(|(_, password)| !password.is_empty());
    let mut names = query.trim_start_matches('?').split('&');
    if within || names.any(|pair| pair.split('=').next() == Some("password")) {
        return Cow::Borrowed(url);
    }
    let separator = if query.is_empty() { '?' } else { '&' };
    Cow::Owned(format!("{rest}{separator}password={fragment}"))
}

/// More connections than any server has, and few enough to count.
const MOST: usize = 1 << 16;

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("host", &self.options.get_host())
            .field("port", &self.options.get_port())
            .field("database", &self.options.get_database())
            .field("schema", &self.schema)
            .field("lock_connections", &self.lock_connections)
            .field("data_connections", &self.data_connections)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
