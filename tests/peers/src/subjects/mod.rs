//! Everybody who is measured, one file each.

pub(crate) mod aws;
mod azure;
mod bare;
mod google;
mod huskarl;
mod lane;
mod locked;
pub(crate) mod ours;
mod reqwest;
mod statics;
mod yup;

use std::{future::Future, io, pin::Pin, sync::LazyLock};

use tokio::runtime::Runtime;

use crate::results::Row;

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
    /// Whom it is compared with: a header that never changes, put on the same way.
    pub beside: &'static str,
    /// Gets it ready. The reason, where it cannot be driven.
    pub start: fn() -> Starting,
}

/// Everybody, in the order of the tables.
pub static ALL: &[Subject] = &[
    bare::TOWER,
    ours::FIXED,
    ours::REPLAYED,
    ours::ROUTED,
    ours::ROUTED_REPLAYED,
    statics::TOWER,
    locked::TOWER,
    google::TOWER,
    google::TAGGED,
    huskarl::TOWER,
    yup::TOWER,
    aws::TOWER,
    bare::CLONED,
    ours::CLONED,
    ours::CLONED_REPLAYED,
    statics::CLONED,
    reqwest::BARE,
    reqwest::OURS,
    reqwest::STATIC,
    azure::BARE,
    azure::POLICY,
    azure::STATIC,
];

/// A subject that is ready.
pub struct Started {
    /// Who it is.
    pub subject: &'static Subject,
    /// The lanes of its one source.
    pub lanes: Lanes,
}

/// Starts everybody. A row says of whoever cannot be driven why.
pub fn start_all() -> (Vec<Started>, Vec<Row>) {
    let (mut started, mut failed) = (Vec::new(), Vec::new());
    for subject in ALL {
        match RUNTIME.block_on((subject.start)()) {
            Ok(lanes) => started.push(Started { subject, lanes }),
            Err(why) => failed.push(Row::note(subject.name, "not driven", why)),
        }
    }
    (started, failed)
}

/// Starts one subject and drives requests through it.
///
/// # Errors
///
/// That there is none of that name, or that it cannot be driven.
pub fn one(name: &str, requests: u64) -> io::Result<()> {
    let subject = ALL.iter().find(|subject| subject.name == name);
    let subject = subject.ok_or_else(|| io::Error::other(format!("no subject {name}")))?;
    let lanes = RUNTIME.block_on((subject.start)());
    let mut lane = lanes.map_err(io::Error::other)?();
    RUNTIME.block_on(lane.drive(requests));
    Ok(())
}
