use std::sync::Arc;

use auth_core::TokenSource;
use auth_tower::{AuthError, AuthLayer, BoxError, ForeignOrigin, Reason};
use tower::ServiceBuilder;
use tower_http::follow_redirect::FollowRedirectLayer;

use super::*;
use crate::{ReplayBody, source::Counting};

async fn get(
    layer: AuthLayer,
    url: String,
) -> Result<http::Response<http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>>, BoxError> {
    let service = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(layer.replay(ReplayBody))
        .service(HttpService::new()?);
    let request = Request::get(url).body(reqwest::Body::default())?;
    let response = service.oneshot(request).await?;
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}

fn to(server: &Server, status: u16, path: &str) -> Reply {
    let location = format!("location: {}\r\n", server.url(path));
    Reply::whole(status, &location, "")
}

fn layer(server: &Server) -> AuthLayer {
    let source: Arc<dyn TokenSource> = Arc::new(Counting::to(1, &server.url("/")));
    AuthLayer::new(source)
}

#[tokio::test]
async fn a_redirect_at_home_is_authenticated_again() {
    let mut home = Server::start([
        Reply::whole(302, "location: /second\r\n", ""),
        Reply::whole(200, "", ""),
    ])
    .await;
    let response = get(layer(&home), home.url("/first")).await.unwrap();
    assert_eq!(response.status(), 200);
    for path in ["/first", "/second"] {
        let request = home.request().await;
        assert!(request.starts_with(&format!("GET {path} ")), "{request}");
        assert!(request.contains("\r\nx-token: made-up-1\r\n"), "{request}");
    }
}

#[tokio::test]
async fn a_redirect_away_from_home_carries_no_token() {
    for status in [301, 302, 303, 307, 308] {
        let mut other = Server::start([Reply::whole(200, "", "")]).await;
        let home = Server::start([to(&other, status, "/")]).await;
        let error = get(layer(&home), home.url("/")).await.unwrap_err();
        let reason = AuthError::find(&*error).unwrap().reason();
        assert_eq!(reason, Reason::ForeignOrigin);
        assert!(other.saw_no_more());

        let home = Server::start([to(&other, status, "/")]).await;
        let layer = layer(&home).foreign_origins(ForeignOrigin::SendWithoutToken);
        let response = get(layer, home.url("/")).await.unwrap();
        assert_eq!(response.status(), 200);
        let request = other.request().await;
        assert!(
            !request.contains("token") && !request.contains("referer"),
            "{request}"
        );
    }
}
