use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tower_layer::Layer;

use super::{PeekBodyLayer, Peeked};
use crate::{
    AuthLayer,
    mock::{API, Scripted, Strict, get, run, send},
};

/// A body of these frames; `None` stands for an error.
#[derive(Debug)]
struct Frames(VecDeque<Option<Frame<Bytes>>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front().map(|frame| frame.ok_or("broken")))
    }
}

fn forbidden(frames: impl IntoIterator<Item = Option<Frame<Bytes>>>) -> Response<Frames> {
    let mut response = Response::new(Frames(frames.into_iter().collect()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

fn data(text: &'static str) -> Option<Frame<Bytes>> {
    Some(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn trailers() -> Option<Frame<Bytes>> {
    Some(Frame::trailers(HeaderMap::new()))
}

fn layer(limit: usize) -> PeekBodyLayer {
    PeekBodyLayer::new(limit, |status| status == StatusCode::FORBIDDEN)
}

#[test]
fn what_was_peeked_at_is_handed_on_whole() {
    for (frames, peeked, whole) in [
        (vec![data("ab"), data("cd")], "ab", false),
        (vec![data("abcd"), data("ef"), trailers()], "abc", false),
        (vec![data("a"), data("b"), data("cd")], "abc", false),
        (vec![data("ab"), trailers()], "ab", true),
        (vec![data("ab")], "ab", true),
        (vec![], "", true),
    ] {
        let limit = if peeked == "ab" && !whole { 2 } else { 3 };
        let expected: Vec<_> = frames
            .iter()
            .flatten()
            .filter_map(Frame::data_ref)
            .collect();
        let expected: Vec<u8> = expected.into_iter().flatten().copied().collect();
        let trailing = frames.iter().flatten().any(Frame::is_trailers);
        let mut client = layer(limit).layer(Strict::<(), _>::new([forbidden(
            frames.iter().flatten().map(|frame| match frame.data_ref() {
                Some(data) => Some(Frame::data(data.clone())),
                None => trailers(),
            }),
        )]));
        let response = send(&mut client, get(API, ())).unwrap();
        let seen = response.extensions().get::<Peeked>().unwrap();
        assert_eq!(
            (seen.bytes().as_ref(), seen.is_whole()),
            (peeked.as_bytes(), whole)
        );
        let body = response.into_body();
        assert!(body.size_hint().lower() <= expected.len() as u64);
        let collected = run(body.collect()).unwrap();
        assert_eq!(collected.trailers().is_some(), trailing);
        assert_eq!(collected.to_bytes(), expected);
    }
}

#[test]
fn an_error_is_met_where_it_happened() {
    let mut client = layer(8).layer(Strict::<(), _>::new([forbidden([data("ab"), None])]));
    let response = send(&mut client, get(API, ())).unwrap();
    assert!(!response.extensions().get::<Peeked>().unwrap().is_whole());
    let mut body = response.into_body();
    assert_eq!(
        run(body.frame()).unwrap().unwrap().into_data().unwrap(),
        "ab"
    );
    assert_eq!(run(body.frame()).unwrap().unwrap_err(), "broken");
}

#[test]
fn other_responses_are_not_read() {
    let mut response = forbidden([data("ab")]);
    *response.status_mut() = StatusCode::OK;
    let mut client = layer(8).layer(Strict::<(), _>::new([response]));
    let response = send(&mut client, get(API, ())).unwrap();
    assert!(response.extensions().get::<Peeked>().is_none());
    assert_eq!(
        run(response.into_body().collect()).unwrap().to_bytes(),
        "ab"
    );
}

#[test]
fn a_rule_sees_the_beginning_of_the_body() {
    for (text, refused) in [("token expired", true), ("not yours", false)] {
        let source = Scripted::new(["one", "two"]).warm();
        let api = Strict::<Bytes, _>::new([forbidden([data(text)]), forbidden([data("again")])]);
        let auth = AuthLayer::new(Arc::clone(&source))
            .refusal(|answer| answer.body().is_some_and(|body| body.ends_with(b"expired")));
        let mut auth = auth.layer(layer(64).layer(api.clone()));
        let response = send(&mut auth, get(API, Bytes::new())).unwrap();
        let body = run(response.into_body().collect()).unwrap().to_bytes();
        assert_eq!(body, if refused { "again" } else { text });
        assert_eq!(source.rejected().len(), usize::from(refused));
    }
}

#[test]
fn a_body_tells_its_length_and_end_whether_it_was_peeked_at_or_not() {
    for code in [StatusCode::OK, StatusCode::FORBIDDEN] {
        let mut response = Response::new(Full::new(Bytes::from_static(b"abcd")));
        *response.status_mut() = code;
        let mut client = layer(2).layer(Strict::<(), _>::new([response]));
        let mut body = send(&mut client, get(API, ())).unwrap().into_body();
        assert_eq!(body.size_hint().exact(), Some(4));
        assert!(!body.is_end_stream());
        run(body.frame()).unwrap().unwrap();
        assert!(body.is_end_stream());
    }
    let mut client = layer(2).layer(Strict::<(), _>::new([forbidden([data("ab"), data("cd")])]));
    let body = send(&mut client, get(API, ())).unwrap().into_body();
    assert_eq!(
        (body.size_hint().lower(), body.size_hint().upper()),
        (2, None)
    );
}

/// Two bytes, and then nothing for ever.
struct Stalled(Option<Bytes>);

impl Body for Stalled {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match self.0.take() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None => Poll::Pending,
        }
    }
}

#[test]
fn nobody_waits_for_more_than_the_limit() {
    let mut response = Response::new(Stalled(Some(Bytes::from_static(b"ab"))));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let mut client = layer(2).layer(Strict::<(), _>::new([response]));
    let response = send(&mut client, get(API, ())).unwrap();
    let peeked = response.extensions().get::<Peeked>().unwrap();
    assert_eq!(peeked.bytes(), "ab");
}
