//! The members of a JSON object, each as the text that it is.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::fault::Fault;

/// Text of a JSON document, borrowed from it where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The members of an object by name. An object that has a name twice is refused.
pub(super) struct Members<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Members<'a> {
    pub(super) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes out a member and reads it; `null` is as good as absent.
    pub(super) fn take<T: Deserialize<'a>>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        let Some(raw) = self.0.remove(name) else {
            return Ok(None);
        };
        Ok(serde_json::from_str(raw.get())?)
    }

    /// Takes out a member that has to be there, and reads it.
    pub(super) fn need<T: Deserialize<'a>>(&mut self, name: &str) -> Result<T, Fault> {
        self.take(name)?.ok_or(Fault::Unreadable)
    }

    /// Leaves out the members of these names.
    pub(super) fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|name, _| !names.contains(&&**name));
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (&**name, *raw))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((Text(name), raw)) = map.next_entry()? {
                    if members.insert(name, raw).is_some() {
                        return Err(de::Error::custom("a name twice"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
