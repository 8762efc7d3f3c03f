//! A server for tests that shows the bytes it got and answers with the bytes it was given.

use std::{error::Error, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// What the server does on one connection after it has read a request.
pub(crate) enum Reply {
    /// Writes this and closes.
    Close(String),
    /// Writes this and resets the connection.
    Reset(String),
    /// Writes this and stays silent until the client leaves.
    Hold(String),
    /// Writes the first once and the second for ever.
    Endless(String, String),
}

impl Reply {
    /// Returns a whole answer with these header lines and this body.
    pub(crate) fn whole(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Close(format!(
            "HTTP/1.1 {status} Made Up\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ))
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: mpsc::UnboundedReceiver<String>,
}

impl Server {
    /// Starts a server that answers one connection after another.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        let (server, listener, tell) = Self::bind().await;
        tokio::spawn(async move {
            for reply in replies {
                let (stream, _) = listener.accept().await.unwrap();
                serve(stream, reply, &tell, reset).await;
            }
        });
        server
    }

    /// Starts a server that answers one connection over TLS.
    #[cfg(feature = "rustls")]
    pub(crate) async fn start_tls(config: rustls::ServerConfig, reply: Reply) -> Self {
        let (server, listener, tell) = Self::bind().await;
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            match tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config))
                .accept(stream)
                .await
            {
                Ok(stream) => serve(stream, reply, &tell, |_| ()).await,
                Err(_) => tell.send(String::new()).unwrap(),
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the next request as it was on the wire.
    pub(crate) async fn request(&mut self) -> String {
        self.seen
            .recv()
            .await
            .expect("the server saw no further request")
    }

    /// Returns whether there is no request that was not looked at.
    pub(crate) fn saw_no_more(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }

    async fn bind() -> (Self, TcpListener, mpsc::UnboundedSender<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::unbounded_channel();
        (Self { address, seen }, listener, tell)
    }
}

fn reset(stream: &TcpStream) {
    stream.set_zero_linger().unwrap();
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    reply: Reply,
    tell: &mpsc::UnboundedSender<String>,
    reset: fn(&S),
) {
    let request = read_request(&mut stream).await;
    // The test may be over.
    let _ = tell.send(request);
    // The client may leave early, and often that is what is tested.
    match reply {
        Reply::Close(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Reply::Reset(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            reset(&stream);
        }
        Reply::Hold(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        Reply::Endless(first, again) => {
            let _ = stream.write_all(first.as_bytes()).await;
            while stream.write_all(again.as_bytes()).await.is_ok() {}
        }
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap_or_default();
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert_ne!(count, 0, "the connection ended in the head: {text:?}");
            continue;
        };
        let announced = head.to_ascii_lowercase();
        let length = announced.split("\r\ncontent-length: ").nth(1);
        let length = length.map_or(0, |rest| {
            rest.split("\r\n").next().unwrap().parse().unwrap()
        });
        if body.len() >= length || count == 0 {
            return text;
        }
    }
}

/// Returns everything that an error shows: its text, its `Debug` and those of its causes.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    let mut all = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        all += &format!("{error} {error:?} {error:#?}\n");
        next = error.source();
    }
    all
}
