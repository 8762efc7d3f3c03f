//! A pooler in transaction mode, and a strict one: each transaction goes to another session than the one before it.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};

/// What a session may be begun with; a pooler refuses the rest.
const PARAMETERS: &[&str] = &[
    "user",
    "database",
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "application_name",
];

/// A pooler on a loopback port, in front of one database.
pub(crate) struct Pooler {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    server: u16,
    database: String,
    permits: Arc<Semaphore>,
    idle: Mutex<VecDeque<TcpStream>>,
    transactions: Mutex<usize>,
}

impl Pooler {
    pub(crate) async fn start(server: u16, database: &str, sessions: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            server,
            database: database.to_owned(),
            permits: Arc::new(Semaphore::new(sessions)),
            idle: Mutex::default(),
            transactions: Mutex::new(0),
        });
        for _ in 0..sessions {
            let session = shared.session().await.expect("the server is there");
            shared.idle.lock().unwrap().push_back(session);
        }
        let own = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&own);
                // A client that goes away, or a session that ends, ends both.
                tokio::spawn(async move { shared.serve(client).await });
            }
        });
        Self { port, shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/pooled", self.port)
    }

    /// Returns how often a session was handed out.
    pub(crate) fn transactions(&self) -> usize {
        *self.shared.transactions.lock().unwrap()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Begins a session with the server.
    async fn session(&self) -> io::Result<TcpStream> {
        let mut server = TcpStream::connect(("127.0.0.1", self.server)).await?;
        server.set_nodelay(true)?;
        let mut start = vec![0, 3, 0, 0];
        for text in ["user", "postgres", "database", &self.database, ""] {
            start.extend_from_slice(text.as_bytes());
            start.push(0);
        }
        server.write_all(&framed(&start)).await?;
        while message(&mut server).await?.0 != b'Z' {}
        Ok(server)
    }

    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut start = packet(&mut client).await?;
        // Whether there is TLS: there is none.
        if start.starts_with(&80_877_103_i32.to_be_bytes()) {
            client.write_all(b"N").await?;
            start = packet(&mut client).await?;
        }
        let texts: Vec<_> = start[4..].split(|b| *b == 0).collect();
        let names = texts.chunks(2).map(|pair| String::from_utf8_lossy(pair[0]));
        for name in names.filter(|name| !name.is_empty()) {
            if !PARAMETERS.contains(&&*name) {
                let text = format!("SFATAL\0C08P01\0Munsupported startup parameter: {name}\0\0");
                return client.write_all(&tagged(b'E', text.as_bytes())).await;
            }
        }
        client.write_all(&tagged(b'R', &[0; 4])).await?;
        client.write_all(&tagged(b'Z', b"I")).await?;
        loop {
            let first = message(&mut client).await?;
            if first.0 == b'X' {
                return Ok(());
            }
            let (session, permit) = self.take().await?;
            let session = transaction(&mut client, session, first).await?;
            self.idle.lock().unwrap().push_back(session);
            drop(permit);
        }
    }

    /// Takes the session that was not used for longest, or a new one in place of one that was lost.
    async fn take(&self) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.expect("it is never closed");
        *self.transactions.lock().unwrap() += 1;
        let idle = self.idle.lock().unwrap().pop_front();
        match idle {
            Some(session) => Ok((session, permit)),
            None => Ok((self.session().await?, permit)),
        }
    }
}

/// Hands messages to and fro until the server says that no transaction is open.
async fn transaction(
    client: &mut TcpStream,
    mut server: TcpStream,
    first: (u8, Vec<u8>),
) -> io::Result<TcpStream> {
    let mut next = first;
    loop {
        let asks = matches!(next.0, b'Q' | b'S');
        server.write_all(&tagged(next.0, &next.1)).await?;
        if asks {
            loop {
                let (kind, body) = message(&mut server).await?;
                client.write_all(&tagged(kind, &body)).await?;
                match (kind, body.as_slice()) {
                    (b'Z', b"I") => return Ok(server),
                    (b'Z', _) => break,
                    _ => {}
                }
            }
        }
        // A client that is gone within a transaction takes the session with it, and so the server undoes it.
        next = message(client).await?;
    }
}

async fn message(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    Ok((kind, packet(stream).await?))
}

async fn packet(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

fn tagged(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], framed(body).as_slice()].concat()
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("messages are short");
    [&length.to_be_bytes(), body].concat()
}
