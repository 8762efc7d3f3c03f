//! Many callers, each with a handle of its own, through the layer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use auth_core::{
    Cached, Error, Event, Held, Margin, Origins, Peek, Policy, Secret, Token, TokenSource,
};
use auth_oauth2::{Basic, ClientCredentials, Dialect, Endpoint, TokenClient};
use auth_tower::{Auth, AuthLayer, BoxError, TowerTransport};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, Error as HyperError, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::task::{JoinSet, yield_now};
use tower::{Layer, Service, ServiceExt};

use crate::{
    options::Options,
    server::{LIFETIME, Server},
};

/// What all callers saw together.
#[derive(Default)]
pub(crate) struct Counts {
    /// How long each request took, in microseconds.
    pub(crate) times: Vec<u32>,
    pub(crate) length: Duration,
    /// The 401 that a caller saw.
    pub(crate) surfaced: usize,
    /// The renewals that succeeded.
    pub(crate) refreshes: usize,
    /// The requests that waited for a token.
    pub(crate) waited: usize,
}

type Http = Client<HttpConnector, Full<Bytes>>;

/// Lets all connections send one request after the other until the time is over.
pub(crate) async fn run(server: &Server, options: Options) -> Result<Counts, BoxError> {
    let (refreshes, waited) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let source = source(server, &refreshes)?;
    source.warm_up().await?;
    refreshes.store(0, Ordering::Relaxed);

    let watched = Watched {
        source: source.clone(),
        waited: Arc::clone(&waited),
    };
    let client = AuthLayer::new(watched).layer(http());
    let begun = Instant::now();
    let end = begun + options.length;
    let address = format!("{}/things", server.base_url());
    let mut callers = JoinSet::new();
    for _ in 0..options.connections {
        callers.spawn(call(client.clone(), address.clone(), end));
    }
    let mut counts = Counts::default();
    while let Some(caller) = callers.join_next().await {
        let (times, surfaced) = caller??;
        counts.times.extend(times);
        counts.surfaced += surfaced;
    }
    counts.length = begun.elapsed();
    counts.times.sort_unstable();
    // The server may have counted a token that has not come back yet.
    while source.status().renewing {
        yield_now().await;
    }
    counts.refreshes = refreshes.load(Ordering::Relaxed);
    counts.waited = waited.load(Ordering::Relaxed);
    Ok(counts)
}

/// Calls until `end`, and returns how long each call took and how often the answer was a 401.
async fn call(
    mut client: Auth<Http>,
    address: String,
    end: Instant,
) -> Result<(Vec<u32>, usize), BoxError> {
    let (mut times, mut surfaced) = (Vec::new(), 0);
    let mut begun = Instant::now();
    while begun < end {
        let request = Request::get(&address).body(Full::default())?;
        let response = client.ready().await?.call(request).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => surfaced += 1,
            status => return Err(format!("the API answered {status}").into()),
        }
        response.into_body().collect().await?;
        let now = Instant::now();
        times.push(u32::try_from((now - begun).as_micros()).unwrap_or(u32::MAX));
        begun = now;
    }
    Ok((times, surfaced))
}

fn http() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        .retry_canceled_requests(false)
        .build(connector)
}

/// A source that asks for the next token a second after it asked for the last one.
fn source(server: &Server, refreshes: &Arc<AtomicUsize>) -> Result<Cached, Error> {
    let base = server.base_url();
    let endpoint = Endpoint::dangerous_plain_http(&format!("{base}/token"))?;
    let credentials = Basic::encoded("made-up-client", &Secret::new("made-up-secret"))?;
    let transport = TowerTransport::new(http()).unsent_if(HyperError::is_connect);
    let tokens = TokenClient::new(
        endpoint,
        credentials,
        Arc::new(transport),
        Dialect::default(),
    );
    let mut policy = Policy::default();
    policy.advisory = Margin::new(LIFETIME - Duration::from_secs(1), 1.0);
    policy.jitter = 0.0;
    let refreshes = Arc::clone(refreshes);
    let observer = move |_: &str, event: &Event| {
        if let Event::Issued { .. } = event {
            refreshes.fetch_add(1, Ordering::Relaxed);
        }
    };
    let origins = Origins::parse(&base)?;
    Ok(Cached::builder(ClientCredentials::new(tokens), origins)
        .policy(policy)
        .observer(observer)
        .build())
}

/// Counts who waits.
struct Watched {
    source: Cached,
    waited: Arc<AtomicUsize>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TokenSource for Watched {
    async fn token(&self) -> Result<Token, Error> {
        self.waited.fetch_add(1, Ordering::Relaxed);
        self.source.token().await
    }

    fn peek(&self, held: &mut Held) -> Peek {
        self.source.peek(held)
    }

    fn renew(&self) {
        self.source.renew();
    }

    fn reject(&self, refused: &Token) {
        self.source.reject(refused);
    }

    fn origins(&self) -> &Origins {
        self.source.origins()
    }
}
