//! The layer around the rest of the chain.

use std::{
    future::{Future, poll_fn},
    io, mem,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use auth_tower::{Answer, AuthError, AuthLayer, BoxError, Replay};
use http::Extensions;
use reqwest::{Body, Request, Response};
use reqwest_middleware::{Error, Next, Result};
use tower_layer::Layer;
use tower_service::Service;

use super::copy::Copy;

/// What the layer passes on as a body. The headers are in the head, where the layer looks for them.
pub(super) enum Matter {
    /// A request to send.
    Unsent(Box<Request>),
    /// The answer to a request that was sent before the layer was asked, and a copy of that request if there is one.
    Answered(Box<(http::Response<Response>, Option<Copy>)>),
}

/// Sends a request as the layer wants it: at once, later, twice, or not at all. One that could not be read is an error.
pub(super) async fn send(
    layer: &AuthLayer<ReplayMatter>,
    request: Result<http::Request<Matter>>,
    extensions: &mut Extensions,
    next: Next<'_>,
) -> Result<Response> {
    let request = request?;
    let lent = Mutex::new(extensions);
    let mut auth = layer.layer(Rest(|request| run(request, &lent, next.clone())));
    // Always ready at once, but the contract of a service asks for the question.
    let ready = poll_fn(|cx| Service::<http::Request<Matter>>::poll_ready(&mut auth, cx));
    ready.await.map_err(told)?;
    auth.call(request).await.map(closed).map_err(told)
}

/// Returns a request as the layer sees it.
pub(super) fn unsent(mut request: Request, seen: Extensions) -> Result<http::Request<Matter>> {
    let Ok(uri) = request.url().as_str().parse() else {
        return Err(unreadable(request));
    };
    let method = request.method().clone();
    let headers = mem::take(request.headers_mut());
    let mut whole = http::Request::new(Matter::Unsent(Box::new(request)));
    *whole.method_mut() = method;
    *whole.uri_mut() = uri;
    *whole.headers_mut() = headers;
    *whole.extensions_mut() = seen;
    Ok(whole)
}

/// Lets reqwest say in its own words why it cannot send to an address.
fn unreadable(request: Request) -> Error {
    match http::Request::<Body>::try_from(request) {
        Err(error) => error.without_url().into(),
        Ok(_) => Error::middleware(io::Error::other("the address cannot be read")),
    }
}

/// Returns whether a response refuses the token, by the rule of a layer without options.
pub(super) fn refuses(response: &Response) -> bool {
    let (headers, extensions) = (response.headers(), response.extensions());
    Answer::new(response.status(), headers, extensions).is_unauthenticated()
}

/// Returns a response as the layer sees it.
pub(super) fn opened(mut response: Response) -> http::Response<Response> {
    let (status, version) = (response.status(), response.version());
    let headers = mem::take(response.headers_mut());
    let extensions = mem::take(response.extensions_mut());
    let mut open = http::Response::new(response);
    *open.status_mut() = status;
    *open.version_mut() = version;
    *open.headers_mut() = headers;
    *open.extensions_mut() = extensions;
    open
}

/// Gives a response back what the layer saw.
pub(super) fn closed(open: http::Response<Response>) -> Response {
    let (head, mut response) = open.into_parts();
    *response.headers_mut() = head.headers;
    *response.extensions_mut() = head.extensions;
    response
}

fn told(error: BoxError) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(own) => return *own,
        Err(other) => other,
    };
    match error.downcast::<AuthError>() {
        Ok(auth) => Error::middleware(*auth),
        Err(other) => Error::middleware(io::Error::other(other)),
    }
}

/// The middleware after this one, and the client: a service that can be called twice, and always is ready.
///
/// A function makes its future, so that it is of a type without a name and needs no box.
#[derive(Clone)]
struct Rest<F>(F);

impl<F, R> Service<http::Request<Matter>> for Rest<F>
where
    F: Fn(http::Request<Matter>) -> R,
    R: Future<Output = Result<http::Response<Response>>>,
{
    type Response = http::Response<Response>;
    type Error = Error;
    type Future = R;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Matter>) -> R {
        (self.0)(request)
    }
}

async fn run(
    request: http::Request<Matter>,
    lent: &Mutex<&mut Extensions>,
    next: Next<'_>,
) -> Result<http::Response<Response>> {
    let (head, matter) = request.into_parts();
    let mut request = match matter {
        Matter::Answered(answered) => return Ok(answered.0),
        Matter::Unsent(request) => request,
    };
    *request.headers_mut() = head.headers;
    let mut extensions = mem::take(&mut **lock(lent));
    let result = next.run(*request, &mut extensions).await;
    **lock(lent) = extensions;
    result.map(opened).map_err(Error::without_url)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a request again if its body is whole in memory; a stream is sent once.
#[derive(Clone, Copy)]
pub(super) struct ReplayMatter;

impl Replay<Matter> for ReplayMatter {
    type Spare = Copy;

    fn keeps(&self, matter: &Matter) -> bool {
        match matter {
            Matter::Unsent(request) => {
                let body = request.body();
                body.is_none_or(|body| body.as_bytes().is_some())
            }
            Matter::Answered(answered) => answered.1.is_some(),
        }
    }

    fn split(&self, matter: Matter) -> (Matter, Option<Copy>) {
        match matter {
            Matter::Unsent(mut request) => {
                let copy = Copy::of(&mut request);
                (Matter::Unsent(request), copy)
            }
            Matter::Answered(mut answered) => {
                let copy = answered.1.take();
                (Matter::Answered(answered), copy)
            }
        }
    }

    fn restore(&self, spare: Copy) -> Option<Matter> {
        Some(Matter::Unsent(Box::new(spare.into_request())))
    }
}
