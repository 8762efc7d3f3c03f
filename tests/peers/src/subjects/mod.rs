//! Everybody who is measured, one file each.

mod bare;
mod lane;
mod statics;

use std::{future::Future, io, pin::Pin, sync::LazyLock};

use tokio::runtime::Runtime;

pub use lane::{Lane, Nothing, TOKEN, request};

/// The runtime that all subjects share. Its one worker does what they do in the background; requests are driven from
/// the threads of whoever measures.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder.worker_threads(1).enable_all().build();
    built.expect("a runtime can be started")
});

/// Makes one lane for each call; all lanes of one subject share one source of tokens.
pub type Lanes = Box<dyn Fn() -> Box<dyn Lane> + Send + Sync>;

/// What starting a subject takes: it may have to obtain a token first.
pub type Starting = Pin<Box<dyn Future<Output = Result<Lanes, String>> + Send>>;

/// Somebody who can be measured.
#[derive(Clone, Copy)]
pub struct Subject {
    /// The name on the command line.
    pub name: &'static str,
    /// The name in the tables.
    pub label: &'static str,
    /// Whose time is taken off to get the overhead: the same requests and the same client without authentication.
    pub over: &'static str,
    /// Gets it ready. The reason, where it cannot be driven.
    pub start: fn() -> Starting,
}

/// Everybody, in the order of the tables.
pub static ALL: &[Subject] = &[bare::TOWER, statics::TOWER, bare::CLONED, statics::CLONED];

/// Returns the subject of that name.
pub fn named(name: &str) -> Option<&'static Subject> {
    ALL.iter().find(|subject| subject.name == name)
}

/// Starts a subject and drives requests through it.
///
/// # Errors
///
/// That there is none of that name, or that it cannot be driven.
pub fn one(name: &str, requests: u64) -> io::Result<()> {
    let subject = named(name).ok_or_else(|| io::Error::other(format!("no subject {name}")))?;
    let lanes = RUNTIME
        .block_on((subject.start)())
        .map_err(io::Error::other)?;
    let mut lane = lanes();
    RUNTIME.block_on(lane.drive(requests));
    Ok(())
}
