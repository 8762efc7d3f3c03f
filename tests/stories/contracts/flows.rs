//! The flows of the providers, held to the contract of a grant through the sources that their users build.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{
    Cached, CachedBuilder, Clock, Error, ErrorKind, Exchange, Grant, Lifetime, MemoryStore, Secret,
    StoreKey, Token, TokenSet, TokenStore,
};
use auth_oauth2::{Endpoint, legacy::User};
use auth_octorate::Octorate;
use auth_orgapi::OrgApi;
use auth_rator::{BrandKey, Rator, RatorPreset};
use auth_testkit::{
    ManualClock, ScriptedTransport,
    contract::{self, GrantFixture, Issued},
};
use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::{ID, SECRET};

const PASSWORD: &str = "contract-user-password";

/// What a caller adds to a source: a clock, a store, a login to begin with.
type Adjust = Box<dyn FnOnce(CachedBuilder) -> CachedBuilder>;
type Make = fn(ScriptedTransport, Adjust) -> Cached;

/// One flow of a provider, which keeps its grants to itself.
#[derive(Clone, Copy)]
struct Flow {
    make: Make,
    /// The refresh token that is held before, if the flow uses one.
    begins: fn(Secret) -> Option<TokenSet>,
    /// Whether each refresh replaces the refresh token.
    rotates: bool,
    refused: ErrorKind,
}

/// A source as a grant: each exchange is the first of a new one.
struct FirstExchange(Flow, ScriptedTransport);

#[async_trait]
impl Grant for FirstExchange {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let (store, key) = (MemoryStore::new(), StoreKey::new(["contract"]));
        let source = {
            let (store, key) = (store.clone(), key.clone());
            let (clock, previous) = (Arc::clone(&ctx.clock), ctx.previous.clone());
            let adjust = Box::new(move |builder: CachedBuilder| {
                let builder = builder.clock(clock).store(store, key);
                match previous {
                    Some(set) => builder.previous(set),
                    None => builder,
                }
            });
            (self.0.make)(self.1.clone(), adjust)
        };
        let token = source.renew_now().await?;
        let saved = store.load(&key).await?;
        let refresh = saved.and_then(|record| record.set.refresh().cloned());
        Ok(TokenSet::new(token).with_refresh(refresh))
    }

    fn rotates(&self) -> bool {
        self.0.rotates
    }
}

impl fmt::Debug for FirstExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0.make)(self.1.clone(), Box::new(|builder| builder)).fmt(f)
    }
}

impl GrantFixture for Flow {
    type Grant = FirstExchange;

    fn grant(&self, transport: ScriptedTransport) -> FirstExchange {
        FirstExchange(*self, transport)
    }

    fn reply(&self, issued: Issued<'_>) -> Response<Bytes> {
        let mut body = json!({
            "access_token": issued.access,
            "token_type": "Bearer",
            "expires_in": issued.lifetime.as_secs(),
        });
        // Where nothing rotates, no refresh is answered with another refresh token.
        if let (Some(refresh), true) = (issued.refresh, self.rotates) {
            body["refresh_token"] = refresh.into();
        }
        Response::new(body.to_string().into())
    }

    fn previous(&self, refresh: Secret) -> Option<TokenSet> {
        (self.begins)(refresh)
    }

    fn keeps_refresh(&self) -> bool {
        !self.rotates
    }

    fn refusals(&self) -> Vec<(Response<Bytes>, ErrorKind)> {
        let body = json!({"error": "invalid_grant", "error_description": "made up"});
        let response = Response::builder().status(400);
        vec![(
            response.body(body.to_string().into()).unwrap(),
            self.refused,
        )]
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![SECRET.into(), PASSWORD.into()]
    }
}

fn nothing(_: Secret) -> Option<TokenSet> {
    None
}

fn a_login(refresh: Secret) -> Option<TokenSet> {
    Some(TokenSet::login(refresh))
}

/// A login whose access token is good. The suite's own clock starts at the same time.
fn a_token(refresh: Secret) -> Option<TokenSet> {
    let hour = Lifetime::new(ManualClock::new().now(), Duration::from_secs(3600));
    let token = Token::bearer("contract-token-before".into()).unwrap();
    Some(TokenSet::new(token.with_lifetime(hour)).with_refresh(Some(refresh)))
}

fn user() -> User {
    User::new("contract-user".into(), PASSWORD.into()).unwrap()
}

fn octorate(transport: ScriptedTransport) -> Octorate {
    let config = auth_octorate::Config::new(ID, SECRET.into());
    Octorate::new(config, transport).unwrap()
}

fn orgapi(transport: ScriptedTransport, mode: auth_orgapi::RefreshMode) -> OrgApi {
    let config = auth_orgapi::Config::new("https://org.example", ID, SECRET.into()).unwrap();
    OrgApi::new(config.refresh_mode(mode), transport).unwrap()
}

fn rator(transport: ScriptedTransport, preset: RatorPreset) -> Rator {
    let token = Endpoint::parse("https://rator.example/oauth/token").unwrap();
    let api = Endpoint::parse("https://rator.example/").unwrap();
    let brand = BrandKey::new("BRAND").unwrap();
    let config = auth_rator::Config::new(token, api, ID, SECRET.into(), brand);
    Rator::new(config.preset(preset), transport).unwrap()
}

#[tokio::test]
async fn octorate_keeps_the_contract_of_a_grant() {
    let admin = Flow {
        make: |transport, adjust| (*octorate(transport).admin(adjust)).clone(),
        begins: nothing,
        rotates: false,
        refused: ErrorKind::Configuration,
    };
    contract::grant(&admin).await;
    let property = Flow {
        make: |transport, adjust| (*octorate(transport).property("one", adjust)).clone(),
        begins: a_login,
        rotates: false,
        refused: ErrorKind::LoginRequired,
    };
    contract::grant(&property).await;
}

#[tokio::test]
async fn the_organization_api_keeps_the_contract_of_a_grant() {
    use auth_orgapi::RefreshMode;

    // Whatever is refused, the client's own credentials are what is left to correct.
    let refreshed = Flow {
        make: |transport, adjust| {
            let client = orgapi(transport, RefreshMode::BeforeExpiry);
            adjust(client.client_credentials()).build()
        },
        begins: a_token,
        rotates: true,
        refused: ErrorKind::Configuration,
    };
    contract::grant(&refreshed).await;
    let repeated = Flow {
        make: |transport, adjust| {
            let client = orgapi(transport, RefreshMode::Never);
            adjust(client.client_credentials()).build()
        },
        begins: nothing,
        ..refreshed
    };
    contract::grant(&repeated).await;
}

#[tokio::test]
async fn rators_passwords_keep_the_contract_of_a_grant() {
    let password = Flow {
        make: |transport, adjust| {
            adjust(rator(transport, RatorPreset::V3).password(user())).build()
        },
        begins: nothing,
        rotates: false,
        refused: ErrorKind::LoginRequired,
    };
    let begun = Flow {
        begins: a_login,
        ..password
    };
    let operator = Flow {
        make: |transport, adjust| {
            adjust(rator(transport, RatorPreset::V17).operator_password(user())).build()
        },
        ..begun
    };
    let in_query = Flow {
        make: |transport, adjust| {
            let client = rator(transport, RatorPreset::AllQueryInsecure);
            adjust(client.password(user())).build()
        },
        ..begun
    };
    for flow in [password, begun, operator, in_query] {
        contract::grant(&flow).await;
    }
}

#[tokio::test]
async fn rators_other_flows_keep_the_contract_of_a_grant() {
    let own = Flow {
        make: |transport, adjust| {
            adjust(rator(transport, RatorPreset::V3).client_credentials()).build()
        },
        begins: nothing,
        rotates: false,
        refused: ErrorKind::Configuration,
    };
    let begun = Flow {
        begins: a_login,
        ..own
    };
    let on_behalf = Flow {
        make: |transport, adjust| {
            let client = rator(transport, RatorPreset::V17);
            adjust(client.client_credentials_for("contract-operator")).build()
        },
        ..begun
    };
    let continued = Flow {
        make: |transport, adjust| {
            let client = rator(transport, RatorPreset::V3);
            adjust(client.refresh_token("contract-refresh-at-first".into())).build()
        },
        begins: a_login,
        rotates: false,
        refused: ErrorKind::LoginRequired,
    };
    for flow in [own, begun, on_behalf, continued] {
        contract::grant(&flow).await;
    }
}
