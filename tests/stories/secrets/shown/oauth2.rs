//! The types of `auth-oauth2`.

use std::time::Duration;

use auth_core::{Clock, Secret};
use auth_oauth2::{
    Asked, AuthorizationCodeGrant, AuthorizationRequest, Basic, CallbackError, ClientCredentials,
    ClientWatch, Constant, Dialect, Endpoint, Expiry, FormBody, GrantRequest, GrantType,
    HeaderSecret, OrElse, PendingAuthorizations, Placement, PublicClient, QueryInsecure,
    RefreshToken, Step, TokenClient, decode,
    legacy::{ResourceOwnerPassword, User},
};
use auth_testkit::{ManualClock, ScriptedTransport};

use super::Shown;
use crate::secrets::{Planted, flows::parameter, replies};

pub(super) async fn show(planted: &Planted, shown: &mut Shown) {
    let now = ManualClock::new().now();
    let secret = |text: &str| Secret::from(text);
    shown.show(&Basic::raw("demo", &secret(&planted.client_secret)).unwrap());
    shown.show(&Basic::encoded("demo", &secret(&planted.client_secret)).unwrap());
    shown.show(&FormBody::new("demo", secret(&planted.client_secret)).unwrap());
    shown.show(&QueryInsecure::new("demo", secret(&planted.client_secret)).unwrap());
    let key = http::HeaderName::from_static("key");
    shown.show(&HeaderSecret::new(key, secret(&planted.api_key)).unwrap());
    shown.show(&PublicClient::new("demo").unwrap());

    let mut dialect = Dialect::default();
    let constant = Constant::new("key", planted.api_key.as_str(), Placement::Query);
    shown.show(&constant);
    dialect.parameters = vec![constant];
    dialect.extras = &["access_token"];
    shown.show(&dialect.grant_types);
    shown.show(&GrantType::Omitted);
    shown.show(&Expiry::Seconds("expires_in"));
    dialect.refine = |refusal, error| error.with_message(format!("{refusal:?}"));
    let asked = Asked::new(Step::Password, now).secrets(vec![secret(&planted.password)]);
    shown.show(&asked);
    let refusal = replies::json(400, r#"{"error":"invalid_grant"}"#.to_owned());
    let refused = decode(&refusal, &asked, &dialect).unwrap_err();
    shown.surfaces.error("auth_oauth2::Refusal", &refused);
    shown.names.insert("auth_oauth2::Refusal".to_owned());
    let granted = decode(
        &replies::json(200, replies::success(planted)),
        &asked,
        &dialect,
    );
    shown.show(&granted.unwrap());
    shown.show(&dialect);

    let query = format!("https://login.example/token?key={}", planted.api_key);
    let endpoint = Endpoint::parse(&query).unwrap();
    shown.show(&endpoint);
    let step = GrantRequest::new(Step::Other).parameter("key", secret(&planted.api_key));
    shown.show(&step);
    let basic = Basic::raw("demo", &secret(&planted.client_secret)).unwrap();
    let client = TokenClient::new(endpoint, basic, ScriptedTransport::new(), dialect);
    shown.show(&client);
    let refresh = RefreshToken::new(client.clone()).starting_from(secret(&planted.refresh));
    shown.show(&refresh);
    let credentials = ClientCredentials::new(client.clone());
    let credentials = credentials.parameter("key", secret(&planted.api_key));
    shown.show(&credentials);
    shown.show(&OrElse::new(refresh, credentials));
    let watch = ClientWatch::new(2, Duration::from_secs(60));
    drop(watch.over(&planted.user, RefreshToken::new(client.clone())));
    shown.show(&watch);
    let user = User::new(secret(&planted.user), secret(&planted.password)).unwrap();
    shown.show(&user);
    let password = ResourceOwnerPassword::new(client.clone(), user);
    shown.show(&password.parameter("key", secret(&planted.api_key)));

    let page = Endpoint::parse("https://login.example/authorize").unwrap();
    let request = AuthorizationRequest::new(page, "demo", "https://shop.example/cb").unwrap();
    shown.show(&request);
    let (address, mut pending) = request.start(now).unwrap();
    let state = parameter(&address, "state");
    shown.show(&pending);
    assert!(
        !format!("{pending:?} {pending:#?}").contains(&state),
        "the state is shown"
    );
    let callback = format!("code={}&state={state}", planted.access);
    let code = pending.callback(&callback, now).unwrap();
    shown.show(&code);
    shown.show(&AuthorizationCodeGrant::new(client, code));
    let logins = PendingAuthorizations::new();
    logins.insert(&planted.user, pending, now);
    shown.show(&logins);
    shown.show(&CallbackError::StateMismatch);
}
