//! The `Authenticator` of yup-oauth2 for an installed application, with the storage it comes with, in memory.
//!
//! Its token endpoint is the stub, named by `token_uri`; the user who would paste a code is a delegate. It hands out
//! tokens, so the header is made for each request.

use std::{future::Future, pin::Pin};

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::BoxError;
use yup_oauth2::{
    ApplicationSecret, CustomHyperClientBuilder, InstalledFlowAuthenticator,
    InstalledFlowReturnMethod, authenticator::Authenticator,
    authenticator_delegate::InstalledFlowDelegate,
};

use crate::stub;

use super::{
    Lanes, Subject,
    lane::{Stamp, stamped},
};

/// A token for each request.
pub const TOWER: Subject = Subject {
    name: "yup",
    label: "yup-oauth2",
    over: "bare",
    beside: "static",
    start: || Box::pin(start()),
};

async fn start() -> Result<Lanes, String> {
    let endpoint = stub::start().await.map_err(|error| error.to_string())?;
    let secret = ApplicationSecret {
        client_id: "made-up".to_owned(),
        client_secret: "made-up".to_owned(),
        token_uri: format!("http://{endpoint}/token"),
        auth_uri: format!("http://{endpoint}/authorize"),
        ..ApplicationSecret::default()
    };
    let http: Client<HttpConnector, String> = Client::builder(TokioExecutor::new()).build_http();
    let made = InstalledFlowAuthenticator::with_client(
        secret,
        InstalledFlowReturnMethod::Interactive,
        CustomHyperClientBuilder::from(http),
    );
    let made = made.flow_delegate(Box::new(User)).build().await;
    stamped(Yup(made.map_err(|error| error.to_string())?)).await
}

/// Pastes a code at once.
struct User;

impl InstalledFlowDelegate for User {
    fn present_user_url<'a>(
        &'a self,
        _: &'a str,
        _: bool,
    ) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>> {
        Box::pin(async { Ok("made-up".to_owned()) })
    }
}

struct Yup(Authenticator<HttpConnector>);

impl Stamp for Yup {
    async fn stamp(&self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        let token = self.0.token(&["https://api.example/things"]).await?;
        let token = token.token().ok_or("there is no access token")?;
        let value = HeaderValue::try_from(format!("Bearer {token}"))?;
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}
