//! Recording a body while it is sent.

use std::{
    collections::VecDeque,
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Replay;

/// The most frames that are kept of one body: each costs more than its bytes.
const MAX_FRAMES: usize = 1024;

/// Records boxed bodies such as tonic's while they are sent, up to a limit.
///
/// The body is sent again only if it was recorded to its end and within the limit. What was refused before the server
/// had read all of it, and what is larger or comes in more than 1,024 pieces, is not sent again.
///
/// # Example
///
/// ```
/// use auth_tower::{RecordBody, replay::Recording};
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
///
/// type Boxed = UnsyncBoxBody<Bytes, std::convert::Infallible>;
///
/// // With tonic: `RecordBody::new(64 * 1024, tonic::body::Body::new)`.
/// let record = RecordBody::new(64 * 1024, |body: Recording<Boxed>| Boxed::new(body));
/// # let _ = record;
/// ```
pub struct RecordBody<B> {
    limit: usize,
    wrap: fn(Recording<B>) -> B,
}

impl<B> RecordBody<B> {
    /// Returns a policy that keeps at most `limit` bytes of each body, its trailers included; `wrap` makes the recorded
    /// body one of the client's own again.
    pub fn new(limit: usize, wrap: fn(Recording<B>) -> B) -> Self {
        Self { limit, wrap }
    }
}

impl<B: Body<Data = Bytes>> Replay<B> for RecordBody<B> {
    type Spare = Tape;

    fn split(&self, body: B) -> (B, Option<Tape>) {
        if body.size_hint().lower() > self.limit as u64 {
            return (body, None);
        }
        let tape = Tape::blank(self.limit, body.is_end_stream());
        let recording = Recording {
            source: Source::Live {
                body,
                tape: tape.clone(),
            },
        };
        ((self.wrap)(recording), Some(tape))
    }

    fn restore(&self, spare: Tape) -> Option<B> {
        let frames = spare.finish()?;
        let source = Source::Taped { frames };
        Some((self.wrap)(Recording { source }))
    }
}

impl<B> Clone for RecordBody<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for RecordBody<B> {}

impl<B> fmt::Debug for RecordBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordBody")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// What [`RecordBody`] has recorded of one body so far.
#[derive(Clone)]
pub struct Tape(Arc<Mutex<Reel>>);

struct Reel {
    frames: VecDeque<Frame<Bytes>>,
    left: usize,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// More may come.
    Open,
    /// All of the body is here.
    Whole,
    /// Something is missing, so nothing of it is used.
    Lost,
}

impl Tape {
    fn blank(limit: usize, whole: bool) -> Self {
        Self(Arc::new(Mutex::new(Reel {
            frames: VecDeque::new(),
            left: limit,
            end: if whole { End::Whole } else { End::Open },
        })))
    }

    fn edit<T>(&self, change: impl FnOnce(&mut Reel) -> T) -> T {
        // A reel is whole after each change, so a panic elsewhere cannot have left it half made.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stops recording and returns all frames, if they are the whole body.
    fn finish(&self) -> Option<VecDeque<Frame<Bytes>>> {
        self.edit(|reel| {
            let frames = mem::take(&mut reel.frames);
            let end = mem::replace(&mut reel.end, End::Lost);
            (end == End::Whole).then_some(frames)
        })
    }
}

impl Reel {
    fn add(&mut self, frame: &Frame<Bytes>) {
        if self.end != End::Open {
            return;
        }
        let data = frame.data_ref();
        // Without it the body is the same.
        if data.is_some_and(Bytes::is_empty) {
            return;
        }
        let length = data.map_or_else(|| frame.trailers_ref().map_or(0, size), Bytes::len);
        if length > self.left || self.frames.len() == MAX_FRAMES {
            return self.lose();
        }
        let copy = match (data, frame.trailers_ref()) {
            (Some(data), _) => Frame::data(data.clone()),
            (None, Some(trailers)) => Frame::trailers(trailers.clone()),
            (None, None) => return self.lose(),
        };
        self.left -= length;
        self.frames.push_back(copy);
    }

    fn lose(&mut self) {
        self.frames = VecDeque::new();
        self.end = End::Lost;
    }

    fn close(&mut self) {
        if self.end == End::Open {
            self.end = End::Whole;
        }
    }
}

/// Returns how many bytes the names and values of trailers have.
fn size(trailers: &HeaderMap) -> usize {
    let lines = trailers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tape(..)")
    }
}

pin_project! {
    /// A body that is recorded while it is sent, or one that is sent from its record.
    pub struct Recording<B> {
        #[pin]
        source: Source<B>,
    }
}

pin_project! {
    #[project = SourceStep]
    enum Source<B> {
        Live { #[pin] body: B, tape: Tape },
        Taped { frames: VecDeque<Frame<Bytes>> },
    }
}

impl<B: Body<Data = Bytes>> Body for Recording<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let (mut body, tape) = match self.project().source.project() {
            SourceStep::Live { body, tape } => (body, tape),
            SourceStep::Taped { frames } => return Poll::Ready(frames.pop_front().map(Ok)),
        };
        let frame = ready!(body.as_mut().poll_frame(cx));
        tape.edit(|reel| match &frame {
            Some(Ok(frame)) => {
                reel.add(frame);
                // A client may ask this instead of polling once more.
                if body.is_end_stream() {
                    reel.close();
                }
            }
            Some(Err(_)) => reel.lose(),
            None => reel.close(),
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Live { body, .. } => body.is_end_stream(),
            Source::Taped { frames } => frames.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Live { body, .. } => body.size_hint(),
            Source::Taped { frames } => {
                let data = frames.iter().filter_map(Frame::data_ref);
                SizeHint::with_exact(data.map(|data| data.len() as u64).sum())
            }
        }
    }
}

impl<B> fmt::Debug for Recording<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording(..)")
    }
}
