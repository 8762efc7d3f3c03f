//! One key and its name.

use std::{fmt, sync::Arc};

use auth_core::{Error, ErrorKind, Secret};
use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use zeroize::Zeroizing;

use super::bad_key;

/// How many bytes a key has.
const LENGTH: usize = 32;

/// The longest name of a key: shorter than any text of a key, so that no key can be taken for a name and be shown.
const LONGEST_ID: usize = 32;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A key of 32 bytes and its name. Cheap to clone; wiped when the last clone is dropped.
///
/// The name is written in clear beside what is sealed and is shown in errors. It has 1 to 32 of the characters
/// `A-Z a-z 0-9 . _ -`; a date such as `2026-01` does well.
#[derive(Clone)]
pub struct DataKey {
    id: Arc<str>,
    bytes: Arc<Zeroizing<[u8; LENGTH]>>,
}

impl DataKey {
    /// Puts a name and a key together: 32 bytes, or a [`Secret`] that writes them in base64 or in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`BAD_KEY`](super::BAD_KEY) where the name or the key is not of that form. The error quotes neither.
    pub fn new(id: &str, key: impl Into<KeyMaterial>) -> Result<Self, Error> {
        if !is_id(id) {
            return Err(bad_key(
                "the name of a key must have 1 to 32 of the characters A-Z a-z 0-9 . _ -",
            ));
        }
        Ok(Self {
            id: id.into(),
            bytes: Arc::new(key.into().bytes()?),
        })
    }

    /// Makes a new key from the generator of the operating system.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`ErrorKind::Unavailable`] where the generator
    /// fails.
    pub fn generate(id: &str) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        random(bytes.as_mut())?;
        Self::new(id, *bytes)
    }

    /// Returns the name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the key as a line of a key file, `id:base64`. The word is loud on purpose.
    pub fn expose(&self) -> Secret {
        let key = Zeroizing::new(BASE64_STANDARD.encode(self.bytes.as_slice()));
        Secret::new(format!("{}:{}", self.id, *key))
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.bytes
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Fills `bytes` from the generator of the operating system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| {
        Error::new(
            ErrorKind::Unavailable,
            "the operating system gives no random numbers",
        )
    })
}

/// Returns whether `id` can be the name of a key.
pub(crate) fn is_id(id: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(safe)
}

/// What a key is made of: 32 bytes, or a [`Secret`] that writes them in base64 or in hexadecimal digits.
pub struct KeyMaterial(Form);

enum Form {
    Bytes(Zeroizing<[u8; LENGTH]>),
    Text(Secret),
}

impl KeyMaterial {
    fn bytes(self) -> Result<Zeroizing<[u8; LENGTH]>, Error> {
        let text = match &self.0 {
            Form::Bytes(bytes) => return Ok(bytes.clone()),
            Form::Text(text) => text.expose().trim(),
        };
        let read = if text.len() == 2 * LENGTH {
            from_hex(text)
        } else {
            from_base64(text)
        };
        read.ok_or_else(|| {
            bad_key("a key must be 32 bytes, written as 64 hexadecimal digits or in base64")
        })
    }
}

fn from_hex(text: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let mut bytes = Zeroizing::new([0; LENGTH]);
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(bytes)
}

fn from_base64(text: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let alphabet = if text.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    // A little more than a key needs, because room is asked for in steps; what does not fit is no key.
    let mut room = Zeroizing::new([0; 2 * LENGTH]);
    let length = GeneralPurpose::new(&alphabet, LENIENT)
        .decode_slice(text, room.as_mut())
        .ok()
        .filter(|length| *length == LENGTH)?;
    let mut bytes = Zeroizing::new([0; LENGTH]);
    bytes.copy_from_slice(&room[..length]);
    Some(bytes)
}

impl From<[u8; LENGTH]> for KeyMaterial {
    fn from(bytes: [u8; LENGTH]) -> Self {
        Self(Form::Bytes(Zeroizing::new(bytes)))
    }
}

impl From<Secret> for KeyMaterial {
    fn from(text: Secret) -> Self {
        Self(Form::Text(text))
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(..)")
    }
}
