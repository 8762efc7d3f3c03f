//! Configuration as it is written down in a file.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::PLANTED;

/// Changes one member of a good configuration and checks the words of the refusal.
#[track_caller]
fn refused<T: DeserializeOwned>(good: &Value, member: &str, value: Value, words: &[&str]) {
    let mut written = good.clone();
    match value {
        Value::Null => drop(written.as_object_mut().unwrap().remove(member)),
        value => written[member] = value,
    }
    let case = member.to_owned();
    for text in [written.to_string(), format!("{written:#}")] {
        let error = serde_json::from_str::<T>(&text).err();
        let error = error
            .unwrap_or_else(|| panic!("{case} was taken"))
            .to_string();
        for word in words {
            assert!(error.contains(word), "{word} is not in: {error}");
        }
        assert!(!error.contains("planted"), "{case}: a secret is shown");
    }
}

fn nonsense<T: DeserializeOwned>(good: &Value) {
    assert!(T::deserialize(good).is_ok(), "the good one is refused");
    refused::<T>(good, "client_id", Value::Null, &["client_id"]);
    refused::<T>(good, "client_secret", Value::Null, &["client_secret"]);
    // A secret of another type is quoted by most deserializers.
    refused::<T>(
        good,
        "client_secret",
        json!([PLANTED]),
        &["expected a text"],
    );
    refused::<T>(
        good,
        "client_secret",
        json!({ "planted": PLANTED }),
        &["expected a text"],
    );
    for digits in [
        json!(918_273_645),
        json!(-918_273_645),
        json!(918_273_645.5),
        json!(true),
    ] {
        let mut written = good.clone();
        written["client_secret"] = digits;
        let error = T::deserialize(&written)
            .err()
            .expect("a number is no secret")
            .to_string();
        assert!(
            error.contains("expected a text") && !error.contains("918"),
            "{error}"
        );
    }
    // A slip of the pen must not leave a default in force.
    refused::<T>(good, "cleint_auth", json!("basic"), &["cleint_auth"]);
    for nonsense in ["[]", "12", "{}", "", "\"text\""] {
        assert!(
            serde_json::from_str::<T>(nonsense).is_err(),
            "{nonsense} was taken"
        );
    }
    let twice = format!("{{\"client_secret\":\"{PLANTED}\",\"client_secret\":\"{PLANTED}\"}}");
    let error = serde_json::from_str::<T>(&twice)
        .err()
        .expect("it stands there twice");
    assert!(!error.to_string().contains("planted"), "a secret is shown");
}

#[test]
fn the_organization_api() {
    use auth_orgapi::Config;

    let good = json!({ "server_address": "fra1.blynk.cloud", "client_id": "demo", "client_secret": PLANTED });
    nonsense::<Config>(&good);
    refused::<Config>(&good, "server_address", Value::Null, &["server_address"]);
    for (address, words) in [
        ("http://fra1.blynk.cloud", &["plain http", "https"][..]),
        ("https://planted@fra1.blynk.cloud", &["user-info"]),
        ("https://fra1.blynk.cloud/v1", &["host alone"]),
        ("https://fra1.blynk.cloud/#planted", &["fragment"]),
        ("", &["cannot be read"]),
    ] {
        refused::<Config>(&good, "server_address", json!(address), words);
    }
    refused::<Config>(&good, "client_id", json!(""), &["empty"]);
    refused::<Config>(&good, "client_secret", json!(""), &["empty", "console"]);
    // An environment that nobody knows is not taken for the usual one; the known ones are named.
    refused::<Config>(
        &good,
        "client_auth",
        json!("digest"),
        &["basic", "query_insecure"],
    );
    refused::<Config>(
        &good,
        "refresh_mode",
        json!("always"),
        &["before_expiry", "never"],
    );
    refused::<Config>(
        &good,
        "param_placement",
        json!("header"),
        &["query", "body"],
    );
}

#[test]
fn rator() {
    use auth_rator::Config;

    let good = json!({
        "token_url": "https://login.example/oauth/token",
        "api_base_url": "https://api.example/rest",
        "client_id": "demo",
        "client_secret": PLANTED,
        "brand": { "token_value": "BRAND1", "header_value": "BRAND1" },
    });
    nonsense::<Config>(&good);
    for member in ["token_url", "api_base_url", "brand"] {
        refused::<Config>(&good, member, Value::Null, &[member]);
    }
    for member in ["token_url", "api_base_url"] {
        for (address, words) in [
            (json!("http://api.example/"), &["plain http", "https"][..]),
            (json!("https://planted:x@api.example/"), &["user-info"]),
            (json!("https://api.example/#planted"), &["fragment"]),
            (
                json!("https://bücher.example/?planted"),
                &["cannot be read"],
            ),
            (json!(["planted"]), &["expected a text"]),
        ] {
            refused::<Config>(&good, member, address, words);
        }
    }
    let brand = |value: &str| json!({ "token_value": value, "header_value": "BRAND1" });
    refused::<Config>(&good, "brand", brand(""), &["brand", "ask who runs"]);
    refused::<Config>(&good, "brand", brand("märke"), &["visible ASCII"]);
    refused::<Config>(
        &good,
        "brand",
        json!({ "header_value": "B" }),
        &["token_value"],
    );
    refused::<Config>(&good, "preset", json!("v4"), &["v3", "v17"]);
    refused::<Config>(&good, "client_auth", json!("none"), &["basic"]);
    refused::<Config>(&good, "refresh_mode", json!(1), &[]);
    refused::<Config>(&good, "assumed_lifetime", json!(-1), &[]);
}

#[test]
fn octorate() {
    use auth_octorate::Config;

    let good = json!({ "client_id": "demo", "client_secret": PLANTED });
    nonsense::<Config>(&good);
    for (address, words) in [
        ("http://localhost", &["https://"][..]),
        ("https://shop.example/cb?planted=1", &["query"]),
        ("https://shop.example/cb#planted", &["fragment"]),
        ("https://planted@shop.example/cb", &["user-info"]),
    ] {
        refused::<Config>(&good, "redirect_uri", json!(address), words);
    }
    for (address, words) in [
        (
            "http://api.octorate.com/connect",
            &["plain http", "https"][..],
        ),
        ("https://planted@api.octorate.com/connect", &["user-info"]),
        ("https://api.octorate.com/connect#planted", &["fragment"]),
    ] {
        refused::<Config>(&good, "base_url", json!(address), words);
    }
}
