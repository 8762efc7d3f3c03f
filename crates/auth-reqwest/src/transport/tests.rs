use http::{Method, Request};

use super::*;
use crate::wire::{Reply, Server};

mod faults;
#[cfg(feature = "rustls")]
mod tls;

const SECRET: &str = "made-up-secret";

fn post(url: &str) -> Request<Bytes> {
    Request::post(url)
        .header("accept", "application/json")
        .body(Bytes::new())
        .unwrap()
}

#[tokio::test]
async fn the_request_is_on_the_wire_as_it_was_given() {
    let mut server = Server::start([Reply::whole(200, "x-id: 1\r\n", "{}")]).await;
    let request = Request::post(server.url("/oauth/token?a=b%20c"))
        .header("host", "api.example")
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", "Basic bWFkZTp1cA==")
        .body(Bytes::from_static(b"grant_type=x&code=1+2"))
        .unwrap();
    let answer = ReqwestTransport::new()
        .unwrap()
        .send(request)
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-id"], "1");
    assert_eq!(answer.body(), "{}");
    assert_eq!(
        server.request().await,
        "POST /oauth/token?a=b%20c HTTP/1.1\r\n\
         host: api.example\r\n\
         accept: application/json\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         authorization: Basic bWFkZTp1cA==\r\n\
         content-length: 21\r\n\
         \r\n\
         grant_type=x&code=1+2",
    );
}

#[tokio::test]
async fn an_empty_post_says_that_it_is_empty() {
    let mut server = Server::start([Reply::whole(200, "", "{}")]).await;
    let request = post(&server.url("/token"));
    ReqwestTransport::new()
        .unwrap()
        .send(request)
        .await
        .unwrap();
    let host = server.address;
    assert_eq!(
        server.request().await,
        format!(
            "POST /token HTTP/1.1\r\naccept: application/json\r\ncontent-length: 0\r\nhost: {host}\r\n\r\n"
        ),
    );
}

#[tokio::test]
async fn a_builder_cannot_bring_redirects_or_a_referer_back() {
    for status in [301, 302, 303, 307, 308] {
        let mut other = Server::start([Reply::whole(200, "", "")]).await;
        let location = format!("location: {}\r\n", other.url("/elsewhere"));
        let mut server = Server::start([Reply::whole(status, &location, "")]).await;
        let builder = reqwest::Client::builder()
            .no_proxy()
            .referer(true)
            .redirect(reqwest::redirect::Policy::limited(5));
        let transport = ReqwestTransport::from_builder(builder).unwrap();
        let answer = transport.send(post(&server.url("/token"))).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers().contains_key("location"));
        assert!(!server.request().await.contains("referer"));
        assert!(other.saw_no_more());
    }
}

#[tokio::test]
async fn nothing_is_added_to_other_methods() {
    let mut server = Server::start([Reply::whole(200, "", "{}")]).await;
    let mut request = post(&server.url("/userinfo"));
    *request.method_mut() = Method::GET;
    ReqwestTransport::new()
        .unwrap()
        .send(request)
        .await
        .unwrap();
    let host = server.address;
    assert_eq!(
        server.request().await,
        format!("GET /userinfo HTTP/1.1\r\naccept: application/json\r\nhost: {host}\r\n\r\n"),
    );
}

#[test]
fn what_is_public_is_shareable_and_silent() {
    fn all<T: Send + Sync + Clone + fmt::Debug + 'static>(value: &T) -> String {
        format!("{value:?}")
    }
    fn send<T: Future + Send>(_: T) {}
    let mut headers = HeaderMap::new();
    headers.insert("x-key", SECRET.parse().unwrap());
    let builder = reqwest::Client::builder().default_headers(headers);
    assert!(
        !format!(
            "{:?}",
            ReqwestTransport::builder().client(builder.no_proxy())
        )
        .is_empty()
    );
    let transport = ReqwestTransport::new().unwrap();
    assert_eq!(all(&transport), "ReqwestTransport { .. }");
    send(transport.send(post("https://api.example/")));
}
