use std::sync::Mutex;

use auth_core::{ErrorKind, Secret, TokenSource};
use bytes::Bytes;

use super::*;

fn is_public<T: Clone + Send + Sync + fmt::Debug + 'static>(_: &T) {}

fn is_source(_: &dyn TokenSource) {}

#[test]
fn sources_are_handles_that_show_nothing() {
    let config = Config::new("public_demo", Secret::new("made-up-secret"));
    let octorate = Octorate::new(config, Counting::default()).unwrap();
    let (admin, property) = (octorate.admin(|b| b), octorate.property("16997", |b| b));
    is_public(&octorate);
    is_public(&admin);
    is_public(&property);
    is_source(&admin);
    is_source(&property);
    assert!(!format!("{octorate:?} {admin:?} {property:?}").contains("made-up"));
}

#[test]
fn id_and_secret_are_wanted() {
    for (id, secret) in [("", "made-up"), ("public_demo", "")] {
        let error =
            Octorate::new(Config::new(id, Secret::new(secret)), Counting::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[tokio::test]
async fn whoever_may_be_dropped_can_be_spawned() {
    let config = Config::new("public_demo", Secret::new("made-up-secret"));
    let octorate = Octorate::new(config, Counting::default()).unwrap();
    fn is_send<T: Send>(future: T) {
        drop(future);
    }
    let (admin, property) = (octorate.admin(|b| b), octorate.property("16997", |b| b));
    is_send(admin.configuration());
    is_send(admin.replace(crate::List::RedirectUri, &[]));
    is_send(admin.create_property("{}".into(), &property));
    is_send(property.migrate(Secret::new("made-up"), "16997"));
}

/// Counts what is sent, and answers everything with a token.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<usize>>);

#[async_trait::async_trait]
impl Transport for Counting {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, Error> {
        *self.0.lock().unwrap() += 1;
        Ok(http::Response::new(
            r#"{"access_token":"made-up","refresh_token":"made-up-2"}"#.into(),
        ))
    }
}

#[tokio::test]
async fn a_migration_without_key_or_property_is_not_sent() {
    for (key, property, sent) in [
        ("", "16997", 0),
        ("made-up", "", 0),
        ("made-up", "16997", 1),
    ] {
        let transport = Counting::default();
        let config = Config::new("public_demo", Secret::new("made-up-secret"));
        let octorate = Octorate::new(config, transport.clone()).unwrap();
        let outcome = octorate
            .property("16997", |b| b)
            .migrate(Secret::new(key), property)
            .await;
        let kind = outcome.err().map(|error| error.kind());
        assert_eq!(
            kind,
            (sent == 0).then_some(ErrorKind::Configuration),
            "{key} {property}"
        );
        assert_eq!(*transport.0.lock().unwrap(), sent, "{key} {property}");
    }
}

#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<String>>>);

impl auth_core::Observer for Names {
    fn event(&self, name: &str, _: &auth_core::Event) {
        self.0.lock().unwrap().push(name.to_owned());
    }
}

#[tokio::test]
async fn each_account_has_a_name_of_its_own_in_events() {
    let config = Config::new("public_demo", Secret::new("made-up-secret"));
    let octorate = Octorate::new(config, Counting::default()).unwrap();
    let names = Names::default();
    let login = || auth_core::TokenSet::login(Secret::new("made-up-1"));
    let (one, two) = (names.clone(), names.clone());
    let admin = octorate.admin(|b| b.observer(one));
    let hotel = octorate.property("16997", |b| b.observer(two).previous(login()));
    admin.token().await.unwrap();
    hotel.token().await.unwrap();
    let mut seen = names.0.lock().unwrap().clone();
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["octorate/16997", "octorate/admin"]);
}

#[cfg(feature = "reqwest")]
#[test]
fn it_brings_a_transport() {
    assert!(Octorate::connect(Config::new("public_demo", Secret::new("made-up-secret"))).is_ok());
}
