use auth_core::{Secret, TokenSource};

use super::*;

fn is_public<T: Clone + Send + Sync + fmt::Debug + 'static>(_: &T) {}

fn is_source(_: &dyn TokenSource) {}

#[test]
fn sources_are_handles_that_show_nothing() {
    let config = Config::new("public_demo", Secret::new("made-up-secret"));
    let octorate = Octorate::connect(config).unwrap();
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
        let error = Octorate::connect(Config::new(id, Secret::new(secret))).unwrap_err();
        assert_eq!(error.kind(), auth_core::ErrorKind::Configuration);
    }
}

#[tokio::test]
async fn whoever_may_be_dropped_can_be_spawned() {
    let config = Config::new("public_demo", Secret::new("made-up-secret"));
    let octorate = Octorate::connect(config).unwrap();
    fn is_send<T: Send>(future: T) {
        drop(future);
    }
    let (admin, property) = (octorate.admin(|b| b), octorate.property("16997", |b| b));
    is_send(admin.configuration());
    is_send(admin.replace(crate::List::RedirectUri, &[]));
    is_send(admin.create_property("{}".into(), &property));
    is_send(property.migrate(Secret::new("made-up"), "16997"));
}
