use std::{
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use auth_core::{Error, Secret, Transport};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};

use super::{
    Gate,
    script::{Script, lock},
};
use crate::ledger::shown;

/// A transport that answers as its script says and keeps every request; clones share both.
///
/// When the script has ended, sending fails, unless [`always`](Self::always) says otherwise.
///
/// # Example
///
/// ```
/// use auth_core::Transport;
/// use auth_testkit::ScriptedTransport;
/// use http::{Request, StatusCode};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let transport = ScriptedTransport::new();
/// transport.json(StatusCode::OK, r#"{"access_token":"made-up"}"#);
///
/// let request = Request::post("https://id.example/token?client_id=me").body("scope=a+b".into());
/// let answer = transport.send(request.unwrap()).await.unwrap();
/// assert_eq!(answer.status(), StatusCode::OK);
///
/// let requests = transport.requests();
/// assert!(requests[0].query_has("client_id", "me"));
/// assert!(requests[0].form_has("scope", "a b"));
/// assert!(!format!("{requests:?}").contains("a b"));
/// # }
/// ```
#[derive(Clone)]
pub struct ScriptedTransport(Arc<Inner>);

struct Inner {
    script: Script<Request<Bytes>, Response<Bytes>>,
    requests: Mutex<Vec<Recorded>>,
}

impl ScriptedTransport {
    /// Returns a transport with an empty script.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            script: Script::new(),
            requests: Mutex::default(),
        }))
    }

    /// Adds a step: answers with `response`.
    pub fn answers(&self, response: Response<Bytes>) -> &Self {
        self.acts(move |_| Ok(response))
    }

    /// Adds a step: answers with a JSON document.
    pub fn json(&self, status: StatusCode, body: &str) -> &Self {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = status;
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        self.answers(response)
    }

    /// Adds a step: fails with `error`.
    pub fn fails(&self, error: Error) -> &Self {
        self.acts(move |_| Err(error))
    }

    /// Adds a step: does what `act` says.
    pub fn acts(
        &self,
        act: impl FnOnce(&Request<Bytes>) -> Result<Response<Bytes>, Error> + Send + 'static,
    ) -> &Self {
        self.0.script.act(act);
        self
    }

    /// Makes the step that is added next wait at `gate` first.
    pub fn waits(&self, gate: &Gate) -> &Self {
        self.0.script.wait(gate);
        self
    }

    /// Does what `act` says with every request after the end of the script.
    pub fn always(
        &self,
        act: impl Fn(&Request<Bytes>) -> Result<Response<Bytes>, Error> + Send + Sync + 'static,
    ) -> &Self {
        self.0.script.always(act);
        self
    }

    /// Returns how many requests were sent.
    pub fn calls(&self) -> usize {
        self.0.script.calls().begun
    }

    /// Waits until `count` requests were sent.
    ///
    /// # Cancellation
    ///
    /// Safe: watching changes nothing.
    pub async fn until_calls(&self, count: usize) {
        self.0.script.until_calls(count).await;
    }

    /// Returns every request, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.0.requests).clone()
    }
}

impl Default for ScriptedTransport {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        lock(&self.0.requests).push(Recorded(request.clone()));
        self.0.script.play(&request).await
    }
}

impl fmt::Debug for ScriptedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedTransport")
            .field("requests", &self.requests())
            .finish_non_exhaustive()
    }
}

/// A request that was sent. Its `Debug` names parameters and headers, and shows no value.
#[derive(Clone)]
pub struct Recorded(pub(crate) Request<Bytes>);

impl Recorded {
    /// Returns the request itself, secrets included.
    pub fn request(&self) -> &Request<Bytes> {
        &self.0
    }

    /// Returns the parameters of the query, in order.
    pub fn query(&self) -> Vec<(String, Secret)> {
        parameters(self.0.uri().query().unwrap_or_default().as_bytes())
    }

    /// Returns the parameters of the form body, in order.
    pub fn form(&self) -> Vec<(String, Secret)> {
        parameters(self.0.body())
    }

    /// Returns whether the query says `name` exactly once, and there `value`.
    pub fn query_has(&self, name: &str, value: &str) -> bool {
        says(&self.query(), name, value)
    }

    /// Returns whether the form body says `name` exactly once, and there `value`.
    pub fn form_has(&self, name: &str, value: &str) -> bool {
        says(&self.form(), name, value)
    }

    /// Returns whether the header `name` was sent exactly once, with `value`.
    pub fn header_has(&self, name: &str, value: &str) -> bool {
        let mut values = self.0.headers().get_all(name).iter();
        values.next().is_some_and(|first| first == value) && values.next().is_none()
    }
}

fn parameters(text: &[u8]) -> Vec<(String, Secret)> {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), Secret::from(&*value)))
        .collect()
}

fn says(parameters: &[(String, Secret)], name: &str, value: &str) -> bool {
    let mut values = parameters.iter().filter(|(other, _)| other == name);
    values
        .next()
        .is_some_and(|(_, first)| first.expose() == value)
        && values.next().is_none()
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |list: Vec<(String, Secret)>| -> Vec<_> {
            // A body that is no form reads as a name without a value.
            list.into_iter()
                .map(|(name, _)| shown::name(&name).to_owned())
                .collect()
        };
        f.debug_struct("Recorded")
            .field("method", self.0.method())
            .field("path", &shown::path(self.0.uri().path()))
            .field("query", &names(self.query()))
            .field("form", &names(self.form()))
            .field("headers", &self.0.headers().keys().collect::<Vec<_>>())
            .finish()
    }
}
