//! Looking for a secret in every form in which it may be written down.

use std::{
    error::Error,
    fmt,
    sync::{Arc, LazyLock},
};

use base64::{Engine, engine::general_purpose};
use url::form_urlencoded;

/// What planted values begin with. Each form of a value holds the same form of its beginning, so a text in which no
/// form of these is found need not be searched for every value.
const MARKERS: [&str; 2] = ["KanarieVogel", "kanarievogel"];

/// A secret, or the beginning of many, in each form in which it may be written down.
struct Needle {
    what: String,
    forms: Vec<(&'static str, String)>,
    lower: String,
    marked: bool,
}

impl Needle {
    fn new(what: &str, secret: &str) -> Self {
        Self {
            what: what.to_owned(),
            forms: forms(secret),
            lower: secret.to_ascii_lowercase(),
            marked: MARKERS.iter().any(|marker| secret.starts_with(marker)),
        }
    }

    /// Returns the name of the form in which a text, also given in lower case, holds the secret.
    fn form_in(&self, text: &str, lower: &str) -> Option<&'static str> {
        let mut forms = self.forms.iter();
        let found = forms.find_map(|(name, form)| text.contains(form).then_some(*name));
        // Hosts and names of headers are lower-cased on their way.
        let folded = || lower.contains(&self.lower).then_some("in another case");
        found.or_else(folded)
    }
}

static BEGINNINGS: LazyLock<Vec<Needle>> = LazyLock::new(|| {
    let needle = |marker: &&str| Needle::new("beginning of a planted secret", marker);
    MARKERS.iter().map(needle).collect()
});

/// Secrets, each with a word for what it is.
#[derive(Clone, Default)]
pub(super) struct Canaries(Vec<Arc<Needle>>);

impl Canaries {
    pub(super) fn add(&mut self, what: &str, value: &str) {
        assert!(value.len() >= 6, "{what} would be found by chance");
        self.0.push(Arc::new(Needle::new(what, value)));
    }

    /// Returns what of these is in `text`, and in which form.
    fn found_in(&self, text: &str) -> Vec<String> {
        let lower = text.to_ascii_lowercase();
        let form_in = |needle: &Needle| {
            let form = needle.form_in(text, &lower)?;
            Some(format!("{} ({form})", needle.what))
        };
        let beginning = BEGINNINGS.iter().find_map(form_in);
        let looked_for = |needle: &&Needle| beginning.is_some() || !needle.marked;
        let mut found: Vec<_> = self
            .0
            .iter()
            .map(|needle| &**needle)
            .filter(looked_for)
            .filter_map(form_in)
            .collect();
        if found.is_empty() {
            found.extend(beginning);
        }
        found
    }
}

/// Texts in which no secret may stand, each with a word for where it comes from.
#[derive(Default)]
pub(super) struct Surfaces(Vec<(String, String)>);

impl Surfaces {
    pub(super) fn text(&mut self, name: &str, text: String) {
        self.0.push((name.to_owned(), text));
    }

    pub(super) fn debug(&mut self, name: &str, value: &dyn fmt::Debug) {
        self.text(&format!("Debug of {name}"), format!("{value:?} {value:#?}"));
    }

    pub(super) fn error(&mut self, name: &str, error: &(dyn Error + 'static)) {
        let chain = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| {
            (*error).source()
        });
        for (depth, error) in chain.enumerate() {
            let text = format!("{error} {error:#} {error:?} {error:#?}");
            self.text(&format!("{name}: error at depth {depth}"), text);
        }
    }

    /// Returns every secret that is shown, and where.
    pub(super) fn leaks(&self, canaries: &Canaries) -> Vec<String> {
        let found = self.0.iter().flat_map(|(name, text)| {
            let found = canaries.found_in(text).into_iter();
            found.map(move |what| format!("{name} shows the {what}"))
        });
        found.collect()
    }
}

fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let plain = |b: u8| b.is_ascii_alphanumeric();
    let percent = |plain: &dyn Fn(u8) -> bool| -> String {
        let encode = |b: &u8| match *b {
            b if plain(b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        };
        bytes.iter().map(encode).collect()
    };
    let json = serde_json::to_string(secret).unwrap_or_default();
    let mut forms = vec![
        ("raw", secret.to_owned()),
        ("percent", percent(&plain)),
        ("percent", percent(&|b| plain(b) || b"-._~".contains(&b))),
        ("form", form_urlencoded::byte_serialize(bytes).collect()),
        ("JSON", json.trim_matches('"').to_owned()),
        ("Debug", format!("{secret:?}").trim_matches('"').to_owned()),
        ("bytes", secret.as_bytes().escape_ascii().to_string()),
        ("hex", bytes.iter().map(|b| format!("{b:02x}")).collect()),
        ("hex", bytes.iter().map(|b| format!("{b:02X}")).collect()),
        (
            "numbers",
            format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
        ),
    ];
    for offset in 0..3 {
        let padded = [&b"xx"[..offset], bytes].concat();
        for engine in [
            general_purpose::STANDARD_NO_PAD,
            general_purpose::URL_SAFE_NO_PAD,
        ] {
            let text = engine.encode(&padded);
            // What also depends on the neighbours is left out.
            let (from, to) = ([0, 2, 3][offset], padded.len() * 8 / 6);
            forms.push((
                ["Base64", "Base64 + 1", "Base64 + 2"][offset],
                text[from..to].to_owned(),
            ));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Planted;

    /// A text for each form, with neighbours that move it to every place in Base64.
    fn written(secret: &str) -> Vec<String> {
        let base64 = |before: &str, engine: &general_purpose::GeneralPurpose| {
            engine.encode(format!("{before}{secret}:after"))
        };
        let mut all = vec![
            format!("left {secret} right"),
            form_urlencoded::Serializer::new(String::new())
                .append_pair("a", secret)
                .finish(),
            serde_json::json!({ "a": secret }).to_string(),
            format!("{:?}", Some(secret)),
            format!("{:?}", bytes::Bytes::copy_from_slice(secret.as_bytes())),
            secret.bytes().map(|b| format!("{b:02x}")).collect(),
            secret.bytes().map(|b| format!("{b:02X}")).collect(),
            format!("{:?}", format!("a{secret}b").as_bytes()),
            secret.to_ascii_lowercase(),
            secret.to_ascii_uppercase(),
        ];
        for before in ["", "a", "ab", "abc"] {
            all.push(base64(before, &general_purpose::STANDARD));
            all.push(base64(before, &general_purpose::URL_SAFE));
        }
        all
    }

    #[test]
    fn every_form_of_every_planted_secret_is_found() {
        for planted in [Planted::of_all_characters(), Planted::like_error_codes()] {
            let canaries = planted.canaries();
            for (what, value) in planted.all() {
                for (number, text) in written(&value).iter().enumerate() {
                    let found = canaries.found_in(text);
                    assert!(
                        found.iter().any(|found| found.starts_with(what)),
                        "{what}, form {number}: {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_secret_that_others_made_is_found_too() {
        let mut canaries = Canaries::default();
        canaries.add("state", "k3v9QmT0bD_w");
        for text in written("k3v9QmT0bD_w") {
            assert_eq!(canaries.found_in(&text).len(), 1);
        }
        assert!(canaries.found_in("nothing of the kind").is_empty());
    }

    #[test]
    fn half_a_secret_is_a_leak() {
        let canaries = Planted::of_all_characters().canaries();
        assert_eq!(canaries.found_in("at KanarieVogel of").len(), 1);
    }

    #[test]
    fn each_surface_is_looked_at() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "it is for `Debug` alone")]
        struct Careless(&'static str);
        impl fmt::Display for Careless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("careful")
            }
        }
        impl Error for Careless {}

        let canaries = Planted::like_error_codes().canaries();
        let cause = Careless("kanarievogel_pass_word");
        let error = auth_core::Error::new(auth_core::ErrorKind::Protocol, "careful");
        let mut surfaces = Surfaces::default();
        surfaces.debug("a number", &1);
        surfaces.error("a", &error);
        assert!(surfaces.leaks(&canaries).is_empty());
        surfaces.debug("a list", &["kanarievogel_brought_back"]);
        surfaces.error("b", &error.with_source(cause));
        let leaks = surfaces.leaks(&canaries);
        // The causes of an error stand in its own `Debug` too.
        let places = [
            "Debug of a list",
            "b: error at depth 0",
            "b: error at depth 1",
        ];
        assert_eq!(leaks.len(), places.len(), "{leaks:?}");
        for (leak, place) in leaks.iter().zip(places) {
            assert!(leak.starts_with(place), "{leak}");
        }
    }
}
