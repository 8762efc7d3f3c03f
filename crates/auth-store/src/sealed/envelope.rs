//! The text form of what is sealed.
//!
//! ```text
//! sealed:1:<name of the key>:<base64url without padding of nonce (24 bytes), ciphertext, tag (16 bytes)>
//! ```
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with this associated data, in which only the last line can hold a
//! line end:
//!
//! ```text
//! outbound-auth sealed login
//! 1
//! <name of the key>
//! <version of the record, in decimal>
//! <key of the record in the store>
//! ```

use auth_core::{Error, ErrorKind, Secret, StoreKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{newer_format, not_sealed, wrong_key};
use crate::{
    DataKey,
    keys::{is_id, random},
};

pub(super) const NONCE: usize = 24;
const TAG: usize = 16;
const PREFIX: &str = "sealed:";
const FORMAT: &str = "1";

/// Where a record is, which an envelope is bound to.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) key: &'a StoreKey,
    pub(super) version: u64,
}

impl Place<'_> {
    fn associated(&self, id: &str) -> String {
        let Self { key, version } = self;
        format!("outbound-auth sealed login\n{FORMAT}\n{id}\n{version}\n{key}")
    }
}

/// Seals `text` for one place.
pub(super) fn seal(text: &Secret, key: &DataKey, place: Place<'_>) -> Result<Secret, Error> {
    let mut nonce = [0; NONCE];
    // Twice the same by chance is out of reach with 24 random bytes, whoever else writes with this key.
    random(&mut nonce)?;
    seal_with(nonce, text, key, place)
}

pub(super) fn seal_with(
    nonce: [u8; NONCE],
    text: &Secret,
    key: &DataKey,
    place: Place<'_>,
) -> Result<Secret, Error> {
    let text = text.expose().as_bytes();
    // With room for all of it from the start, growing leaves no copy of the text behind.
    let mut sealed = Zeroizing::new(Vec::with_capacity(NONCE + text.len() + TAG));
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(text);
    let tag = cipher(key)
        .encrypt_inout_detached(
            &XNonce::from(nonce),
            place.associated(key.id()).as_bytes(),
            (&mut sealed[NONCE..]).into(),
        )
        .map_err(|_| Error::new(ErrorKind::Protocol, "the login is too large to be sealed"))?;
    sealed.extend_from_slice(&tag);
    let mut envelope = format!("{PREFIX}{FORMAT}:{}:", key.id());
    BASE64_URL_SAFE_NO_PAD.encode_string(sealed.as_slice(), &mut envelope);
    Ok(Secret::new(envelope))
}

/// A text that has the form of an envelope.
pub(super) struct Envelope<'a> {
    id: &'a str,
    sealed: Zeroizing<Vec<u8>>,
}

impl<'a> Envelope<'a> {
    pub(super) fn read(text: &'a Secret) -> Result<Self, Error> {
        let rest = text.expose().strip_prefix(PREFIX).ok_or_else(not_sealed)?;
        let (format, rest) = rest.split_once(':').ok_or_else(not_sealed)?;
        if format != FORMAT {
            let number = !format.is_empty() && format.bytes().all(|b| b.is_ascii_digit());
            return Err(if number { newer_format() } else { not_sealed() });
        }
        let (id, sealed) = rest.split_once(':').ok_or_else(not_sealed)?;
        if !is_id(id) {
            return Err(not_sealed());
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed);
        let sealed = sealed.ok().filter(|all| all.len() >= NONCE + TAG);
        let sealed = Zeroizing::new(sealed.ok_or_else(|| wrong_key(id))?);
        Ok(Self { id, sealed })
    }

    /// Returns the name of the key that it was sealed with.
    pub(super) fn id(&self) -> &'a str {
        self.id
    }

    /// Returns the text, if it was sealed with this key for this place.
    pub(super) fn open(mut self, key: &DataKey, place: Place<'_>) -> Result<Secret, Error> {
        let refused = || wrong_key(self.id);
        let (nonce, rest) = self.sealed.split_at_mut(NONCE);
        let (text, tag) = rest.split_at_mut(rest.len() - TAG);
        let nonce = XNonce::try_from(&*nonce).map_err(|_| refused())?;
        let tag = Tag::try_from(&*tag).map_err(|_| refused())?;
        let associated = place.associated(self.id);
        cipher(key)
            .decrypt_inout_detached(&nonce, associated.as_bytes(), (&mut *text).into(), &tag)
            .map_err(|_| refused())?;
        let text = std::str::from_utf8(text).map_err(|_| refused())?;
        Ok(Secret::from(text))
    }
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}
