use std::fmt;

use auth_core::Error;
use base64::{Engine, prelude::BASE64_STANDARD};

/// Finds planted secrets in texts, also where they are percent-encoded or in Base64.
pub(super) struct Planted(Vec<String>);

impl Planted {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = Vec::new();
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            needles.push(secret.to_owned());
            needles.push(form_urlencoded::byte_serialize(secret.as_bytes()).collect());
            needles.push(BASE64_STANDARD.encode(secret).trim_end_matches('=').into());
        }
        Self(needles)
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|needle| text.contains(needle))
    }

    pub(super) fn shows_in(&self, value: &dyn fmt::Debug) -> bool {
        self.is_in(&format!("{value:?}")) || self.is_in(&format!("{value:#?}"))
    }

    pub(super) fn shows_in_error(&self, error: &Error) -> bool {
        self.is_in(&texts(error))
    }
}

/// Everything that an error and its causes say.
pub(super) fn texts(error: &Error) -> String {
    let mut said = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        said.push_str(&format!("{error}\n{error:?}\n{error:#?}\n"));
        next = error.source();
    }
    said
}
