//! An answer, before it is written down.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::StatusCode;

/// Status, headers and body of an answer; trailers on HTTP/2 alone.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) trailers: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            trailers: Vec::new(),
        }
    }

    pub(crate) fn json(status: u16, text: impl Into<String>) -> Self {
        Self::text(status, "application/json", text)
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::text(
            status,
            "text/html;charset=utf-8",
            format!("<!doctype html><html><body><h1>HTTP Status {status}</h1></body></html>"),
        )
    }

    pub(crate) fn text(status: u16, content_type: &str, text: impl Into<String>) -> Self {
        let mut answer = Self::empty(status).header("content-type", content_type);
        answer.body = Bytes::from(text.into());
        answer
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Says that no cache may keep the answer (RFC 6749 §5.1).
    #[must_use]
    pub(crate) fn no_store(self) -> Self {
        self.header("cache-control", "no-store")
            .header("pragma", "no-cache")
    }

    /// Writes status line and headers down, with the length of the body and an empty line at the end.
    pub(crate) fn head(&self, date: Option<SystemTime>) -> String {
        let reason = StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unnamed");
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if let Some(date) = date {
            let _ = write!(head, "date: {}\r\n", http_date(date));
        }
        // Neither 204 nor 304 may tell a length (RFC 9110 §8.6).
        if self.status != 204 && self.status != 304 {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        head
    }
}

/// Writes a time down as RFC 9110 §5.6.7 wants it; one that has no such form is moved to the nearer end.
pub(super) fn http_date(time: SystemTime) -> String {
    // The last second of the year 9999, beyond which there is no such date.
    let last = Duration::from_secs(253_402_300_799);
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since.unwrap_or_default().min(last))
}
