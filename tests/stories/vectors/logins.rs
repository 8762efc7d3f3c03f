//! Texts of any characters, as they reach a server.

use auth_core::{Secret, TokenSource};
use auth_oauth2::{Endpoint, legacy::User};
use auth_octorate::Octorate;
use auth_orgapi::{ClientAuth, OrgApi};
use auth_rator::{BrandKey, Rator, RatorPreset};
use auth_testkit::{Recorded, ScriptedTransport};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;

const SECRETS: [&str; 8] = [
    "a+b",
    "a&b=c",
    "a=b",
    "a%20b",
    "a:b",
    "a b",
    "pässwörd ✓",
    "\"\\'",
];
const GRANTED: &str = r#"{"access_token":"at-1","token_type":"bearer","expires_in":60}"#;

fn transport() -> ScriptedTransport {
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::OK, GRANTED);
    transport
}

fn basic(request: &Recorded) -> String {
    let value = request.request().headers()["authorization"]
        .to_str()
        .unwrap();
    let encoded = value.strip_prefix("Basic ").expect("it is Basic");
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

#[tokio::test]
async fn octorate_is_sent_any_secret_in_the_form() {
    for secret in SECRETS {
        let transport = transport();
        let config = auth_octorate::Config::new("demo &", Secret::from(secret));
        let octorate = Octorate::new(config, transport.clone()).unwrap();
        octorate.admin(|builder| builder).token().await.unwrap();
        let request = &transport.requests()[0];
        assert!(request.form_has("client_secret", secret), "{secret}");
        assert!(request.form_has("client_id", "demo &"));
        assert_eq!(request.form().len(), 2);
    }
}

#[tokio::test]
async fn the_organization_api_is_sent_any_secret_in_each_way() {
    for secret in SECRETS {
        for (auth, expected) in [
            (ClientAuth::Basic, Some(format!("demo:{secret}"))),
            (
                ClientAuth::BasicEncoded,
                Some(format!("demo:{}", encoded(secret))),
            ),
            (ClientAuth::QueryInsecure, None),
        ] {
            let transport = transport();
            let config = auth_orgapi::Config::new("blynk.cloud", "demo", Secret::from(secret));
            let orgapi = OrgApi::new(config.unwrap().client_auth(auth), transport.clone());
            orgapi
                .unwrap()
                .client_credentials()
                .build()
                .token()
                .await
                .unwrap();
            let request = &transport.requests()[0];
            match expected {
                Some(pair) => assert_eq!(basic(request), pair, "{secret}"),
                None => assert!(request.query_has("client_secret", secret), "{secret}"),
            }
        }
    }
}

/// Percent-encodes all but the unreserved characters.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let encode = |b: u8| match b {
        b if plain(b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[tokio::test]
async fn rator_is_sent_any_name_password_and_brand() {
    for text in SECRETS {
        for preset in [
            RatorPreset::V3,
            RatorPreset::V17,
            RatorPreset::AllQueryInsecure,
        ] {
            let transport = transport();
            let at = |address| Endpoint::parse(address).unwrap();
            // A brand is visible ASCII, of whatever kind.
            let brand = if text.bytes().all(|b| b.is_ascii_graphic()) {
                text
            } else {
                "B+&%:=1"
            };
            let config = auth_rator::Config::new(
                at("https://login.example/oauth/token"),
                at("https://api.example/rest"),
                "demo",
                Secret::from(text),
                BrandKey::new(brand).unwrap(),
            );
            let rator = Rator::new(config.preset(preset), transport.clone()).unwrap();
            let user = User::new(Secret::from(text), Secret::from(text)).unwrap();
            let token = rator.password(user).build().token().await.unwrap();
            let request = &transport.requests()[0];
            assert_eq!(basic(request), format!("demo:{text}"));
            let both = [request.form(), request.query()].concat();
            for (name, value) in [
                ("username", text),
                ("password", text),
                ("grant_type", "password"),
                ("brand_key", brand),
            ] {
                let sent: Vec<_> = both.iter().filter(|(own, _)| own == name).collect();
                assert_eq!(sent.len(), 1, "{name}, {text}, {preset:?}");
                assert_eq!(sent[0].1.expose(), value, "{name}, {preset:?}");
            }
            let header = token
                .headers()
                .find(|(name, _)| **name == auth_rator::BRAND_HEADER);
            assert_eq!(header.expect("it has the brand").1, brand);
        }
    }
}
