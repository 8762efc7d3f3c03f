//! The grants of RFC 6749.

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, Exchange, Grant, Secret, Sent, TokenSet};
use auth_oauth2::{
    AuthorizationCode, AuthorizationCodeGrant, AuthorizationRequest, ClientCredentials, Dialect,
    Endpoint, FormBody, OrElse, RefreshToken, TokenClient,
    legacy::{ResourceOwnerPassword, User},
};
use auth_testkit::{
    ManualClock, ScriptedTransport,
    contract::{self, GrantFixture, Issued},
};
use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::{ID, SECRET};

const PASSWORD: &str = "contract-user-password";

fn client(transport: ScriptedTransport) -> TokenClient {
    let endpoint = Endpoint::parse("https://id.example/token").unwrap();
    let credentials = FormBody::new(ID, SECRET.into()).unwrap();
    TokenClient::new(endpoint, credentials, transport, Dialect::default())
}

fn reply(issued: Issued<'_>) -> Response<Bytes> {
    let mut body = json!({
        "access_token": issued.access,
        "token_type": "Bearer",
        "expires_in": issued.lifetime.as_secs(),
    });
    if let Some(refresh) = issued.refresh {
        body["refresh_token"] = refresh.into();
    }
    Response::new(body.to_string().into())
}

fn refusal(status: u16, code: &str) -> Response<Bytes> {
    let body = json!({"error": code, "error_description": "made up"});
    let response = Response::builder().status(status);
    response.body(body.to_string().into()).unwrap()
}

/// What a server says of a client, whatever the grant.
fn refusals_of_the_client() -> Vec<(Response<Bytes>, ErrorKind)> {
    vec![
        (refusal(401, "invalid_client"), ErrorKind::Configuration),
        (
            refusal(400, "unauthorized_client"),
            ErrorKind::Configuration,
        ),
        (refusal(400, "invalid_scope"), ErrorKind::Configuration),
    ]
}

fn with_invalid_grant() -> Vec<(Response<Bytes>, ErrorKind)> {
    let mut refusals = refusals_of_the_client();
    refusals.push((refusal(400, "invalid_grant"), ErrorKind::LoginRequired));
    refusals
}

macro_rules! fixture {
    ($name:ident, $grant:ty, $make:expr, $uses_refresh:expr, $refusals:expr) => {
        struct $name;

        impl GrantFixture for $name {
            type Grant = $grant;

            fn grant(&self, transport: ScriptedTransport) -> $grant {
                ($make)(client(transport))
            }

            fn reply(&self, issued: Issued<'_>) -> Response<Bytes> {
                reply(issued)
            }

            fn previous(&self, refresh: Secret) -> Option<TokenSet> {
                $uses_refresh.then(|| TokenSet::login(refresh))
            }

            fn refusals(&self) -> Vec<(Response<Bytes>, ErrorKind)> {
                $refusals
            }

            fn secrets(&self) -> Vec<Secret> {
                vec![SECRET.into(), PASSWORD.into()]
            }
        }
    };
}

fn user() -> User {
    User::new("contract-user".into(), PASSWORD.into()).unwrap()
}

fn password(client: TokenClient) -> ResourceOwnerPassword {
    ResourceOwnerPassword::new(client, user())
}

fn code() -> AuthorizationCode {
    let page = Endpoint::parse("https://id.example/authorize").unwrap();
    let request = AuthorizationRequest::new(page, ID, "https://client.example/callback").unwrap();
    // The suite's own clock starts at the same time.
    let now = ManualClock::new().now();
    let (address, mut pending) = request.start(now).unwrap();
    let state = address.split("state=").nth(1).unwrap();
    let state = state.split('&').next().unwrap();
    let callback = format!("https://client.example/callback?code=contract-code&state={state}");
    pending.callback(&callback, now).unwrap()
}

fixture!(
    Refresh,
    RefreshToken,
    RefreshToken::new,
    true,
    with_invalid_grant()
);
fixture!(
    Own,
    ClientCredentials,
    ClientCredentials::new,
    false,
    refusals_of_the_client()
);
fixture!(
    Password,
    ResourceOwnerPassword,
    password,
    false,
    refusals_of_the_client()
);
/// A code is sent once, so what is worth waiting for elsewhere, or cannot be read, ends this login. Apart from that one exception, which is
/// taken back here, it is a grant like any other.
#[derive(Debug)]
struct WaitInstead(AuthorizationCodeGrant);

#[async_trait]
impl Grant for WaitInstead {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        self.0.exchange(ctx).await.map_err(|error| {
            let trouble = error
                .status()
                .is_some_and(|s| s.is_server_error() || s == 429);
            let unknown = error.sent() == Sent::Maybe || trouble;
            match (error.kind(), error.code()) {
                (ErrorKind::LoginRequired, _) if unknown => error.with_kind(ErrorKind::Unavailable),
                // What names no reason was not a refusal, but an answer that could not be read.
                (ErrorKind::LoginRequired, None) => error.with_kind(ErrorKind::Protocol),
                _ => error,
            }
        })
    }

    fn rotates(&self) -> bool {
        self.0.rotates()
    }
}

fixture!(
    Code,
    WaitInstead,
    |client| WaitInstead(AuthorizationCodeGrant::new(client, code())),
    false,
    with_invalid_grant()
);
fixture!(
    Either,
    OrElse,
    |client: TokenClient| OrElse::new(
        RefreshToken::new(client.clone()),
        ClientCredentials::new(client)
    ),
    true,
    refusals_of_the_client()
);

#[tokio::test]
async fn refreshing_is_a_grant() {
    contract::grant(&Refresh).await;
}

#[tokio::test]
async fn the_clients_own_credentials_are_a_grant() {
    contract::grant(&Own).await;
}

#[tokio::test]
async fn a_password_is_a_grant() {
    contract::grant(&Password).await;
}

#[tokio::test]
async fn a_code_is_a_grant() {
    contract::grant(&Code).await;
}

#[tokio::test]
async fn refreshing_or_else_another_grant_is_a_grant() {
    contract::grant(&Either).await;
}
