//! How thorough a run is.

/// A short pass that shows that everything works, or the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Seconds for each part. The numbers are rough.
    Quick,
    /// Minutes for each part.
    Full,
}

impl Pace {
    /// Returns the pace that the arguments of the command line ask for.
    pub fn of(arguments: &[String]) -> Self {
        if arguments.iter().any(|argument| argument == "--quick") {
            Self::Quick
        } else {
            Self::Full
        }
    }

    /// Returns one of two values, the first for a quick pass.
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}
