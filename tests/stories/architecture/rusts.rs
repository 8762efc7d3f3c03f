//! Which Rust each crate promises to build with.

use std::collections::{BTreeMap, BTreeSet};

use super::workspace::{Member, Rust, Workspace, oldest_rusts, tree};

pub(super) fn violations(workspace: &Workspace) -> Vec<String> {
    let rusts = oldest_rusts();
    let published = workspace.members.iter().filter(|member| member.published);
    published
        .flat_map(|member| newer(member, &tree(&member.name, &["--all-features"]), &rusts))
        .collect()
}

/// Returns what `member` builds on and what promises less.
fn newer(member: &Member, tree: &BTreeSet<String>, rusts: &BTreeMap<String, Rust>) -> Vec<String> {
    let needed = tree.iter().filter_map(|name| rusts.get_key_value(name));
    needed
        .filter(|(_, needed)| **needed > member.rust)
        .map(|(name, (_, needed))| {
            let (own, promised) = (&member.name, member.rust.1);
            format!("{own} promises Rust 1.{promised}, but {name} needs 1.{needed}")
        })
        .collect()
}

#[test]
fn a_promise_that_cannot_be_kept_is_seen() {
    let member = |rust| Member {
        name: "auth-store-made-up".to_owned(),
        rust,
        ..Member::default()
    };
    let tree = ["auth-store v0.1.0", "old v1.0.0", "unknown v1.0.0"];
    let tree = tree.map(str::to_owned).into();
    let rusts = [
        ("auth-store v0.1.0", (1, 89)),
        ("old v1.0.0", (0, 0)),
        ("other v1.0.0", (1, 99)),
    ];
    let rusts = rusts.map(|(name, rust)| (name.to_owned(), rust)).into();
    assert!(newer(&member((1, 89)), &tree, &rusts).is_empty());
    assert!(newer(&member((1, 94)), &tree, &rusts).is_empty());
    assert_eq!(
        newer(&member((1, 88)), &tree, &rusts),
        ["auth-store-made-up promises Rust 1.88, but auth-store v0.1.0 needs 1.89"]
    );
}
