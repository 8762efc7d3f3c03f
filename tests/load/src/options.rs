//! How long, and over how many connections.

use std::time::Duration;

/// What the command line asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) length: Duration,
    pub(crate) connections: usize,
}

impl Options {
    /// Reads `--seconds` and `--connections`; what is not named is as in a full run.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            length: Duration::from_secs(60),
            connections: 64,
        };
        while let Some(word) = words.next() {
            let number = words
                .next()
                .and_then(|number| number.parse::<u32>().ok())
                .filter(|number| *number > 0)
                .ok_or_else(|| format!("{word} wants a number above 0"))?;
            match word.as_str() {
                "--seconds" => options.length = Duration::from_secs(number.into()),
                "--connections" => options.connections = number as usize,
                _ => {
                    return Err(format!(
                        "{word} is unknown: there are --seconds and --connections"
                    ));
                }
            }
        }
        Ok(options)
    }
}
