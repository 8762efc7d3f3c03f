//! From record to text.

use std::{
    io,
    time::{Duration, SystemTime},
};

use auth_core::{Error, Intent, Secret, Token, TokenSet};
use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::{Zeroize, Zeroizing};

use super::{
    FORMAT, MAX_HEADERS, MAX_TEXT, NOTE_ROOM,
    fault::Fault,
    members::{Members, Text},
    read::open,
};
use crate::Value;

/// Returns the text for `set`, with what the record before it has that this version does not know.
pub(crate) fn saved(before: Option<&Value>, set: &TokenSet) -> Result<Secret, Error> {
    let mut rest = before.map_or_else(|| Ok(Members::none()), |before| open(&before.body))?;
    let old = rest.take("token")?;
    let token = set.token().map(|token| token_of(token, old)).transpose()?;
    let object = Object {
        token,
        refresh: set.refresh().map(Secret::expose),
        intent: None,
        rest: rest.without(&["refresh", "intent"]),
    };
    text(&object, MAX_TEXT - NOTE_ROOM)
}

/// Returns the text of a record with this note, or without one, and otherwise as it was.
pub(crate) fn noted(before: &Value, intent: Option<&Intent>) -> Result<Secret, Error> {
    let object = Object {
        token: None,
        refresh: None,
        intent: intent.map(|intent| IntentText {
            begun: nanoseconds(intent.begun),
            fence: intent.fence,
            sends: intent.sends,
        }),
        rest: open(&before.body)?.without(&["intent"]),
    };
    text(&object, MAX_TEXT)
}

/// A record; `rest` are the members that are written as they were read.
struct Object<'a> {
    token: Option<TokenText<'a>>,
    refresh: Option<&'a str>,
    intent: Option<IntentText>,
    rest: Members<'a>,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format", &FORMAT)?;
        optional(&mut map, "token", self.token.as_ref())?;
        optional(&mut map, "refresh", self.refresh)?;
        optional(&mut map, "intent", self.intent.as_ref())?;
        rest(&mut map, &self.rest)?;
        map.end()
    }
}

#[derive(Serialize)]
struct IntentText {
    begun: u64,
    fence: u64,
    sends: u32,
}

struct TokenText<'a> {
    token: &'a Token,
    headers: Vec<HeaderText<'a>>,
    rest: Members<'a>,
}

/// What an older version does not know of a token stays with that token.
fn token_of<'a>(token: &'a Token, old: Option<Members<'a>>) -> Result<TokenText<'a>, Fault> {
    let mut rest = Members::none();
    if let Some(mut old) = old {
        let access = old.need("access").map(|Text(it)| Secret::new(it))?;
        if access.expose() == token.access().expose() {
            rest = old.without(&["headers", "asked", "length", "scope", "extras"]);
        }
    }
    if token.headers().len() > MAX_HEADERS {
        return Err(Fault::TooLarge);
    }
    let headers = token.headers().map(|(name, value)| {
        // A token takes printable ASCII alone, so every value is text.
        let value = value.to_str().map_err(|_| Fault::Unreadable)?;
        let prefix = value.strip_suffix(token.access().expose());
        Ok(HeaderText {
            name: name.as_str(),
            prefix,
            value: prefix.is_none().then_some(value),
        })
    });
    Ok(TokenText {
        token,
        headers: headers.collect::<Result<_, Fault>>()?,
        rest,
    })
}

#[derive(Serialize)]
struct HeaderText<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl Serialize for TokenText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lifetime = self.token.lifetime();
        let asked = lifetime.map(|life| nanoseconds(life.asked().wall));
        let length = lifetime.map(|life| whole(life.length()));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("access", self.token.access().expose())?;
        map.serialize_entry("headers", &self.headers)?;
        optional(&mut map, "asked", asked)?;
        optional(&mut map, "length", length)?;
        optional(&mut map, "scope", self.token.scope())?;
        map.serialize_entry("extras", &Extras(self.token))?;
        rest(&mut map, &self.rest)?;
        map.end()
    }
}

struct Extras<'a>(&'a Token);

impl Serialize for Extras<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let extras = self.0.extras();
        serializer.collect_map(extras.map(|(name, value)| (name, value.expose())))
    }
}

fn optional<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}

fn rest<M: SerializeMap>(map: &mut M, members: &Members<'_>) -> Result<(), M::Error> {
    let mut all = members.iter();
    all.try_for_each(|(name, raw)| map.serialize_entry(name, raw))
}

/// Returns the time since 1970, from there to the year 2554.
fn nanoseconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    whole(since.unwrap_or_default())
}

fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Writes into memory that is wiped and never grows, because a buffer that moves leaves its old self behind.
fn text(object: &Object<'_>, most: usize) -> Result<Secret, Error> {
    let mut room = Room { used: 0, most };
    serde_json::to_writer(&mut room, object).map_err(|_| Fault::TooLarge)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.used));
    serde_json::to_writer(&mut *bytes, object).map_err(Fault::from)?;
    let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
        error.into_bytes().zeroize();
        Fault::Unreadable
    })?;
    Ok(Secret::new(text))
}

/// Counts the bytes of a text, up to the most that it may have.
struct Room {
    used: usize,
    most: usize,
}

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.used += bytes.len();
        if self.used > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
