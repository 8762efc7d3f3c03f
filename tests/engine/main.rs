//! The stories of the engine, as the package `stories` has them, without all that the others need.
#![expect(
    clippy::unwrap_used,
    reason = "a story that cannot go on has failed, in its helpers too"
)]

#[path = "../stories"]
mod stories {
    mod engine;
}
