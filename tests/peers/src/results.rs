//! Rows of numbers, kept between the parts of a run.
//!
//! Those of a quick pass lie apart from the others, so that no table ever mixes the two.

use std::{env, fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::pace::Pace;

/// One number: what was measured, of whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The subject: the first cell of a line of the table.
    pub subject: String,
    /// The column of the table.
    pub column: String,
    /// The number, for whoever computes with it; none where the text says why.
    pub value: Option<f64>,
    /// The number as the table shows it.
    pub text: String,
}

/// The rows of one part, and the run that they are of.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// When the run began; nothing where the part was not run.
    pub run: Option<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Head {
    run: String,
}

impl Row {
    /// Returns a row.
    pub fn new(subject: &str, column: &str, value: f64, text: impl Into<String>) -> Self {
        Self {
            value: Some(value),
            ..Self::note(subject, column, text)
        }
    }

    /// Returns a row that has no number but says why.
    pub fn note(subject: &str, column: &str, text: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            column: column.to_owned(),
            value: None,
            text: text.into(),
        }
    }
}

/// Returns the number of a subject in a column.
pub fn value<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    subject: &str,
    column: &str,
) -> Option<f64> {
    let row = |row: &&Row| row.subject == subject && row.column == column;
    rows.into_iter().find(row)?.value
}

/// Keeps the rows of a part in place of those of an earlier run.
///
/// # Errors
///
/// Whatever the file system says.
pub fn save(part: &str, pace: Pace, rows: &[Row]) -> io::Result<()> {
    let run = env::var("PEERS_RUN").unwrap_or_else(|_| format!("{part} by hand"));
    let mut lines = serde_json::to_string(&Head { run })? + "\n";
    for row in rows {
        lines += &serde_json::to_string(row)?;
        lines.push('\n');
    }
    fs::write(file(part, pace)?, lines)
}

/// Returns what is kept of a part.
///
/// # Errors
///
/// Whatever the file system says, and a line that is no row.
pub fn load(part: &str, pace: Pace) -> io::Result<Part> {
    let text = match fs::read_to_string(file(part, pace)?) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Part::default()),
        text => text?,
    };
    let mut lines = text.lines();
    let head: Head = serde_json::from_str(lines.next().unwrap_or_default())?;
    let rows = lines.map(serde_json::from_str);
    Ok(Part {
        run: Some(head.run),
        rows: rows.collect::<Result<_, _>>()?,
    })
}

/// Returns the file of a part. Its folder lies beside that of the program, and is made where it is missing.
fn file(part: &str, pace: Pace) -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.parent().and_then(|release| release.parent());
    let results = target.ok_or(io::ErrorKind::NotFound)?.join("results");
    let folder = results.join(pace.pick("quick", "full"));
    fs::create_dir_all(&folder)?;
    Ok(folder.join(part).with_extension("jsonl"))
}
