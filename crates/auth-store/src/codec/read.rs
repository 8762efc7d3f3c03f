//! From text to record.

use std::time::{Duration, SystemTime};

use auth_core::{Error, Intent, Lifetime, Now, Record, Secret, Token, TokenSet};
use http::HeaderName;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    FORMAT, MAX_HEADERS, MAX_TEXT,
    fault::Fault,
    members::{Members, Text},
};
use crate::{Value, backend::END_OF_VERSIONS};

/// Reads a record whose lifetime is looked at from `now`.
pub(crate) fn record(value: &Value, now: Now) -> Result<Record, Error> {
    if value.version >= END_OF_VERSIONS {
        // No store gave it, and none could save over it.
        return Err(Fault::Unreadable.into());
    }
    let mut members = open(&value.body)?;
    let token = members.take("token")?;
    let token = token.map(|members| token_of(members, now)).transpose()?;
    let refresh = members
        .take("refresh")?
        .map(|Text(refresh)| Secret::new(refresh));
    let intent = members.take("intent")?.map(intent_of).transpose()?;
    let set = match (token, refresh) {
        (Some(token), refresh) => TokenSet::new(token).with_refresh(refresh),
        (None, Some(refresh)) => TokenSet::login(refresh),
        (None, None) => TokenSet::login(Secret::from("")).with_refresh(None),
    };
    Ok(Record::new(set, value.version).with_intent(intent))
}

/// Makes sure that a text is a record which this version may change.
pub(crate) fn check(value: &Value) -> Result<(), Error> {
    let any = Now::new(SystemTime::UNIX_EPOCH, Duration::ZERO);
    record(value, any).map(drop)
}

/// Reads the members of a record of our format.
pub(super) fn open(body: &Secret) -> Result<Members<'_>, Fault> {
    let text = body.expose();
    if text.len() > MAX_TEXT {
        return Err(Fault::Unreadable);
    }
    let mut members: Members<'_> = serde_json::from_str(text)?;
    match members.need("format")? {
        FORMAT => Ok(members),
        newer if newer > FORMAT => Err(Fault::Newer),
        _ => Err(Fault::Unreadable),
    }
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    value: Option<Text<'a>>,
    #[serde(borrow, default)]
    prefix: Option<Text<'a>>,
}

fn token_of(mut members: Members<'_>, now: Now) -> Result<Token, Fault> {
    let access = members.need("access").map(|Text(it)| Secret::new(it))?;
    let headers: Vec<Header<'_>> = members.take("headers")?.unwrap_or_default();
    if headers.len() > MAX_HEADERS {
        return Err(Fault::Unreadable);
    }
    let headers = headers.into_iter().map(|header| header_of(header, &access));
    let headers = headers.collect::<Result<Vec<_>, _>>()?;
    let pairs = headers
        .iter()
        .map(|(name, value)| (name.clone(), &***value));
    let mut token = Token::from_headers(access, pairs).map_err(|_| Fault::Unreadable)?;
    match (members.take("asked")?, members.take("length")?) {
        (None, None) => {}
        (Some(asked), Some(length)) => {
            let length = Duration::from_nanos(length);
            token = token.with_lifetime(Lifetime::restored(moment(asked)?, length, now));
        }
        _ => return Err(Fault::Unreadable),
    }
    if let Some(Text(scope)) = members.take("scope")? {
        token = token.with_scope(&scope);
    }
    if let Some(extras) = members.take::<Members<'_>>("extras")? {
        for (name, raw) in extras.iter() {
            let Text(value) = serde_json::from_str(raw.get())?;
            token = token.with_extra(name, Secret::new(value));
        }
    }
    Ok(token)
}

fn header_of(
    header: Header<'_>,
    access: &Secret,
) -> Result<(HeaderName, Zeroizing<String>), Fault> {
    let name = HeaderName::from_bytes(header.name.0.as_bytes()).map_err(|_| Fault::Unreadable)?;
    let value = match (header.value, header.prefix) {
        (Some(Text(value)), None) => value.into_owned(),
        // Joined in one allocation of the right size.
        (None, Some(Text(prefix))) => [&*prefix, access.expose()].concat(),
        _ => return Err(Fault::Unreadable),
    };
    Ok((name, Zeroizing::new(value)))
}

fn intent_of(mut members: Members<'_>) -> Result<Intent, Fault> {
    let begun = moment(members.need("begun")?)?;
    let mut intent = Intent::new(begun, members.need("fence")?);
    intent.sends = members.need("sends")?;
    Ok(intent)
}

fn moment(nanoseconds: u64) -> Result<SystemTime, Fault> {
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_nanos(nanoseconds))
        .ok_or(Fault::Unreadable)
}
