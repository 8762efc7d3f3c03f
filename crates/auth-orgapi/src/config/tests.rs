use super::*;

fn config(server: &str) -> Result<Config, Error> {
    Config::new(server, "oa2-client-id_demo", Secret::new("demo-secret"))
}

#[test]
fn an_address_is_a_host_or_a_root() {
    let table = [
        ("fra1.blynk.cloud", "https://fra1.blynk.cloud:443"),
        ("iot.example:8443", "https://iot.example:8443"),
        ("https://iot.example", "https://iot.example:443"),
        ("https://iot.example/", "https://iot.example:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (DEFAULT_SERVER, "https://blynk.cloud:443"),
    ];
    for (address, origin) in table {
        let config = config(address).unwrap();
        assert_eq!(config.server.origin().to_string(), origin, "{address}");
    }
}

#[test]
fn anything_else_is_refused() {
    let table = [
        "",
        "http://fra1.blynk.cloud",
        "http://localhost:8080",
        "ftp://fra1.blynk.cloud",
        "https://fra1.blynk.cloud/oauth2/token",
        "fra1.blynk.cloud/api",
        "fra1.blynk.cloud?region=1",
        "fra1.blynk.cloud#part",
        "me:planted-password@fra1.blynk.cloud",
        "fra1.blynk.cloud.",
        "fra1 blynk cloud",
    ];
    for address in table {
        let error = config(address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{address}");
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}

#[test]
fn plain_http_takes_a_loud_word() {
    let config =
        Config::dangerous_plain_http("http://iot.example", "id", Secret::new("demo-secret"));
    let token = config.unwrap().token;
    assert_eq!(token.uri(), "http://iot.example/oauth2/token");
}

#[test]
fn an_empty_id_or_secret_is_refused() {
    for (id, secret) in [("", "secret"), ("id", "")] {
        let error = Config::new("fra1.blynk.cloud", id, Secret::from(secret)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[test]
fn debug_shows_what_is_safe() {
    let text = format!("{:?}", config("fra1.blynk.cloud").unwrap());
    assert!(text.contains("https://fra1.blynk.cloud:443"), "{text}");
    assert!(text.contains("BeforeExpiry"), "{text}");
    assert!(!text.contains("demo"), "{text}");
}

#[test]
fn each_login_has_a_key_of_its_own() {
    let one = config("fra1.blynk.cloud").unwrap();
    let other = config("lon1.blynk.cloud").unwrap();
    let keys = [
        one.store_key("a"),
        one.store_key("b"),
        other.store_key("a"),
        Config::new("fra1.blynk.cloud", "other", Secret::new("demo-secret"))
            .unwrap()
            .store_key("a"),
    ];
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(key), "{key}");
        assert!(!key.as_str().contains("demo-secret"));
    }
    let modes = one.clone().refresh_mode(RefreshMode::Never);
    assert_eq!(modes.store_key("a"), one.store_key("a"));
}

#[cfg(feature = "serde")]
mod serde {
    use super::*;

    fn read(text: &str) -> Result<Config, serde_json::Error> {
        serde_json::from_str(text)
    }

    const REQUIRED: &str =
        r#""server_address":"fra1.blynk.cloud","client_id":"id","client_secret":"planted""#;

    #[test]
    fn the_required_members_are_enough() {
        let config = read(&format!("{{{REQUIRED}}}")).unwrap();
        assert_eq!(config.client_auth, ClientAuth::Basic);
        assert_eq!(config.refresh_mode, RefreshMode::BeforeExpiry);
        assert_eq!(config.param_placement, ParamPlacement::Query);
        assert_eq!(config.client_secret.expose(), "planted");
    }

    #[test]
    fn every_setting_can_be_written_down() {
        let config = read(&format!(
            r#"{{{REQUIRED},"client_auth":"query_insecure","refresh_mode":"never","param_placement":"body"}}"#
        ));
        let config = config.unwrap();
        assert_eq!(config.client_auth, ClientAuth::QueryInsecure);
        assert_eq!(config.refresh_mode, RefreshMode::Never);
        assert_eq!(config.param_placement, ParamPlacement::Body);
    }

    #[test]
    fn the_checks_are_those_of_the_constructor() {
        let table = [
            format!("{{{REQUIRED},\"scope\":\"all\"}}"),
            format!("{{{}}}", REQUIRED.replace("fra1", "http://fra1")),
            format!("{{{}}}", REQUIRED.replace("\"id\"", "\"\"")),
            REQUIRED.replace("\"client_id\":\"id\",", ""),
        ];
        for text in table {
            let error = read(&text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("planted"), "{text}");
        }
    }
}
