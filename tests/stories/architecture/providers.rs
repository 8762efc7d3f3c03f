//! Provider crates look alike: the same files, named in the same order, and few lines.

use super::workspace::File;

const PROVIDERS: [&str; 3] = ["auth-octorate", "auth-orgapi", "auth-rator"];
/// Fewer than this, docs and README included, tests aside.
const LINES: usize = 600;

pub(super) struct Provider {
    name: String,
    files: Vec<String>,
    modules: Vec<String>,
    lines: usize,
}

pub(super) fn from_files(files: &[File]) -> Vec<Provider> {
    PROVIDERS.iter().map(|name| provider(name, files)).collect()
}

fn provider(name: &str, files: &[File]) -> Provider {
    let folder = format!("crates/{name}/");
    let mut provider = Provider {
        name: name.to_owned(),
        files: vec![],
        modules: vec![],
        lines: 0,
    };
    for file in files {
        let Some(path) = file.path.strip_prefix(&folder) else {
            continue;
        };
        let source = path
            .strip_prefix("src/")
            .filter(|path| path.ends_with(".rs"));
        let of_tests = path.split(['/', '.']).any(|part| part == "tests");
        if (source.is_none() && path != "README.md") || of_tests {
            continue;
        }
        provider.lines += file.text.lines().count();
        provider.files.extend(source.map(str::to_owned));
        if source == Some("lib.rs") {
            provider.modules = modules(&file.text);
        }
    }
    provider
}

/// The modules of a `lib.rs` in the order in which it names them.
pub(super) fn modules(lib: &str) -> Vec<String> {
    lib.lines()
        .filter_map(|line| {
            line.trim_start_matches("pub ")
                .strip_prefix("mod ")?
                .strip_suffix(';')
        })
        .filter(|name| *name != "tests")
        .map(str::to_owned)
        .collect()
}

pub(super) fn violations(providers: &[Provider]) -> Vec<String> {
    let mut found = Vec::new();
    for provider in providers {
        let Provider {
            name,
            files,
            modules,
            lines,
        } = provider;
        let first = &providers[0];
        if modules.is_empty() {
            found.push(format!("{name} has no modules"));
        }
        if *modules != first.modules {
            found.push(format!(
                "{name} names {modules:?}, {} names {:?}",
                first.name, first.modules
            ));
        }
        if *files != first.files {
            found.push(format!(
                "{name} has {files:?}, {} has {:?}",
                first.name, first.files
            ));
        }
        if *lines >= LINES {
            found.push(format!(
                "{name} has {lines} lines, it must stay under {LINES}"
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(name: &str, lib: &str, lines: usize) -> Vec<File> {
        let file = |path: &str, text: String| File {
            path: format!("crates/{name}/{path}"),
            text,
        };
        vec![
            file("README.md", "a\n".repeat(lines)),
            file("src/config.rs", "a\n".to_owned()),
            file("src/config/tests.rs", "a\n".repeat(LINES)),
            file("src/lib.rs", lib.to_owned()),
            file("src/tests.rs", "a\n".repeat(LINES)),
        ]
    }

    fn found(second: &str, lines: usize) -> Vec<String> {
        let lib = "mod config;\npub mod grant;\n#[cfg(test)]\nmod tests;\n";
        let first = provider("one", &files("one", lib, 1));
        violations(&[first, provider("two", &files("two", second, lines))])
    }

    #[test]
    fn twins_pass() {
        assert!(found("mod config;\nmod grant;\n", 1).is_empty());
    }

    #[test]
    fn another_order_is_seen() {
        assert_eq!(found("mod grant;\nmod config;\n", 1).len(), 1);
    }

    #[test]
    fn another_file_is_seen() {
        let lib = "mod config;\n";
        let mut more = files("two", lib, 1);
        more.push(File {
            path: "crates/two/src/extra.rs".to_owned(),
            text: String::new(),
        });
        let pair = [
            provider("one", &files("one", lib, 1)),
            provider("two", &more),
        ];
        assert_eq!(violations(&pair).len(), 1);
    }

    #[test]
    fn the_readme_counts_and_tests_do_not() {
        // Two lines of lib.rs and one of config.rs come to the README's.
        assert!(found("mod config;\nmod grant;\n", LINES - 4).is_empty());
        assert_eq!(found("mod config;\nmod grant;\n", LINES - 3).len(), 1);
    }

    #[test]
    fn an_empty_provider_is_seen() {
        assert_eq!(
            violations(&[provider("one", &files("one", "", 1))]),
            ["one has no modules"]
        );
    }
}
