use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use auth_core::{ErrorKind, Sent};
use http::Response;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpListener;

use super::*;
use crate::wire::words;

async fn outcome(reply: Reply) -> Result<Response<Bytes>, Error> {
    outcome_within(Duration::from_secs(30), reply).await
}

async fn outcome_within(limit: Duration, reply: Reply) -> Result<Response<Bytes>, Error> {
    let server = Server::start([reply]).await;
    let transport = ReqwestTransport::builder().timeout(limit).build().unwrap();
    let url = server.url(&format!("/token?client_secret={SECRET}"));
    let result = transport.send(post(&url)).await;
    if let Err(error) = &result {
        let shown = words(error);
        assert!(
            !shown.contains(SECRET) && !shown.contains("/token"),
            "{shown}"
        );
        assert!(
            !shown.contains(&server.address.port().to_string()),
            "{shown}"
        );
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    result
}

async fn failure(reply: Reply) -> Error {
    outcome(reply).await.expect_err("this is no answer")
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for status in [200, 204, 400, 401, 429, 500, 503] {
        let answer = outcome(Reply::whole(status, "", "")).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/?s={SECRET}", free.local_addr().unwrap());
    drop(free);
    let error = ReqwestTransport::new()
        .unwrap()
        .send(post(&url))
        .await
        .unwrap_err();
    assert_eq!(error.sent(), Sent::No);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "no connection to the server: connection refused"
    );
    assert!(!words(&error).contains(SECRET));
}

#[tokio::test]
async fn an_address_that_is_none_is_a_matter_of_configuration() {
    for url in [
        "/token?s=made-up-secret",
        "ftp://127.0.0.1/?s=made-up-secret",
    ] {
        let error = ReqwestTransport::new()
            .unwrap()
            .send(post(url))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
        assert_eq!(error.sent(), Sent::No);
        assert!(!words(&error).contains(SECRET));
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_leaves_the_outcome_open() {
    for reply in [
        Reply::Reset(String::new()),
        Reply::Close(String::new()),
        Reply::Reset("HTTP/1.1 200".into()),
        Reply::Close("this is not HTTP\r\n\r\n".into()),
    ] {
        let error = failure(reply).await;
        assert_eq!(
            (error.sent(), error.status()),
            (Sent::Maybe, None),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_truncated_answer_leaves_the_outcome_open() {
    let begun = || "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n";
    for reply in [
        Reply::Reset(begun()),
        Reply::Close(begun()),
        Reply::Close(chunked.into()),
    ] {
        let error = failure(reply).await;
        assert_eq!(error.sent(), Sent::Maybe, "{error}");
        assert_eq!(error.status().unwrap(), 200);
        assert!(
            error.to_string().contains("in the middle of the answer"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn silence_ends_with_the_time_limit() {
    for begun in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
    ] {
        let limit = Duration::from_millis(100);
        let result = outcome_within(limit, Reply::Hold(begun.into())).await;
        let error = result.expect_err("this is no answer");
        assert_eq!(error.sent(), Sent::Maybe);
        assert!(error.to_string().contains("in time"), "{error}");
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit_and_no_further() {
    let chunk = format!("8000\r\n{}\r\n", "a".repeat(0x8000));
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let full = chunk.repeat(MAX_BODY / 0x8000);
    let announced = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
        MAX_BODY + 1
    );
    let answer = outcome(Reply::Close(format!("{head}{full}0\r\n\r\n")))
        .await
        .unwrap();
    assert_eq!(answer.body().len(), MAX_BODY);
    for reply in [
        Reply::Close(format!("{head}{full}1\r\na\r\n0\r\n\r\n")),
        Reply::Endless(head.into(), chunk),
        Reply::Hold(announced),
    ] {
        let error = failure(reply).await;
        assert_eq!(error.code(), Some("body_too_large"), "{error}");
        assert_eq!(error.sent(), Sent::Answered);
    }
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    let line = format!("x-more: {}\r\n", "a".repeat(4000));
    let error = failure(Reply::Endless("HTTP/1.1 200 OK\r\n".into(), line)).await;
    assert_eq!(error.sent(), Sent::Maybe);
    assert!(error.to_string().contains("lost before"), "{error}");
}

#[tokio::test]
async fn a_compressed_answer_is_refused_unread() {
    for encoding in [
        "gzip",
        "br",
        "identity, gzip",
        "identity\r\ncontent-encoding: zstd",
    ] {
        let header = format!("content-encoding: {encoding}\r\n");
        let error = failure(Reply::whole(200, &header, "not really")).await;
        assert_eq!(error.code(), Some("content_encoding"), "{encoding}");
        assert_eq!(error.sent(), Sent::Answered);
    }
    let plain = Reply::whole(200, "content-encoding: Identity\r\n", "{}");
    assert_eq!(outcome(plain).await.unwrap().body(), "{}");
}

struct Names(fn() -> Vec<SocketAddr>);

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let found = (self.0)();
        Box::pin(async move {
            if found.is_empty() {
                return Err(format!("cannot resolve {SECRET}").into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn resolving(names: fn() -> Vec<SocketAddr>) -> ReqwestTransport {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(Names(names));
    ReqwestTransport::from_builder(builder).unwrap()
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_sent_nothing() {
    let transport = resolving(Vec::new);
    let error = transport
        .send(post("http://api.example/"))
        .await
        .unwrap_err();
    assert_eq!(error.sent(), Sent::No);
    assert!(error.to_string().contains("cannot be resolved"), "{error}");
    assert!(!words(&error).contains(SECRET));
}

#[tokio::test]
async fn a_dead_address_is_passed_over() {
    let mut server = Server::start([Reply::whole(200, "", "{}")]).await;
    let transport = resolving(|| {
        // Nobody listens on the first.
        vec![
            (Ipv6Addr::LOCALHOST, 0).into(),
            (Ipv4Addr::LOCALHOST, 0).into(),
        ]
    });
    let url = format!("http://api.example:{}/token", server.address.port());
    transport.send(post(&url)).await.unwrap();
    assert!(server.request().await.starts_with("POST /token "));
}
