//! Which secrets there are, where each belongs, and where else one was seen.

use std::fmt;

use base64::{Engine, engine::general_purpose};

use super::{Entry, shown};

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretKind {
    /// The secret of an OAuth client.
    ClientSecret,
    /// The password of a person or an operator.
    Password,
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An authorization code.
    Code,
    /// The verifier of a code challenge (RFC 7636).
    Verifier,
    /// A key of an older interface.
    LegacyKey,
}

/// A part of a request in which a secret can stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query(String),
    Form(String),
    Header(String),
    Body,
}

impl Place {
    pub(crate) fn query(name: &str) -> Self {
        Self::Query(name.into())
    }

    pub(crate) fn form(name: &str) -> Self {
        Self::Form(name.into())
    }

    pub(crate) fn header(name: &str) -> Self {
        Self::Header(name.into())
    }
}

/// A secret seen where it does not belong. It tells kind and place, never the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Stray {
    request: usize,
    kind: SecretKind,
    place: Place,
}

impl Stray {
    /// Returns the number of the request, as in [`Entry::number`](super::Entry::number).
    pub fn request(&self) -> usize {
        self.request
    }

    /// Returns what the secret is for.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// Returns where it stands, such as `query client_secret`.
    pub fn place(&self) -> String {
        match &self.place {
            Place::Path => "path".into(),
            Place::Query(name) => format!("query {}", shown::name(name)),
            Place::Form(name) => format!("form {}", shown::name(name)),
            Place::Header(name) => format!("header {}", shown::name(name)),
            Place::Body => "body".into(),
        }
    }
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "request {}: {:?} in {}",
            self.request,
            self.kind,
            self.place()
        )
    }
}

impl fmt::Debug for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secrets of one server and the rules about them.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    known: Vec<Known>,
    rules: Vec<(SecretKind, String, Place)>,
}

#[derive(Clone)]
struct Known {
    kind: SecretKind,
    forbidden: bool,
    /// The forms in which the secret may be written down.
    forms: Vec<String>,
}

impl Secrets {
    pub(super) fn add(&mut self, kind: SecretKind, value: &str) {
        self.remember(kind, value, false);
    }

    pub(super) fn forbid(&mut self, kind: SecretKind, value: &str) {
        self.remember(kind, value, true);
    }

    pub(super) fn belongs(
        &mut self,
        path: &str,
        places: impl IntoIterator<Item = (SecretKind, Place)>,
    ) {
        let rules = places.into_iter();
        self.rules
            .extend(rules.map(|(kind, place)| (kind, path.to_owned(), place)));
    }

    /// Returns the rules without the secrets.
    pub(super) fn rules_alone(&self) -> Self {
        Self {
            known: Vec::new(),
            rules: self.rules.clone(),
        }
    }

    /// Returns the same secrets under other rules.
    pub(super) fn under(&self, other: &Self) -> Self {
        Self {
            known: self.known.clone(),
            rules: other.rules.clone(),
        }
    }

    pub(super) fn strays(&self, entry: &Entry) -> Vec<Stray> {
        let mut strays = Vec::new();
        for (place, text) in surfaces(entry) {
            for known in self.known.iter().filter(|known| known.is_in(&text)) {
                let stray = Stray {
                    request: entry.number(),
                    kind: known.kind,
                    place: place.clone(),
                };
                if !self.allows(known, entry.path(), &place) && !strays.contains(&stray) {
                    strays.push(stray);
                }
            }
        }
        strays
    }

    fn remember(&mut self, kind: SecretKind, value: &str, forbidden: bool) {
        // Shorter ones would be found by chance.
        if value.len() >= 6 {
            let forms = forms(value);
            self.known.push(Known {
                kind,
                forbidden,
                forms,
            });
        }
    }

    fn allows(&self, known: &Known, path: &str, place: &Place) -> bool {
        let mut rules = self.rules.iter();
        !known.forbidden
            && rules.any(|(kind, prefix, at)| {
                *kind == known.kind && path.starts_with(prefix.as_str()) && at == place
            })
    }
}

impl Known {
    fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form.as_str()))
    }
}

/// Returns every part of a request with its text, in each way in which it can be read.
fn surfaces(entry: &Entry) -> Vec<(Place, String)> {
    let mut all = vec![(Place::Path, entry.path().to_owned())];
    if let Some((_, fragment)) = entry.target().split_once('#') {
        all.push((Place::Path, fragment.to_owned()));
    }
    for (name, value) in entry.query() {
        all.push((Place::Query(name.clone()), name));
        all.push((all[all.len() - 1].0.clone(), value));
    }
    for (name, value) in entry.headers() {
        let place = Place::Header(name.to_ascii_lowercase());
        if let Some(pair) = basic(value) {
            all.push((place.clone(), pair));
        }
        all.push((place, value.clone()));
    }
    let form = entry.form();
    if form.is_empty() {
        let text = String::from_utf8_lossy(entry.body()).into_owned();
        all.push((Place::Body, text));
    }
    for (name, value) in form {
        all.push((Place::Form(name.clone()), name));
        all.push((all[all.len() - 1].0.clone(), value));
    }
    all
}

fn basic(value: &str) -> Option<String> {
    let (scheme, encoded) = value.split_once(' ')?;
    let basic = scheme.eq_ignore_ascii_case("basic");
    let decoded = general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    basic.then(|| String::from_utf8_lossy(&decoded).into_owned())
}

/// Returns `value` raw, percent-encoded, form-encoded, in hexadecimal and in Base64 at each of the three offsets.
fn forms(value: &str) -> Vec<String> {
    let percent =
        percent_encoding::percent_encode(value.as_bytes(), percent_encoding::NON_ALPHANUMERIC);
    let mut forms = vec![
        value.to_owned(),
        percent.to_string(),
        form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        value.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for offset in 0..3 {
        let mut padded = vec![b'x'; offset];
        padded.extend_from_slice(value.as_bytes());
        for engine in [
            general_purpose::STANDARD_NO_PAD,
            general_purpose::URL_SAFE_NO_PAD,
        ] {
            let text = engine.encode(&padded);
            // Characters that also depend on what stands before and after are left out.
            let from = [0, 2, 3][offset];
            let to = padded.len() * 8 / 6;
            forms.push(text[from..to].to_owned());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}
