use http::Request;
use http_body_util::{BodyExt, Empty, Full};
use tower::ServiceExt;

use super::*;
use crate::wire::{Reply, Server, words};

#[cfg(feature = "tower")]
mod redirects;

const SECRET: &str = "made-up-secret";

async fn sent<B>(body: B) -> String
where
    B: Body + Send + 'static,
    B::Data: Into<Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut server = Server::start([Reply::whole(200, "", "fine")]).await;
    let request = Request::post(server.url("/things")).body(body).unwrap();
    let response = HttpService::new().unwrap().oneshot(request).await.unwrap();
    let answer = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(answer, "fine");
    server.request().await
}

#[tokio::test]
async fn bodies_of_every_kind_keep_their_length() {
    let text = "made up";
    let unshareable = Full::new(Bytes::from(text)).boxed_unsync();
    for request in [
        sent(text.to_owned()).await,
        sent(Full::new(Bytes::from(text))).await,
        sent(reqwest::Body::from(text)).await,
        sent(unshareable).await,
    ] {
        assert!(request.contains("\r\ncontent-length: 7\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\nmade up"), "{request}");
    }
    for request in [
        sent(Empty::<Bytes>::new()).await,
        sent(Full::new(Bytes::new())).await,
        sent(reqwest::Body::default()).await,
    ] {
        assert!(request.contains("\r\ncontent-length: 0\r\n"), "{request}");
    }
}

#[test]
fn a_body_of_reqwest_stays_one_that_can_be_repeated() {
    let body = body::into_reqwest(reqwest::Body::from("made up"));
    assert_eq!(body.as_bytes(), Some(&b"made up"[..]));
}

#[tokio::test]
async fn redirects_are_answers_and_no_referer_is_sent() {
    let mut other = Server::start([Reply::whole(200, "", "")]).await;
    let location = format!("location: {}\r\n", other.url("/"));
    let mut server = Server::start([Reply::whole(302, &location, "")]).await;
    let builder = reqwest::Client::builder()
        .no_proxy()
        .referer(true)
        .redirect(reqwest::redirect::Policy::limited(5));
    let request = Request::get(server.url("/"))
        .body(Empty::<Bytes>::new())
        .unwrap();
    let service = HttpService::from_builder(builder).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 302);
    assert!(!server.request().await.contains("referer"));
    assert!(other.saw_no_more());
}

#[tokio::test]
async fn no_error_names_the_address() {
    let begun = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{";
    for reply in [Reply::Reset(String::new()), Reply::Close(begun.into())] {
        let server = Server::start([reply]).await;
        let url = server.url(&format!("/?key={SECRET}"));
        let request = Request::get(url).body(Empty::<Bytes>::new()).unwrap();
        let error = match HttpService::new().unwrap().oneshot(request).await {
            Ok(response) => response.into_body().collect().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(!words(&error).contains(SECRET), "{error:?}");
    }
    for url in [
        "/?key=made-up-secret",
        "ftp://127.0.0.1/?key=made-up-secret",
    ] {
        let request = Request::get(url).body(Empty::<Bytes>::new()).unwrap();
        let error = HttpService::new()
            .unwrap()
            .oneshot(request)
            .await
            .unwrap_err();
        assert!(
            error.is_builder() && !words(&error).contains(SECRET),
            "{error:?}"
        );
    }
}

#[test]
fn what_is_public_is_shareable_and_silent() {
    fn shareable<T: Send + Sync + Clone + fmt::Debug + 'static>(_: &T) {}
    fn sendable<T: Send + 'static>(_: &T) {}
    let mut service = HttpService::dangerous_from_client(reqwest::Client::new());
    shareable(&service);
    assert_eq!(format!("{service:?}"), "HttpService { .. }");
    let request = Request::get("/").body(String::new()).unwrap();
    let future = service.call(request);
    sendable(&future);
    assert_eq!(format!("{future:?}"), "ResponseFuture { .. }");
}
