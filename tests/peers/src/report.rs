//! The tables of the page, and the picture.

mod bars;
mod requests;
mod table;

use std::{fs, io};

use crate::{
    picture,
    results::{self, Row},
};

use self::{requests::Requests, table::Table};

const BEGIN: &str = "<!-- peers:begin -->";
const END: &str = "<!-- peers:end -->";

/// The parts whose rows are tables already, and their headings.
const OTHERS: [(&str, &str); 3] = [
    ("storms", "Many callers at once"),
    ("tenants", "Many identities"),
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
        "{}\n\n{}{}",
        conditions(),
        bars::table(&requests),
        requests.tables()
    );
    for (part, heading) in OTHERS {
        let rows = results::load(part)?;
        if !rows.is_empty() {
            tables += &format!("### {heading}\n\n{}", of_rows(&rows).markdown());
        }
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

/// Returns the table of rows that name their columns themselves.
fn of_rows(rows: &[Row]) -> Table {
    let mut columns: Vec<&str> = Vec::new();
    let mut subjects: Vec<&str> = Vec::new();
    for row in rows {
        if !columns.contains(&&*row.column) {
            columns.push(&row.column);
        }
        if !subjects.contains(&&*row.subject) {
            subjects.push(&row.subject);
        }
    }
    let mut table = Table::new("", &columns);
    for subject in subjects {
        let cell = |column: &&str| {
            let found = rows
                .iter()
                .find(|row| row.subject == subject && row.column == *column);
            found.map(|row| row.text.clone())
        };
        table.line(subject, columns.iter().map(cell));
    }
    table
}
