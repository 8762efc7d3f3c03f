use std::{fs, path::PathBuf, process::Command};

use auth_core::{Error, ErrorKind, Secret};
use proptest::{prelude::*, test_runner::Config};
use tempfile::TempDir;

use super::{BAD_KEY, DataKey, KeySource, Keys};

/// The bytes from 0 to 31.
const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

fn bytes() -> [u8; 32] {
    std::array::from_fn(|at| u8::try_from(at).unwrap())
}

fn from_text(list: &str) -> Result<Keys, Error> {
    Keys::from_text(&Secret::from(list))
}

/// Everything that an error and its causes say.
fn said(error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.code(), Some(BAD_KEY));
    let mut said = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        said.push_str(&format!("{error}\n{error:?}\n{error:#?}\n"));
        next = error.source();
    }
    said
}

#[test]
fn a_key_is_read_in_every_form() {
    let unpadded = BASE64.trim_end_matches('=');
    for text in [BASE64, unpadded, HEX, &format!("  {HEX}\n")] {
        let key = DataKey::new("made-up", Secret::from(text)).unwrap();
        assert_eq!(key.bytes(), &bytes(), "{}", text.len());
    }
    for text in [
        "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=",
        "__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA",
    ] {
        let key = DataKey::new("made-up", Secret::from(text)).unwrap();
        assert_eq!(key.bytes(), &bytes().map(|byte| !byte));
    }
}

#[test]
fn what_is_no_key_is_refused_and_not_quoted() {
    let long = format!("canary{}", "A".repeat(60));
    let wide = "\u{e9}".repeat(32);
    for text in [
        "",
        "canary",
        &BASE64[..40],
        &HEX[..62],
        &HEX.replace('0', "g"),
        &HEX.replacen("00", "+0", 1),
        &format!("{BASE64}{BASE64}"),
        &long,
        &wide,
    ] {
        let error = DataKey::new("made-up", Secret::from(text)).unwrap_err();
        assert!(text.is_empty() || !said(&error).contains(text));
    }
}

#[test]
fn a_name_has_few_characters_and_is_never_quoted() {
    let longest = "x".repeat(32);
    for id in ["a", "2026-01", "A.b_c-9", &longest] {
        assert_eq!(DataKey::new(id, bytes()).unwrap().id(), id);
    }
    let longer = "x".repeat(33);
    for id in [
        "",
        &longer,
        "canary/1",
        "canary:1",
        "canary 1",
        "canary\n",
        "can\u{e4}ry",
    ] {
        let error = DataKey::new(id, bytes()).unwrap_err();
        assert!(!said(&error).contains("can"));
    }
}

#[tokio::test]
async fn the_first_key_writes_and_all_read() {
    let list = format!("# made up\n\n new:{BASE64} \r\nold: {HEX}\nolder:{BASE64}");
    let keys = from_text(&list).unwrap();
    assert_eq!(keys.writing().await.unwrap().id(), "new");
    for id in ["new", "old", "older"] {
        let key = keys.reading(id).await.unwrap().unwrap();
        assert_eq!((key.id(), key.bytes()), (id, &bytes()));
    }
    assert!(keys.reading("newer").await.unwrap().is_none());
    assert_eq!(
        format!("{keys:?}"),
        r#"Keys { writes: "new", reads: ["old", "older"] }"#
    );
}

#[test]
fn a_list_that_is_wrong_says_where_and_quotes_nothing() {
    for (list, place) in [
        (String::new(), "holds no key"),
        ("# canary\n\n".into(), "holds no key"),
        ("canary".into(), "line 1 of"),
        (format!("a:{BASE64}\ncanary:canary"), "line 2 of"),
        (format!("\na:{BASE64}\n{BASE64}"), "line 3 of"),
        // Swapped.
        (format!("{BASE64}:a"), "line 1 of"),
        (format!("{HEX}:a"), "line 1 of"),
        (
            format!("a:{BASE64}\nb:{BASE64}\na:{HEX}"),
            "two keys of the name a",
        ),
    ] {
        let said = said(&from_text(&list).unwrap_err());
        assert!(said.contains(place), "{said}");
        for secret in ["canary", BASE64, HEX] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn a_name_is_taken_once() {
    let keys = Keys::new("a", [1; 32]).unwrap();
    let keys = keys.also_reads("b", [2; 32]).unwrap();
    for id in ["a", "b"] {
        let error = keys.clone().also_reads(id, [3; 32]).unwrap_err();
        assert!(said(&error).contains("two keys"));
    }
}

#[test]
fn new_keys_differ_and_are_shown_only_on_demand() {
    let [one, other] = ["a", "a"].map(|id| Keys::generate(id).unwrap());
    assert_ne!(one.writes.bytes(), other.writes.bytes());
    assert_ne!(one.writes.bytes(), &[0; 32]);
    let list = one.also_reads("b", bytes()).unwrap();
    let exposed = list.expose();
    assert_eq!(
        exposed.expose().lines().nth(1),
        Some(&*format!("b:{BASE64}"))
    );
    let again = Keys::from_text(&exposed).unwrap();
    assert_eq!(again.writes.bytes(), list.writes.bytes());
    assert_eq!(again.expose().expose(), exposed.expose());
    for shown in [format!("{list:?}"), format!("{:?}", list.writes)] {
        assert!(
            !shown.contains(BASE64) && !shown.contains("bytes"),
            "{shown}"
        );
    }
    let material = super::KeyMaterial::from(bytes());
    assert_eq!(format!("{material:?}"), "KeyMaterial(..)");
}

#[test]
fn a_variable_that_is_not_set_or_holds_no_keys_is_named() {
    let error = Keys::from_env("AUTH_STORE_NOT_SET").unwrap_err();
    assert!(said(&error).contains("AUTH_STORE_NOT_SET is not set"));
    // A variable that is always set and holds no key.
    let error = Keys::from_env("PATH").unwrap_err();
    assert!(said(&error).contains("line 1 of the environment variable PATH"));
    assert!(!said(&error).contains(&std::env::var("PATH").unwrap()));
    // A name that no variable can have is an error too, and no panic.
    assert!(Keys::from_env("a=b\0").is_err());
}

#[test]
fn keys_are_read_from_the_environment() {
    const NAME: &str = "AUTH_STORE_MADE_UP_KEYS";
    if std::env::var_os(NAME).is_some() {
        let keys = Keys::from_env(NAME).unwrap();
        assert_eq!(format!("{keys:?}"), r#"Keys { writes: "a", reads: ["b"] }"#);
        return;
    }
    // A process cannot safely change its own environment, so that another one gets it from the start.
    let test = "keys::tests::keys_are_read_from_the_environment";
    let child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact"])
        .env(NAME, format!("a:{BASE64},b:{HEX}\n"))
        .output()
        .unwrap();
    assert!(child.status.success());
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
}

fn written(list: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    fs::write(&path, list).unwrap();
    allow(&path, 0o600);
    (folder, path)
}

#[cfg(unix)]
fn allow(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn allow(_: &std::path::Path, _: u32) {}

#[test]
fn a_file_is_read() {
    let (_folder, path) = written(format!("a:{BASE64}\n").as_bytes());
    assert_eq!(Keys::from_file(&path).unwrap().writes.bytes(), &bytes());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_or_write_is_refused() {
    let (_folder, path) = written(format!("a:{BASE64}\n").as_bytes());
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666] {
        allow(&path, mode);
        let said = said(&Keys::from_file(&path).unwrap_err());
        assert!(said.contains("chmod 600"), "{mode:o}");
        assert!(!said.contains(BASE64));
    }
    for mode in [0o400, 0o600] {
        allow(&path, mode);
        assert!(Keys::from_file(&path).is_ok());
    }
}

#[test]
fn what_is_no_key_file_is_refused() {
    let (folder, path) = written(b"canary");
    let missing = folder.path().join("missing");
    let error = Keys::from_file(missing).unwrap_err();
    assert!(said(&error).contains("missing cannot be read"));
    let error = Keys::from_file(folder.path()).unwrap_err();
    assert!(said(&error).contains("is not a file"));
    for (contents, expected) in [
        (b"canary".to_vec(), "line 1 of the key file"),
        (Vec::new(), "holds no key"),
        (b"a:canary\xff".to_vec(), "is not text"),
        (vec![b'#'; 64 * 1024], "is too large"),
    ] {
        fs::write(&path, contents).unwrap();
        let said = said(&Keys::from_file(&path).unwrap_err());
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_list_makes_it_panic(list in any::<String>(), lines in "([a-z.]{0,3}:?[A-Za-z0-9+/=_-]{0,66}\n){0,3}") {
        let _ = from_text(&list);
        let _ = from_text(&lines);
    }

    #[test]
    fn every_key_comes_back(bytes in any::<[u8; 32]>()) {
        let keys = Keys::new("a", bytes).unwrap();
        let again = Keys::from_text(&keys.expose()).unwrap();
        prop_assert_eq!(again.writes.bytes(), &bytes);
    }
}
