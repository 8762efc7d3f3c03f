use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use tower_layer::Layer;

use super::{Known, Never, RecordBody, Recording, Replay};
use crate::{
    AuthLayer, BoxError,
    mock::{API, Scripted, Strict, get, run, send, status},
};

type Boxed = UnsyncBoxBody<Bytes, BoxError>;

fn record(limit: usize) -> RecordBody<Boxed> {
    RecordBody::new(limit, |body: Recording<Boxed>| Boxed::new(body))
}

/// A body whose length nobody knows.
struct Frames(VecDeque<Result<Frame<Bytes>, BoxError>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn stream(frames: Vec<Result<Frame<Bytes>, BoxError>>) -> Boxed {
    Boxed::new(Frames(frames.into()))
}

fn data(text: &'static str) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn trailers() -> Result<Frame<Bytes>, BoxError> {
    let mut map = HeaderMap::new();
    map.insert("x-sum", "7".parse().unwrap());
    Ok(Frame::trailers(map))
}

/// Reads a body to its end: its data and whether trailers came.
fn read(body: Boxed) -> Result<(Bytes, bool), BoxError> {
    let whole = run(body.collect())?;
    let trailers = whole.trailers().is_some();
    Ok((whole.to_bytes(), trailers))
}

#[test]
fn known_bodies_are_kept_and_restored() {
    fn same<B: PartialEq + Clone + std::fmt::Debug>(body: B)
    where
        Known: Replay<B>,
    {
        let (now, spare) = Known.split(body.clone());
        assert_eq!(now, body);
        assert_eq!(Known.restore(spare.unwrap()), Some(body));
    }
    same(());
    same(Bytes::from_static(b"x"));
    same(String::from("x"));
    same("x");
    let (_, spare) = Known.split(Full::new(Bytes::from_static(b"x")));
    let again: Full<Bytes> = Known.restore(spare.unwrap()).unwrap();
    assert_eq!(run(again.collect()).unwrap().to_bytes(), "x");
    let (_, spare) = Known.split(Empty::<Bytes>::new());
    assert!(spare.is_some());
}

#[test]
fn never_keeps_nothing() {
    assert!(!Never.keeps(&()));
    assert!(Never.split(()).1.is_none());
}

#[test]
fn a_body_read_to_its_end_is_restored_whole() {
    for (limit, frames, expected, trailing) in [
        (4, vec![data("ab"), data("cd")], "abcd", false),
        // The trailers have six bytes.
        (8, vec![data("ab"), trailers()], "ab", true),
        (4, vec![data("abcd"), data("")], "abcd", false),
        (4, vec![], "", false),
        (1024, (0..1024).map(|_| data("")).collect(), "", false),
    ] {
        let replay = record(limit);
        let (body, spare) = replay.split(stream(frames));
        assert_eq!(read(body).unwrap(), (expected.into(), trailing));
        let again = replay
            .restore(spare.unwrap())
            .expect("it was recorded whole");
        assert_eq!(read(again).unwrap(), (expected.into(), trailing));
    }
}

#[test]
fn a_body_of_known_end_counts_as_whole_without_a_last_poll() {
    let replay = record(4);
    let full = Full::new(Bytes::from_static(b"abcd")).map_err(|never| match never {});
    let (mut body, spare) = replay.split(Boxed::new(full));
    assert!(!body.is_end_stream());
    run(body.frame()).unwrap().unwrap();
    assert!(body.is_end_stream());
    let again = replay.restore(spare.unwrap()).unwrap();
    assert_eq!(SizeHint::exact(&again.size_hint()), Some(4));
    assert_eq!(read(again).unwrap().0, "abcd");

    let empty = Empty::new().map_err(|never| match never {});
    let (_body, spare) = replay.split(Boxed::new(empty));
    assert!(replay.restore(spare.unwrap()).unwrap().is_end_stream());
}

#[test]
fn a_body_that_is_not_whole_is_never_restored() {
    let replay = record(4);
    // Longer than the limit: all of it is still sent.
    let (body, spare) = replay.split(stream(vec![data("abc"), data("de"), data("f")]));
    assert_eq!(read(body).unwrap().0, "abcdef");
    assert!(replay.restore(spare.unwrap()).is_none());
    // Known to be longer: not even recorded.
    let full = Full::new(Bytes::from_static(b"abcde")).map_err(|never| match never {});
    assert!(replay.split(Boxed::new(full)).1.is_none());
    // Not read to its end, also if the rest is read afterwards.
    let (mut body, spare) = replay.split(stream(vec![data("ab"), data("cd")]));
    run(body.frame()).unwrap().unwrap();
    let spare = spare.unwrap();
    assert!(replay.restore(spare.clone()).is_none());
    assert_eq!(read(body).unwrap().0, "cd");
    assert!(replay.restore(spare).is_none());
    // Broken off.
    let (body, spare) = replay.split(stream(vec![data("ab"), Err("broken".into())]));
    assert!(read(body).is_err());
    assert!(replay.restore(spare.unwrap()).is_none());
}

#[test]
fn a_body_of_many_pieces_or_long_trailers_is_not_recorded() {
    let ones = |count| (0..count).map(|_| data("x")).collect::<Vec<_>>();
    let tails = |count| (0..count).map(|_| trailers()).collect::<Vec<_>>();
    for (limit, frames, kept) in [
        (4096, ones(1024), true),
        (4096, ones(1025), false),
        (7, vec![data("ab"), trailers()], false),
        (4096, tails(600), true),
        (4096, tails(700), false),
    ] {
        let replay = record(limit);
        let (body, spare) = replay.split(stream(frames));
        let mut body = std::pin::pin!(body);
        while run(body.as_mut().frame()).is_some() {}
        assert_eq!(replay.restore(spare.unwrap()).is_some(), kept, "{limit}");
    }
}

#[test]
fn empty_pieces_are_not_kept() {
    let replay = record(4);
    let frames = vec![data(""), data("ab"), data(""), data("cd"), data("")];
    let (body, spare) = replay.split(stream(frames));
    read(body).unwrap();
    let mut again = replay.restore(spare.unwrap()).unwrap();
    let mut count = 0;
    while run(again.frame()).is_some() {
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn the_layer_replays_a_recorded_body_and_hands_out_the_answer_otherwise() {
    for (limit, code, count) in [(64, 200, 2), (3, 401, 1)] {
        let source = Scripted::new(["one", "two"]).warm();
        let api = Strict::<Bytes>::new([status(401), status(200)]);
        let inner = Reading(api.clone());
        let mut auth = AuthLayer::new(source).replay(record(limit)).layer(inner);
        let request = get(API, stream(vec![data("ab"), data("cd")]));
        assert_eq!(send(&mut auth, request).unwrap().status(), code);
        let bodies: Vec<_> = api.seen().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, vec![Bytes::from_static(b"abcd"); count]);
    }
}

/// Reads each request's body before it passes the request on, as a server would.
#[derive(Clone)]
struct Reading(Strict<Bytes>);

impl tower_service::Service<http::Request<Boxed>> for Reading {
    type Response = http::Response<()>;
    type Error = BoxError;
    type Future = <Strict<Bytes> as tower_service::Service<http::Request<Bytes>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Boxed>) -> Self::Future {
        let (head, body) = request.into_parts();
        let body = read(body).unwrap().0;
        self.0.call(http::Request::from_parts(head, body))
    }
}
