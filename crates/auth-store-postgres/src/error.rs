//! What a server says, in our words. Nothing of its text is kept: it may quote rows, addresses and statements.

use auth_core::{Error, ErrorKind};

#[cfg(test)]
mod tests;

/// Returns the error to show for one of the driver: the SQLSTATE is all that is left of it.
pub(crate) fn of(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(refusal) => {
            let state = refusal.code().unwrap_or_default();
            of_state(&state).with_code(&state)
        }
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => Error::new(
            ErrorKind::Configuration,
            "the address of the database cannot be read; check it",
        ),
        sqlx::Error::Tls(_) => Error::new(
            ErrorKind::Configuration,
            "no TLS connection to the database could be made; check the certificates and sslmode",
        ),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Error::new(
            ErrorKind::Unavailable,
            "the connection to the database failed; it is made anew with the next attempt",
        ),
        _ => foreign(),
    }
}

/// Returns the error for an answer that no table of ours gives.
pub(crate) fn foreign() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the table of logins holds something that this library did not write",
    )
}

/// Returns the error for a server that keeps silent.
pub(crate) fn silent() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the database did not answer in time; the connection is given up",
    )
}

fn of_state(state: &str) -> Error {
    let (kind, message) = match state.as_bytes() {
        b"25006" => (
            ErrorKind::Unavailable,
            "the database is read-only or in recovery; wait for it, or connect to the primary",
        ),
        b"28000" | b"28P01" => (
            ErrorKind::Configuration,
            "the database refused the user or the password; check both",
        ),
        b"42501" => (
            ErrorKind::Configuration,
            "the role may not use the table of logins; grant what the documentation lists",
        ),
        // Too long for an index, and a NUL: neither is a key that this store can keep.
        b"54000" | b"22021" => (
            ErrorKind::Configuration,
            "the database cannot keep this key; use a shorter one, of printable characters",
        ),
        [b'2', b'8', ..] | [b'3', b'D' | b'F', ..] | [b'4', b'2', ..] | [b'0', b'A', ..] => (
            ErrorKind::Configuration,
            "the database, its schema or the table of logins is not as expected; check the name and the migrations",
        ),
        [b'0', b'8', ..]
        | [b'2', b'5', ..]
        | [b'4', b'0', ..]
        | [b'5', b'3' | b'5' | b'7' | b'8', ..]
        | [b'X', b'X', ..] => (
            ErrorKind::Unavailable,
            "the database cannot serve now; try again later",
        ),
        _ => (
            ErrorKind::Protocol,
            "the database refused a statement for a reason that this library does not know",
        ),
    };
    Error::new(kind, message)
}
