//! Any text, any JSON, any set.

use proptest::{collection::vec, option, prelude::*, string::string_regex};

use super::*;

/// The names that mean something, where they do and where they do not.
const NAMES: [&str; 17] = [
    "format", "token", "refresh", "intent", "access", "headers", "asked", "length", "scope",
    "extras", "begun", "fence", "sends", "name", "value", "prefix", "later",
];

const LEAVES: [&str; 16] = [
    "null",
    "true",
    "0",
    "1",
    "1",
    "1",
    "2",
    "-0.0",
    "4294967296",
    "18446744073709551615",
    "-9223372036854775808",
    "1.7976931348623157e308",
    "1e999",
    "\"\"",
    r#""made-up \u0000\" é""#,
    r#""authorization""#,
];

fn leaf() -> impl Strategy<Value = String> {
    proptest::sample::select(&LEAVES[..]).prop_map(str::to_owned)
}

fn object(members: Vec<(&str, String)>) -> String {
    let members = members.into_iter();
    let members: Vec<_> = members
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn json() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 5, |inner| {
        let named = (proptest::sample::select(&NAMES[..]), inner.clone());
        prop_oneof![
            vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec(named, 0..5).prop_map(object),
        ]
    })
}

/// A record in which each part is right most of the time.
fn nearly() -> impl Strategy<Value = String> {
    let or = |right: &'static str| prop_oneof![8 => Just(right.to_owned()), 1 => json()];
    let header = prop_oneof![
        Just(r#"{"name":"x-made-up","prefix":"P "}"#.to_owned()),
        Just(r#"{"name":"X-Made-Up","value":"made-up","later":[]}"#.to_owned()),
        json(),
    ];
    let headers = vec(header, 0..4).prop_map(|all| format!("[{}]", all.join(",")));
    let token = (
        or(r#""made-up""#),
        headers,
        or("18446744073709551615"),
        or("7"),
        or(r#""read""#),
    )
        .prop_map(|(access, headers, asked, length, scope)| {
            let extras = r#"{"a":"b","c":"\n"}"#.to_owned();
            object(vec![
                ("access", access),
                ("headers", headers),
                ("asked", asked),
                ("length", length),
                ("scope", scope),
                ("extras", extras),
                ("later", "1e999".to_owned()),
            ])
        });
    let intent = or(r#"{"begun":1,"fence":18446744073709551615,"sends":2}"#);
    (or("1"), token, or(r#""made-up too""#), intent, json()).prop_map(
        |(format, token, refresh, intent, later)| {
            object(vec![
                ("format", format),
                ("token", token),
                ("refresh", refresh),
                ("intent", intent),
                ("later", later),
            ])
        },
    )
}

/// Reads a text, and where it is a record, writes and reads it once more.
fn check(text: &str) -> Result<(), TestCaseError> {
    let Ok(first) = read(text) else {
        return Ok(());
    };
    let value = Value::new(9, Secret::from(text));
    let saved = saved(Some(&value), &first.set).unwrap();
    let noted = noted(&Value::new(9, saved), first.intent.as_ref()).unwrap();
    let again = read(noted.expose()).unwrap();
    prop_assert_eq!(meaning(&first), meaning(&again));
    Ok(())
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn no_json_is_too_strange(text in json()) {
        check(&text)?;
    }

    #[test]
    fn what_is_accepted_means_the_same_when_written_again(text in nearly()) {
        check(&text)?;
    }

    #[test]
    fn a_record_cut_anywhere_is_refused(text in nearly(), cut in any::<proptest::sample::Index>()) {
        let cut = cut.index(text.len());
        if text.is_char_boundary(cut) {
            prop_assert!(read(&text[..cut]).is_err());
        }
    }

    #[test]
    fn what_was_saved_is_what_is_read(
        access in any::<String>(),
        headers in vec((string_regex("[a-z][a-z0-9-]{0,12}").unwrap(), string_regex("[ -~\t]{1,20}").unwrap(), any::<bool>()), 0..5),
        life in option::of((any::<u64>(), any::<u64>())),
        scope in option::of(any::<String>()),
        extras in vec((any::<String>(), any::<String>()), 0..4),
        refresh in option::of(any::<String>()),
    ) {
        let mut token = Token::from_headers(access.as_str().into(), []).unwrap();
        for (name, value, whole) in headers {
            let value = if whole { format!("{value}{access}") } else { value };
            let name = HeaderName::try_from(name).unwrap();
            if let Ok(more) = token.clone().with_header(name, &value) {
                token = more;
            }
        }
        if let Some((asked, length)) = life {
            let asked = SystemTime::UNIX_EPOCH + Duration::from_nanos(asked);
            let asked = Now::new(asked, Duration::ZERO);
            token = token.with_lifetime(Lifetime::new(asked, Duration::from_nanos(length)));
        }
        if let Some(scope) = scope {
            token = token.with_scope(&scope);
        }
        for (name, value) in extras {
            token = token.with_extra(&name, value.into());
        }
        let set = TokenSet::new(token).with_refresh(refresh.map(Secret::new));
        let first = Record::new(set, 9);
        let again = read(&written(&first.set)).unwrap();
        prop_assert_eq!(meaning(&first), meaning(&again));
    }
}
