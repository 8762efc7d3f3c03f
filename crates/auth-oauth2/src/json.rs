//! A reply's members, read so that none of its own names stands twice and every text is wiped when dropped.
//!
//! Within a member a name may stand twice: it concerns nobody, and the token beside it may not come again.

use std::{borrow::Cow, fmt, str};

use auth_core::Secret;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// A value of a reply.
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Secret),
    List(Vec<Self>),
    Object(Members),
}

impl Value {
    /// Returns the text, or the number as text.
    pub(crate) fn text(&self) -> Option<Secret> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(Secret::new(number.to_string())),
            Self::Bool(truth) => Some(Secret::new(truth.to_string())),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }
}

/// The members of an object, in the order in which they came.
pub(crate) struct Members(Vec<(Box<str>, Value)>);

impl Members {
    /// Reads a JSON object. The reason of a failure would quote the input, so there is none.
    pub(crate) fn from_json(body: &[u8]) -> Option<Self> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Self::without_repetition(members.0),
            _ => None,
        }
    }

    /// Reads a form-encoded reply, as some older servers send it.
    pub(crate) fn from_form(body: &[u8]) -> Option<Self> {
        let text = str::from_utf8(body).ok()?.trim();
        let text_of = |value: Cow<'_, str>| Value::Text(Secret::new(value.into_owned()));
        let members = form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into(), text_of(value)))
            .collect();
        Self::without_repetition(members)
    }

    fn without_repetition(members: Vec<(Box<str>, Value)>) -> Option<Self> {
        // Sorted rather than compared pairwise: a megabyte can hold a hundred thousand names.
        let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        let repeats = names.windows(2).any(|pair| pair[0] == pair[1]);
        (!repeats).then_some(Self(members))
    }

    /// Returns the first member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let (_, value) = self.0.iter().find(|(own, _)| &**own == name)?;
        Some(value)
    }

    /// Returns the member of that name if it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&Secret> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(Secret::from(value)))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(Secret::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry::<Box<str>, Value>()? {
            members.push(member);
        }
        Ok(Value::Object(Members(members)))
    }
}
