//! One HTTP/1.1 connection, from its first request to its last.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{
    Answer, Fault, Shared, gzip, h2,
    reader::{Head, Reader},
};
use crate::ledger::{Notes, Outcome, Request};

pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut reader = Reader::new(read);
    loop {
        let (request, length) = match reader.head().await? {
            Head::Closed => return Ok(()),
            Head::Http2 => {
                let (read, early) = reader.into_parts();
                return h2::serve(read, write, early, shared).await;
            }
            Head::Request(request, length) => (*request, length),
        };
        let fault = shared.faults.take(request.path());
        if matches!(fault, Some(Fault::ResetBefore)) {
            shared.receive(request);
            return reset(reader, write);
        }
        let request = reader.finish(request, length).await?;
        let close = request
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let then = exchange(&shared, request, fault, &mut write).await?;
        match then {
            Then::Keep if !close => {}
            Then::Keep | Then::Close => return write.shutdown().await,
            Then::Reset => return reset(reader, write),
        }
    }
}

/// What becomes of the connection.
enum Then {
    Keep,
    Close,
    Reset,
}

async fn exchange(
    shared: &Shared,
    request: Request,
    fault: Option<Fault>,
    write: &mut OwnedWriteHalf,
) -> io::Result<Then> {
    let received = shared.receive(request);
    let answer = match &fault {
        Some(Fault::Delay(wait)) => {
            shared.wait(*wait).await;
            shared.process(&received)
        }
        Some(fault) => match shared.stand_in(&received, fault) {
            Some(answer) => answer,
            None if fault.processes() => shared.process(&received),
            None => {
                shared.inspect(&received);
                return endless(fault, write).await;
            }
        },
        None => shared.process(&received),
    };
    let date = shared.handler.date(shared.clock.now());
    let head = answer.head(date);
    let half = answer.body.len() / 2;
    match fault {
        Some(Fault::HangAfter) => std::future::pending().await,
        Some(Fault::DelayAnswer(wait)) => shared.wait(wait).await,
        Some(Fault::ResetAfter) => return Ok(Then::Reset),
        Some(Fault::ResetMidBody | Fault::Truncated) => {
            write.write_all(head.as_bytes()).await?;
            write.write_all(&answer.body[..half]).await?;
            write.flush().await?;
            let reset = matches!(fault, Some(Fault::ResetMidBody));
            return Ok(if reset { Then::Reset } else { Then::Close });
        }
        Some(Fault::SlowBytes { every }) => {
            for byte in head.as_bytes().iter().chain(&answer.body) {
                shared.wait(every).await;
                write.write_all(&[*byte]).await?;
            }
            return Ok(Then::Keep);
        }
        _ => {}
    }
    let mut whole = head.into_bytes();
    whole.extend_from_slice(&answer.body);
    write.write_all(&whole).await?;
    Ok(Then::Keep)
}

/// Does what has no answer with an end.
async fn endless(fault: &Fault, write: &mut OwnedWriteHalf) -> io::Result<Then> {
    match fault {
        Fault::Raw(bytes) => {
            write.write_all(bytes).await?;
            Ok(Then::Close)
        }
        Fault::HugeBody => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
            write.write_all(head.as_bytes()).await?;
            write.write_all(b"1\r\n{\r\n").await?;
            let spaces = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
            for_ever(write, spaces.as_bytes()).await
        }
        Fault::EndlessHeaders => {
            write.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            let headers = "x-filler: filler filler filler filler\r\n".repeat(256);
            for_ever(write, headers.as_bytes()).await
        }
        _ => std::future::pending().await,
    }
}

/// Writes until the client has had enough.
async fn for_ever(write: &mut (impl AsyncWrite + Unpin), piece: &[u8]) -> io::Result<Then> {
    loop {
        write.write_all(piece).await?;
    }
}

fn reset(reader: Reader<OwnedReadHalf>, write: OwnedWriteHalf) -> io::Result<()> {
    let (read, _) = reader.into_parts();
    let stream = read.reunite(write).map_err(io::Error::other)?;
    // Closing without lingering sends a reset in place of an orderly end.
    #[allow(
        deprecated,
        reason = "its successor is younger than the oldest tokio taken here"
    )]
    stream.set_linger(Some(Duration::ZERO))
}

impl Shared {
    /// Writes the arrival of `request` into the ledger.
    pub(super) fn receive(&self, request: Request) -> Received {
        let request = Arc::new(request.at(self.clock.now()));
        let number = self.ledger.arrived(Arc::clone(&request));
        Received { number, request }
    }

    /// Lets the emulator do its work and writes the outcome into the ledger.
    pub(super) fn process(&self, received: &Received) -> Answer {
        let mut notes = Notes::new(received.number);
        let answer = self.handler.answer(&received.request, &mut notes);
        let outcome = Outcome::Processed(answer.status);
        self.ledger.noted(notes, outcome.is_processed());
        self.ledger.finished(received.number, outcome);
        answer
    }

    /// Writes into the ledger what is wrong with a request that is not processed.
    pub(super) fn inspect(&self, received: &Received) {
        let mut notes = Notes::new(received.number);
        self.handler.inspect(&received.request, &mut notes);
        self.ledger.noted(notes, false);
    }

    /// Returns the answer that `fault` gives in the emulator's place.
    pub(super) fn stand_in(&self, received: &Received, fault: &Fault) -> Option<Answer> {
        let answer = match fault {
            Fault::Html(status) => Answer::html(*status),
            Fault::Empty(status) => Answer::empty(*status),
            Fault::Json(status, text) => Answer::json(*status, text.clone()),
            Fault::WrongTypes => Answer::json(
                200,
                r#"{"access_token":17,"token_type":{},"expires_in":[],"refresh_token":false}"#,
            ),
            Fault::TooMany { retry_after } => {
                Answer::json(429, "{}").header("retry-after", retry_after.clone())
            }
            Fault::Status(status) => Answer::json(*status, r#"{"message":"made to fail"}"#),
            Fault::Redirect { status, location } => {
                self.ledger.redirected(location);
                Answer::empty(*status).header("location", location.clone())
            }
            Fault::GzipBomb => {
                let mut answer = Answer::json(200, "").header("content-encoding", "gzip");
                answer.body = gzip::bomb(64 << 20);
                answer
            }
            _ => return None,
        };
        self.inspect(received);
        let outcome = Outcome::StoodIn(answer.status);
        self.ledger.finished(received.number, outcome);
        Some(answer)
    }

    pub(super) async fn wait(&self, wait: Duration) {
        let deadline = self.clock.monotonic().saturating_add(wait);
        self.clock.sleep_until(deadline).await;
    }
}

/// A request that stands in the ledger.
pub(super) struct Received {
    pub(super) number: usize,
    pub(super) request: Arc<Request>,
}

impl Fault {
    /// Returns whether the emulator does its work before the answer is spoiled.
    pub(super) fn processes(&self) -> bool {
        matches!(
            self,
            Self::Delay(_)
                | Self::DelayAnswer(_)
                | Self::HangAfter
                | Self::ResetAfter
                | Self::ResetMidBody
                | Self::SlowBytes { .. }
                | Self::Truncated
        )
    }
}
