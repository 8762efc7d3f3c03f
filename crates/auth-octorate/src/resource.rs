//! What concerns calls to resources.

use auth_core::{Error, ErrorKind, Secret, Sent, TokenSet, send_with};
use auth_oauth2::resource_refusal;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, from_slice, json};

use crate::{AdminSource, PropertySource, config::https, dialect};

const CONFIGURATION: &str = "rest/v1/api/configuration";

/// What Octorate knows about a client.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Configuration {
    /// The redirect URIs registered.
    pub redirect_uri: Option<Vec<String>>,
    /// The pages on which users authorize.
    pub authorization_pages: Option<Vec<String>>,
    /// `SANDBOX` or `PRODUCTION`.
    pub environment: Option<String>,
    /// Whether the API is in maintenance.
    pub maintenance: Option<bool>,
}

/// A list of addresses in [`Configuration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum List {
    /// [`Configuration::redirect_uri`].
    RedirectUri,
    /// [`Configuration::authorization_pages`].
    AuthorizationPages,
}

#[derive(Deserialize)]
struct Created {
    id: Value,
    refresh_token: Secret,
    refresh_properties: Option<Vec<Value>>,
}

impl AdminSource {
    /// Returns what Octorate knows about the client, to be checked before a user is sent to authorize.
    ///
    /// # Errors
    ///
    /// Those of [`resource_error`], of the source and of the transport.
    ///
    /// # Cancellation
    ///
    /// Safe: reading changes nothing.
    pub async fn configuration(&self) -> Result<Configuration, Error> {
        read(&self.call(Method::GET, CONFIGURATION, Bytes::new()).await?)
    }

    /// Replaces a whole list, which is open to sandbox clients.
    ///
    /// # Errors
    ///
    /// As [`configuration`](Self::configuration), and where an address is not `https`.
    ///
    /// # Cancellation
    ///
    /// Afterwards the old or the new list is in force.
    pub async fn replace(&self, list: List, addresses: &[&str]) -> Result<(), Error> {
        addresses.iter().try_for_each(|address| https(address))?;
        let lists = std::collections::HashMap::from([(list, addresses)]);
        let json = json!(lists).to_string().into();
        self.call(Method::PATCH, CONFIGURATION, json).await?;
        Ok(())
    }

    /// Makes a property as `json` describes it, puts its login into `property`, saved, and returns the ids that the
    /// login covers, the new one first. Where [`Error::sent`] is not `No`, the property may have been made.
    ///
    /// # Errors
    ///
    /// As [`configuration`](Self::configuration) and [`Cached::login`](auth_core::Cached::login).
    ///
    /// # Cancellation
    ///
    /// As [`Cached::login_from`](auth_core::Cached::login_from): once begun, it goes on.
    pub async fn create_property(
        &self,
        json: Bytes,
        property: &PropertySource,
    ) -> Result<Vec<String>, Error> {
        let own = self.clone();
        let create = async move |_| {
            let path = "rest/v2/accommodation";
            let made: Created = read(&own.call(Method::POST, path, json).await?)?;
            let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            let covered = made.refresh_properties.iter().flatten();
            let others = covered.filter(|id| **id != made.id);
            let ids = [&made.id].into_iter().chain(others).map(text).collect();
            Ok((TokenSet::login(made.refresh_token), ids))
        };
        property.login_from(create).await
    }

    async fn call(&self, method: Method, path: &str, json: Bytes) -> Result<Bytes, Error> {
        let mut request = Request::new(json);
        *request.method_mut() = method;
        *request.uri_mut() = self.octorate.config.base_url.join(path)?.uri().clone();
        let json = || http::HeaderValue::from_static("application/json");
        if !request.body().is_empty() {
            request.headers_mut().insert(header::CONTENT_TYPE, json());
        }
        request.headers_mut().insert(header::ACCEPT, json());
        let reply = send_with(self, &self.octorate.transport, request).await?;
        let (head, body) = reply.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        Err(resource_error(head.status, &head.headers, &body))
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Error> {
    // The reason of a failure would quote the body, so it is dropped.
    from_slice(body).map_err(|_| {
        let why = "Octorate did as asked, but the answer cannot be read; report it";
        Error::new(ErrorKind::Protocol, why).with_sent(Sent::Answered)
    })
}

/// Returns what the answer to a resource call means, where that is not what was asked for. Of the body, a known `type`
/// is kept. A 401 does not get here as long as `auth-tower` can mend it.
pub fn resource_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    resource_refusal(status, headers, body, &dialect::refusals())
}

#[cfg(test)]
mod tests;
