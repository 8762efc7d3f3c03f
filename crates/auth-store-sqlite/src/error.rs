//! What SQLite says, in our words. Its own text may quote what was stored, so it goes no further.

use auth_core::{Error, ErrorKind};

use crate::place::replaced;

/// Puts an error into our words and keeps its number.
pub(crate) fn told(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(error) => {
            let number = error.code().and_then(|code| code.parse().ok());
            answered(number.unwrap_or(1))
        }
        sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => Error::new(
            ErrorKind::Unavailable,
            "the connection to the database ended; try again",
        ),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => unreadable(),
        _ => Error::new(
            ErrorKind::Protocol,
            "the database driver failed in an unknown way; report it",
        ),
    }
}

/// Returns the error for a wait that was in vain.
pub(crate) fn busy() -> Error {
    answered(5)
}

/// Returns the error for a row that this store did not write.
pub(crate) fn unreadable() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the database holds a value that this store did not write; restore it from a backup",
    )
}

/// Names an extended result code of SQLite, whose lowest byte is the class.
fn answered(number: i32) -> Error {
    use ErrorKind::{Configuration, Protocol, Unavailable};

    /// A write found that the file is no longer where it was.
    const READONLY_DBMOVED: i32 = 1032;
    if number == READONLY_DBMOVED {
        return replaced(Unavailable);
    }
    let (kind, message) = match number & 0xff {
        5 | 6 => (
            Unavailable,
            "somebody else keeps the database locked; try again later",
        ),
        7 => (Unavailable, "SQLite has no memory left; try again later"),
        8 => (
            Unavailable,
            "the database cannot be written; make its file and folder writable",
        ),
        10 => (
            Unavailable,
            "the disk of the database failed or is full; see to it and try again",
        ),
        13 => (
            Unavailable,
            "the disk of the database is full; make room and try again",
        ),
        3 | 14 | 23 => (
            Configuration,
            "the database cannot be opened; check its folder and who may write there",
        ),
        11 => (
            Protocol,
            "the database is damaged; restore it from a backup",
        ),
        26 => (
            Protocol,
            "the file is no database; restore it from a backup",
        ),
        _ => (Protocol, "the database refused a statement; report it"),
    };
    Error::new(kind, message).with_code(&format!("sqlite_{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_code_says_what_to_do() {
        let cases = [
            (5, ErrorKind::Unavailable),
            (517, ErrorKind::Unavailable),
            (6, ErrorKind::Unavailable),
            (8, ErrorKind::Unavailable),
            (778, ErrorKind::Unavailable),
            (13, ErrorKind::Unavailable),
            (14, ErrorKind::Configuration),
            (11, ErrorKind::Protocol),
            (26, ErrorKind::Protocol),
            (1, ErrorKind::Protocol),
            (1032, ErrorKind::Unavailable),
        ];
        for (number, kind) in cases {
            assert_eq!(answered(number).kind(), kind, "{number}");
        }
        assert_eq!(answered(778).code(), Some("sqlite_778"));
    }

    #[test]
    fn nothing_of_the_driver_is_quoted() {
        for error in [
            sqlx::Error::Protocol("a made-up secret".to_owned()),
            sqlx::Error::Decode("a made-up secret".into()),
            sqlx::Error::Io(std::io::Error::other("a made-up secret")),
        ] {
            assert!(!format!("{:?}", told(&error)).contains("secret"));
        }
    }
}
