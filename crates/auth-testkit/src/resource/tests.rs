use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::*;
use crate::{
    Fault, ManualClock,
    wire::{member, send, status},
};

const TOKEN: &str = "canary-good-token";

async fn start() -> Resource {
    let accepts: Acceptor = Arc::new(|token| token == TOKEN);
    let clock = Arc::new(ManualClock::new());
    Resource::start(clock, accepts).await.unwrap()
}

async fn post(resource: &Resource, token: &str) -> String {
    let request = format!(
        "POST /a?b=c HTTP/1.1\nHost: localhost\nAuthorization: Bearer {token}\nContent-Length: 3\n\nabc"
    );
    send(resource.server().address(), &request).await
}

/// Sends one gRPC-like request over HTTP/2; returns headers, body and trailers of the answer.
async fn grpc(resource: &Resource, token: &str) -> (http::HeaderMap, Bytes, http::HeaderMap) {
    let reply = ask_grpc(resource, token).await.unwrap();
    let (parts, body) = reply.into_parts();
    assert_eq!(parts.status, 200);
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    (parts.headers, collected.to_bytes(), trailers)
}

async fn ask_grpc(
    resource: &Resource,
    token: &str,
) -> hyper::Result<http::Response<hyper::body::Incoming>> {
    let stream = TcpStream::connect(resource.server().address())
        .await
        .unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("{}/pkg.Service/Method", resource.base_url()))
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {token}"))
        .body(Full::new(Bytes::from_static(b"\0\0\0\0\x01a")))
        .unwrap();
    sender.send_request(request).await
}

#[tokio::test]
async fn good_tokens_get_a_description_of_the_request() {
    let resource = start().await;
    let reply = post(&resource, TOKEN).await;
    assert_eq!(
        (
            status(&reply),
            member(&reply, "path"),
            member(&reply, "length")
        ),
        (200, "/a".into(), "3".into())
    );
    assert!(
        member(&reply, "sha256").starts_with("ba7816bf8f01cfea"),
        "{reply}"
    );
    let reply = post(&resource, "other").await;
    assert!(
        status(&reply) == 401 && reply.contains("www-authenticate: Bearer realm"),
        "{reply}"
    );
    assert_eq!((resource.requests(), resource.refused()), (2, 1));
    assert_eq!(resource.bodies(), ["abc", "abc"]);
}

#[tokio::test]
async fn refusals_can_be_forced_and_reshaped() {
    let resource = start().await;
    resource.configure(|knobs| {
        knobs.refuse_next = 1;
        knobs.refusal_status = 403;
        knobs.challenge = None;
    });
    let reply = post(&resource, TOKEN).await;
    assert!(
        status(&reply) == 403 && !reply.contains("www-authenticate"),
        "{reply}"
    );
    assert_eq!(status(&post(&resource, TOKEN).await), 200);
    resource.server().next(Fault::Status(503));
    assert_eq!(status(&post(&resource, TOKEN).await), 503);
    assert_eq!(resource.refused(), 1);
}

#[tokio::test]
async fn grpc_is_refused_in_headers_or_trailers() {
    let resource = start().await;
    let (_, body, trailers) = grpc(&resource, TOKEN).await;
    assert_eq!(
        (body.as_ref(), &trailers["grpc-status"]),
        (b"\0\0\0\0\x01a".as_slice(), &"0".parse().unwrap())
    );
    let (headers, body, trailers) = grpc(&resource, "other").await;
    assert!(headers["grpc-status"] == "16" && body.is_empty() && trailers.is_empty());
    resource.configure(|knobs| knobs.grpc_refusal = GrpcRefusal::Trailers);
    let (headers, body, trailers) = grpc(&resource, "other").await;
    assert!(
        !headers.contains_key("grpc-status") && body.is_empty() && trailers["grpc-status"] == "16"
    );
    resource.configure(|knobs| knobs.grpc_refusal = GrpcRefusal::TrailersAfterMessage);
    assert_eq!(grpc(&resource, "other").await.1.len(), 6);
    let entry = resource.ledger().last().unwrap();
    assert!(
        entry.is_http2() && entry.path() == "/pkg.Service/Method" && entry.status() == Some(200)
    );
}

#[tokio::test]
async fn only_the_access_tokens_of_the_issuer_belong_here() {
    let (resource, stranger) = (start().await, start().await);
    let issuer = Ledger::default();
    issuer.secret(SecretKind::AccessToken, TOKEN);
    issuer.secret(SecretKind::RefreshToken, "canary-refresh");
    resource.ledger().issuer(&issuer);
    stranger.ledger().foreign(&issuer);
    post(&resource, TOKEN).await;
    assert!(resource.ledger().secrets_out_of_place().is_empty());
    post(&resource, "canary-refresh").await;
    post(&stranger, TOKEN).await;
    for ledger in [resource.ledger(), stranger.ledger()] {
        let strays = ledger.secrets_out_of_place();
        assert_eq!(
            (strays.len(), strays[0].place()),
            (1, "header authorization".into())
        );
    }
}

#[tokio::test]
async fn faults_happen_over_http2_too() {
    let resource = start().await;
    resource.server().next(Fault::Status(503));
    assert_eq!(ask_grpc(&resource, TOKEN).await.unwrap().status(), 503);
    for (fault, processed) in [
        (Fault::ResetBefore, 0),
        (Fault::HugeBody, 0),
        (Fault::ResetAfter, 1),
    ] {
        resource.server().next(fault);
        assert!(ask_grpc(&resource, TOKEN).await.is_err());
        assert_eq!(resource.ledger().processed(), processed);
    }
}

#[test]
fn servers_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Resource>();
    shared::<Ledger>();
    shared::<crate::OAuth2Emulator>();
    shared::<crate::OctorateEmulator>();
    shared::<crate::OrgApiEmulator>();
    shared::<crate::RatorEmulator>();
}
