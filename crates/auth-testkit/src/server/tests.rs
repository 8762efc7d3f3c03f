use std::{io::ErrorKind, net::Shutdown, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{DeviationKind, ManualClock, wire};

/// Answers every request with its path.
struct Echo;

impl Handler for Echo {
    fn answer(&self, request: &Request, notes: &mut Notes) -> Answer {
        notes.grant("echo");
        Answer::text(200, "text/plain", request.path())
    }
}

async fn start() -> (Server, ManualClock) {
    let clock = ManualClock::new();
    let server = Server::start(Arc::new(clock.clone()), Arc::new(Echo), Ledger::default());
    (server.await.unwrap(), clock)
}

async fn ask(server: &Server, path: &str) -> String {
    wire::send(
        server.address(),
        &format!("GET {path} HTTP/1.1\nHost: localhost\n\n"),
    )
    .await
}

/// Sends a request and reads until the end, which may be a reset.
async fn raw(server: &Server) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream
        .write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut reply = Vec::new();
    let end = stream.read_to_end(&mut reply).await;
    (reply, end.err().map(|error| error.kind()))
}

#[tokio::test]
async fn connections_are_kept_and_requests_may_follow_at_once() {
    let (server, _) = start().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let two = "POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n\
               GET /2 HTTP/1.1\r\nConnection: close\r\n\r\n";
    stream.write_all(two.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(
        reply.contains("\r\n\r\n/1HTTP/1.1 200") && reply.ends_with("/2"),
        "{reply}"
    );
    let entries = server.ledger().entries();
    assert_eq!(entries[0].body().as_ref(), b"abcde");
    let raw: Vec<u8> = entries
        .iter()
        .flat_map(|entry| entry.raw().to_vec())
        .collect();
    assert_eq!(raw, two.as_bytes());
    assert_eq!(server.ledger().connections(), 1);
}

#[tokio::test]
async fn a_fault_happens_once_or_always_and_only_where_it_is_planned() {
    let (server, _) = start().await;
    server.next(Fault::Status(503));
    server.next_at("/b", Fault::Html(502));
    server.always_at("/c", Fault::Empty(500));
    assert_eq!(server.planned(), 2);
    for (path, status) in [
        ("/a", 503),
        ("/a", 200),
        ("/b", 502),
        ("/b", 200),
        ("/c", 500),
        ("/c", 500),
    ] {
        assert_eq!(wire::status(&ask(&server, path).await), status, "{path}");
    }
    server.clear();
    assert_eq!(wire::status(&ask(&server, "/c").await), 200);
    assert_eq!(
        (server.ledger().requests(), server.ledger().processed()),
        (7, 3)
    );
}

#[tokio::test]
async fn answers_can_be_anything() {
    let (server, _) = start().await;
    for (fault, part) in [
        (Fault::Json(200, "{".into()), "\r\n\r\n{"),
        (Fault::WrongTypes, "\"access_token\":17"),
        (
            Fault::TooMany {
                retry_after: "soon".into(),
            },
            "retry-after: soon",
        ),
        (Fault::Raw(Bytes::from_static(b"\0")), "\0"),
        (Fault::GzipBomb, "content-encoding: gzip"),
        (Fault::Status(599), "HTTP/1.1 599 Unnamed\r\n"),
    ] {
        let name = format!("{fault:?}");
        server.next(fault);
        assert!(ask(&server, "/a").await.contains(part), "{name}");
    }
    assert_eq!(server.ledger().processed(), 0);
}

#[tokio::test]
async fn connections_break_at_every_point() {
    let (server, _) = start().await;
    for (fault, length, reset, processed) in [
        (Fault::ResetBefore, 0..1, true, 0),
        (Fault::ResetAfter, 0..1, true, 1),
        (Fault::Truncated, 10..200, false, 2),
    ] {
        server.next(fault.clone());
        let (reply, end) = raw(&server).await;
        assert!(length.contains(&reply.len()), "{fault:?}: {}", reply.len());
        assert_eq!(end == Some(ErrorKind::ConnectionReset), reset, "{fault:?}");
        assert_eq!(server.ledger().processed(), processed, "{fault:?}");
    }
    // What a reset leaves of bytes sent before it is up to the system.
    server.next(Fault::ResetMidBody);
    assert_eq!(raw(&server).await.1, Some(ErrorKind::ConnectionReset));
    assert_eq!(server.ledger().processed(), 3);
}

#[tokio::test]
async fn endless_answers_end_with_the_client() {
    let (server, _) = start().await;
    for fault in [Fault::HugeBody, Fault::EndlessHeaders] {
        server.next(fault);
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
        let mut some = vec![0; 4 << 20];
        stream.read_exact(&mut some).await.unwrap();
    }
}

#[tokio::test]
async fn waits_are_on_the_clock() {
    let (server, clock) = start().await;
    let wait = Duration::from_secs(5);
    server.next(Fault::Delay(wait));
    server.next(Fault::DelayAnswer(wait));
    for processed_before in [0, 2] {
        let both = async {
            clock.until_sleepers(1).await;
            assert_eq!(server.ledger().processed(), processed_before);
            clock.advance(wait);
        };
        let (reply, ()) = tokio::join!(ask(&server, "/a"), both);
        assert_eq!(wire::status(&reply), 200);
    }
}

#[tokio::test]
async fn slow_bytes_come_one_by_one() {
    let (server, clock) = start().await;
    server.next(Fault::SlowBytes {
        every: Duration::from_secs(1),
    });
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
    let mut byte = [0; 1];
    for expected in b"HTTP/1.1" {
        clock.until_sleepers(1).await;
        clock.advance(Duration::from_secs(1));
        stream.read_exact(&mut byte).await.unwrap();
        assert_eq!(byte[0], *expected);
    }
}

#[tokio::test]
async fn silence_is_processed_or_not() {
    let (server, _) = start().await;
    server.next(Fault::Hang);
    server.next(Fault::HangAfter);
    let mut held = Vec::new();
    for arrived in [1, 2] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
        server.ledger().wait_for(arrived).await;
        held.push(stream);
    }
    server.ledger().wait_for_finished(1).await;
    let processed: Vec<bool> = server
        .ledger()
        .entries()
        .iter()
        .map(|e| e.is_processed())
        .collect();
    assert_eq!(processed, [false, true]);
    let address = server.address();
    drop(server);
    // Dropping the server ends what hangs.
    let mut reply = Vec::new();
    let _ = held[0].read_to_end(&mut reply).await;
    assert!(reply.is_empty());
    drop(held);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn redirects_followed_are_found_here_and_elsewhere() {
    let (server, _) = start().await;
    let (other, _) = start().await;
    other.ledger().foreign(server.ledger());
    let elsewhere = format!("{}/there", other.base_url());
    for location in ["/here", elsewhere.as_str()] {
        server.next(Fault::Redirect {
            status: 307,
            location: location.into(),
        });
        assert_eq!(wire::status(&ask(&server, "/a").await), 307);
    }
    assert!(server.ledger().deviations().is_empty());
    ask(&server, "/here").await;
    ask(&other, "/there").await;
    for ledger in [server.ledger(), other.ledger()] {
        assert_eq!(
            ledger.deviations()[0].kind(),
            DeviationKind::RedirectFollowed
        );
    }
}

#[test]
fn a_bomb_is_small_on_the_wire() {
    let bomb = gzip::bomb(64 << 20);
    assert!(bomb.starts_with(&[0x1f, 0x8b, 8]) && bomb.len() < 1 << 20);
}

#[tokio::test]
async fn an_unfinished_request_is_no_request() {
    let (server, _) = start().await;
    let stream = std::net::TcpStream::connect(server.address()).unwrap();
    io::Write::write_all(
        &mut &stream,
        b"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
    )
    .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(wire::status(&ask(&server, "/b").await), 200);
    assert_eq!(server.ledger().requests(), 1);
}
