//! The foreign crates that a published crate may name, each read by a person before it came in.

use super::workspace::{Kind, Workspace};

/// A new line needs a reason why we do not do without it.
const REVIEWED: &[(&str, &str)] = &[
    ("apple-native-keyring-store", "the keychain of macOS"),
    (
        "async-trait",
        "object-safe seams where a wait is coming anyway",
    ),
    ("base64", "Basic credentials and PKCE"),
    ("bytes", "the body type of every seam"),
    (
        "chacha20poly1305",
        "stored logins are sealed with a cipher whose random nonces never meet",
    ),
    ("form_urlencoded", "token requests and their forms"),
    (
        "getrandom",
        "state, PKCE and jitter from the system's generator",
    ),
    ("http", "requests, responses and header values"),
    ("http-body", "bodies of services that the layer wraps"),
    ("http-body-util", "collecting and making bodies"),
    (
        "httparse",
        "testkit: requests are read byte by byte, faults included",
    ),
    ("httpdate", "the Date header, against clock skew"),
    ("hyper", "testkit: emulators speak real HTTP"),
    ("hyper-util", "testkit: serving HTTP/1 and HTTP/2"),
    ("jiff", "absolute expiry dates"),
    (
        "keyring-core",
        "one interface for the keyrings of all systems",
    ),
    ("mockall", "testkit: mocks of the seams"),
    (
        "nix",
        "coarse clocks: the only safe way to them that works under valgrind too",
    ),
    ("percent-encoding", "user names and passwords in Basic"),
    ("pin-project-lite", "named futures without unsafe code"),
    ("redis", "the client that the Redis organisation keeps"),
    ("reqwest", "one transport among others, in its own crate"),
    ("reqwest-middleware", "for its users, behind a feature"),
    ("rustix", "system calls without unsafe code of ours"),
    (
        "rustls",
        "redis: the cryptography of rediss:// addresses, behind a feature",
    ),
    ("serde", "configuration and replies"),
    ("serde_json", "replies of token endpoints"),
    ("sha2", "the PKCE challenge"),
    ("sqlx", "SQL databases, without unsafe code of ours"),
    ("sqlx-sqlite", "its feature says which SQLite is linked"),
    ("subtle", "comparing state without a timing leak"),
    ("tempfile", "files that are private from their first moment"),
    ("thiserror", "leaf errors, never seen in a signature"),
    ("tokio", "tasks, waits and locks"),
    ("tower-layer", "the trait that the layer implements"),
    ("tower-service", "the trait that its service implements"),
    ("tracing", "what the engine did, without secrets"),
    ("url", "authorization and callback addresses"),
    (
        "zbus-secret-service-keyring-store",
        "the Secret Service of Linux desktops, without C code",
    ),
    ("zeroize", "secrets are wiped when dropped"),
];

pub(super) fn violations(workspace: &Workspace) -> Vec<String> {
    let mut named: Vec<(&str, &str)> = Vec::new();
    for member in workspace.members.iter().filter(|member| member.published) {
        for line in member
            .dependencies
            .iter()
            .filter(|line| line.kind != Kind::Dev)
        {
            if !workspace.is_member(&line.name) {
                named.push((&member.name, &line.name));
            }
        }
    }
    let names: Vec<_> = REVIEWED.iter().map(|(name, _)| *name).collect();
    let mut found = unreviewed(&names, &named);
    found.extend(unused(&names, &named));
    found
}

fn unreviewed(reviewed: &[&str], named: &[(&str, &str)]) -> Vec<String> {
    named
        .iter()
        .filter(|(_, dependency)| !reviewed.contains(dependency))
        .map(|(member, dependency)| format!("{member} names {dependency}, which nobody reviewed"))
        .collect()
}

/// A list that keeps what is gone stops being read.
fn unused(reviewed: &[&str], named: &[(&str, &str)]) -> Vec<String> {
    reviewed
        .iter()
        .filter(|name| !named.iter().any(|(_, dependency)| dependency == *name))
        .map(|name| format!("{name} is on the reviewed list, but no published crate names it"))
        .collect()
}

#[test]
fn a_dependency_nobody_reviewed_is_named() {
    let found = unreviewed(
        &["http"],
        &[("auth-core", "http"), ("auth-core", "left-pad")],
    );
    assert_eq!(found, ["auth-core names left-pad, which nobody reviewed"]);
}

#[test]
fn a_review_of_what_is_gone_is_named() {
    let found = unused(&["http", "left-pad"], &[("auth-core", "http")]);
    assert_eq!(
        found,
        ["left-pad is on the reviewed list, but no published crate names it"]
    );
}
