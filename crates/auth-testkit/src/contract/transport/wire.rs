use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// What the server does after it has read a request.
pub(super) enum Answer {
    /// Writes this and keeps the connection.
    Write(Vec<u8>),
    /// Writes this and closes the connection.
    WriteAndClose(Vec<u8>),
    /// Writes this, and then more body for as long as somebody reads.
    Flood(Vec<u8>),
    /// Writes nothing and keeps the connection.
    Silence,
}

/// A request as it came over the wire.
#[derive(Clone, Default)]
pub(super) struct Received {
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| &**value).collect()
    }
}

/// A server that speaks just enough HTTP/1.1 to be wrong in chosen ways. It ends when it is dropped.
pub(super) struct Wire {
    pub(super) root: String,
    log: Arc<Mutex<Vec<Received>>>,
    task: AbortHandle,
}

type Rule = Arc<dyn Fn(usize, &Received) -> Answer + Send + Sync>;

impl Wire {
    /// Starts a server that answers by `rule`, which is told how many requests there were before.
    pub(super) async fn start(
        rule: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback address has a free port");
        let address = listener.local_addr();
        let address = address.expect("a bound listener has an address");
        let log = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(listener, Arc::clone(&log), Arc::new(rule)));
        Self {
            root: format!("http://{address}"),
            log,
            task: task.abort_handle(),
        }
    }

    /// Returns every request that arrived, in order.
    pub(super) fn received(&self) -> Vec<Received> {
        lock(&self.log).clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns the address of a server that is no longer there.
pub(super) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let address = listener.and_then(|listener| listener.local_addr());
    let address = address.expect("a loopback address has a free port");
    format!("http://{address}")
}

/// Writes an answer down.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

async fn serve(listener: TcpListener, log: Arc<Mutex<Vec<Received>>>, rule: Rule) {
    // The connections live in the set, so that they end with the server.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(talk(stream, Arc::clone(&log), Arc::clone(&rule)));
    }
}

async fn talk(mut stream: TcpStream, log: Arc<Mutex<Vec<Received>>>, rule: Rule) -> Option<()> {
    loop {
        let received = read(&mut stream).await?;
        let before = {
            let mut log = lock(&log);
            log.push(received.clone());
            log.len() - 1
        };
        match rule(before, &received) {
            Answer::Write(bytes) => stream.write_all(&bytes).await.ok()?,
            Answer::WriteAndClose(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                return stream.shutdown().await.ok();
            }
            Answer::Flood(mut bytes) => loop {
                stream.write_all(&bytes).await.ok()?;
                bytes = b"1000\r\n".to_vec();
                bytes.resize(bytes.len() + 0x1000, b'x');
                bytes.extend(b"\r\n");
            },
            Answer::Silence => {}
        }
    }
}

/// Reads one request with a body of known length, or in chunks.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let mut received = Received {
        line,
        headers: headers.collect(),
        body: Vec::new(),
    };
    if !received.header("transfer-encoding").is_empty() {
        while !received.body.ends_with(b"0\r\n\r\n") {
            received.body.push(stream.read_u8().await.ok()?);
        }
        return Some(received);
    }
    let length = received.header("content-length").first().copied();
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    received.body.resize(length, 0);
    stream.read_exact(&mut received.body).await.ok()?;
    Some(received)
}

/// Nothing that is done under this lock can panic half-way, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
