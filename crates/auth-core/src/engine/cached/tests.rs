//! Looks at a source that others look at in the same moment, and what an exchange is called in traces.

use std::{
    fmt::Debug,
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::{
    Cached, Error, ErrorKind, Exchange, Grant, Held, Origins, Peek, Secret, Token, TokenSet,
    TokenSource,
};

struct Never;

#[async_trait]
impl Grant for Never {
    async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
        Err(Error::new(ErrorKind::Unavailable, "made up"))
    }
}

#[test]
fn a_look_keeps_no_other_look_waiting() {
    let origins = Origins::parse("https://api.example").unwrap();
    let token = Token::bearer(Secret::new("made-up")).unwrap();
    let source = Cached::builder(Never, origins)
        .previous(TokenSet::new(token))
        .build();
    assert_eq!(
        source.peek(&mut Held::new()),
        Peek::Ready,
        "the rule said so"
    );
    thread::scope(|scope| {
        // As a look on another core does while it copies the token.
        let _looking = source.0.read();
        let (told, answer) = mpsc::channel();
        let source = &source;
        scope.spawn(move || told.send(source.peek(&mut Held::new())));
        let answer = answer.recv_timeout(Duration::from_secs(30));
        assert_eq!(answer, Ok(Peek::Ready));
    });
}

/// The sources that the spans of exchanges have named, in all tests of this process.
static NAMED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Notes them, and nothing else.
struct Spans;

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.name() == "exchange"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Self);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Spans {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "source" {
            let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
            named.push(format!("{value:?}"));
        }
    }
}

#[tokio::test]
async fn the_span_of_an_exchange_names_its_source() {
    // For the whole process: what a test on another thread begins first would else not be asked for again.
    tracing::subscriber::set_global_default(Spans).unwrap();
    let origins = Origins::parse("https://api.example").unwrap();
    let source = Cached::builder(Never, origins)
        .name("the one that is looked for")
        .build();
    assert!(source.token().await.is_err());
    let named = NAMED.lock().unwrap().clone();
    assert!(
        named.contains(&"the one that is looked for".to_owned()),
        "{named:?}"
    );
}
