//! What must not be written in this repository.

use std::path::Path;

use super::workspace::File;

/// Words that no Rust file may hold, put together here so that this file does not hold them.
const IN_RUST: [(&str, &str); 5] = [
    (
        concat!("danger_accept_", "invalid"),
        "certificates are always checked",
    ),
    (concat!("#[", "ignore"), "an ignored test tests nothing"),
    (concat!("thread", "::sleep"), CLOCK),
    (concat!("time", "::sleep("), CLOCK),
    (concat!("time", "::sleep;"), CLOCK),
];
const CLOCK: &str = "time comes from a Clock";
/// The one place that sleeps for all others: the clock of the system.
const SLEEPS: &str = "crates/auth-core/src/clock.rs";
/// Whoever measures real time waits for it.
const MEASURES: &str = "tests/peers/";
/// The folders of people and machines.
const FOLDERS: [&str; 3] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

pub(super) fn violations(files: &[File], root: &Path) -> Vec<String> {
    let root = format!("{}/", root.display());
    let mut folders = FOLDERS.to_vec();
    if root.len() > 2 {
        folders.push(&root);
    }
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let reasons = reasons(&file.path, line, &folders);
            found.extend(reasons.map(|reason| format!("{}:{}: {reason}", file.path, number + 1)));
        }
    }
    found
}

fn reasons(path: &str, line: &str, folders: &[&str]) -> impl Iterator<Item = String> {
    let rust = path.ends_with(".rs");
    let words = IN_RUST.iter().filter(move |(word, reason)| {
        let allowed = *reason == CLOCK && (path == SLEEPS || path.starts_with(MEASURES));
        rust && !allowed && line.contains(word)
    });
    let words = words.map(|(word, reason)| format!("{word}: {reason}"));
    let fence = (rust || path.ends_with(".md")) && ignored_example(line);
    let fence = fence.then(|| "an ignored example is not compiled".to_owned());
    let folders = folders.iter().filter(|folder| line.contains(**folder));
    let folders = folders
        .map(|folder| format!("{folder} is a path of one machine"))
        .collect::<Vec<_>>();
    words.chain(fence).chain(folders)
}

fn ignored_example(line: &str) -> bool {
    let line = line
        .trim_start()
        .trim_start_matches(['/', '!'])
        .trim_start();
    line.strip_prefix("```")
        .is_some_and(|language| language.split(',').any(|word| word.trim() == "ignore"))
}

/// The folders with a binary of stories each.
const STORIES: [&str; 2] = ["tests/stories/", "tests/external/stories/"];

/// A story that no file above it names is never built, and so never fails.
pub(super) fn orphans(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in STORIES {
        for file in files {
            let story = file.path.strip_prefix(folder);
            let Some(story) = story.and_then(|path| path.strip_suffix(".rs")) else {
                continue;
            };
            let (above, name) = match story.rsplit_once('/') {
                Some((above, name)) => (above, name),
                None => ("main", story),
            };
            let above = format!("{folder}{above}.rs");
            let named = files
                .iter()
                .any(|file| file.path == above && names(file, name));
            if story != "main" && !named {
                found.push(format!("{} is not in {above}", file.path));
            }
        }
    }
    found
}

fn names(file: &File, module: &str) -> bool {
    let mut lines = file.text.lines().map(str::trim_start);
    lines.any(|line| {
        let own = line
            .strip_suffix(';')
            .and_then(|line| line.strip_suffix(module));
        own.is_some_and(|start| {
            start == "mod " || start.starts_with("pub") && start.ends_with(" mod ")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn found(path: &str, text: &str) -> Vec<String> {
        violations(&[file(path, text)], Path::new("/made/up"))
    }

    #[test]
    fn each_word_is_seen_in_rust() {
        for (word, reason) in IN_RUST {
            let text = format!("fn a() {{}}\n    x.{word}s(true);\n");
            assert_eq!(
                found("crates/a/src/b.rs", &text),
                [format!("crates/a/src/b.rs:2: {word}: {reason}")]
            );
            assert!(found("docs/a.md", &text).is_empty());
        }
    }

    #[test]
    fn only_the_clock_of_the_system_sleeps() {
        let text = concat!("tokio::time", "::sleep(rest).await");
        assert!(found(SLEEPS, text).is_empty());
        assert!(found("tests/peers/src/a.rs", text).is_empty());
        assert_eq!(found("crates/auth-core/src/engine/clock.rs", text).len(), 1);
        assert_eq!(
            found(SLEEPS, concat!("danger_accept_", "invalid_certs")).len(),
            1
        );
    }

    #[test]
    fn a_wait_on_a_clock_passes() {
        assert!(
            found(
                "a.rs",
                "clock.sleep_until(deadline); tokio::time::sleep_until(at)"
            )
            .is_empty()
        );
    }

    #[test]
    fn ignored_examples_are_seen() {
        let fence = "```";
        assert_eq!(found("a.rs", &format!("/// {fence}ignore\n")).len(), 1);
        assert_eq!(found("a.rs", &format!("//! {fence}rust,ignore\n")).len(), 1);
        assert_eq!(found("a.md", &format!("{fence}rust, ignore\n")).len(), 1);
        assert!(found("a.md", &format!("{fence}gitignore\n")).is_empty());
    }

    #[test]
    fn paths_of_a_machine_are_seen() {
        for folder in FOLDERS {
            assert_eq!(
                found("docs/a.md", &format!("see {folder}ada/notes")).len(),
                1
            );
        }
        assert_eq!(found("a.toml", "path = \"/made/up/crates\"").len(), 1);
        assert!(found("a.toml", "path = \"../crates\"").is_empty());
    }

    #[test]
    fn an_orphan_story_is_seen() {
        for folder in STORIES {
            let at = |path: &str, text: &str| file(&format!("{folder}{path}"), text);
            let files = [
                at("main.rs", "mod known;\n// mod lost;\n"),
                at("known.rs", "    pub(crate) mod deep;\n"),
                at("known/deep.rs", ""),
                at("known/lost.rs", ""),
                at("lost.rs", ""),
            ];
            let lost = [
                format!("{folder}known/lost.rs is not in {folder}known.rs"),
                format!("{folder}lost.rs is not in {folder}main.rs"),
            ];
            assert_eq!(orphans(&files), lost);
        }
    }
}
