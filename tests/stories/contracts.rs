//! Every implementation of a seam, held to the contract of the seam.

mod flows;
mod grants;
mod providers;
mod stores;

use std::time::Duration;

use auth_core::{Cached, MemoryStore, Origins, Secret};
use auth_oauth2::{Basic, FormBody, HeaderSecret, PublicClient, QueryInsecure};
use auth_reqwest::ReqwestTransport;
use auth_testkit::contract::{self, CredentialsFixture, StoreFixture, TransportFixture};
use auth_tower::TowerTransport;
use http::HeaderName;

use crate::clients::hyper_client;

const ID: &str = "contract-client-id";
const SECRET: &str = "contract client:secret+%";
/// Half a second: the suite waits for it in real time.
const IMPATIENT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn the_engine_is_a_token_source() {
    contract::token_source(|grant, clock| {
        let origins = Origins::parse("https://api.example").unwrap();
        Cached::builder(grant, origins).clock(clock).build()
    })
    .await;
}

#[tokio::test]
async fn the_engine_with_a_store_is_a_token_source() {
    contract::token_source(|grant, clock| {
        let origins = Origins::parse("https://api.example").unwrap();
        let key = auth_core::StoreKey::new(["contract"]);
        let builder = Cached::builder(grant, origins).clock(clock);
        builder.store(MemoryStore::new(), key).build()
    })
    .await;
}

#[tokio::test]
async fn a_store_in_memory_is_a_token_store() {
    let store = MemoryStore::new();
    contract::token_store(&StoreFixture::new(store.clone(), store)).await;
}

#[tokio::test]
async fn reqwest_is_a_transport() {
    let impatient = ReqwestTransport::builder().timeout(IMPATIENT);
    let fixture = TransportFixture::new(ReqwestTransport::new().unwrap())
        .impatient(impatient.build().unwrap());
    contract::transport(&fixture).await;
}

#[tokio::test]
async fn hyper_util_is_a_transport() {
    let impatient = TowerTransport::new(hyper_client()).timeout(IMPATIENT);
    // A tower service may be anything, so its errors do not tell a refused connection from a lost one.
    let fixture = TransportFixture::new(TowerTransport::new(hyper_client()))
        .impatient(impatient)
        .blind();
    contract::transport(&fixture).await;
}

#[tokio::test]
async fn the_ways_to_say_who_the_client_is_are_credentials() {
    let secret = || Secret::from(SECRET);
    let encoded = Basic::encoded(ID, &secret()).unwrap();
    contract::credentials(&CredentialsFixture::new(encoded, secret())).await;
    let raw = Basic::raw(ID, &secret()).unwrap();
    contract::credentials(&CredentialsFixture::new(raw, secret())).await;
    let body = FormBody::new(ID, secret()).unwrap();
    contract::credentials(&CredentialsFixture::new(body, secret())).await;
    let query = QueryInsecure::new(ID, secret()).unwrap();
    contract::credentials(&CredentialsFixture::new(query, secret())).await;
    let header = HeaderSecret::new(HeaderName::from_static("key"), secret()).unwrap();
    contract::credentials(&CredentialsFixture::new(header, secret())).await;
    let public = PublicClient::new(ID).unwrap();
    contract::credentials(&CredentialsFixture::public(public)).await;
}
