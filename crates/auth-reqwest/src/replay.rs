//! How a body of reqwest is sent a second time.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use auth_tower::Replay;
use http_body::Body as _;
use reqwest::Body;

/// Sends a `reqwest::Body` again if it is whole in memory; a stream is sent once.
///
/// It is for the layer of `auth-tower` over services whose requests have bodies of reqwest. The bytes are shared, not
/// copied.
///
/// # Example
///
/// ```
/// use auth_reqwest::ReplayBody;
/// use auth_tower::Replay;
/// use reqwest::Body;
///
/// let (sent, spare) = ReplayBody.split(Body::from("made up"));
/// assert_eq!(sent.as_bytes(), Some(&b"made up"[..]));
/// assert_eq!(ReplayBody.restore(spare.unwrap()).unwrap().as_bytes(), Some(&b"made up"[..]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct ReplayBody;

impl Replay<Body> for ReplayBody {
    type Spare = Body;

    fn keeps(&self, body: &Body) -> bool {
        body.as_bytes().is_some()
    }

    fn split(&self, mut body: Body) -> (Body, Option<Body>) {
        let spare = copy(&mut body);
        (body, spare)
    }

    fn restore(&self, spare: Body) -> Option<Body> {
        Some(spare)
    }
}

/// Returns a body that shares its bytes with `body`, unless that is a stream.
pub(crate) fn copy(body: &mut Body) -> Option<Body> {
    let length = body.as_bytes()?.len();
    if length == 0 {
        return Some(Body::default());
    }
    // Only whole requests of reqwest can be asked for a copy. To take the bytes out and put them back costs less.
    let mut context = Context::from_waker(Waker::noop());
    let bytes = match Pin::new(&mut *body).poll_frame(&mut context) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
        _ => None,
    };
    let bytes = bytes.filter(|bytes| bytes.len() == length);
    let bytes = bytes.expect("a body in memory gives all its bytes out at once");
    *body = Body::from(bytes.clone());
    Some(Body::from(bytes))
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[test]
    fn a_body_in_memory_is_sent_again_and_shares_its_bytes() {
        for text in ["", "made up"] {
            let body = Body::from(text);
            assert!(ReplayBody.keeps(&body));
            let (sent, spare) = ReplayBody.split(body);
            let again = ReplayBody.restore(spare.unwrap()).unwrap();
            assert_eq!(sent.as_bytes(), Some(text.as_bytes()));
            assert_eq!(again.as_bytes(), Some(text.as_bytes()));
            let start = |body: &Body| body.as_bytes().unwrap().as_ptr();
            assert!(text.is_empty() || start(&sent) == start(&again));
        }
    }

    #[test]
    fn a_stream_is_sent_once() {
        let body = Body::wrap(Full::new(bytes::Bytes::from("made up")));
        assert!(!ReplayBody.keeps(&body));
        assert!(ReplayBody.split(body).1.is_none());
    }
}
