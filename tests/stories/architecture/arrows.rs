//! Who must never reach whom.

use std::collections::BTreeSet;

use super::workspace::{Kind, Member, Workspace, tree};

/// What one crate must not reach, on any path and with any feature. A star stands for any ending.
struct Row {
    package: &'static str,
    never: &'static [&'static [&'static str]],
    /// Reached at most through a default feature that a user can switch off.
    by_default_only: &'static [&'static [&'static str]],
}

const PROVIDERS: &[&str] = &["auth-octorate", "auth-orgapi", "auth-rator"];
const STORES: &[&str] = &["auth-store", "auth-store-*"];
const TESTKIT: &[&str] = &["auth-testkit"];
const LAYER: &[&str] = &["auth-tower"];
const GRANTS: &[&str] = &["auth-oauth2"];
const CLIENT: &[&str] = &["auth-reqwest", "reqwest", "reqwest-middleware"];
const TOWER: &[&str] = &["tower", "tower-*"];
const HTTP: &[&str] = &["hyper", "hyper-*", "h2", "h3"];
const TLS: &[&str] = &[
    "rustls",
    "rustls-*",
    "tokio-rustls",
    "native-tls",
    "openssl",
    "openssl-sys",
    "ring",
    "aws-lc-*",
    "webpki*",
];

const ROWS: &[Row] = &[
    Row {
        package: "auth-core",
        never: &[
            &["auth-*", "reqwest", "reqwest-*", "serde_json", "url"],
            HTTP,
            TLS,
            TOWER,
        ],
        by_default_only: &[],
    },
    Row {
        package: "auth-oauth2",
        never: &[CLIENT, LAYER, TOWER, HTTP, TLS, PROVIDERS, STORES, TESTKIT],
        by_default_only: &[],
    },
    provider("auth-octorate"),
    provider("auth-orgapi"),
    provider("auth-rator"),
    Row {
        package: "auth-reqwest",
        never: &[PROVIDERS, STORES, TESTKIT],
        by_default_only: &[],
    },
    Row {
        package: "auth-tower",
        never: &[GRANTS, CLIENT, PROVIDERS, STORES, TESTKIT, TLS],
        by_default_only: &[],
    },
    Row {
        package: "auth-testkit",
        never: &[PROVIDERS, CLIENT, LAYER, STORES],
        by_default_only: &[],
    },
];

const fn provider(package: &'static str) -> Row {
    Row {
        package,
        never: &[PROVIDERS, LAYER, STORES, TESTKIT],
        by_default_only: &[CLIENT, TOWER, HTTP, TLS],
    }
}

pub(super) fn violations(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for member in workspace.members.iter().filter(|member| member.published) {
        found.extend(wrong_use_of_the_testkit(member));
        if member.name == "auth-core" {
            found.extend(declared_by_the_core(member));
        }
        if is_store(&member.name) {
            let all = tree(&member.name, &["--all-features"]);
            found.extend(members_behind_a_store(&member.name, &all));
            continue;
        }
        // A new crate has to say here what it must not know.
        let Some(row) = ROWS.iter().find(|row| row.package == member.name) else {
            found.push(format!(
                "{} has no row in the table of forbidden arrows",
                member.name
            ));
            continue;
        };
        found.extend(reached(
            row.package,
            row.never,
            &tree(row.package, &["--all-features"]),
        ));
        if !row.by_default_only.is_empty() {
            let bare = tree(row.package, &["--no-default-features"]);
            found.extend(reached(row.package, row.by_default_only, &bare));
        }
    }
    found
}

fn reached(package: &str, never: &[&[&str]], tree: &BTreeSet<String>) -> Vec<String> {
    names(tree)
        .filter(|name| *name != package)
        .filter(|name| {
            never
                .iter()
                .copied()
                .flatten()
                .any(|pattern| matches(pattern, name))
        })
        .map(|name| format!("{package} reaches {name}"))
        .collect()
}

/// The core must build and test alone, so that no cycle through its tests can hide a dependency.
fn declared_by_the_core(core: &Member) -> Vec<String> {
    let row = &ROWS[0];
    core.dependencies
        .iter()
        .filter(|line| !(line.kind == Kind::Dev && line.name == "serde_json"))
        .filter(|line| {
            row.never
                .iter()
                .copied()
                .flatten()
                .any(|pattern| matches(pattern, &line.name))
        })
        .map(|line| {
            format!(
                "{} names {} as a {:?} dependency",
                core.name, line.name, line.kind
            )
        })
        .collect()
}

fn wrong_use_of_the_testkit(member: &Member) -> Vec<String> {
    member
        .dependencies
        .iter()
        .filter(|line| line.name == "auth-testkit" && line.kind != Kind::Dev)
        .map(|_| format!("{} ships auth-testkit; it is for tests", member.name))
        .collect()
}

/// A store knows the core and the codec that all stores share.
fn members_behind_a_store(package: &str, tree: &BTreeSet<String>) -> Vec<String> {
    names(tree)
        .filter(|name| name.starts_with("auth-"))
        .filter(|name| ![package, "auth-core", "auth-store"].contains(name))
        .map(|name| format!("{package} reaches {name}"))
        .collect()
}

fn is_store(name: &str) -> bool {
    STORES.iter().any(|pattern| matches(pattern, name))
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |start| name.starts_with(start))
}

fn names(tree: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    tree.iter()
        .filter_map(|entry| entry.split_whitespace().next())
}

#[cfg(test)]
mod tests;
