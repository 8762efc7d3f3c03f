//! The ways to log in.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{Credentials, Error, ErrorKind, TokenRequest, Transport};
use auth_oauth2::{Basic, TokenClient};

use crate::{ClientAuth, Config, dialect};

/// Returns the token endpoint as operators ask it, and as everybody else does.
pub(crate) fn clients(
    config: &Config,
    transport: &Arc<dyn Transport>,
) -> Result<(TokenClient, TokenClient), Error> {
    let mut names = [&config.brand_name, &config.also_send_as].into_iter();
    if names.any(|name| name.as_deref() == Some("")) {
        let why = "the name for the brand is empty; leave it out, or say brand_key or brandKey";
        return Err(Error::new(ErrorKind::Configuration, why));
    }
    let (id, secret) = (&config.client_id, &config.client_secret);
    let client = |credentials: Arc<dyn Credentials>| {
        let (at, over) = (config.token_url.clone(), Arc::clone(transport));
        TokenClient::new(at, credentials, over, dialect::rator(config))
    };
    let basic = match config.client_auth {
        ClientAuth::BasicEncoded => Basic::encoded(id, secret)?,
        ClientAuth::Basic | ClientAuth::AbsentForOperators => Basic::raw(id, secret)?,
    };
    let others = client(Arc::new(basic));
    Ok(match config.client_auth {
        ClientAuth::AbsentForOperators => (client(Arc::new(Absent)), others),
        ClientAuth::Basic | ClientAuth::BasicEncoded => (others.clone(), others),
    })
}

/// Shows nothing: the operator's password is all the proof there is.
struct Absent;

#[async_trait]
impl Credentials for Absent {
    async fn authenticate(&self, _: &mut TokenRequest) -> Result<(), Error> {
        Ok(())
    }
}
