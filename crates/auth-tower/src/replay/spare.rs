//! All that a second sending needs, kept while the first is under way.

use auth_core::Token;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

use super::Replay;
use crate::{attempt::Sending, future::Sent};

/// A copy of a request without its token, and a service to send it with.
pub(crate) struct Spare<S, B, P: Replay<B>> {
    pub(crate) sending: Sending,
    service: S,
    replay: P,
    body: P::Spare,
    method: Method,
    uri: Uri,
    version: Version,
    /// A plain list is one allocation, a copied map two. The map is made again if it is ever needed.
    headers: Vec<(HeaderName, HeaderValue)>,
    extensions: Extensions,
}

impl<S: Clone, B, P: Replay<B> + Clone> Spare<S, B, P> {
    /// Returns the request to send, with what is remembered of it: a copy, where its body can be sent again.
    pub(crate) fn keep(
        service: &S,
        replay: &P,
        request: Request<B>,
        sending: Sending,
    ) -> (Request<B>, Sent<S, B, P>) {
        let mut spare = None;
        let request = request.map(|body| {
            let (body, kept) = replay.split(body);
            spare = kept;
            body
        });
        let sent = match spare {
            None => Sent::Once(sending),
            Some(body) => Sent::Spared(Box::new(Self {
                service: service.clone(),
                replay: replay.clone(),
                body,
                method: request.method().clone(),
                uri: request.uri().clone(),
                version: request.version(),
                headers: others(request.headers(), &sending.token),
                extensions: request.extensions().clone(),
                sending,
            })),
        };
        (request, sent)
    }
}

/// Returns the headers that are not the token's, all of which are marked sensitive.
fn others(headers: &HeaderMap, token: &Token) -> Vec<(HeaderName, HeaderValue)> {
    let mut others = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        if !value.is_sensitive() || token.headers().all(|(own, _)| own != name) {
            others.push((name.clone(), value.clone()));
        }
    }
    others
}

/// A service, which is not yet polled ready, and a request without a token.
type Restored<S, B> = (S, Request<B>);

impl<S, B, P: Replay<B>> Spare<S, B, P> {
    /// Returns what was sent, and what to send again if the body is whole.
    pub(crate) fn restore(self) -> (Sending, Option<Restored<S, B>>) {
        let Some(body) = self.replay.restore(self.body) else {
            return (self.sending, None);
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.extensions_mut() = self.extensions;
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        (self.sending, Some((self.service, request)))
    }
}

#[cfg(test)]
mod tests;
