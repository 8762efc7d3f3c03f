//! Requests that need no decision of the layer before they are sent.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{Error, Held, Origins, Peek, Token, TokenSource};
use auth_tower::NoAuth;
use http::{Extensions, Uri};
use reqwest::{Request, Response, Url};

use super::{
    copy::{Copy, Headers},
    layered::Matter,
};

/// Says that only the layer can tell what becomes of a request.
pub(super) struct Unclear;

/// Puts a token on a request, where a layer over `source` without options would do that at once and nothing else.
///
/// Returns what is remembered of it until the answer is there: nothing of a request that goes out as it is.
pub(super) fn attach(
    source: &Arc<dyn TokenSource>,
    request: &mut Request,
    extensions: &Extensions,
) -> Result<Option<Sent>, Unclear> {
    if extensions.get::<NoAuth>().is_some() {
        return Ok(None);
    }
    let source = extensions.get().unwrap_or(source);
    if !allow(source.origins(), request.url()) {
        return Err(Unclear);
    }
    let mut held = Held::shared();
    match source.peek(&mut held) {
        Peek::Ready => {}
        Peek::Renew => source.renew(),
        Peek::Absent => return Err(Unclear),
    }
    let token = held.take().ok_or(Unclear)?;
    let copy = Copy::of(request).map(|copy| (copy, Headers::of(request.headers())));
    if !token.attach(request.headers_mut()) {
        return Ok(None);
    }
    let source = Arc::clone(source);
    let source = Pinned { source, token };
    Ok(Some(Sent { source, copy }))
}

/// Returns whether a token may go to `url`. Whatever may be wrong with it is for the layer to say.
fn allow(origins: &Origins, url: &Url) -> bool {
    let (scheme, authority) = (url.scheme(), url.authority());
    let mut origins = origins.iter();
    origins.any(|origin| origin.is_protected() && origin.matches_text(scheme, authority))
}

/// What is remembered of a request that went out with a token.
pub(super) struct Sent {
    source: Pinned,
    copy: Option<(Copy, Headers)>,
}

impl Sent {
    /// Returns the request as the layer sees it, with an answer that may refuse the token.
    pub(super) fn answered(self, answer: http::Response<Response>) -> http::Request<Matter> {
        let (copy, headers) = self.copy.unzip();
        let uri = copy.as_ref().and_then(Copy::uri);
        // Without a copy nothing is sent, so any address will do to which the token may go.
        let uri = uri.or_else(|| self.source.somewhere());
        let mut request = http::Request::new(Matter::Answered(Box::new((answer, copy))));
        *request.uri_mut() = uri.unwrap_or_default();
        *request.headers_mut() = headers.map(Headers::into_map).unwrap_or_default();
        let source: Arc<dyn TokenSource> = Arc::new(self.source);
        request.extensions_mut().insert(source);
        request
    }
}

/// A source as it was when the request was sent: its token is the one that went along, whatever `source` has by now.
struct Pinned {
    source: Arc<dyn TokenSource>,
    token: Token,
}

impl Pinned {
    fn somewhere(&self) -> Option<Uri> {
        let mut origins = self.source.origins().iter();
        let origin = origins.find(|origin| origin.is_protected())?;
        origin.to_string().parse().ok()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TokenSource for Pinned {
    async fn token(&self) -> Result<Token, Error> {
        self.source.token().await
    }

    fn peek(&self, held: &mut Held) -> Peek {
        held.keep(&self.token, self.token.generation(), None);
        Peek::Ready
    }

    fn renew(&self) {
        self.source.renew();
    }

    fn reject(&self, refused: &Token) {
        self.source.reject(refused);
    }

    fn origins(&self) -> &Origins {
        self.source.origins()
    }
}

#[cfg(test)]
mod tests;
