//! Where tokens go, as tables.

use http::Uri;

use super::{Origin, Origins};

#[test]
fn addresses_that_are_refused() {
    let table = [
        ("", "cannot be read"),
        ("/v1", "no scheme"),
        ("api.example", "no scheme"),
        ("ftp://api.example", "neither https nor http"),
        ("http://api.example", "plain http"),
        ("http://localhost:8080", "plain http"),
        ("http://127.0.0.1.example", "plain http"),
        ("https://user:word@api.example", "user-info"),
        ("https://user@api.example", "user-info"),
        ("https://api.example.", "ends with a dot"),
        ("https://:443", "is empty"),
        ("https://api.example:", "port cannot be read"),
        ("https://api.example:99999", ""),
        ("https://bücher.example", ""),
        ("https://api.example\\@evil.example", ""),
    ];
    for (address, why) in table {
        let error = Origin::parse(address).expect_err(address).to_string();
        assert!(error.contains(why), "{address}: {error}");
        assert!(!error.contains("word"), "{error}");
    }
}

#[test]
fn addresses_that_are_taken() {
    let table = [
        ("https://API.example", "https://api.example:443"),
        (
            "https://api.example:8443/v1?x=1",
            "https://api.example:8443",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9:80"),
        ("http://[::1]:1", "http://[::1]:1"),
    ];
    for (address, origin) in table {
        assert_eq!(Origin::parse(address).unwrap().to_string(), origin);
    }
    assert!(Origin::dangerous_plain_http("http://intranet.example").is_ok());
}

#[test]
fn requests_are_compared_by_scheme_host_and_port() {
    let origins = Origins::parse("https://api.example").unwrap();
    let table = [
        ("https://api.example", true),
        ("https://API.EXAMPLE/path?query", true),
        ("https://api.example:443/", true),
        ("https://api.example:444/", false),
        ("https://api.example:/", false),
        ("https://api.example:99999/", false),
        ("http://api.example/", false),
        ("http://api.example:443/", false),
        ("https://sub.api.example/", false),
        ("https://example/", false),
        ("https://api.example.evil.example/", false),
        ("https://evil.example/api.example", false),
        ("https://api.example@evil.example/", false),
        ("https://evil@api.example/", false),
        ("https://api.example./", false),
        ("/path", false),
    ];
    for (uri, allowed) in table {
        let uri: Uri = uri.parse().unwrap();
        assert_eq!(origins.allow(&uri), allowed, "{uri}");
    }
    assert!(!Origins::none().allow(&"https://api.example".parse().unwrap()));
}

#[test]
fn matching_agrees_with_parsing() {
    let hosts = [
        "a.example",
        "A.example",
        "b.example",
        "127.0.0.1",
        "[::1]",
        "a.example.",
        "x@a.example",
    ];
    let ports = ["", ":", ":80", ":443", ":8443", ":99999"];
    let mut uris = Vec::new();
    for scheme in ["http", "https", "ftp"] {
        for host in hosts {
            uris.extend(ports.map(|port| format!("{scheme}://{host}{port}/")));
        }
    }
    let read = |text: &String| -> Uri { text.parse().unwrap() };
    for left in uris.iter().map(read) {
        let Ok(origin) = Origin::of(&left) else {
            continue;
        };
        for right in uris.iter().map(read) {
            let same = Origin::of(&right).is_ok_and(|other| other == origin);
            assert_eq!(origin.matches(&right), same, "{left} and {right}");
        }
    }
}

#[test]
fn what_is_written_as_usual_is_found_by_one_comparison() {
    let table = [
        ("https://api.example", "https://api.example/v1?x=1", true),
        ("https://api.example", "https://API.example/v1", false),
        ("https://api.example", "https://api.example:443/", false),
        ("https://api.example", "http://api.example/", false),
        ("https://api.example", "/v1", false),
        (
            "https://api.example:8443",
            "https://api.example:8443/",
            true,
        ),
        ("http://127.0.0.1:80", "http://127.0.0.1/", true),
        ("http://127.0.0.1", "https://127.0.0.1/", false),
    ];
    for (origin, uri, usual) in table {
        let found = Origin::parse(origin)
            .unwrap()
            .is_written_in(&uri.parse().unwrap());
        assert_eq!(found, usual, "{origin}: {uri}");
    }
}

#[test]
fn a_set_holds_what_it_was_made_of() {
    let texts = ["https://a.example:443", "https://b.example:8443"];
    let origin = |text| Origin::parse(text).unwrap();
    let set: Origins = texts.map(origin).into_iter().collect();
    assert_eq!(set.iter().map(Origin::to_string).collect::<Vec<_>>(), texts);
    for text in texts {
        assert!(set.contains(&origin(text)));
        assert!(set.allow(&text.parse().unwrap()));
    }
    assert!(!set.contains(&origin("https://c.example")));
    assert!(!set.is_empty());

    let none = Origins::none();
    assert!(none.is_empty() && none.iter().next().is_none());
    assert!(std::ptr::eq(none, Origins::none()), "made once");
}

#[test]
fn an_origin_is_known_by_scheme_and_authority() {
    let table = [
        ("https://API.example:443", "https", "api.example", true),
        ("https://api.example", "https", "api.example:444", false),
        ("https://api.example", "https", "api.example.", false),
        ("https://api.example", "https", "api.example.evil", false),
        ("https://api.example", "https", "api.exampl", false),
        ("https://api.example", "https", "me@api.example", false),
        ("https://api.example", "https", "api.example@evil", false),
        ("https://api.example", "https", "", false),
        ("https://api.example", "http", "api.example", false),
        ("https://api.example", "http", "api.example:443", false),
        ("https://api.example", "", "api.example", false),
        (
            "https://api.example:8443",
            "https",
            "api.example:8443",
            true,
        ),
        ("https://api.example:8443", "https", "api.example", false),
        ("http://[::1]:8080", "http", "[::1]:8080", true),
        ("http://127.0.0.1", "http", "127.0.0.1", true),
        ("http://127.0.0.1", "https", "127.0.0.1", false),
    ];
    for (origin, scheme, authority, same) in table {
        let found = Origin::parse(origin)
            .unwrap()
            .matches_text(scheme, authority);
        assert_eq!(found, same, "{origin}: {scheme} {authority}");
    }
}
