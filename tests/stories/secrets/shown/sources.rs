//! Which public types there are, read from the sources.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Returns every public struct and enum of every crate, as `auth_core::Secret`, but for those without any content.
pub(super) fn public_types() -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = BTreeSet::new();
    for member in entries(&crates) {
        let name = member.file_name().unwrap_or_default().to_string_lossy();
        let name = name.replace('-', "_");
        let mut files = Vec::new();
        rust_files(&member.join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file can be read");
            found.extend(types(&text).into_iter().map(|own| format!("{name}::{own}")));
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of sources can be read");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_test {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

/// Returns the public types of one file that have something to show.
fn types(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim_start();
        let is_enum = line.starts_with("pub enum ");
        let declared = ["pub struct ", "pub enum ", "pub union "]
            .iter()
            .find_map(|start| line.strip_prefix(start));
        let Some(rest) = declared else { continue };
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = &rest[..end.unwrap_or(rest.len())];
        if !line.ends_with(';') || line.contains('(') {
            if is_enum && is_bare(&lines[number + 1..]) {
                continue;
            }
            found.push(name.to_owned());
        }
    }
    found
}

/// Returns whether the variants that follow hold nothing: their names are all there is to show.
fn is_bare(lines: &[&str]) -> bool {
    let body = lines.iter().map(|line| line.trim_start());
    let mut body = body
        .take_while(|line| *line != "}")
        .filter(|line| !line.starts_with("//") && !line.starts_with("#["));
    !body.any(|line| line.contains(['(', '{']))
}

#[test]
fn types_are_read_from_a_source() {
    let text = "
pub struct Whole {
    a: u8,
}
pub struct Tuple(u8);
pub struct Unit;
pub(crate) struct Own {}
struct Private {}
pub enum Bare {
    /// One (of them).
    #[default]
    One,
    Two,
}
pub enum Filled {
    One,
    Two(u8),
}
    pub struct Projected<F> {
pub trait NoType {}
";
    assert_eq!(types(text), ["Whole", "Tuple", "Filled", "Projected"]);
}
