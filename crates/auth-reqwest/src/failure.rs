//! Errors of reqwest, told again without what they quote.

use std::{error::Error as _, io};

use auth_core::{Error, ErrorKind, Sent};
use http::StatusCode;

/// Tells why a client could not be built. The cause may quote a file or a setting, so it is not kept.
pub(crate) fn of_client(error: &reqwest::Error) -> Error {
    let message = match io_kind(error) {
        Some(kind) => format!("the HTTP client cannot be built: {kind}; check its TLS settings"),
        None => "the HTTP client cannot be built; check its TLS, proxy and header settings".into(),
    };
    Error::new(ErrorKind::Configuration, message)
}

/// Tells why no answer came. The cause quotes the address, query included, so only its category is kept.
pub(crate) fn of_request(error: &reqwest::Error) -> Error {
    if error.is_builder() {
        return Error::new(
            ErrorKind::Configuration,
            "the request cannot be sent; check the scheme and host of the address",
        );
    }
    if error.is_connect() {
        return Error::new(ErrorKind::Unavailable, no_connection(error)).with_sent(Sent::No);
    }
    let message = if error.is_timeout() {
        "the server did not answer in time"
    } else {
        "the connection was lost before the server answered"
    };
    Error::new(ErrorKind::Unavailable, message).with_sent(Sent::Maybe)
}

/// Tells why an answer that began did not end.
pub(crate) fn of_body(error: &reqwest::Error, status: StatusCode) -> Error {
    let message = if error.is_timeout() {
        "the server did not finish its answer in time"
    } else {
        "the connection was lost in the middle of the answer"
    };
    // What the server decided is as unknown as without any answer, so the status does not make it `Answered`.
    Error::new(ErrorKind::Unavailable, message)
        .with_status(status)
        .with_sent(Sent::Maybe)
}

/// Tells why a complete answer is not read.
pub(crate) fn of_answer(message: &'static str, code: &'static str, status: StatusCode) -> Error {
    Error::new(ErrorKind::Unavailable, message)
        .with_code(code)
        .with_status(status)
}

fn no_connection(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no connection to the server within the time limit".into();
    }
    if error.is_dns() {
        return "the name of the server cannot be resolved".into();
    }
    match io_kind(error) {
        Some(io::ErrorKind::InvalidData) => {
            "no secure connection to the server: its certificate or TLS version is refused; trust its root \
             certificate in the client builder if it has one of its own"
                .into()
        }
        Some(kind @ (io::ErrorKind::Other | io::ErrorKind::UnexpectedEof)) => {
            format!("no secure connection to the server: {kind}")
        }
        Some(kind) => format!("no connection to the server: {kind}"),
        None => "no connection to the server".into(),
    }
}

/// Finds the category of the innermost error of the operating system, whose own text stays behind.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut found = None;
    let mut next = error.source();
    while let Some(cause) = next {
        let mut inner = cause.downcast_ref::<io::Error>();
        while let Some(error) = inner {
            found = Some(error.kind());
            // `source` of an error that wraps another one steps over the wrapped one.
            inner = error.get_ref().and_then(|e| e.downcast_ref());
        }
        next = cause.source();
    }
    found
}
