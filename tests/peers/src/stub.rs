//! A token endpoint on the loopback interface, for crates that must ask one.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::subjects::TOKEN;

/// Starts an endpoint that answers whatever it is asked with a token of a day, and returns its address.
///
/// # Errors
///
/// Where no port is free.
pub async fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    Ok(address)
}

/// Answers one request and closes. The whole request came in one piece: it is short and nobody sends it in parts.
async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0; 8192];
    let read = stream.read(&mut request).await?;
    let body = format!(r#"{{"access_token":"{TOKEN}","expires_in":86400,"token_type":"Bearer"}}"#);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nmetadata-flavor: Google\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    if read > 0 {
        stream.write_all((head + &body).as_bytes()).await?;
    }
    stream.shutdown().await
}
