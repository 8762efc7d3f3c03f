//! Whether a server keeps what it acknowledges.

use std::collections::HashMap;

use auth_core::{Error, ErrorKind};
use redis::{RedisError, aio::MultiplexedConnection};

use crate::reason::{is_refused, reason};

/// The code of the error for a server that may lose logins which it acknowledged.
pub const WEAK_DURABILITY: &str = "redis_weak_durability";

/// The settings that are needed, and why: without the first two a crash loses up to a second or more, with the third
/// it does so while the log is rewritten, with another fourth the server throws logins away when memory is short.
const NEEDED: [(&str, &str); 4] = [
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("no-appendfsync-on-rewrite", "no"),
    ("maxmemory-policy", "noeviction"),
];

/// Fails unless the server is a master that writes every change to disk before it answers.
pub(crate) async fn durability(connection: &mut MultiplexedConnection) -> Result<(), Error> {
    let info: Result<String, _> = redis::cmd("INFO")
        .arg("replication")
        .query_async(connection)
        .await;
    if !info
        .map_err(|error| unseen(&error))?
        .contains("role:master")
    {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "this Redis server is a replica, which takes no changes; give the address of the master, or wait for it",
        )
        .with_code("READONLY"));
    }
    let mut missing = Vec::new();
    for (name, needed) in NEEDED {
        let found: Result<HashMap<String, String>, _> = redis::cmd("CONFIG")
            .arg("GET")
            .arg(name)
            .query_async(connection)
            .await;
        if found
            .map_err(|error| unseen(&error))?
            .get(name)
            .map(String::as_str)
            != Some(needed)
        {
            missing.push(format!("CONFIG SET {name} {needed}"));
        }
    }
    if missing.is_empty() {
        return log(connection).await;
    }
    Err(weak(format!(
        "this Redis server may lose logins after it acknowledged them; run {}, then CONFIG REWRITE so that it lasts, and \
         wait until INFO persistence says aof_rewrite_in_progress:0, for nothing is kept before; or use another store, \
         or accept the loss with accept_weak_durability()",
        missing.join(", "),
    )))
}

/// Fails while the server makes its first log: until that has its name, a restart reads the one before, or none.
///
/// What is said of it is the same for the first rewrite of a log that began empty, which is waited for in vain, but not
/// for long. A later rewrite of a log that is read at a restart has a base that is not empty.
async fn log(connection: &mut MultiplexedConnection) -> Result<(), Error> {
    let info: Result<String, _> = redis::cmd("INFO")
        .arg("persistence")
        .query_async(connection)
        .await;
    if !is_first(&info.map_err(|error| unseen(&error))?) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        "this Redis server still makes its append log and would lose what it acknowledges until then; wait for the \
         rewrite to end",
    )
    .with_code(WEAK_DURABILITY))
}

/// Returns whether the log is yet to be made, or could not be made.
fn is_first(info: &str) -> bool {
    let says = |line: &str| info.lines().any(|found| found.trim() == line);
    let rewrites = says("aof_rewrite_in_progress:1")
        || says("aof_rewrite_scheduled:1")
        || says("aof_last_bgrewrite_status:err");
    rewrites && says("aof_base_size:0")
}

/// Says that the server does not let its settings be seen, if that is what `error` means.
fn unseen(error: &RedisError) -> Error {
    if !is_refused(error) {
        return reason(error);
    }
    weak(
        "this Redis server does not let be seen whether it keeps what it acknowledges; allow this user INFO and CONFIG \
         GET (ACL rules +info +config|get), or accept the doubt with accept_weak_durability()",
    )
}

fn weak(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, message).with_code(WEAK_DURABILITY)
}
