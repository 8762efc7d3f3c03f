//! Bodies that are known to be whole in memory.

use bytes::Bytes;
use http_body_util::{Empty, Full};

use super::Replay;

/// Sends again what is known to be whole in memory: `()`, `Empty<Bytes>`, `Bytes`, `Full<Bytes>`, `String` and
/// `&'static str`. The default.
///
/// A `String` is copied for each request; [`Bytes`] are shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct Known;

macro_rules! cloned {
    ($($body:ty),*) => {$(
        impl Replay<$body> for Known {
            type Spare = $body;

            fn split(&self, body: $body) -> ($body, Option<$body>) {
                let spare = body.clone();
                (body, Some(spare))
            }

            fn restore(&self, spare: $body) -> Option<$body> {
                Some(spare)
            }
        }
    )*};
}

cloned!(Empty<Bytes>, Bytes, Full<Bytes>, String, &'static str);

impl Replay<()> for Known {
    type Spare = ();

    fn split(&self, body: ()) -> ((), Option<()>) {
        (body, Some(()))
    }

    fn restore(&self, spare: ()) -> Option<()> {
        Some(spare)
    }
}
