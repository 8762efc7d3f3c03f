//! The types of the providers.

use auth_core::Secret;
use auth_oauth2::{Endpoint, legacy::User};
use auth_octorate::Octorate;
use auth_orgapi::OrgApi;
use auth_rator::{BrandKey, Rator};
use auth_testkit::ScriptedTransport;

use super::{Shown, core};
use crate::secrets::{Planted, replies};

pub(super) async fn show(planted: &Planted, shown: &mut Shown) {
    let secret = || Secret::from(&*planted.client_secret);

    let config = auth_orgapi::Config::new("blynk.cloud", "demo", secret()).unwrap();
    shown.show(&config);
    let orgapi = OrgApi::new(config, ScriptedTransport::new()).unwrap();
    shown.show(&orgapi);
    shown.show(&orgapi.client_credentials());

    let api = Endpoint::parse("https://api.example").unwrap();
    let brand = BrandKey::new("BRAND1").unwrap();
    shown.show(&brand);
    let config = auth_rator::Config::new(api.clone(), api, "demo", secret(), brand);
    shown.show(&config);
    let rator = Rator::new(config, ScriptedTransport::new()).unwrap();
    shown.show(&rator);
    let user = User::new(
        planted.user.as_str().into(),
        planted.password.as_str().into(),
    )
    .unwrap();
    shown.show(&rator.password(user));
    shown.show(&rator.refresh_token(planted.refresh.as_str().into()));

    let config = auth_octorate::Config::new("demo", secret());
    shown.show(&config);
    let transport = ScriptedTransport::new();
    let octorate = Octorate::new(config, transport.clone()).unwrap();
    shown.show(&octorate);
    let admin = octorate.admin(|builder| builder.previous(core::set(planted)));
    shown.show(&admin);
    let property = octorate.property("demo", |builder| builder.previous(core::set(planted)));
    shown.show(&property);
    let body = r#"{"redirectUri":["https://localhost"],"environment":"SANDBOX"}"#;
    transport.answers(replies::json(200, body.to_owned()));
    shown.show(&admin.configuration().await.unwrap());
}
