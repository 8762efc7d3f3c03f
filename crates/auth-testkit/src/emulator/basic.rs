//! Reading `Authorization: Basic`, in the ways in which real servers read it.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use crate::ledger::{DeviationKind, Notes, Request};

/// What a server does with id and secret after it has undone Base64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BasicDecoding {
    /// Takes them as they are.
    #[default]
    Raw,
    /// Undoes percent-encoding and leaves `+` alone.
    Percent,
    /// Undoes form encoding, as RFC 6749 §2.3.1 wants it: `+` is a space.
    Form,
}

/// What a request says about its client in the `Authorization` header.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Basic {
    Absent,
    Malformed,
    Pair(String, String),
}

impl BasicDecoding {
    pub(super) fn read(self, request: &Request, notes: &mut Notes) -> Basic {
        let Some(value) = request.header("authorization") else {
            return Basic::Absent;
        };
        let pair = self.pair(value);
        if pair.is_none() {
            notes.deviation(DeviationKind::MalformedCredentials, "authorization");
        }
        pair.map_or(Basic::Malformed, |(id, secret)| Basic::Pair(id, secret))
    }

    fn pair(self, value: &str) -> Option<(String, String)> {
        let (scheme, encoded) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((self.decode(id)?, self.decode(secret)?))
    }

    fn decode(self, text: &str) -> Option<String> {
        let text = match self {
            Self::Raw => return Some(text.to_owned()),
            Self::Percent => Cow::Borrowed(text),
            Self::Form => Cow::Owned(text.replace('+', " ")),
        };
        let decoded = percent_decode_str(&text).decode_utf8().ok()?;
        Some(decoded.into_owned())
    }
}
