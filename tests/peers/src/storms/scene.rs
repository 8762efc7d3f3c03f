//! What happens while they wait.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;

use super::{
    crowd::{Crowd, Waits},
    endpoint::{Endpoint, Script},
    sources::{Keeper, Kind, Source},
};

/// How long the endpoint takes to answer.
pub const DELAY: Duration = Duration::from_millis(50);

const GOOD: Script = Script {
    delay: DELAY,
    status: StatusCode::OK,
    lifetime: 3_600,
};
const SHORT: Script = Script {
    lifetime: 1,
    ..GOOD
};
const BROKEN: Script = Script {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    ..GOOD
};

/// A stage: an endpoint, and how many callers come for how long.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Where tokens come from.
    pub endpoint: Endpoint,
    /// How many callers come at once.
    pub callers: usize,
    /// How long they are watched.
    pub watched: Duration,
}

/// What was seen of one scene.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How many token requests came.
    pub requests: u64,
    /// What the callers saw.
    pub waits: Waits,
}

impl Stage {
    /// The token ended, and the endpoint is well.
    pub async fn expired(&self, keeper: Keeper) -> Result<Seen, String> {
        let crowd = Crowd::gather(self.callers).await;
        let _source = self.enter(keeper, &crowd, GOOD).await?;
        let waits = crowd.answers(self.watched).await;
        Ok(self.seen(waits))
    }

    /// The token ended, and the endpoint answers 500. Requests are counted to the end of the time, also where every
    /// caller has an answer.
    pub async fn broken(&self, keeper: Keeper) -> Result<Seen, String> {
        let crowd = Crowd::gather(self.callers).await;
        let started = Instant::now();
        let _source = self.enter(keeper, &crowd, BROKEN).await?;
        let waits = crowd.answers(self.watched).await;
        tokio::time::sleep(self.watched.saturating_sub(started.elapsed())).await;
        Ok(self.seen(waits))
    }

    /// The first caller is dropped while the endpoint thinks about its request; the others have come meanwhile.
    pub async fn leader_gone(&self, keeper: Keeper) -> Result<Seen, String> {
        let (leader, others) = (
            Crowd::gather(1).await,
            Crowd::gather(self.callers - 1).await,
        );
        let source = self.enter(keeper, &leader, GOOD).await?;
        self.asked().await?;
        others.open(&source);
        tokio::time::sleep(DELAY / 2).await;
        if !leader.scatter().await.waits.is_empty() {
            return Err("the first caller had its answer before it could be dropped".to_owned());
        }
        let waits = others.answers(self.watched).await;
        Ok(self.seen(waits))
    }

    /// All callers are dropped while the endpoint thinks; then a new one comes, whose wait this returns.
    pub async fn all_gone(&self, keeper: Keeper) -> Result<Seen, String> {
        let crowd = Crowd::gather(self.callers).await;
        let newcomer = Crowd::gather(1).await;
        let source = self.enter(keeper, &crowd, GOOD).await?;
        self.asked().await?;
        tokio::time::sleep(DELAY / 2).await;
        if !crowd.scatter().await.waits.is_empty() {
            return Err("some callers had their answer before they could be dropped".to_owned());
        }
        newcomer.open(&source);
        let waits = newcomer.answers(self.watched).await;
        Ok(self.seen(waits))
    }

    async fn asked(&self) -> Result<(), String> {
        if self.endpoint.asked(self.watched).await {
            Ok(())
        } else {
            Err("no token request came".to_owned())
        }
    }

    /// Brings the source to where its token has ended, and opens the gate.
    async fn enter(
        &self,
        keeper: Keeper,
        crowd: &Crowd,
        script: Script,
    ) -> Result<Arc<dyn Source>, String> {
        if keeper.kind == Kind::Lazy {
            self.endpoint.follow(SHORT);
            let source = (keeper.start)(&self.endpoint)?;
            source.token().await?;
            // The token lasts a second.
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            self.endpoint.follow(script);
            crowd.open(&source);
            return Ok(source);
        }
        self.endpoint.follow(script);
        let source = (keeper.start)(&self.endpoint)?;
        crowd.open(&source);
        Ok(source)
    }

    fn seen(&self, waits: Waits) -> Seen {
        Seen {
            requests: self.endpoint.requests(),
            waits,
        }
    }
}
