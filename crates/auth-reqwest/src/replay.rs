//! How a body of reqwest is sent a second time.

use std::sync::LazyLock;

use auth_tower::Replay;
use http::Method;
use reqwest::{Body, Request, Url};

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

    fn split(&self, body: Body) -> (Body, Option<Body>) {
        // Only a whole request of reqwest can be asked for a copy, so the body visits one.
        static NOWHERE: LazyLock<Url> = LazyLock::new(|| {
            Url::parse("http://127.0.0.1/").expect("a loopback address is an address")
        });
        let mut request = Request::new(Method::POST, NOWHERE.clone());
        *request.body_mut() = Some(body);
        let spare = request
            .try_clone()
            .and_then(|mut copy| copy.body_mut().take());
        (request.body_mut().take().unwrap_or_default(), spare)
    }

    fn restore(&self, spare: Body) -> Option<Body> {
        Some(spare)
    }
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
