//! The text form, byte by byte.

use auth_core::{Error, Secret, StoreKey};
use proptest::{prelude::*, test_runner::Config};

use super::super::{
    NOT_SEALED, WRONG_KEY,
    envelope::{Envelope, NONCE, Place, seal, seal_with},
};
use crate::{DataKey, NEWER_FORMAT};

const TEXT: &str = r#"{"format":1,"refresh":"made-up"}"#;

/// Made with another implementation: HChaCha20 by hand, then the ChaCha20-Poly1305 of OpenSSL.
const KNOWN: &str = "sealed:1:2026-01:ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7B1Gf341D6PalCqwThB3YryneIRnGFujd7TEBil4uWm1dajTZ3\
                     -fLvQm56hh9PBiS";

fn known_key() -> DataKey {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(0..).for_each(|(byte, at)| *byte = at);
    DataKey::new("2026-01", bytes).unwrap()
}

fn store_key() -> StoreKey {
    StoreKey::new(["provider", "client", "account"])
}

fn open(text: &str, with: &DataKey, key: &StoreKey, version: u64) -> Result<String, Error> {
    let text = Secret::from(text);
    let opened = Envelope::read(&text)?.open(with, Place { key, version })?;
    Ok(opened.expose().to_owned())
}

fn code(outcome: Result<String, Error>) -> String {
    outcome.unwrap_err().code().unwrap().to_owned()
}

#[test]
fn the_known_answer_is_given() {
    let mut nonce = [0; NONCE];
    nonce
        .iter_mut()
        .zip(100..)
        .for_each(|(byte, at)| *byte = at);
    let (key, version) = (&store_key(), 1025);
    let place = Place { key, version };
    let sealed = seal_with(nonce, &Secret::from(TEXT), &known_key(), place).unwrap();
    assert_eq!(sealed.expose(), KNOWN);
    assert_eq!(open(KNOWN, &known_key(), key, version).unwrap(), TEXT);
}

#[test]
fn it_opens_nowhere_else() {
    let (key, with) = (store_key(), known_key());
    let mut other_bytes = *with.bytes();
    other_bytes[31] ^= 1;
    let other_key = DataKey::new("2026-01", other_bytes).unwrap();
    let other_name = DataKey::new("2026-02", *with.bytes()).unwrap();
    let renamed = KNOWN.replace("2026-01", "2026-02");
    let elsewhere = StoreKey::new(["provider", "client", "other"]);
    for (outcome, what) in [
        (open(KNOWN, &with, &key, 1024), "an older version"),
        (open(KNOWN, &with, &key, 1026), "a newer version"),
        (open(KNOWN, &with, &elsewhere, 1025), "another record"),
        (open(KNOWN, &other_key, &key, 1025), "another key"),
        (open(&renamed, &other_name, &key, 1025), "another name"),
    ] {
        assert_eq!(code(outcome), WRONG_KEY, "{what}");
    }
}

#[test]
fn what_is_no_envelope_is_told_by_its_form() {
    let short = &KNOWN[..KNOWN.len() - 80];
    for (text, expected) in [
        ("", NOT_SEALED),
        ("canary", NOT_SEALED),
        ("sealed", NOT_SEALED),
        ("sealed:", NOT_SEALED),
        ("sealed:1", NOT_SEALED),
        ("sealed:1:2026-01", NOT_SEALED),
        ("sealed::2026-01:AAAA", NOT_SEALED),
        ("sealed:x:2026-01:AAAA", NOT_SEALED),
        ("sealed:1::AAAA", NOT_SEALED),
        ("sealed:1:not a name:AAAA", NOT_SEALED),
        ("Sealed:1:2026-01:AAAA", NOT_SEALED),
        ("sealed:2:anything at all", NEWER_FORMAT),
        ("sealed:1:2026-01:", WRONG_KEY),
        ("sealed:1:2026-01:AAAA", WRONG_KEY),
        ("sealed:1:2026-01:canary?", WRONG_KEY),
        (short, WRONG_KEY),
    ] {
        let error = open(text, &known_key(), &store_key(), 1025).unwrap_err();
        assert_eq!(error.code(), Some(expected), "{text}");
        assert!(!format!("{error:?}").contains("canary"), "{text}");
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_text_comes_back(text in any::<String>(), version in any::<u64>(), part in any::<String>()) {
        let key = &StoreKey::new([&*part]);
        let sealed = seal(&Secret::from(&*text), &known_key(), Place { key, version }).unwrap();
        prop_assert_eq!(open(sealed.expose(), &known_key(), key, version).unwrap(), text);
    }

    #[test]
    fn a_changed_byte_is_refused(at in 0..KNOWN.len(), byte in 0_u8..128) {
        let mut bytes = KNOWN.as_bytes().to_vec();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(open(&text, &known_key(), &store_key(), 1025).is_err());
    }

    #[test]
    fn a_cut_or_grown_envelope_is_refused(at in 0..KNOWN.len(), more in "[A-Za-z0-9_-]{1,8}") {
        let grown = format!("{KNOWN}{more}");
        for text in [&KNOWN[..at], &grown] {
            prop_assert!(open(text, &known_key(), &store_key(), 1025).is_err());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), rest in "[A-Za-z0-9:_.-]{0,90}") {
        let envelope_like = format!("sealed:1:{rest}");
        for text in [&text, &envelope_like] {
            prop_assert!(open(text, &known_key(), &store_key(), 1).is_err());
        }
    }
}
