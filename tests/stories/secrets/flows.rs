//! Every grant of the standard, with every way to show who the client is, against every answer that quotes secrets.

use std::sync::Arc;

use auth_core::{Credentials, Exchange, Grant, Lifetime, Secret, Sent, Token, TokenSet, Transport};
use auth_oauth2::{
    AuthorizationCodeGrant, AuthorizationRequest, Basic, ClientCredentials, Dialect, Endpoint,
    FormBody, OrElse, PendingAuthorizations, Placement, QueryInsecure, RefreshToken, TokenClient,
    legacy::{ResourceOwnerPassword, User},
};
use auth_testkit::{ManualClock, ScriptedTransport};

use super::{Canaries, Planted, Surfaces, assert_silent, log::Log, replies};

type Client = fn(&Planted) -> Arc<dyn Credentials>;

const CLIENTS: [(&str, Client); 4] = [
    ("raw Basic", |planted| {
        Arc::new(Basic::raw("demo", &Secret::from(&*planted.client_secret)).unwrap())
    }),
    ("encoded Basic", |planted| {
        Arc::new(Basic::encoded("demo", &Secret::from(&*planted.client_secret)).unwrap())
    }),
    ("form body", |planted| {
        Arc::new(FormBody::new("demo", Secret::from(&*planted.client_secret)).unwrap())
    }),
    ("query", |planted| {
        Arc::new(QueryInsecure::new("demo", Secret::from(&*planted.client_secret)).unwrap())
    }),
];

#[derive(Clone, Copy, Debug)]
enum Way {
    Client,
    Refresh,
    First,
    Code,
    Password,
    OrElse,
}

const WAYS: [Way; 6] = [
    Way::Client,
    Way::Refresh,
    Way::First,
    Way::Code,
    Way::Password,
    Way::OrElse,
];

#[tokio::test]
async fn no_grant_shows_a_secret_whatever_the_server_says() {
    let (log, _guard) = Log::start();
    for (planted, clients) in [
        (Planted::of_all_characters(), &CLIENTS[..]),
        (Planted::like_error_codes(), &CLIENTS[2..]),
    ] {
        let all = planted.canaries();
        for (client, credentials) in clients {
            for way in WAYS {
                let mut granted = 0;
                for number in 0..replies::count() {
                    let name = format!("{client}, {way:?}, answer {number}");
                    let mut surfaces = Surfaces::default();
                    let mut canaries = all.clone();
                    let case = (way, credentials(&planted), number);
                    granted += run(&name, case, &planted, &mut canaries, &mut surfaces).await;
                    surfaces.text(&format!("{name}: log"), log.take());
                    assert_silent(&surfaces, &canaries);
                }
                assert!(granted > 0, "{client}, {way:?}: no token was ever granted");
            }
        }
    }
}

/// Runs one exchange and returns how many tokens it brought.
async fn run(
    name: &str,
    (way, credentials, number): (Way, Arc<dyn Credentials>, usize),
    planted: &Planted,
    canaries: &mut Canaries,
    surfaces: &mut Surfaces,
) -> usize {
    let (transport, server) = (ScriptedTransport::new(), planted.clone());
    transport.always(move |request| replies::answer(number, &server, request));
    let mut dialect = Dialect::default();
    dialect.extras = &["scope", "refresh_token"];
    if number % 3 == 0 {
        dialect.placement = Placement::Query;
    }
    let client = client(credentials, transport.clone(), dialect);
    let clock = ManualClock::new();
    let mut ctx = Exchange::new(Arc::new(clock.clone()));
    if matches!(way, Way::Refresh | Way::OrElse) {
        let old = Token::bearer(Secret::from(&*planted.access)).unwrap();
        let old = old.with_lifetime(Lifetime::new(ctx.clock.now(), std::time::Duration::ZERO));
        ctx.previous = Some(TokenSet::new(old).with_refresh(Some(planted.refresh.as_str().into())));
    }
    let grant = grant(way, client, planted, canaries, surfaces, &ctx);
    surfaces.debug(name, &ctx);
    let outcome = grant.exchange(&ctx).await;
    // A second call meets what the first left behind: a spent code, a refused password.
    let again = grant.exchange(&ctx).await;
    for request in transport.requests() {
        surfaces.debug(name, &request);
        for (parameter, value) in request.query().into_iter().chain(request.form()) {
            if parameter == "code_verifier" {
                canaries.add("verifier", value.expose());
            }
        }
    }
    let mut granted = 0;
    for outcome in [outcome, again] {
        surfaces.debug(name, &outcome);
        match outcome {
            Ok(set) => granted += usize::from(set.token().is_some()),
            Err(error) => {
                assert_ne!(
                    (error.sent(), transport.calls()),
                    (Sent::No, 0),
                    "{name}: {error}"
                );
                surfaces.error(name, &error);
            }
        }
    }
    granted
}

fn client(
    credentials: Arc<dyn Credentials>,
    transport: impl Transport + 'static,
    dialect: Dialect,
) -> TokenClient {
    let endpoint = Endpoint::parse("https://login.example/token").unwrap();
    TokenClient::new(endpoint, credentials, transport, dialect)
}

fn grant(
    way: Way,
    client: TokenClient,
    planted: &Planted,
    canaries: &mut Canaries,
    surfaces: &mut Surfaces,
    ctx: &Exchange,
) -> Box<dyn Grant> {
    let secret = |text: &str| Secret::from(text);
    match way {
        Way::Client => Box::new(ClientCredentials::new(client)),
        Way::Refresh => Box::new(RefreshToken::new(client)),
        Way::First => Box::new(RefreshToken::new(client).starting_from(secret(&planted.refresh))),
        Way::Password => {
            let user = User::new(secret(&planted.user), secret(&planted.password)).unwrap();
            Box::new(ResourceOwnerPassword::new(client, user))
        }
        Way::OrElse => {
            let other = ClientCredentials::new(client.clone());
            Box::new(OrElse::new(RefreshToken::new(client), other))
        }
        Way::Code => {
            let page = Endpoint::parse("https://login.example/authorize").unwrap();
            let request = AuthorizationRequest::new(page, "demo", "https://shop.example/cb");
            let (address, pending) = request.unwrap().start(ctx.clock.now()).unwrap();
            let state = parameter(&address, "state");
            canaries.add("state", &state);
            let logins = PendingAuthorizations::new();
            surfaces.debug("a pending login", &pending);
            logins.insert("session", pending, ctx.clock.now());
            surfaces.debug("pending logins", &logins);
            let callback = url::form_urlencoded::Serializer::new("/cb?".to_owned())
                .append_pair("code", &planted.code)
                .append_pair("state", &state)
                .finish();
            let forged = logins
                .callback("other", &callback, ctx.clock.now())
                .unwrap_err();
            surfaces.error("a forged callback", &forged);
            let code = logins
                .callback("session", &callback, ctx.clock.now())
                .unwrap();
            surfaces.debug("a code", &code);
            Box::new(AuthorizationCodeGrant::new(client, code))
        }
    }
}

pub(super) fn parameter(address: &str, name: &str) -> String {
    let address = url::Url::parse(address).unwrap();
    let mut pairs = address.query_pairs();
    let found = pairs.find(|(own, _)| own == name);
    found.expect("the address has it").1.into_owned()
}

/// What the user's browser brings is written by whoever made the link.
#[test]
fn no_callback_shows_what_it_brought() {
    let (log, _guard) = Log::start();
    let clock = ManualClock::new();
    let now = auth_core::Clock::now(&clock);
    let planted = Planted::like_error_codes();
    let page = Endpoint::parse("https://login.example/authorize").unwrap();
    let request = AuthorizationRequest::new(page, "demo", "https://shop.example/cb").unwrap();
    let secret = &planted.code;
    for rest in [
        format!("code={secret}&code={secret}"),
        format!("error=access_denied&error_description={secret}"),
        format!("error={secret}%20and%20more"),
        format!("error=invalid%2D{secret}&code={secret}"),
        format!("{secret}={secret}"),
    ] {
        let (address, mut pending) = request.start(now).unwrap();
        let state = parameter(&address, "state");
        let mut surfaces = Surfaces::default();
        for state in [state.as_str(), "forged"] {
            let callback = format!("https://shop.example/cb?{rest}&state={state}");
            let error = pending.callback(&callback, now).unwrap_err();
            surfaces.error(&rest.replace(secret.as_str(), "S"), &error);
            surfaces.error("as an error of the core", &auth_core::Error::from(error));
        }
        surfaces.text("log", log.take());
        let mut canaries = planted.canaries();
        canaries.add("state", &state);
        assert_silent(&surfaces, &canaries);
    }
}
