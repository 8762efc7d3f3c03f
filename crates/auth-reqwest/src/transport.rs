//! Token requests over reqwest.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use auth_core::{Error, MAX_BODY, Transport};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header::CONTENT_ENCODING};

use crate::{client, failure};

/// Sends token requests with reqwest.
///
/// Whatever the client was configured with, these hold:
///
/// * Redirects are not followed and no `Referer` is sent. A redirect is an answer like any other (RFC 9700 §4.12).
/// * HTTP/1.1 is spoken, and no request is sent twice.
/// * The request goes out as it is: no header is added but `content-length`, a missing `host`, and `accept: */*` where
///   the request has no `accept`.
/// * The answer is not decompressed. One with a `Content-Encoding` was not asked for and is an error, so that a small
///   answer cannot grow large.
/// * A connection is made within 10 s and the answer is complete within 30 s, unless the builder says otherwise, and its
///   body has at most [`MAX_BODY`] bytes.
///
/// A clone shares the connections.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use auth_core::Transport;
/// use auth_reqwest::ReqwestTransport;
///
/// # fn main() -> Result<(), auth_core::Error> {
/// let transport: Arc<dyn Transport> = Arc::new(ReqwestTransport::new()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// Returns a transport with reqwest's own TLS settings and without any proxy.
    ///
    /// Proxies named by the environment are left aside on purpose: they would see plain requests to loopback addresses.
    /// For a client that uses them, see [`from_builder`](Self::from_builder).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Returns a transport over a client of the caller's making, with the settings above on top.
    ///
    /// This is the place for root certificates, a client certificate, a DNS resolver or a proxy. A builder that was not
    /// told about proxies takes those of the environment (`HTTPS_PROXY` and others) if reqwest was built for it; say
    /// `no_proxy` to it to rule them out.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Example
    ///
    /// ```
    /// use auth_reqwest::ReqwestTransport;
    ///
    /// # fn main() -> Result<(), auth_core::Error> {
    /// let builder = reqwest::Client::builder().no_proxy().https_only(true);
    /// let transport = ReqwestTransport::from_builder(builder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_builder(client: reqwest::ClientBuilder) -> Result<Self, Error> {
        Self::builder().client(client).build()
    }

    /// Starts the making of a transport with other time limits.
    pub fn builder() -> TransportBuilder {
        TransportBuilder {
            client: reqwest::Client::builder().no_proxy(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
        }
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Error> {
        if request.body().is_empty() {
            let method = request.method().clone();
            client::announce_empty_body(&method, request.headers_mut());
        }
        let request = request
            .try_into()
            .map_err(|error| failure::of_request(&error))?;
        let mut answer = self
            .0
            .execute(request)
            .await
            .map_err(|error| failure::of_request(&error))?;
        let status = answer.status();
        refuse_encoded(answer.headers(), status)?;
        let mut head = http::Response::new(());
        *head.status_mut() = status;
        *head.version_mut() = answer.version();
        *head.headers_mut() = std::mem::take(answer.headers_mut());
        let body = read(answer, status).await?;
        Ok(head.map(|()| body))
    }
}

fn refuse_encoded(headers: &HeaderMap, status: StatusCode) -> Result<(), Error> {
    let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Ok(());
    }
    Err(failure::of_answer(
        "the answer is compressed although that was not asked for; look for a proxy that does it",
        "content_encoding",
        status,
    ))
}

async fn read(mut answer: reqwest::Response, status: StatusCode) -> Result<Bytes, Error> {
    let too_long = || {
        failure::of_answer(
            "the answer is longer than a token endpoint's can be; check the address",
            "body_too_large",
            status,
        )
    };
    let announced = answer.content_length().unwrap_or_default();
    if announced > MAX_BODY as u64 {
        return Err(too_long());
    }
    let mut body = BytesMut::new();
    loop {
        let chunk = answer
            .chunk()
            .await
            .map_err(|error| failure::of_body(&error, status))?;
        let Some(chunk) = chunk else {
            return Ok(body.freeze());
        };
        if body.len() + chunk.len() > MAX_BODY {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
}

impl fmt::Debug for ReqwestTransport {
    // The client's own text shows its default headers, which may be credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

/// Makes a [`ReqwestTransport`].
#[derive(Debug)]
#[must_use]
pub struct TransportBuilder {
    client: reqwest::ClientBuilder,
    connect_timeout: Duration,
    timeout: Duration,
}

impl TransportBuilder {
    /// Takes a client builder, as [`ReqwestTransport::from_builder`] does.
    pub fn client(mut self, client: reqwest::ClientBuilder) -> Self {
        self.client = client;
        self
    }

    /// Sets the longest time until a connection stands: name, TCP and TLS together. 10 s by default.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets the longest time until the answer is complete, connection included. 30 s by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Returns the transport.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where the client cannot be built.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        let builder = self
            .client
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .http1_only()
            // reqwest would repeat what an HTTP/2 server says it did not process; nothing is to be sent twice.
            .retry(reqwest::retry::never())
            // Another crate of the build may have switched these features on.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
        client::client_without_redirects(builder).map(ReqwestTransport)
    }
}

#[cfg(test)]
mod tests;
