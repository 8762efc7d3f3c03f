//! The sources of the providers, as their users build them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Cached, CachedBuilder, Clock, Error, Exchange, Grant, TokenSet, Transport};
use auth_oauth2::{Endpoint, legacy::User};
use auth_testkit::{ManualClock, ScriptedGrant, contract};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;

use super::{ID, SECRET};

/// A token endpoint whose every answer comes from a grant.
struct Answers {
    grant: ScriptedGrant,
    clock: ManualClock,
}

#[async_trait]
impl Transport for Answers {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let set = self.grant.exchange(&Exchange::new(clock)).await?;
        Ok(Response::new(written(&set, self.clock.now()).into()))
    }
}

fn written(set: &TokenSet, now: auth_core::Now) -> String {
    let token = set.token().expect("the suite issues access tokens");
    let left = token.lifetime().map(|life| life.ends().left(now));
    let mut body = json!({
        "access_token": token.access().expose(),
        "token_type": "Bearer",
        "expires_in": left.unwrap_or(Duration::from_secs(3600)).as_secs(),
    });
    if let Some(refresh) = set.refresh() {
        body["refresh_token"] = refresh.expose().into();
    }
    body.to_string()
}

#[tokio::test]
async fn the_organization_api_is_a_token_source() {
    use auth_orgapi::{Config, OrgApi};

    contract::token_source(|grant, clock: ManualClock| -> Cached {
        let config = Config::new("https://org.example", ID, SECRET.into()).unwrap();
        let answers = Answers {
            grant,
            clock: clock.clone(),
        };
        let builder = OrgApi::new(config, answers).unwrap().client_credentials();
        builder.clock(clock).build()
    })
    .await;
}

#[tokio::test]
async fn each_flow_of_rator_is_a_token_source() {
    use auth_rator::{BrandKey, Config, Rator};

    let user = || User::new("made-up-user".into(), "made-up-password".into()).unwrap();
    let flows: [&(dyn Fn(&Rator) -> CachedBuilder + Send + Sync); 5] = [
        &|rator| rator.password(user()),
        &|rator| rator.operator_password(user()),
        &Rator::client_credentials,
        &|rator| rator.client_credentials_for("made-up-operator"),
        &|rator| rator.refresh_token("made-up-refresh-token".into()),
    ];
    for flow in flows {
        contract::token_source(|grant, clock: ManualClock| -> Cached {
            let token = Endpoint::parse("https://rator.example/oauth/token").unwrap();
            let api = Endpoint::parse("https://rator.example/").unwrap();
            let brand = BrandKey::new("BRAND").unwrap();
            let config = Config::new(token, api, ID, SECRET.into(), brand);
            let answers = Answers {
                grant,
                clock: clock.clone(),
            };
            let rator = Rator::new(config, answers).unwrap();
            flow(&rator).clock(clock).build()
        })
        .await;
    }
}

#[tokio::test]
async fn a_login_of_a_property_is_a_token_source() {
    use auth_octorate::{Config, Octorate, PropertySource};

    contract::token_source(|grant, clock: ManualClock| -> PropertySource {
        let config = Config::new(ID, SECRET.into());
        let answers = Answers {
            grant,
            clock: clock.clone(),
        };
        let octorate = Octorate::new(config, answers).unwrap();
        let login = TokenSet::login("made-up-refresh-token".into());
        octorate.property("one", |builder| builder.clock(clock).previous(login))
    })
    .await;
}

#[tokio::test]
async fn octorate_is_a_token_source() {
    use auth_octorate::{AdminSource, Config, Octorate};

    contract::token_source(|grant, clock: ManualClock| -> AdminSource {
        let config = Config::new(ID, SECRET.into());
        let answers = Answers {
            grant,
            clock: clock.clone(),
        };
        let octorate = Octorate::new(config, answers).unwrap();
        octorate.admin(|builder| builder.clock(clock))
    })
    .await;
}
