//! The configurations of the providers.

use auth_oauth2::Endpoint;
use auth_octorate::Octorate;
use auth_orgapi::{ClientAuth, OrgApi};
use auth_rator::{BrandKey, Rator};
use auth_testkit::ScriptedTransport;

use super::{PLANTED, configuration, secret};

#[test]
fn the_organization_api_is_configured_wrongly() {
    let config = |address, id, text| auth_orgapi::Config::new(address, id, secret(text));
    let empty = &["empty", "console"][..];
    configuration(config("blynk.cloud", "", PLANTED), empty);
    configuration(config("blynk.cloud", "demo", ""), empty);
    for address in ["https://blynk.cloud/planted", "blynk.cloud/?token=planted"] {
        configuration(config(address, "demo", PLANTED), &["host alone"]);
    }
    configuration(
        config("http://blynk.cloud", "demo", PLANTED),
        &["plain http", "https"],
    );
    configuration(
        config("planted@blynk.cloud", "demo", PLANTED),
        &["user-info"],
    );
    configuration(
        config("blynk.cloud#planted", "demo", PLANTED),
        &["fragment"],
    );
    configuration(
        config("fra 1.blynk.cloud", "demo", PLANTED),
        &["cannot be read"],
    );
    for (id, text, word) in [
        ("a:b", PLANTED, "encoded form"),
        ("demo", "planted\n", "control"),
    ] {
        let orgapi = OrgApi::new(
            config("blynk.cloud", id, text).unwrap(),
            ScriptedTransport::new(),
        );
        configuration(orgapi, &[word]);
        let config = config("blynk.cloud", id, text).unwrap();
        let orgapi = config.client_auth(ClientAuth::BasicEncoded);
        assert!(OrgApi::new(orgapi, ScriptedTransport::new()).is_ok());
    }
}

#[test]
fn rator_is_configured_wrongly() {
    for brand in ["", "two words", "märke", "a\r\nb", "\u{1b}[31m"] {
        configuration(
            BrandKey::new(brand),
            &["brand", "visible ASCII", "ask who runs"],
        );
        configuration(BrandKey::with_header("BRAND1", brand), &["brand"]);
    }
    let at = |address| Endpoint::parse(address).unwrap();
    for (id, text, words) in [
        ("", PLANTED, &["client id", "empty"]),
        ("demo", "", &["client secret", "empty"]),
        ("a:b", PLANTED, &["colon", "encoded form"]),
        ("demo", "planted\r\n", &["control", "character"]),
    ] {
        let config = auth_rator::Config::new(
            at("https://login.example/oauth/token"),
            at("https://api.example/rest"),
            id,
            secret(text),
            BrandKey::new("BRAND1").unwrap(),
        );
        configuration(Rator::new(config, ScriptedTransport::new()), words);
    }
}

#[test]
fn octorate_is_configured_wrongly() {
    for (id, text, words) in [
        ("", PLANTED, &["client id", "empty"]),
        ("demo", "", &["client secret", "empty"]),
    ] {
        let config = auth_octorate::Config::new(id, secret(text));
        configuration(Octorate::new(config, ScriptedTransport::new()), words);
    }
}
