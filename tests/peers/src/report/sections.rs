//! Tables of the parts whose rows name their columns themselves.

use crate::results::Row;

use super::table::Table;

/// Returns the tables of a part under its heading, and nothing where it was not run.
///
/// What stands before `": "` in the name of a column says which table it belongs to, where a part has several.
pub(super) fn told(heading: &str, rows: &[Row]) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for row in rows {
        let (title, _) = split(row);
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    let mut text = String::new();
    for title in titles {
        let rows: Vec<&Row> = rows.iter().filter(|row| split(row).0 == title).collect();
        text += &table(title, &rows).markdown();
    }
    if text.is_empty() {
        return text;
    }
    format!("### {heading}\n\n{text}")
}

/// Returns the table and the column that a row belongs to.
fn split(row: &Row) -> (&str, &str) {
    row.column.split_once(": ").unwrap_or(("", &row.column))
}

fn table(title: &str, rows: &[&Row]) -> Table {
    let mut columns: Vec<&str> = Vec::new();
    let mut subjects: Vec<&str> = Vec::new();
    for row in rows {
        let (_, column) = split(row);
        if !columns.contains(&column) {
            columns.push(column);
        }
        if !subjects.contains(&&*row.subject) {
            subjects.push(&row.subject);
        }
    }
    let mut table = Table::new(title, &columns);
    for subject in subjects {
        let cell = |column: &&str| {
            let mut rows = rows.iter();
            let found = rows.find(|row| row.subject == subject && split(row).1 == *column);
            found.map(|row| row.text.clone())
        };
        table.line(subject, columns.iter().map(cell));
    }
    table
}
