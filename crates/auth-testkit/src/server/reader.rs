//! Reading requests off a socket without losing a byte of them.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::ledger::Request;

/// The first bytes of an HTTP/2 connection (RFC 9113 §3.4), as far as they tell it from HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";
/// More than this is not read of a request; the connection ends instead.
const MOST: usize = 64 << 20;

/// The read half of a connection, with what was read and not yet used.
pub(super) struct Reader<R> {
    stream: R,
    buffer: BytesMut,
}

/// What comes first on a connection, or next on one that is kept.
pub(super) enum Head {
    /// The client closed.
    Closed,
    /// The client speaks HTTP/2.
    Http2,
    /// The head of a request, this many bytes of the buffer long.
    Request(Box<Request>, usize),
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(super) fn new(stream: R) -> Self {
        Self {
            stream,
            buffer: BytesMut::with_capacity(4096),
        }
    }

    /// Gives the stream back, with the bytes that were read too early.
    pub(super) fn into_parts(self) -> (R, Bytes) {
        (self.stream, self.buffer.freeze())
    }

    pub(super) async fn head(&mut self) -> io::Result<Head> {
        loop {
            if self.buffer.starts_with(PREFACE) {
                return Ok(Head::Http2);
            }
            let undecided = !self.buffer.is_empty() && PREFACE.starts_with(&self.buffer);
            if !undecided {
                if let Some((request, length)) = parse(&self.buffer)? {
                    return Ok(Head::Request(Box::new(request), length));
                }
            }
            if !self.more().await? {
                return Ok(Head::Closed);
            }
        }
    }

    /// Reads the body that belongs to a head of `length` bytes and returns the finished request.
    pub(super) async fn finish(
        &mut self,
        mut request: Request,
        length: usize,
    ) -> io::Result<Request> {
        let (body, end) = if request.header("transfer-encoding").is_some() {
            self.chunks(length).await?
        } else {
            let size = request.header("content-length");
            let size = size.and_then(|text| text.parse().ok()).unwrap_or(0_usize);
            self.at_least(length.saturating_add(size)).await?;
            let body = Bytes::copy_from_slice(&self.buffer[length..length + size]);
            (body, length + size)
        };
        request.body = body;
        request.raw = self.buffer.split_to(end).freeze();
        Ok(request)
    }

    /// Reads a body in chunks (RFC 9112 §7.1) from `at` on; returns it and where it ends. Trailers are skipped.
    async fn chunks(&mut self, mut at: usize) -> io::Result<(Bytes, usize)> {
        let mut body = BytesMut::new();
        loop {
            let (line, size) = loop {
                match httparse::parse_chunk_size(&self.buffer[at..]) {
                    Ok(httparse::Status::Complete((line, size))) => break (line, size as usize),
                    Ok(httparse::Status::Partial) => self.at_least(self.buffer.len() + 1).await?,
                    Err(_) => return Err(io::ErrorKind::InvalidData.into()),
                }
            };
            at += line;
            if size == 0 {
                return Ok((body.freeze(), self.trailers(at).await?));
            }
            self.at_least(at.saturating_add(size).saturating_add(2))
                .await?;
            body.extend_from_slice(&self.buffer[at..at + size]);
            at += size + 2;
        }
    }

    async fn trailers(&mut self, mut at: usize) -> io::Result<usize> {
        loop {
            let Some(end) = self.buffer[at..].windows(2).position(|w| w == b"\r\n") else {
                self.at_least(self.buffer.len() + 1).await?;
                continue;
            };
            at += end + 2;
            if end == 0 {
                return Ok(at);
            }
        }
    }

    async fn at_least(&mut self, length: usize) -> io::Result<()> {
        while self.buffer.remaining() < length {
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Reads what there is; returns whether there was anything.
    async fn more(&mut self) -> io::Result<bool> {
        if self.buffer.len() > MOST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

fn parse(buffer: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => {
            let list = parsed.headers.iter().map(|header| {
                let value = String::from_utf8_lossy(header.value).into_owned();
                (header.name.to_owned(), value)
            });
            let method = parsed.method.unwrap_or_default();
            let target = parsed.path.unwrap_or_default();
            Ok(Some((Request::new(method, target, list.collect()), length)))
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}
