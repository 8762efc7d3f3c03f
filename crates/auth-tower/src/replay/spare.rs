//! All that a second sending needs, kept while the first is under way.

use std::sync::Arc;

use http::{Extensions, HeaderName, HeaderValue, Method, Request, Uri, Version};

use super::Replay;
use crate::config::Config;

/// A copy of a request from before it got its token, and a service to send it with.
pub(crate) struct Spare<S, B, P: Replay<B>> {
    service: S,
    config: Arc<Config>,
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
    /// Returns the request as it was and, where the body can be sent again, the copy.
    pub(crate) fn keep(
        service: &S,
        config: &Arc<Config>,
        replay: &P,
        request: Request<B>,
    ) -> (Request<B>, Option<Box<Self>>) {
        let (head, body) = request.into_parts();
        let (body, spare) = replay.split(body);
        let spare = spare.map(|body| {
            let headers = &head.headers;
            Box::new(Self {
                service: service.clone(),
                config: Arc::clone(config),
                replay: replay.clone(),
                body,
                method: head.method.clone(),
                uri: head.uri.clone(),
                version: head.version,
                headers: headers
                    .iter()
                    .map(|(n, v)| (n.clone(), v.clone()))
                    .collect(),
                extensions: head.extensions.clone(),
            })
        });
        (Request::from_parts(head, body), spare)
    }
}

impl<S, B, P: Replay<B>> Spare<S, B, P> {
    /// Returns the service, which is not yet polled ready, and the request without a token, if the body is whole.
    pub(crate) fn restore(self) -> Option<(S, Arc<Config>, Request<B>)> {
        let mut request = Request::new(self.replay.restore(self.body)?);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.extensions_mut() = self.extensions;
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        Some((self.service, self.config, request))
    }
}
