//! Crates and seconds to build.
//!
//! For each subject a project is made that depends on it and on nothing else, with the features named below and the
//! versions of this package's lock file; what that file does not have is the newest that fits. `cargo fetch` loads what
//! is missing here, over the network. `cargo tree` counts the crates that are compiled for this machine, itself and
//! macros included; then it is built once from nothing, in release mode, by two jobs, without the network.

mod project;

use std::{collections::BTreeSet, time::Instant};

use crate::{pace::Pace, results::Row};

use self::project::Project;

/// Whoever is weighed, and the lines of the manifest it takes.
const SUBJECTS: &[(&str, &[&str])] = &[
    (
        "auth-core + auth-tower, no HTTP client",
        &[OWN_CORE, OWN_TOWER],
    ),
    (
        "these + auth-oauth2 + auth-reqwest",
        &[OWN_CORE, OWN_TOWER, OWN_OAUTH2, OWN_REQWEST],
    ),
    (
        "tower-http, headers alone",
        &[r#"tower-http = { version = "0.7", features = ["auth", "set-header"] }"#],
    ),
    ("reqwest-middleware", &[r#"reqwest-middleware = "0.5""#]),
    (
        "aws-smithy-runtime, no HTTP client",
        &[r#"aws-smithy-runtime = { version = "1", features = ["client"] }"#],
    ),
    ("google-cloud-auth", &[r#"google-cloud-auth = "1""#]),
    (
        "azure_core + azure_identity",
        &[
            r#"azure_core = "1.2.0-beta.1""#,
            r#"azure_identity = "1.1.0-beta.1""#,
        ],
    ),
    ("yup-oauth2", &[r#"yup-oauth2 = "12""#]),
    ("huskarl, no HTTP client", &[r#"huskarl = "0.11""#]),
];

const OWN_CORE: &str = r#"auth-core = { path = "CRATES/auth-core" }"#;
const OWN_TOWER: &str = r#"auth-tower = { path = "CRATES/auth-tower" }"#;
const OWN_OAUTH2: &str = r#"auth-oauth2 = { path = "CRATES/auth-oauth2" }"#;
const OWN_REQWEST: &str = r#"auth-reqwest = { path = "CRATES/auth-reqwest" }"#;

/// Measures, and returns the rows of the table. A quick pass counts the crates and builds nothing.
pub fn run(pace: Pace) -> Vec<Row> {
    let mut rows = Vec::new();
    for (label, dependencies) in SUBJECTS {
        match weigh(dependencies, pace, label) {
            Ok(weighed) => rows.extend(weighed),
            Err(why) => rows.push(Row::note(label, "crates", why)),
        }
    }
    rows
}

fn weigh(dependencies: &[&str], pace: Pace, label: &str) -> Result<Vec<Row>, String> {
    let project = Project::make(dependencies)?;
    // Over the network, if anything is missing here; nothing after it is.
    project.cargo(&["fetch"])?;
    let tree = [
        "tree",
        "--offline",
        "-e",
        "normal,build",
        "--prefix",
        "none",
    ];
    let tree = project.cargo(&tree)?;
    let crates: BTreeSet<&str> = tree.lines().filter_map(named).collect();
    // The project itself is none of them.
    let crates = crates.len() as f64 - 1.0;
    let mut rows = vec![Row::new(label, "crates", crates, format!("{crates}"))];
    if pace == Pace::Full {
        let start = Instant::now();
        project.cargo(&["build", "--offline", "--release", "--jobs", "2"])?;
        let seconds = start.elapsed().as_secs_f64();
        // All of them take minutes: whoever waits sees that it goes on.
        eprintln!("{label}: built in {seconds:.0} s");
        rows.push(Row::new(
            label,
            "clean build",
            seconds,
            format!("{seconds:.0} s"),
        ));
    }
    Ok(rows)
}

/// Returns name and version of a line of `cargo tree`; what stands behind them differs from line to line.
fn named(line: &str) -> Option<&str> {
    let mut ends = line.match_indices(' ').map(|(at, _)| at);
    let end = ends.nth(1).unwrap_or(line.len());
    (!line.is_empty()).then(|| &line[..end])
}
