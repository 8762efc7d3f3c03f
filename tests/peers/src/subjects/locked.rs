//! What is written by hand: the token behind a lock, its header made for each request.
//!
//! The lock is Tokio's, because whoever holds it to renew waits for the network.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use tokio::sync::RwLock;
use tower::BoxError;

use super::{
    Subject,
    lane::{Stamp, TOKEN, stamped},
};

/// The lock and `format!`.
pub const TOWER: Subject = Subject {
    name: "locked",
    label: "by hand, RwLock and format!",
    over: "bare",
    beside: "static",
    start: || Box::pin(stamped(Locked(RwLock::new(None)))),
};

struct Locked(RwLock<Option<Held>>);

struct Held {
    token: String,
    until: Instant,
}

impl Stamp for Locked {
    async fn stamp(&self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        let token = self.token().await;
        let value = HeaderValue::try_from(format!("Bearer {token}"))?;
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}

impl Locked {
    async fn token(&self) -> String {
        if let Some(held) = &*self.0.read().await
            && Instant::now() < held.until
        {
            return held.token.clone();
        }
        let held = Held {
            token: TOKEN.to_owned(),
            until: Instant::now() + Duration::from_secs(86_400),
        };
        let token = held.token.clone();
        *self.0.write().await = Some(held);
        token
    }
}
