//! The first entry of a record: what there is, in how many further entries, and the first bytes of it.

use auth_core::Error;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::failure::{damaged, newer};

const NAME: &str = "auth-store-keyring";
const FORMAT: &str = "1";

/// More than any manifest has before the bytes of the record.
pub(crate) const HEADER: usize = 192;

/// What a manifest says about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) version: u64,
    /// Counts the writes, and so tells the parts of this one from those of the one before.
    pub(crate) generation: u64,
    /// How many entries follow this one.
    pub(crate) parts: u64,
    /// How many bytes of the contents are the text of the key.
    pub(crate) key: usize,
    /// How many bytes the contents have, or `None` where the record was erased and the manifest is on its way out.
    pub(crate) length: Option<usize>,
    pub(crate) checksum: String,
}

impl Manifest {
    /// Returns the manifest of `contents`, with the key's text before the value.
    pub(crate) fn of(contents: &[u8], key: usize, version: u64, generation: u64) -> Self {
        let mut manifest = Self {
            version,
            generation,
            parts: 0,
            key,
            length: Some(contents.len()),
            checksum: String::new(),
        };
        manifest.checksum = manifest.sum(contents);
        manifest
    }

    /// Returns the manifest that takes the place of this one while the entries of the record are removed.
    pub(crate) fn erased(&self) -> Self {
        let mut manifest = Self::of(&[], 0, self.version, self.generation.saturating_add(1));
        manifest.length = None;
        manifest.checksum = manifest.sum(&[]);
        manifest
    }

    /// Returns the entry: this manifest and the first bytes of the contents.
    pub(crate) fn write(&self, head: &[u8]) -> Zeroizing<Vec<u8>> {
        let length = self
            .length
            .map_or_else(|| "-".to_owned(), |length| length.to_string());
        let (version, generation, parts, key) =
            (self.version, self.generation, self.parts, self.key);
        let header = format!(
            "{NAME} {FORMAT} {version} {generation} {parts} {key} {length} {}\n",
            self.checksum
        );
        let mut entry = Zeroizing::new(Vec::with_capacity(header.len() + head.len()));
        entry.extend_from_slice(header.as_bytes());
        entry.extend_from_slice(head);
        entry
    }

    /// Reads an entry: the manifest, and the first bytes of the contents.
    pub(crate) fn read(entry: &[u8]) -> Result<(Self, &[u8]), Error> {
        let end = entry.iter().take(HEADER).position(|&byte| byte == b'\n');
        let (header, head) = entry.split_at(end.ok_or_else(damaged)?);
        let header = std::str::from_utf8(header).map_err(|_| damaged())?;
        let mut words = header.split(' ');
        if words.next() != Some(NAME) {
            return Err(damaged());
        }
        match words.next() {
            Some(FORMAT) => {}
            Some(other) if other.parse::<u64>().is_ok() => return Err(newer()),
            _ => return Err(damaged()),
        }
        Self::from_words(words)
            .map(|manifest| (manifest, &head[1..]))
            .ok_or_else(damaged)
    }

    /// Takes the contents apart into key and value, if they are those that were described.
    pub(crate) fn open<'a>(&self, contents: &'a [u8]) -> Option<(&'a str, &'a str)> {
        let whole = self.length == Some(contents.len()) && self.checksum == self.sum(contents);
        let text = std::str::from_utf8(contents).ok().filter(|_| whole)?;
        text.split_at_checked(self.key)
    }

    fn from_words<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let manifest = Self {
            version: words.next()?.parse().ok()?,
            generation: words.next()?.parse().ok()?,
            parts: words.next()?.parse().ok()?,
            key: words.next()?.parse().ok()?,
            length: match words.next()? {
                "-" => None,
                length => Some(length.parse().ok()?),
            },
            checksum: words.next()?.to_owned(),
        };
        words.next().is_none().then_some(manifest)
    }

    /// Binds the contents to what is said about them, so that parts of two writes never pass for one.
    fn sum(&self, contents: &[u8]) -> String {
        let about = format!(
            "{} {} {} {:?} ",
            self.version, self.generation, self.key, self.length
        );
        let sum = Sha256::new()
            .chain_update(about)
            .chain_update(contents)
            .finalize();
        hex(&sum)
    }
}

/// Returns the name under which the keyring finds the record of `key`.
///
/// A key may be longer than names can be, and on some systems names differ by case alone from no other.
pub(crate) fn name_of(key: &str) -> String {
    hex(&Sha256::digest(key))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
