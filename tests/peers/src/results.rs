//! Rows of numbers, kept between the parts of a run.

use std::{fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};

/// One number: what was measured, of whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The subject: the first cell of a line of the table.
    pub subject: String,
    /// The column of the table.
    pub column: String,
    /// The number, for whoever computes with it.
    pub value: f64,
    /// The number as the table shows it.
    pub text: String,
}

impl Row {
    /// Returns a row.
    pub fn new(subject: &str, column: &str, value: f64, text: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            column: column.to_owned(),
            value,
            text: text.into(),
        }
    }

    /// Returns a row that has no number but says why.
    pub fn note(subject: &str, column: &str, text: impl Into<String>) -> Self {
        // JSON has no word for "not a number": it would come back as null.
        Self::new(subject, column, 0.0, text)
    }
}

/// Keeps the rows of a part in place of those of an earlier run.
///
/// # Errors
///
/// Whatever the file system says.
pub fn save(part: &str, rows: &[Row]) -> io::Result<()> {
    let mut lines = String::new();
    for row in rows {
        lines += &serde_json::to_string(row)?;
        lines.push('\n');
    }
    let file = folder()?.join(part).with_extension("jsonl");
    fs::write(file, lines)
}

/// Returns the rows of a part, and none where the part was not run.
///
/// # Errors
///
/// Whatever the file system says, and a line that is no row.
pub fn load(part: &str) -> io::Result<Vec<Row>> {
    let lines = match fs::read_to_string(folder()?.join(part).with_extension("jsonl")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        lines => lines?,
    };
    let rows = lines.lines().map(serde_json::from_str);
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Returns the folder `results` beside the folder of the program, and makes it where it is missing.
fn folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(|release| release.parent());
    let folder = target.ok_or(io::ErrorKind::NotFound)?.join("results");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
