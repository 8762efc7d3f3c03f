use std::{str, sync::Arc};

use auth_core::{Credentials, Error, ErrorKind, Secret, TokenRequest};
use bytes::Bytes;
use http::Request;

use super::{GrantRequest, encode, secrets};
use crate::{
    Basic, Constant, Dialect, Endpoint, FormBody, GrantType, Placement, QueryInsecure, Step,
};

async fn written(
    address: &str,
    grant: GrantRequest,
    client: Arc<dyn Credentials>,
    dialect: &Dialect,
) -> Result<Request<Bytes>, Error> {
    let endpoint = Endpoint::parse(address)?;
    let mut request = grant.assemble(&endpoint, dialect)?;
    client.authenticate(&mut request).await?;
    encode(&request, dialect)
}

/// Renders a request as the HTTP/1.1 text that a transport writes for it.
fn wire(request: &Request<Bytes>) -> String {
    let target = request.uri().path_and_query().unwrap();
    let mut text = format!("{} {target} HTTP/1.1\n", request.method());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\n", value.to_str().unwrap());
    }
    text + "\n" + str::from_utf8(request.body()).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn basic() -> Arc<dyn Credentials> {
    Arc::new(Basic::raw("demo-client", &secret("demo-secret")).unwrap())
}

fn code() -> GrantRequest {
    GrantRequest::new(Step::AuthorizationCode)
        .parameter("code", secret("7c1d2ea9"))
        .parameter("redirect_uri", secret("https://shop.example/cb"))
}

fn password() -> GrantRequest {
    GrantRequest::new(Step::Password)
        .parameter("username", secret("alice"))
        .parameter("password", secret("demo-pw"))
}

fn refresh() -> GrantRequest {
    GrantRequest::new(Step::RefreshToken).parameter("refresh_token", secret("rt-demo-1"))
}

#[tokio::test]
async fn the_standard_form() {
    let dialect = Dialect::default();
    let request = written("https://login.example/token", code(), basic(), &dialect);
    assert_eq!(
        wire(&request.await.unwrap()),
        "POST /token HTTP/1.1\n\
         host: login.example\n\
         accept: application/json\n\
         authorization: Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=\n\
         content-type: application/x-www-form-urlencoded\n\
         \n\
         grant_type=authorization_code&code=7c1d2ea9&redirect_uri=https%3A%2F%2Fshop.example%2Fcb"
    );
}

#[tokio::test]
async fn a_client_in_front_and_a_grant_of_another_name() {
    let mut dialect = Dialect::default();
    dialect.order = &[
        "client_id",
        "client_secret",
        "redirect_uri",
        "grant_type",
        "code",
    ];
    dialect.grant_types.authorization_code = GrantType::Named("code".into());
    dialect.grant_types.refresh_token = GrantType::Omitted;
    let client = || Arc::new(FormBody::new("public_0f0e0d0c", secret("secret_demo_1")).unwrap());
    let request = written(
        "https://api.example/identity/token",
        code(),
        client(),
        &dialect,
    );
    assert_eq!(
        wire(&request.await.unwrap()),
        "POST /identity/token HTTP/1.1\n\
         host: api.example\n\
         accept: application/json\n\
         content-type: application/x-www-form-urlencoded\n\
         \n\
         client_id=public_0f0e0d0c&client_secret=secret_demo_1\
         &redirect_uri=https%3A%2F%2Fshop.example%2Fcb&grant_type=code&code=7c1d2ea9"
    );
    let request = written("https://api.example/refresh", refresh(), client(), &dialect);
    assert_eq!(
        request.await.unwrap().body(),
        "client_id=public_0f0e0d0c&client_secret=secret_demo_1&refresh_token=rt-demo-1"
    );
}

#[tokio::test]
async fn everything_in_the_query() {
    let mut dialect = Dialect::default();
    dialect.placement = Placement::Query;
    let request = written(
        "https://fra1.example/oauth2/token",
        refresh(),
        basic(),
        &dialect,
    );
    assert_eq!(
        wire(&request.await.unwrap()),
        "POST /oauth2/token?grant_type=refresh_token&refresh_token=rt-demo-1 HTTP/1.1\n\
         host: fra1.example\n\
         accept: application/json\n\
         authorization: Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=\n\
         content-length: 0\n\
         \n"
    );
    dialect.ask_no_store = true;
    let client = Arc::new(QueryInsecure::new("oa2-client-id_demo", secret("demo-secret")).unwrap());
    let request = written(
        "https://fra1.example/oauth2/token",
        refresh(),
        client,
        &dialect,
    );
    assert_eq!(
        wire(&request.await.unwrap()),
        "POST /oauth2/token?grant_type=refresh_token&refresh_token=rt-demo-1\
         &client_id=oa2-client-id_demo&client_secret=demo-secret HTTP/1.1\n\
         host: fra1.example\n\
         accept: application/json\n\
         cache-control: no-store\n\
         content-length: 0\n\
         \n"
    );
}

#[tokio::test]
async fn a_constant_parameter_in_either_place() {
    let mut dialect = Dialect::default();
    dialect.parameters = vec![
        Constant::new("brand_key", "BRAND1", Placement::Query),
        Constant::new("brandKey", "BRAND1", Placement::Form),
    ];
    let request = written(
        "https://bss.example/oauth/token?t=1",
        password(),
        basic(),
        &dialect,
    );
    let request = request.await.unwrap();
    assert_eq!(
        request.uri(),
        "https://bss.example/oauth/token?t=1&brand_key=BRAND1"
    );
    assert_eq!(
        request.body(),
        "grant_type=password&username=alice&password=demo-pw&brandKey=BRAND1"
    );
    let operator = password().grant_type(GrantType::Named("operator_password".into()));
    let request = written(
        "https://bss.example/oauth/token",
        operator,
        basic(),
        &dialect,
    );
    let body = request.await.unwrap().into_body();
    assert!(body.starts_with(b"grant_type=operator_password&username=alice"));
}

#[tokio::test]
async fn text_is_encoded_as_browsers_do() {
    for (text, encoded) in [
        ("a b", "a+b"),
        ("+&=%:", "%2B%26%3D%25%3A"),
        ("é€😀", "%C3%A9%E2%82%AC%F0%9F%98%80"),
        ("A-Z_a.z*~", "A-Z_a.z*%7E"),
        ("\r\n\0", "%0D%0A%00"),
        ("/?#[]@", "%2F%3F%23%5B%5D%40"),
    ] {
        for placement in [Placement::Form, Placement::Query] {
            let mut dialect = Dialect::default();
            dialect.placement = placement;
            dialect.grant_types.password = GrantType::Omitted;
            let grant = GrantRequest::new(Step::Password).parameter("p", secret(text));
            let request = written("https://a.example/t", grant, basic(), &dialect)
                .await
                .unwrap();
            let query = request.uri().query().unwrap_or_default();
            let found = format!("{query}{}", str::from_utf8(request.body()).unwrap());
            assert_eq!(found, format!("p={encoded}"));
        }
    }
}

#[tokio::test]
async fn empty_parameters_are_left_out_and_repeated_ones_refused() {
    let dialect = Dialect::default();
    let grant = refresh().parameter("scope", secret(""));
    let request = written("https://a.example/t", grant, basic(), &dialect)
        .await
        .unwrap();
    assert_eq!(
        request.body(),
        "grant_type=refresh_token&refresh_token=rt-demo-1"
    );
    for (address, grant) in [
        ("https://a.example/t?grant_type=x", refresh()),
        (
            "https://a.example/t",
            refresh().parameter("refresh_token", secret("planted")),
        ),
    ] {
        let error = written(address, grant, basic(), &dialect)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!format!("{error:?}").contains("planted"));
    }
}

#[tokio::test]
async fn an_address_that_gets_too_long_is_an_error() {
    let mut dialect = Dialect::default();
    dialect.placement = Placement::Query;
    let grant = GrantRequest::new(Step::Other).parameter("p", secret(&"x".repeat(70_000)));
    let error = written("https://a.example/t", grant, basic(), &dialect)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn the_secrets_of_a_request_are_known() {
    let mut request = TokenRequest::new("https://a.example/t".parse().unwrap());
    request
        .form_parameter("grant_type", secret("password"))
        .unwrap();
    request
        .form_parameter("password", secret("demo-pw"))
        .unwrap();
    request
        .query_parameter("code", secret("demo-code"))
        .unwrap();
    basic().authenticate(&mut request).await.unwrap();
    let known: Vec<_> = secrets(&request)
        .iter()
        .map(|s| s.expose().to_owned())
        .collect();
    assert_eq!(
        known,
        [
            "demo-code",
            "demo-pw",
            "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=",
            "ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=",
            "demo-secret"
        ]
    );
}
