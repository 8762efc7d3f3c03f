use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use auth_core::{Clock, Error, ErrorKind, MAX_BODY, Sent, Sleep, Transport};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::TowerTransport;
use crate::{
    BoxError,
    mock::{Strict, get, run},
};

/// A clock that stands still until it is moved. The tests poll by hand, so its sleep wakes nobody.
#[derive(Clone, Default)]
struct Manual(Arc<AtomicU64>);

impl Clock for Manual {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(poll_fn(move |_| match clock.monotonic() >= deadline {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }))
    }
}

/// A service that stands still at one place for ever, or fails there with an error that quotes an address.
#[derive(Clone, Copy, PartialEq)]
enum Stuck {
    Ready,
    Call,
    NotReady,
    Broken,
}

const SECRET: &str = "https://id.example/token?client_secret=planted";

impl Service<Request<Full<Bytes>>> for Stuck {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Ready => Poll::Pending,
            Self::NotReady => Poll::Ready(Err(SECRET.into())),
            Self::Call | Self::Broken => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        match self {
            Self::Broken => Box::pin(async { Err(SECRET.into()) }),
            _ => Box::pin(std::future::pending()),
        }
    }
}

fn request() -> Request<Bytes> {
    get(
        "https://id.example/token",
        Bytes::from_static(b"grant_type=x"),
    )
}

fn reply(code: u16, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code.try_into().unwrap();
    response
}

#[test]
fn any_answer_is_an_answer() {
    for code in [200, 302, 307, 400, 401, 503] {
        let server = Strict::new([reply(code, b"text".to_vec())]);
        let transport = TowerTransport::new(server.clone()).clock(Arc::new(Manual::default()));
        let answer = run(transport.send(request())).unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.body()[..]),
            (code, &b"text"[..])
        );
        let seen = server.seen();
        assert_eq!((seen.len(), seen[0].uri.path()), (1, "/token"));
        assert_eq!(
            run(seen[0].body.clone().collect()).unwrap().to_bytes(),
            "grant_type=x"
        );
    }
}

#[test]
fn a_body_of_exactly_the_limit_is_read_and_a_longer_one_is_not() {
    for (length, whole) in [(MAX_BODY, true), (MAX_BODY + 1, false)] {
        let server = Strict::new([reply(200, vec![b'x'; length])]);
        let transport = TowerTransport::new(server).clock(Arc::new(Manual::default()));
        match run(transport.send(request())) {
            Ok(answer) => assert!(whole && answer.body().len() == length),
            Err(error) => {
                assert!(!whole);
                assert_eq!(unread(&error), ("body_too_large", 200));
            }
        }
    }
}

/// Returns the code and the status of an answer that came and was not read.
fn unread(error: &Error) -> (&str, u16) {
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Unavailable, Sent::Answered)
    );
    (error.code().unwrap(), error.status().unwrap().as_u16())
}

/// A body whose length nobody knows.
struct Listed(VecDeque<Result<Bytes, BoxError>>);

impl Body for Listed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.pop_front().map(|next| next.map(Frame::data)))
    }
}

fn read_listed<const N: usize>(pieces: [Result<Bytes, BoxError>; N]) -> Error {
    let answer = Response::new(Listed(VecDeque::from(pieces)));
    let server = Strict::<Full<Bytes>, _>::new([answer]);
    let transport = TowerTransport::new(server).clock(Arc::new(Manual::default()));
    run(transport.send(request())).unwrap_err()
}

#[test]
fn a_long_answer_of_unknown_length_is_not_read_either() {
    let half = Bytes::from(vec![b'x'; MAX_BODY / 2]);
    let error = read_listed([Ok(half.clone()), Ok(half.clone()), Ok(half)]);
    assert_eq!(unread(&error), ("body_too_large", 200));
}

#[test]
fn an_answer_that_breaks_off_leaves_the_outcome_open() {
    let error = read_listed([Ok(Bytes::from_static(b"half")), Err(SECRET.into())]);
    assert_eq!(error.sent(), Sent::Maybe);
    assert_eq!(error.status(), Some(StatusCode::OK));
    assert!(!format!("{error} {error:?}").contains("planted"));
}

#[test]
fn an_encoded_answer_is_not_read() {
    for (encoding, read) in [("gzip", false), ("identity", true), ("Identity", true)] {
        let mut answer = reply(400, b"text".to_vec());
        answer
            .headers_mut()
            .insert("content-encoding", encoding.parse().unwrap());
        let transport =
            TowerTransport::new(Strict::new([answer])).clock(Arc::new(Manual::default()));
        match run(transport.send(request())) {
            Ok(answer) => assert!(read && answer.body() == "text"),
            Err(error) => {
                assert!(!read);
                assert_eq!(unread(&error), ("content_encoding", 400));
            }
        }
    }
}

#[test]
fn failures_say_whether_the_request_was_sent_and_quote_nothing() {
    for (service, sent) in [(Stuck::NotReady, Sent::No), (Stuck::Broken, Sent::Maybe)] {
        let transport = TowerTransport::new(service).clock(Arc::new(Manual::default()));
        let error = run(transport.send(request())).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Unavailable, sent));
        let text = format!("{error} {error:?} {transport:?}");
        assert!(
            !text.contains("planted") && !text.contains("example"),
            "{text}"
        );
        assert!(std::error::Error::source(&error).is_none());
    }
}

#[test]
fn the_user_says_which_errors_of_the_client_sent_nothing() {
    for (unsent, sent) in [
        ((|_| true) as fn(&BoxError) -> bool, Sent::No),
        (|_| false, Sent::Maybe),
        (|error| error.to_string() == SECRET, Sent::No),
    ] {
        let transport = TowerTransport::new(Stuck::Broken)
            .clock(Arc::new(Manual::default()))
            .unsent_if(unsent);
        let error = run(transport.send(request())).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Unavailable, sent));
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}

#[test]
fn silence_ends_at_the_time_limit() {
    for (service, sent) in [(Stuck::Ready, Sent::No), (Stuck::Call, Sent::Maybe)] {
        let clock = Manual::default();
        let transport = TowerTransport::new(service)
            .timeout(Duration::from_secs(5))
            .clock(Arc::new(clock.clone()));
        let mut work = transport.send(request());
        let mut cx = Context::from_waker(Waker::noop());
        for second in 0..5 {
            clock.0.store(second, Ordering::SeqCst);
            assert!(work.as_mut().poll(&mut cx).is_pending(), "at {second} s");
        }
        clock.0.store(5, Ordering::SeqCst);
        let error = run(work).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Unavailable, sent));
    }
}

#[test]
fn it_stands_in_for_any_transport() {
    let service = Strict::<_, Full<Bytes>>::new([reply(200, Vec::new())]);
    let transport: Arc<dyn Transport> =
        Arc::new(TowerTransport::new(service).clock(Arc::new(Manual::default())));
    assert_eq!(
        run(transport.send(request())).unwrap().status(),
        StatusCode::OK
    );
}
