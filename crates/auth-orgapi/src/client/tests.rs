use auth_core::{Secret, TokenSource};
use auth_testkit::ScriptedTransport;

use super::*;

fn orgapi() -> OrgApi {
    let secret = Secret::new("planted-secret");
    let config = Config::new("fra1.blynk.cloud", "planted-id", secret).unwrap();
    OrgApi::new(config, ScriptedTransport::new()).unwrap()
}

#[test]
fn a_token_may_go_to_the_server_and_nowhere_else() {
    let source = orgapi().client_credentials().build();
    let allowed = |address: &str| source.origins().allow(&address.parse().unwrap());
    assert!(allowed(
        "https://fra1.blynk.cloud/api/v1/organization/device"
    ));
    assert!(!allowed("https://blynk.cloud/api/v1/organization/device"));
    assert!(!allowed("http://fra1.blynk.cloud/"));
    assert!(!allowed("https://fra1.blynk.cloud:8443/"));
}

#[test]
fn there_is_time_for_two_exchanges() {
    assert!(dialect::policy().exchange_timeout >= std::time::Duration::from_secs(60));
}

#[test]
fn debug_tells_no_secret() {
    let orgapi = orgapi();
    let source = orgapi.client_credentials();
    assert!(!format!("{orgapi:?} {source:?}").contains("planted"));
}

#[test]
fn handles_can_be_shared() {
    fn shared<T: Clone + Send + Sync>() {}
    shared::<OrgApi>();
    shared::<Config>();
}

#[cfg(feature = "reqwest")]
#[test]
fn it_brings_a_transport() {
    assert!(OrgApi::connect(orgapi().config).is_ok());
}
