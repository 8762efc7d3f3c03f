//! What the client's errors mean. Their texts may quote commands, so only a code that is known goes on.

use auth_core::{
    Error,
    ErrorKind::{self, Configuration, Protocol, Unavailable},
};
use redis::{ErrorKind as Kind, RedisError, ServerErrorKind};

#[cfg(test)]
mod tests;

/// The codes with which servers refuse, and what to do about each.
const CODES: [(&str, ErrorKind, &str); 19] = [
    (
        "LOADING",
        Unavailable,
        "the Redis server is still reading its data; wait",
    ),
    (
        "READONLY",
        Unavailable,
        "this Redis server is a replica, which takes no changes; wait for the master, or give its address",
    ),
    (
        "TRYAGAIN",
        Unavailable,
        "the Redis cluster is moving this login; wait",
    ),
    (
        "CLUSTERDOWN",
        Unavailable,
        "the Redis cluster is down; wait",
    ),
    ("MASTERDOWN", Unavailable, "the Redis master is down; wait"),
    (
        "NOREPLICAS",
        Unavailable,
        "the Redis server has too few replicas to take changes; wait, or look after the replicas",
    ),
    (
        "BUSY",
        Unavailable,
        "the Redis server is busy with a script of somebody else; wait",
    ),
    (
        "OOM",
        Unavailable,
        "the Redis server has no memory left for changes; give it more, or remove what nobody needs",
    ),
    (
        "MISCONF",
        Unavailable,
        "the Redis server cannot write to its disk and takes no changes; look after its disk",
    ),
    (
        "EXECABORT",
        Unavailable,
        "the Redis server ended the change before it was made; try again",
    ),
    (
        "MOVED",
        Configuration,
        "this login belongs to another node of the Redis cluster, which this store does not follow; use a server that \
         is no cluster, or a proxy that speaks for the whole cluster",
    ),
    (
        "ASK",
        Configuration,
        "this login moves to another node of the Redis cluster, which this store does not follow; use a server that is \
         no cluster, or a proxy that speaks for the whole cluster",
    ),
    (
        "CROSSSLOT",
        Configuration,
        "the Redis cluster keeps the parts of one login on several nodes; use a proxy that obeys hash tags",
    ),
    (
        "NOAUTH",
        Configuration,
        "the Redis server asks for a password; put it into the address",
    ),
    (
        "WRONGPASS",
        Configuration,
        "the Redis server refused the user or the password; correct them in the address",
    ),
    (
        "NOPERM",
        Configuration,
        "the Redis user lacks a permission; the README of auth-store-redis lists what is needed",
    ),
    (
        "DENIED",
        Configuration,
        "the Redis server is in protected mode; set a password for it",
    ),
    (
        "WRONGTYPE",
        Configuration,
        "the Redis server holds something else under the name of a login; choose another prefix",
    ),
    (
        "NOSCRIPT",
        Unavailable,
        "the Redis server forgot a script as soon as it had it; try again",
    ),
];

/// Returns the error for `error` in our own words.
pub(crate) fn reason(error: &RedisError) -> Error {
    if let Some((code, kind, message)) = known(error) {
        return Error::new(kind, message).with_code(code);
    }
    match error.kind() {
        Kind::Io if error.is_timeout() => silent(),
        Kind::Io => Error::new(
            Unavailable,
            "the connection to the Redis server failed; check its address, or wait for it",
        ),
        Kind::AuthenticationFailed => Error::new(
            Configuration,
            "the Redis server refused the user or the password; correct them in the address",
        )
        .with_code("WRONGPASS"),
        Kind::InvalidClientConfig | Kind::RESP3NotSupported | Kind::Client => Error::new(
            Configuration,
            "the address of the Redis server asks for something that this client or server cannot do",
        ),
        _ => Error::new(
            Protocol,
            "the Redis server gave an answer that nobody expected; check that it is Redis 6 or newer",
        ),
    }
}

/// Returns the error for a server that keeps silent.
pub(crate) fn silent() -> Error {
    Error::new(
        Unavailable,
        "the Redis server did not answer in time; wait, or look after it",
    )
}

/// Returns whether the connection was closed, so that a new one may do better at once.
pub(crate) fn is_closed(error: &RedisError) -> bool {
    error.is_connection_dropped() && !error.is_timeout()
}

/// Returns whether the connection is of no more use. Another one may lead to another server after these refusals.
pub(crate) fn is_lost(error: &RedisError) -> bool {
    let moved = ["READONLY", "MASTERDOWN", "LOADING"];
    error.is_io_error()
        || error.is_unrecoverable_error()
        || known(error).is_some_and(|(code, ..)| moved.contains(&code))
}

/// Returns whether the server does not know a command or does not allow it.
pub(crate) fn is_refused(error: &RedisError) -> bool {
    let refused = [ServerErrorKind::NoPerm, ServerErrorKind::ResponseError];
    refused
        .iter()
        .any(|kind| error.kind() == Kind::Server(*kind))
}

fn known(error: &RedisError) -> Option<(&'static str, ErrorKind, &'static str)> {
    let code = error.code()?;
    // Before version 7, what stopped a script stands in the text of a plain error.
    let inside = |name: &str| {
        code == "ERR"
            && error
                .detail()
                .is_some_and(|detail| detail.contains(&format!("-{name} ")))
    };
    CODES
        .into_iter()
        .find(|(name, ..)| *name == code || inside(name))
}
