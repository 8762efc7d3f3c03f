//! What a replica is told at its start, over its standard input: no secret stands in a command line or a variable.

use auth_core::{Error, Secret, StoreKey, TokenStore};
use auth_store::{Backend, Keys};
use auth_store_postgres::PostgresStore;
use auth_store_redis::RedisStore;
use auth_tower::BoxError;
use serde_json::{Value, json};

/// The settings of one replica.
pub(crate) struct Settings {
    /// The name of the replica.
    pub(crate) name: String,
    /// The provider's token endpoint.
    pub(crate) token_url: String,
    /// The id of the client.
    pub(crate) client_id: String,
    /// The secret of the client.
    pub(crate) client_secret: Secret,
    /// The API that the service calls.
    pub(crate) api: String,
    /// The address of the store.
    pub(crate) store: String,
    /// The keys that logins are sealed with.
    pub(crate) keys: Secret,
}

impl Settings {
    /// Writes the settings in one line.
    pub(crate) fn to_line(&self) -> String {
        let settings = json!({
            "name": self.name,
            "token_url": self.token_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret.expose(),
            "api": self.api,
            "store": self.store,
            "keys": self.keys.expose(),
        });
        format!("{settings}\n")
    }

    /// Reads what [`to_line`](Self::to_line) wrote.
    pub(crate) fn from_line(line: &str) -> Result<Self, BoxError> {
        let settings: Value =
            serde_json::from_str(line).map_err(|_| "the settings are not JSON")?;
        let text = |name: &str| {
            let value = settings[name].as_str();
            value
                .map(str::to_owned)
                .ok_or_else(|| format!("the setting {name} is missing"))
        };
        Ok(Self {
            name: text("name")?,
            token_url: text("token_url")?,
            client_id: text("client_id")?,
            client_secret: Secret::from(text("client_secret")?),
            api: text("api")?,
            store: text("store")?,
            keys: Secret::from(text("keys")?),
        })
    }

    /// Opens the store: sealed, so that neither its files nor its logs show a login.
    pub(crate) async fn open_store(&self) -> Result<Box<dyn TokenStore>, Error> {
        let keys = Keys::from_text(&self.keys)?;
        if self.store.starts_with("postgres") {
            let store = PostgresStore::connect(&self.store).await?;
            return Ok(Box::new(store.sealed(keys)));
        }
        let store = RedisStore::connect(self.store.as_str()).await?;
        Ok(Box::new(store.sealed(keys)))
    }
}

/// The login that all replicas share.
pub(crate) fn login_key() -> StoreKey {
    StoreKey::new(["emulator", "made-up user"])
}
