//! The tables of the page, and the picture.

mod ahead;
mod bars;
mod requests;
mod sections;
mod table;

use std::{fs, io};

use crate::{picture, results};

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

/// Writes the tables into the page, between its markers, and the picture into its file.
///
/// # Errors
///
/// Whatever the file system says, and a page without the markers.
pub fn run(arguments: &[String]) -> io::Result<()> {
    let [page, drawing] = arguments else {
        return Err(io::Error::other("name the page and the picture"));
    };
    let requests = Requests::load()?;
    let mut tables = format!(
        "{}\n\n{}{}{}",
        conditions(),
        bars::table(&requests),
        requests.tables(),
        ahead::told(&requests)
    );
    for (part, heading) in OTHERS {
        tables += &sections::told(heading, &results::load(part)?);
    }
    let text = fs::read_to_string(page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| unmarked(BEGIN))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| unmarked(END))?;
    fs::write(
        page,
        format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", tables.trim_end()),
    )?;
    fs::write(drawing, picture::draw(&requests.groups()))
}

fn unmarked(marker: &str) -> io::Error {
    io::Error::other(format!("the page has no {marker}"))
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
