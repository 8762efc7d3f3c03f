//! A token endpoint on the loopback interface, on a thread of its own.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, sync::mpsc, thread, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::watch,
};

/// How the endpoint answers from now on.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// How long an answer takes.
    pub delay: Duration,
    /// Its status; a token comes with 200 alone.
    pub status: StatusCode,
    /// How long the token lasts, in seconds.
    pub lifetime: u64,
}

/// The endpoint, seen by who measures. Clones are of one endpoint, which lives as long as the process.
#[derive(Clone, Debug)]
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    script: watch::Sender<Script>,
    requests: watch::Sender<u64>,
}

impl Endpoint {
    /// Starts an endpoint.
    ///
    /// # Errors
    ///
    /// Where no loopback port can be had.
    pub fn start(script: Script) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            script: watch::Sender::new(script),
            requests: watch::Sender::new(0),
        });
        let (tell, told) = mpsc::channel();
        let server = Arc::clone(&shared);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(serve(&server, &tell)),
                Err(error) => drop(tell.send(Err(error.to_string()))),
            }
        });
        let address = told.recv().map_err(|error| error.to_string())??;
        Ok(Self { address, shared })
    }

    /// Returns the address of the endpoint.
    pub fn uri(&self) -> Uri {
        let uri = format!("http://{}/token", self.address);
        uri.parse().expect("a socket address is an authority")
    }

    /// Says how to answer from now on, and counts from zero.
    pub fn follow(&self, script: Script) {
        self.shared.script.send_replace(script);
        self.shared.requests.send_replace(0);
    }

    /// Returns how many requests have come since.
    pub fn requests(&self) -> u64 {
        *self.shared.requests.borrow()
    }

    /// Waits until a request has come, and says whether one came within a time.
    pub async fn asked(&self, within: Duration) -> bool {
        let mut requests = self.shared.requests.subscribe();
        let asked = requests.wait_for(|count| *count > 0);
        tokio::time::timeout(within, asked).await.is_ok()
    }
}

async fn serve(shared: &Arc<Shared>, tell: &mpsc::Sender<Result<SocketAddr, String>>) {
    let listener = TcpSocket::new_v4().and_then(|socket| {
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        // Where every caller connects, a short queue would measure the kernel's patience.
        socket.listen(16_384)
    });
    let listener = match listener.and_then(|listener| Ok((listener.local_addr()?, listener))) {
        Ok((address, listener)) => {
            drop(tell.send(Ok(address)));
            listener
        }
        Err(error) => return drop(tell.send(Err(error.to_string()))),
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(shared);
                tokio::spawn(connection(stream, shared));
            }
            // Out of descriptors: some connection has to end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let answer = service_fn(move |request| answer(request, Arc::clone(&shared)));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    // A client that goes away in the middle is part of what is measured.
    let _ = served.await;
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let script = *shared.script.borrow();
    let mut number = 0;
    shared.requests.send_modify(|count| {
        *count += 1;
        number = *count;
    });
    drop(request.into_body().collect().await);
    tokio::time::sleep(script.delay).await;
    let body = if script.status == StatusCode::OK {
        format!(
            r#"{{"access_token":"made-up-{number}","token_type":"Bearer","expires_in":{}}}"#,
            script.lifetime
        )
    } else {
        r#"{"error":"server_error","error_description":"made up"}"#.to_owned()
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = script.status;
    let kind = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}
