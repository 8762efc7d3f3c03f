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
        let allowed = *reason == CLOCK && path == SLEEPS;
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

/// A story that `main.rs` does not name is never built, and so never fails.
pub(super) fn orphans(files: &[File]) -> Vec<String> {
    let stories =
        |file: &&File| file.path.starts_with("tests/stories/") && file.path.ends_with(".rs");
    let (main, rest): (Vec<_>, Vec<_>) = files
        .iter()
        .filter(stories)
        .partition(|file| file.path == "tests/stories/main.rs");
    let named = |name: &str| {
        main.iter()
            .any(|file| file.text.lines().any(|line| line == format!("mod {name};")))
    };
    rest.into_iter()
        .filter_map(|file| {
            file.path
                .strip_prefix("tests/stories/")?
                .strip_suffix(".rs")
        })
        .filter(|name| !name.contains('/') && !named(name))
        .map(|name| format!("tests/stories/{name}.rs is not in main.rs"))
        .collect()
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
        let main = file("tests/stories/main.rs", "mod known;\n");
        let deep = file("tests/stories/known/deep.rs", "");
        let files = [
            main,
            deep,
            file("tests/stories/known.rs", ""),
            file("tests/stories/lost.rs", ""),
        ];
        assert_eq!(orphans(&files), ["tests/stories/lost.rs is not in main.rs"]);
    }
}
