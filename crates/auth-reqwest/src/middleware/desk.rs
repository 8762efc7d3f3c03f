//! Where request and response of reqwest lie while the layer decides about their heads.
//!
//! Conversions would write the address out and read it again, twice for each request; and what lies still is not moved
//! from hand to hand.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use auth_tower::Replay;
use http::{Extensions, HeaderMap, Uri};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Next, Result};

/// One request, its copy if it can be sent again, and the last response.
pub(super) struct Desk(Mutex<Papers>);

struct Papers {
    request: Option<Request>,
    spare: Option<Request>,
    response: Option<Response>,
    extensions: Extensions,
}

/// Stands for the request on the desk where the layer passes a body on.
#[derive(Clone, Copy)]
pub(super) struct Ticket<'a>(&'a Desk);

impl Desk {
    pub(super) fn new(request: Request, extensions: Extensions) -> Self {
        Self(Mutex::new(Papers {
            request: Some(request),
            spare: None,
            response: None,
            extensions,
        }))
    }

    /// Returns the head of the request, which takes the headers along.
    pub(super) fn lay(&self, uri: Uri, seen: Extensions) -> http::Request<Ticket<'_>> {
        let mut head = http::Request::new(Ticket(self));
        *head.uri_mut() = uri;
        *head.extensions_mut() = seen;
        if let Some(request) = &mut self.papers().request {
            *head.method_mut() = request.method().clone();
            *head.headers_mut() = mem::take(request.headers_mut());
        }
        head
    }

    /// Puts the headers back, to which a token may have been added, and lets go of an earlier response.
    pub(super) fn take_headers(&self, headers: HeaderMap) {
        let mut papers = self.papers();
        papers.response = None;
        if let Some(request) = &mut papers.request {
            *request.headers_mut() = headers;
        }
    }

    /// Sends the request and returns the head of the response, which takes headers and extensions along.
    pub(super) async fn run(&self, next: Next<'_>) -> Result<http::Response<()>> {
        let (request, mut extensions) = {
            let mut papers = self.papers();
            (papers.request.take(), mem::take(&mut papers.extensions))
        };
        let request = request.expect("a request is on the desk before each sending");
        let result = next.run(request, &mut extensions).await;
        let mut papers = self.papers();
        papers.extensions = extensions;
        let response = papers.response.insert(result.map_err(Error::without_url)?);
        let mut head = http::Response::new(());
        *head.status_mut() = response.status();
        *head.version_mut() = response.version();
        *head.headers_mut() = mem::take(response.headers_mut());
        *head.extensions_mut() = mem::take(response.extensions_mut());
        Ok(head)
    }

    /// Takes the last response, without what its head took along, and the extensions.
    pub(super) fn clear(&self) -> (Option<Response>, Extensions) {
        let mut papers = self.papers();
        (papers.response.take(), mem::take(&mut papers.extensions))
    }

    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives a response back what its head took along.
pub(super) fn whole(mut response: Response, head: http::Response<()>) -> Response {
    let (head, ()) = head.into_parts();
    *response.headers_mut() = head.headers;
    *response.extensions_mut() = head.extensions;
    response
}

/// Sends a request again if its body is whole in memory; a stream is sent once.
#[derive(Clone, Copy)]
pub(super) struct ReplayRequest;

impl<'a> Replay<Ticket<'a>> for ReplayRequest {
    type Spare = Ticket<'a>;

    fn keeps(&self, Ticket(desk): &Ticket<'a>) -> bool {
        let papers = desk.papers();
        let body = papers.request.as_ref().and_then(Request::body);
        body.is_none_or(|body| body.as_bytes().is_some())
    }

    fn split(&self, ticket: Ticket<'a>) -> (Ticket<'a>, Option<Ticket<'a>>) {
        let mut papers = ticket.0.papers();
        papers.spare = papers.request.as_ref().and_then(Request::try_clone);
        let spare = papers.spare.as_ref().map(|_| ticket);
        (ticket, spare)
    }

    fn restore(&self, spare: Ticket<'a>) -> Option<Ticket<'a>> {
        let mut papers = spare.0.papers();
        papers.request = papers.spare.take();
        papers.request.as_ref().map(|_| spare)
    }
}
