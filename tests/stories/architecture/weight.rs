//! How much a crate may bring along, and how long a file may be.

use std::collections::BTreeSet;

use super::workspace::{File, tree};

/// A user who picks single crates does it for a small tree: itself and macros included.
const CORE_CRATES: usize = 24;
const CORE_AND_LAYER_CRATES: usize = 30;
const LINES: usize = 300;

pub(super) fn crates_over_budget() -> Vec<String> {
    let core = tree("auth-core", &[]);
    let both = &core | &tree("auth-tower", &[]);
    let budgets = [
        over("auth-core", &core, CORE_CRATES),
        over("auth-core and auth-tower", &both, CORE_AND_LAYER_CRATES),
    ];
    budgets.into_iter().flatten().collect()
}

/// Two versions of one crate are two crates: both are built.
fn over(what: &str, tree: &BTreeSet<String>, limit: usize) -> Option<String> {
    let list = || {
        tree.iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    (tree.len() > limit)
        .then(|| format!("{what}: {} crates, at most {limit}: {}", tree.len(), list()))
}

pub(super) fn files_too_long(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| is_source(&file.path) && file.text.lines().count() > LINES)
        .map(|file| {
            format!(
                "{}: {} lines, at most {LINES}",
                file.path,
                file.text.lines().count()
            )
        })
        .collect()
}

fn is_source(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs")
}

#[test]
fn one_crate_too_many_is_counted() {
    let tree: BTreeSet<_> = (0..25).map(|n| format!("made-up v1.0.{n}")).collect();
    assert_eq!(over("a", &tree, 25), None);
    assert!(
        over("a", &tree, 24).is_some_and(|found| found.starts_with("a: 25 crates, at most 24"))
    );
}

#[test]
fn one_line_too_many_is_counted() {
    let file = |path: &str, lines: usize| File {
        path: path.to_owned(),
        text: "a\n".repeat(lines),
    };
    assert!(files_too_long(&[file("crates/auth-core/src/a.rs", 300)]).is_empty());
    assert_eq!(
        files_too_long(&[file("crates/auth-core/src/a/tests.rs", 301)]).len(),
        1
    );
    assert!(files_too_long(&[file("tests/stories/a.rs", 301)]).is_empty());
}
