//! An API and its token endpoint, which alone knows which tokens are alive.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::Grace;

/// How long a token lives where nobody asks for the next one. The client asks after the first second of it.
pub(crate) const LIFETIME: Duration = Duration::from_secs(4);
/// How long an old token lives on where there is grace.
const GRACE: Duration = Duration::from_secs(2);

/// A server on a port of its own; clones are the same one.
#[derive(Clone)]
pub(crate) struct Server(Arc<State>);

struct State {
    address: SocketAddr,
    grace: Grace,
    tokens: Mutex<Tokens>,
    issued: AtomicUsize,
    refused: AtomicUsize,
}

/// The tokens that were issued last: the header that each makes, and when it dies.
#[derive(Default)]
struct Tokens {
    current: Option<(String, Instant)>,
    old: Option<(String, Instant)>,
}

impl Server {
    pub(crate) async fn start(grace: Grace) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let server = Self(Arc::new(State {
            address: listener.local_addr()?,
            grace,
            tokens: Mutex::default(),
            issued: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        }));
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(own.clone().serve(stream));
            }
        });
        Ok(server)
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// Returns how many tokens were issued.
    pub(crate) fn issued(&self) -> usize {
        self.0.issued.load(Ordering::Relaxed)
    }

    /// Returns how many requests were refused.
    pub(crate) fn refused(&self) -> usize {
        self.0.refused.load(Ordering::Relaxed)
    }

    async fn serve(self, stream: TcpStream) {
        // Where that cannot be set, answers are slow, which shows.
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| {
            let server = self.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        // A client that goes away is no fault of the server.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == "/token" {
            // Not before the whole request is there: what was issued must reach whoever asked.
            let _ = request.into_body().collect().await;
            return self.issue();
        }
        let sent = request.headers().get(header::AUTHORIZATION);
        let alive = sent.is_some_and(|sent| self.tokens().accept(sent.as_bytes()));
        let mut response = Response::new(Full::from(if alive { "well" } else { "" }));
        if !alive {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        response
    }

    fn issue(&self) -> Response<Full<Bytes>> {
        let number = self.0.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let access = format!("made-up-{number}");
        let now = Instant::now();
        {
            let mut tokens = self.tokens();
            let header = format!("Bearer {access}");
            let before = tokens.current.replace((header, now + LIFETIME));
            tokens.old = match self.0.grace {
                Grace::None => None,
                Grace::Some => before.map(|(header, _)| (header, now + GRACE)),
            };
        }
        let seconds = LIFETIME.as_secs();
        let body = format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{seconds}}}"#
        );
        let mut response = Response::new(Full::from(body));
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tokens {
    fn accept(&self, sent: &[u8]) -> bool {
        let mut known = self.current.iter().chain(&self.old);
        known.any(|(header, dies)| header.as_bytes() == sent && Instant::now() < *dies)
    }
}
