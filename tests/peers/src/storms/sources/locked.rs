//! What people write by hand: an async mutex around the token, held while a new one is fetched.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use http::Uri;
use tokio::sync::Mutex;

use super::{
    Keeper, Kind, Source,
    http::{Http, client, fetch},
};

/// The lock.
pub const KEEPER: Keeper = Keeper {
    label: "hand-written lock around the fetch",
    kind: Kind::Lazy,
    start: |endpoint| {
        Ok(Arc::new(Locked {
            http: client(),
            endpoint: endpoint.uri(),
            held: Mutex::default(),
        }))
    },
};

struct Locked {
    http: Http,
    endpoint: Uri,
    held: Mutex<Option<(String, Instant)>>,
}

#[async_trait]
impl Source for Locked {
    async fn token(&self) -> Result<(), String> {
        let mut held = self.held.lock().await;
        if let Some((_, ends)) = &*held
            && Instant::now() < *ends
        {
            return Ok(());
        }
        let (token, lifetime) = fetch(&self.http, &self.endpoint).await?;
        *held = Some((token, Instant::now() + lifetime));
        Ok(())
    }
}
