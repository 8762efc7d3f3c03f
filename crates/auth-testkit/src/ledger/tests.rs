use std::time::{Duration, SystemTime};

use auth_core::Now;

use super::*;

fn request(target: &str) -> Arc<Request> {
    let request = Request::new("GET", target, vec![("host".into(), "localhost".into())]);
    Arc::new(request.at(Now::new(SystemTime::UNIX_EPOCH, Duration::ZERO)))
}

#[test]
fn a_bounded_ledger_keeps_the_latest_and_goes_on_counting() {
    let ledger = Ledger::default();
    ledger.keep(2);
    for at in 0..5 {
        let number = ledger.arrived(request(&format!("/{at}")));
        let mut notes = Notes::new(number);
        notes.grant("any");
        ledger.noted(notes, true);
        ledger.finished(number, Outcome::Processed(200));
    }
    let kept: Vec<String> = ledger
        .entries()
        .iter()
        .map(|e| e.path().to_owned())
        .collect();
    assert_eq!(kept, ["/3", "/4"]);
    assert_eq!(
        (ledger.requests(), ledger.count("any"), ledger.answered(200)),
        (5, 5, 5)
    );
}

#[test]
fn foreign_secrets_belong_nowhere() {
    let (own, other) = (Ledger::default(), Ledger::default());
    other.secret(SecretKind::AccessToken, "canary-foreign");
    other.belongs("/", [(SecretKind::AccessToken, Place::query("t"))]);
    own.foreign(&other);
    other.foreign(&own);
    own.arrived(request("/a?t=canary-foreign"));
    other.arrived(request("/a?t=canary-foreign"));
    assert_eq!(own.secrets_out_of_place().len(), 1);
    assert!(other.secrets_out_of_place().is_empty());
}

#[test]
fn a_forbidden_secret_belongs_nowhere_even_where_its_kind_does() {
    let ledger = Ledger::default();
    ledger.belongs("/", [(SecretKind::Password, Place::query("p"))]);
    ledger.forbid(SecretKind::Password, "made-up-password");
    ledger.arrived(request("/a?p=made-up-password"));
    assert_eq!(
        ledger.secrets_out_of_place()[0].to_string(),
        "request 0: Password in query p"
    );
}

#[test]
fn names_that_could_be_secrets_are_hidden() {
    for (name, expected) in [
        ("grant_type", "grant_type"),
        ("X-RATOR-brand-key", "X-RATOR-brand-key"),
        ("canary-secret", "(hidden)"),
        ("2f1e0d0c-0000-4000", "(hidden)"),
        ("a b", "(hidden)"),
    ] {
        assert_eq!(shown::name(name), expected);
    }
}
