//! States of PostgreSQL (appendix A of its manual) and who must act.

use auth_core::ErrorKind;

use super::{of, of_state};

#[test]
fn a_state_says_who_must_act() {
    use ErrorKind::{Configuration, Protocol, Unavailable};
    for (state, kind) in [
        ("08006", Unavailable),
        ("25006", Unavailable),
        ("25P03", Unavailable),
        ("40001", Unavailable),
        ("53300", Unavailable),
        ("55P03", Unavailable),
        ("57014", Unavailable),
        ("57P01", Unavailable),
        ("57P03", Unavailable),
        ("58030", Unavailable),
        ("XX000", Unavailable),
        ("28P01", Configuration),
        ("3D000", Configuration),
        ("3F000", Configuration),
        ("42501", Configuration),
        ("42P01", Configuration),
        ("54000", Configuration),
        ("22021", Configuration),
        ("23514", Protocol),
        ("", Protocol),
    ] {
        assert_eq!(of_state(state).kind(), kind, "{state}");
    }
}

#[test]
fn the_text_of_the_driver_is_not_kept() {
    let text = "canary-in-a-foreign-error";
    for error in [
        sqlx::Error::Io(std::io::Error::other(text)),
        sqlx::Error::Tls(text.into()),
        sqlx::Error::Configuration(text.into()),
        sqlx::Error::Protocol(text.into()),
        sqlx::Error::Decode(text.into()),
        sqlx::Error::ColumnNotFound(text.into()),
    ] {
        let ours = of(&error);
        assert!(std::error::Error::source(&ours).is_none());
        assert!(!format!("{ours} {ours:?} {ours:#?}").contains(text));
    }
}
