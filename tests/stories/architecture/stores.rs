//! Store crates look alike: what a reader looks for is in the file of the same name in each of them.

use std::collections::BTreeMap;

use super::{providers::modules, workspace::File};

const STORES: &str = "crates/auth-store-";
/// Fewer than this, docs and README included, tests aside: about twice a provider, because each place has its own
/// connections, layout and reasons for failure, and still little enough to be read before it is trusted with logins.
const LINES: usize = 1_300;
/// What is in which file.
const PLACES: [(&str, &str); 4] = [
    ("impl Backend for ", "src/store.rs"),
    ("impl Slot for ", "src/slot.rs"),
    ("impl auth_store::Backend for ", "src/store.rs"),
    ("impl auth_store::Slot for ", "src/slot.rs"),
];
/// The files that may have public types.
const PUBLIC: [&str; 3] = ["src/config.rs", "src/slot.rs", "src/store.rs"];

/// The files of one crate that are no tests, by path below its folder.
pub(super) type Store<'a> = BTreeMap<&'a str, &'a str>;

pub(super) fn from_files(files: &[File]) -> BTreeMap<&str, Store<'_>> {
    let mut stores: BTreeMap<_, Store<'_>> = BTreeMap::new();
    for file in files {
        let Some((name, path)) = file
            .path
            .strip_prefix(STORES)
            .and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        let of_tests = path.split(['/', '.']).any(|part| part == "tests");
        let source = path.starts_with("src/") && path.ends_with(".rs");
        if (source || path == "README.md") && !of_tests {
            stores.entry(name).or_default().insert(path, &file.text);
        }
    }
    stores
}

pub(super) fn violations(stores: &BTreeMap<&str, Store<'_>>) -> Vec<String> {
    let mut found = Vec::new();
    if stores.is_empty() {
        found.push("no store was read".to_owned());
    }
    for (name, store) in stores {
        let modules = modules(store.get("src/lib.rs").unwrap_or(&""));
        found.extend(wrong_order(&modules).map(|what| format!("{name} {what}: {modules:?}")));
        let of_modules: Vec<_> = modules
            .iter()
            .map(|name| format!("src/{name}.rs"))
            .collect();
        for (path, text) in store {
            let known = of_modules.iter().any(|module| module == path);
            if !known && !["README.md", "src/lib.rs"].contains(path) {
                found.push(format!("{name} has {path}, which its lib.rs does not name"));
            }
            found.extend(misplaced(path, text).map(|what| format!("{name}: {path} has {what}")));
        }
        let lines: usize = store.values().map(|text| text.lines().count()).sum();
        if lines >= LINES {
            found.push(format!(
                "{name} has {lines} lines, it must stay under {LINES}"
            ));
        }
    }
    found
}

/// What a store is made of, by name, and then the lock and the store, which use it.
fn wrong_order(modules: &[String]) -> Option<&'static str> {
    let Some((parts, [slot, store])) = modules.split_last_chunk() else {
        return Some("has too few modules");
    };
    if slot != "slot" || store != "store" {
        return Some("does not end with slot and store");
    }
    (!parts.is_sorted()).then_some("does not name what they use in order")
}

fn misplaced<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
    let public = |line: &str| line.starts_with("pub struct ") || line.starts_with("pub enum ");
    text.lines().filter(move |line| {
        let elsewhere = |(what, place): (&str, &str)| line.starts_with(what) && path != place;
        PLACES.into_iter().any(elsewhere) || public(line) && !PUBLIC.contains(&path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "mod entry;\nmod place;\nmod slot;\nmod store;\n\n#[cfg(test)]\nmod tests;\n";

    fn found(changes: &[(&str, &str)]) -> Vec<String> {
        let mut texts = BTreeMap::from([
            ("README.md", "a\n"),
            ("src/lib.rs", LIB),
            ("src/entry.rs", "pub(crate) struct Entry;\n"),
            ("src/place.rs", ""),
            ("src/slot.rs", "pub struct S {\nimpl Slot for S {\n"),
            ("src/store.rs", "pub struct T;\nimpl Backend for T {\n"),
            (
                "src/tests.rs",
                "pub struct Fake;\nimpl Backend for Fake {\n",
            ),
        ]);
        texts.extend(changes.iter().copied());
        let files: Vec<_> = texts
            .into_iter()
            .map(|(path, text)| File {
                path: format!("{STORES}made-up/{path}"),
                text: text.to_owned(),
            })
            .collect();
        violations(&from_files(&files))
    }

    #[test]
    fn a_store_like_the_others_passes() {
        assert!(found(&[]).is_empty());
        let lib = LIB.replace("mod entry;", "mod config;\nmod entry;");
        assert!(found(&[("src/lib.rs", &lib), ("src/config.rs", "pub struct C;\n")]).is_empty());
    }

    #[test]
    fn another_order_is_seen() {
        for lib in [
            "mod place;\nmod entry;\nmod slot;\nmod store;\n",
            "mod entry;\nmod place;\nmod store;\nmod slot;\n",
            "mod slot;\nmod store;\nmod entry;\nmod place;\n",
        ] {
            assert_eq!(found(&[("src/lib.rs", lib)]).len(), 1, "{lib}");
        }
        assert!(!found(&[("src/lib.rs", "")]).is_empty());
    }

    #[test]
    fn a_file_that_nobody_names_is_seen() {
        assert_eq!(found(&[("src/lost.rs", "")]).len(), 1);
        assert_eq!(found(&[("src/entry/deep.rs", "")]).len(), 1);
    }

    #[test]
    fn what_is_in_another_file_is_seen() {
        for text in [
            "impl Backend for T {\n",
            "impl Slot for S {\n",
            "pub struct Secretly(u8);\n",
            "pub enum Secretly {\n",
        ] {
            assert_eq!(found(&[("src/place.rs", text)]).len(), 1, "{text}");
        }
    }

    #[test]
    fn lines_count_and_tests_do_not() {
        let lines = "a\n".repeat(LINES);
        assert!(found(&[("src/tests.rs", &lines), ("src/slot/tests.rs", &lines)]).is_empty());
        assert_eq!(found(&[("README.md", &lines)]).len(), 1);
    }

    #[test]
    fn no_store_at_all_is_seen() {
        assert_eq!(violations(&BTreeMap::new()), ["no store was read"]);
    }
}
