//! Tables and the picture.

use std::io;

/// Writes the tables into the page and the picture beside it.
///
/// # Errors
///
/// Whatever the file system says.
pub fn run(_arguments: &[String]) -> io::Result<()> {
    Ok(())
}
