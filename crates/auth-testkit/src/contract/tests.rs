//! Each suite accepts what keeps its contract, and rejects, by name of the clause, what breaks it.

mod credentials;
mod grant;
mod source;
mod store;
mod transport;

use std::{fmt, future::Future};

/// Runs a suite on something broken and says what is wrong unless `clause` is what it complains of.
async fn rejects(
    clause: &str,
    flaw: impl fmt::Debug,
    suite: impl Future<Output = ()> + Send + 'static,
) -> Option<String> {
    let Err(failed) = tokio::spawn(suite).await else {
        return Some(format!("{flaw:?} breaks {clause}, but is accepted"));
    };
    let panic = failed.into_panic();
    let text = panic.downcast_ref::<String>();
    let text = text.map_or("nothing readable", String::as_str);
    let right = text.contains(&format!("clause {clause}:"));
    (!right).then(|| format!("{flaw:?} breaks {clause}, but the suite says: {text}"))
}
