//! The types of `auth-testkit`: what a failing test prints is seen by more people than a log.

use std::{sync::Arc, time::Duration};

use auth_core::{Error, ErrorKind, Grant, MemoryStore, Origins, Secret, Transport};
use auth_testkit::{
    FailingSource, FailingStore, Fault, Gate, InMemory, ManualClock, OAuth2Emulator, OAuth2Knobs,
    OctorateEmulator, OctorateKnobs, OrgApiEmulator, OrgApiKnobs, RatorEmulator, RatorKnobs,
    Resource, ResourceKnobs, ScriptedGrant, ScriptedSource, ScriptedTransport, SecretKind,
    StaticSource, StoreFault, contract,
};

use super::{Shown, core};
use crate::secrets::{Planted, replies};

pub(super) async fn show(planted: &Planted, shown: &mut Shown) {
    let clock = ManualClock::new();
    shown.show(&clock);
    let origins = Origins::parse("https://api.example").unwrap();
    let error = Error::new(ErrorKind::Unavailable, "made up");

    let grant = ScriptedGrant::new();
    grant.returns(core::set(planted));
    grant.exchange(&core::exchange(planted)).await.unwrap();
    shown.show(&grant);
    shown.show(&grant.seen()[0]);
    let source = ScriptedSource::new(origins.clone());
    source.issue(core::token(planted));
    shown.show(&source);
    shown.show(&StaticSource::new(core::token(planted), origins.clone()));
    shown.show(&FailingSource::new(error.clone(), origins));
    shown.show(&Gate::new());
    shown.show(&FailingStore::new(MemoryStore::new()));
    shown.show(&StoreFault::Before(error));
    let transport = ScriptedTransport::new();
    transport.answers(replies::json(200, replies::success(planted)));
    let asked = http::Request::post(format!("https://login.example/?code={}", planted.access));
    let asked = asked.header("key", &planted.api_key);
    // What is no form reads as the name of a parameter.
    let body = serde_json::json!({ "password": planted.password }).to_string();
    transport
        .send(asked.body(body.into()).unwrap())
        .await
        .unwrap();
    shown.show(&transport);
    shown.show(&transport.requests()[0]);
    shown.show(&Fault::Json(400, planted.password.clone()));

    let secret = Secret::from(&*planted.client_secret);
    let basic = auth_oauth2::Basic::raw("demo", &secret).unwrap();
    shown.show(&contract::CredentialsFixture::new(basic, secret));
    shown.show(&contract::StoreFixture::new(
        MemoryStore::new(),
        MemoryStore::new(),
    ));
    shown.show(&contract::TransportFixture::new(ScriptedTransport::new()));

    emulators(planted, clock, shown).await;
}

async fn emulators(planted: &Planted, clock: ManualClock, shown: &mut Shown) {
    let clock = || Arc::new(clock.clone());
    let octorate = OctorateEmulator::start(clock()).await.unwrap();
    octorate.client("demo", &planted.client_secret);
    shown.show(&octorate);
    shown.show(&OctorateKnobs::default());
    let orgapi = OrgApiEmulator::start(clock()).await.unwrap();
    orgapi.client("demo", &planted.client_secret);
    shown.show(&orgapi);
    shown.show(&OrgApiKnobs::default());
    let rator = RatorEmulator::start(clock()).await.unwrap();
    rator.add_user(&planted.user, &planted.password);
    shown.show(&rator);
    shown.show(&RatorKnobs::default());
    let access = planted.access.clone();
    let resource = Resource::start(clock(), Arc::new(move |token| token == access));
    shown.show(&resource.await.unwrap());
    shown.show(&ResourceKnobs::default());

    let oauth2 = OAuth2Emulator::start(clock()).await.unwrap();
    oauth2.client("demo", &planted.client_secret);
    shown.show(&oauth2);
    shown.show(&OAuth2Knobs::default());
    shown.show(oauth2.server());
    shown.show::<InMemory>(&oauth2.server().in_memory());
    // A request that is wrong in every way: a secret in the path, the query, a header and the body.
    let ledger = oauth2.ledger();
    let everywhere = &planted.api_key;
    for secret in [everywhere, &planted.password] {
        ledger.forbid(SecretKind::Password, secret);
    }
    let address = format!(
        "{}/{everywhere}?{everywhere}={everywhere}",
        oauth2.token_url()
    );
    let mut request = http::Request::post(address);
    request = request
        .header("x-own", everywhere)
        .header("authorization", everywhere);
    let transport = auth_reqwest::ReqwestTransport::builder();
    let transport = transport.timeout(Duration::from_secs(30)).build().unwrap();
    transport
        .send(request.body(format!("{everywhere}=1").into()).unwrap())
        .await
        .unwrap();
    shown.show(ledger);
    let entry = ledger.last().expect("it came");
    shown.show(&entry);
    shown.show(&*entry);
    let (strays, deviations) = (ledger.secrets_out_of_place(), ledger.deviations());
    assert!(!strays.is_empty() && !deviations.is_empty());
    for stray in &strays {
        shown.show(stray);
        shown.surfaces.text("a stray secret", stray.to_string());
    }
    for deviation in &deviations {
        shown.show(deviation);
        shown.surfaces.text("a deviation", deviation.to_string());
    }
}
