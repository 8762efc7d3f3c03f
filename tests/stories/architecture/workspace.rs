//! What cargo and the disk say about this workspace, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The members and where they lie.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    pub(super) manifest: String,
    pub(super) members: Vec<Member>,
}

/// A version of Rust, without its last number.
pub(super) type Rust = (u32, u32);

/// One package of the workspace.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) published: bool,
    /// Whether plain `cargo test` takes it in.
    pub(super) by_default: bool,
    /// The oldest Rust that the manifest promises.
    pub(super) rust: Rust,
    /// The names of the fields of the manifest that say something.
    pub(super) fields: BTreeSet<String>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) manifest: String,
}

/// One line of a dependency table.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Dev,
    Build,
}

/// A text of the repository; the path is relative to the root and has forward slashes.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl Workspace {
    pub(super) fn read() -> Self {
        let root = root();
        let json = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
        let metadata: Value = serde_json::from_str(&json).expect("cargo metadata prints JSON");
        let by_default = array(&metadata["workspace_default_members"]);
        let packages = array(&metadata["packages"]).iter();
        let members = packages.map(|package| member(package, by_default));
        let members = members.collect();
        let manifest = text(&root.join("Cargo.toml"));
        Self {
            root,
            manifest,
            members,
        }
    }

    pub(super) fn is_member(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// Every text that a person wrote: build output, the lock file and links are left out.
    pub(super) fn files(&self) -> Vec<File> {
        let mut files = Vec::new();
        collect(&self.root, &self.root, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }
}

/// The crates that `package` needs to be built, itself among them, each as `name version`.
///
/// Cargo is asked for one package at a time, because in the whole workspace every member gets the
/// features that any member turned on.
pub(super) fn tree(package: &str, features: &[&str]) -> BTreeSet<String> {
    let mut arguments = vec!["tree", "--package", package, "--edges", "normal,build"];
    arguments.extend(["--prefix", "none", "--format", "{p}"]);
    arguments.extend(features);
    parse_tree(&cargo(&arguments))
}

/// The oldest Rust that each crate of the whole tree promises, by `name version` as in [`tree`]. Who promises nothing
/// has zeros.
pub(super) fn oldest_rusts() -> BTreeMap<String, Rust> {
    let json = cargo(&["metadata", "--format-version", "1", "--all-features"]);
    let metadata: Value = serde_json::from_str(&json).expect("cargo metadata prints JSON");
    let packages = array(&metadata["packages"]).iter();
    let named = packages.map(|package| {
        let (name, version) = (string(&package["name"]), string(&package["version"]));
        (format!("{name} v{version}"), rust(&package["rust_version"]))
    });
    named.collect()
}

/// Reads `1.89` or `1.89.0`; what is missing is zero.
fn rust(version: &Value) -> Rust {
    let mut numbers = version.as_str().unwrap_or_default().split('.');
    let mut number = || numbers.next().and_then(|part| part.parse().ok());
    (number().unwrap_or(0), number().unwrap_or(0))
}

fn parse_tree(output: &str) -> BTreeSet<String> {
    output
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("cargo can be started");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "`cargo {}` failed; `cargo fetch` brings what is missing:\n{complaint}",
        arguments.join(" ")
    );
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the package lies in the workspace")
        .to_path_buf()
}

fn member(package: &Value, by_default: &[Value]) -> Member {
    let field = |name: &str| match &package[name] {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let fields = [
        "description",
        "license",
        "repository",
        "readme",
        "keywords",
        "categories",
    ];
    Member {
        name: string(&package["name"]),
        // No list means any registry, an empty one means none.
        published: package["publish"]
            .as_array()
            .is_none_or(|list| !list.is_empty()),
        by_default: by_default.contains(&package["id"]),
        rust: rust(&package["rust_version"]),
        fields: fields
            .into_iter()
            .filter(|name| field(name))
            .map(str::to_owned)
            .collect(),
        dependencies: array(&package["dependencies"])
            .iter()
            .map(dependency)
            .collect(),
        manifest: text(Path::new(&string(&package["manifest_path"]))),
    }
}

fn dependency(entry: &Value) -> Dependency {
    let kind = match entry["kind"].as_str() {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    };
    Dependency {
        name: string(&entry["name"]),
        kind,
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository can be read") {
        let entry = entry.expect("an entry of a folder can be read");
        let kind = entry.file_type().expect("an entry has a type");
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() {
            // Build output is marked by cargo wherever it lies.
            if name != ".git" && name != "target" && !path.join("CACHEDIR.TAG").exists() {
                collect(root, &path, files);
            }
        } else if kind.is_file() && name != "Cargo.lock" {
            let relative = path
                .strip_prefix(root)
                .expect("the walk stays below the root");
            let relative = relative.to_string_lossy().replace('\\', "/");
            // What is not text (a picture, a key in DER) holds no words. A file may also vanish
            // between the look and the read: editors do that.
            if let Ok(text) = fs::read_to_string(&path) {
                files.push(File {
                    path: relative,
                    text,
                });
            }
        }
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("cargo metadata has a list here")
}

fn string(value: &Value) -> String {
    value
        .as_str()
        .expect("cargo metadata has a text here")
        .to_owned()
}

#[test]
fn a_version_of_rust_is_read() {
    assert_eq!(rust(&"1.89".into()), (1, 89));
    assert_eq!(rust(&"1.94.1".into()), (1, 94));
    assert_eq!(rust(&Value::Null), (0, 0));
}

#[test]
fn a_tree_is_read_without_marks_and_repetitions() {
    let output =
        "a v1.0.0 (/somewhere/a)\nb v2.0.0 (proc-macro)\nb v2.0.0 (proc-macro) (*)\n\nb v3.0.0\n";
    let names: Vec<_> = parse_tree(output).into_iter().collect();
    assert_eq!(names, ["a v1.0.0", "b v2.0.0", "b v3.0.0"]);
}
