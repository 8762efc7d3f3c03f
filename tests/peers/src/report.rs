//! The tables of the page, and the picture.

mod ahead;
mod bars;
mod requests;
mod sections;
mod table;

use std::{fs, io};

use crate::{
    pace::Pace,
    picture,
    results::{self, Part},
};

use self::requests::Requests;

const BEGIN: &str = "<!-- peers:begin -->";
const END: &str = "<!-- peers:end -->";

/// The parts whose rows are tables already, and their headings.
const OTHERS: [(&str, &str); 4] = [
    ("storms", "Many callers at once"),
    ("tenants", "Many identities"),
    ("heap", "What an identity takes of the heap"),
    ("weight", "What a build takes"),
];

/// The crates whose versions matter.
const PEERS: [&str; 9] = [
    "aws-smithy-runtime",
    "azure_core",
    "azure_identity",
    "google-cloud-auth",
    "huskarl",
    "reqwest-middleware",
    "tokio",
    "tower-http",
    "yup-oauth2",
];

/// Writes the page with the tables between its markers, and the picture.
///
/// # Errors
///
/// Whatever the file system says, a page without the markers, and numbers of single requests that are of several runs.
pub fn run(arguments: &[String], pace: Pace) -> io::Result<()> {
    let [page, written, drawing, ..] = arguments else {
        let why = "name the page, the page to write and the picture to write";
        return Err(io::Error::other(why));
    };
    let (requests, run) = Requests::load(pace)?;
    let mut others = Vec::new();
    for (part, heading) in OTHERS {
        others.push((part, heading, results::load(part, pace)?));
    }
    let all: Vec<_> = others.iter().flat_map(|(_, _, part)| &part.rows).collect();
    let mut tables = format!(
        "{}\n\n{}\n\n{}{}{}",
        conditions(),
        runs(run.as_deref(), &others),
        bars::table(&requests, &all, pace),
        requests.tables(),
        ahead::told(&requests)
    );
    for (_, heading, part) in &others {
        tables += &sections::told(heading, &part.rows);
    }
    let text = fs::read_to_string(page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| unmarked(BEGIN))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| unmarked(END))?;
    fs::write(
        written,
        format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", tables.trim_end()),
    )?;
    fs::write(drawing, picture::draw(&requests.groups()))
}

fn unmarked(marker: &str) -> io::Error {
    io::Error::other(format!("the page has no {marker}"))
}

/// Says when what was measured, and what was not.
fn runs(single: Option<&str>, others: &[(&str, &str, Part)]) -> String {
    let mut parts = vec![("Single requests", single)];
    parts.extend(
        others
            .iter()
            .map(|(_, heading, part)| (*heading, part.run.as_deref())),
    );
    let mut told: Vec<(Option<&str>, Vec<&str>)> = Vec::new();
    for (what, run) in parts {
        match told.iter_mut().find(|(known, _)| *known == run) {
            Some((_, parts)) => parts.push(what),
            None => told.push((run, vec![what])),
        }
    }
    let lines = told.iter().map(|(run, parts)| {
        let run = run.map_or_else(|| "Not run".to_owned(), |run| format!("Run of {run}"));
        format!("{run}: {}.", parts.join("; "))
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// Says what was measured on what: whoever repeats it wants to know.
fn conditions() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let lock = include_str!("../Cargo.lock");
    let versions = PEERS.map(|name| format!("{name} {}", version(lock, name)));
    let machine = std::env::var("PEERS_MACHINE").unwrap_or_default();
    format!("{machine}{cores} cores. {}.", versions.join(", "))
}

/// Returns the newest version of a crate in the lock file.
fn version<'a>(lock: &'a str, name: &str) -> &'a str {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let newest = lock
        .rsplit_once(&entry)
        .and_then(|(_, rest)| rest.split_once('"'));
    newest.map_or("?", |(version, _)| version)
}
