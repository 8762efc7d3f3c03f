//! What there is no way to do.

use super::source;

/// The crates that a service links; the emulators are for tests.
pub(super) const LIBRARIES: [&str; 7] = [
    "auth-core",
    "auth-oauth2",
    "auth-octorate",
    "auth-orgapi",
    "auth-rator",
    "auth-reqwest",
    "auth-tower",
];

/// Returns the code of a crate: no tests and no comments.
pub(super) fn code(name: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut folders = vec![root.join(name).join("src")];
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if ["tests", "wire", "scripted", "mock"].contains(&&*stem) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("a source can be read");
                let lines = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                lines.for_each(|line| all.extend([line, "\n"]));
            }
        }
    }
    assert!(all.len() > 1000, "{name} was not read");
    all
}

#[test]
fn b05_certificates_are_checked_and_no_cookie_is_kept() {
    for name in LIBRARIES {
        let code = code(name);
        for word in [
            concat!("danger_accept_", "invalid"),
            "tls_danger",
            "dangerous_configuration",
            "ServerCertVerifier",
            "cookie_store",
        ] {
            assert!(!code.contains(word), "{name} has {word}");
        }
    }
}

#[test]
fn h01_nothing_here_answers_a_browser() {
    // What reads a callback returns values; whoever serves it decides where the browser goes.
    for name in LIBRARIES {
        let code = code(name);
        for word in ["TcpListener", "axum", "hyper::server", "LOCATION,"] {
            assert!(!code.contains(word), "{name} has {word}");
        }
    }
}

#[test]
fn h08_passwords_are_kept_apart_from_the_grants_that_may_be_used() {
    let map = source("crates/auth-oauth2/src/lib.rs");
    assert!(map.contains("pub mod legacy;"));
    assert!(!map.contains("pub use legacy") && !map.contains("ResourceOwnerPassword"));
    for name in ["auth-octorate", "auth-orgapi"] {
        assert!(!code(name).contains("legacy::"), "{name} uses passwords");
    }
}
