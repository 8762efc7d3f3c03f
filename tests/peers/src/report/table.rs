//! Tables of Markdown.

/// A table whose first column names its lines.
pub(super) struct Table {
    text: String,
}

impl Table {
    /// Returns a table without lines.
    pub(super) fn new(corner: &str, columns: &[&str]) -> Self {
        let rule = " ---: |".repeat(columns.len());
        Self {
            text: format!("| {corner} | {} |\n| --- |{rule}\n", columns.join(" | ")),
        }
    }

    /// Adds a line; a cell that nobody measured stays a dash.
    pub(super) fn line(&mut self, name: &str, cells: impl Iterator<Item = Option<String>>) {
        let cells: Vec<_> = cells
            .map(|cell| cell.unwrap_or_else(|| "–".to_owned()))
            .collect();
        self.text += &format!("| {name} | {} |\n", cells.join(" | "));
    }

    /// Returns it with the empty line that ends it.
    pub(super) fn markdown(&self) -> String {
        format!("{}\n", self.text)
    }
}
