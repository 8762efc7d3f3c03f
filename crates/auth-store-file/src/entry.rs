//! The file of one login.
//!
//! ```text
//! auth-store-file 1 <version> <length of the key> <length of the text> <SHA-256 of all the rest>
//! <key>
//! <text>
//! ```

use std::{
    fs::File,
    io::{self, Read, Write},
};

use auth_core::{Error, Secret, StoreKey};
use auth_store::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What the first line begins with, before the number of the format.
const MAGIC: &str = "auth-store-file ";

/// The format that this version writes and reads.
const FORMAT: &str = "1";

/// The longest text. Stores give no longer ones.
pub(crate) const MAX_TEXT: usize = 256 * 1024;

/// The longest key.
pub(crate) const MAX_KEY: usize = 64 * 1024;

/// The longest first line: four words, three numbers of twenty digits at most and a digest.
const MAX_LINE: usize = 160;

/// Why a file gives no value.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is not to be opened.
    Refused(Error),
    /// It could not be read now.
    Read(io::Error),
    /// It is not what was written.
    Damaged,
    /// It was written by a later version.
    Newer,
}

/// What the first line says.
struct Line {
    version: u64,
    key: usize,
    text: usize,
    digest: String,
}

/// Returns what goes before the text of `value` in its file.
pub(crate) fn head(key: &StoreKey, value: &Value) -> String {
    let (name, text) = (key.as_str(), value.body.expose());
    let digest = digest(value.version, name, text);
    let (version, key, length) = (value.version, name.len(), text.len());
    format!("{MAGIC}{FORMAT} {version} {key} {length} {digest}\n{name}\n")
}

/// Writes the text after the head, in two pieces, so that a crash between them can be tried.
pub(crate) fn write(file: &mut File, head: &str, text: &str, half: impl Fn()) -> io::Result<()> {
    file.write_all(head.as_bytes())?;
    let (first, second) = text.as_bytes().split_at(text.len() / 2);
    file.write_all(first)?;
    half();
    file.write_all(second)
}

/// Reads the value of `key`.
pub(crate) fn read(file: &mut File, key: &StoreKey) -> Result<Value, Fault> {
    let (bytes, line, rest) = open(file, MAX_LINE + MAX_KEY + MAX_TEXT + 2)?;
    let rest = str::from_utf8(&bytes[rest..]).map_err(|_| Fault::Damaged)?;
    let (name, text) = rest.split_at_checked(line.key).ok_or(Fault::Damaged)?;
    let text = text.strip_prefix('\n').ok_or(Fault::Damaged)?;
    let whole = text.len() == line.text && digest(line.version, name, text) == line.digest;
    if whole && name == key.as_str() {
        Ok(Value::new(line.version, Secret::from(text)))
    } else {
        Err(Fault::Damaged)
    }
}

/// Reads the key alone.
pub(crate) fn read_key(file: &mut File) -> Result<StoreKey, Fault> {
    let (bytes, line, rest) = open(file, MAX_LINE + MAX_KEY)?;
    let name = bytes[rest..].get(..line.key).ok_or(Fault::Damaged)?;
    let name = str::from_utf8(name).map_err(|_| Fault::Damaged)?;
    name.parse().map_err(|_| Fault::Damaged)
}

/// Reads at most `limit` bytes and the first line, and says where the rest begins.
fn open(file: &mut File, limit: usize) -> Result<(Zeroizing<Vec<u8>>, Line, usize), Fault> {
    let length = file.metadata().map_err(Fault::Read)?.len();
    let huge = length > (MAX_LINE + MAX_KEY + MAX_TEXT + 2) as u64;
    let length = usize::try_from(length).map_or(limit, |length| length.min(limit));
    // A file that has its name is never changed, so this is all of it, and no copy is left behind by growing.
    let mut bytes = Zeroizing::new(vec![0; length]);
    file.read_exact(&mut bytes)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Damaged,
            _ => Fault::Read(error),
        })?;
    let line = bytes.iter().take(MAX_LINE).position(|byte| *byte == b'\n');
    let end = line.ok_or(Fault::Damaged)?;
    let line = str::from_utf8(&bytes[..end]).map_err(|_| Fault::Damaged)?;
    let line = parse(line)?;
    if huge {
        return Err(Fault::Damaged);
    }
    Ok((bytes, line, end + 1))
}

fn parse(line: &str) -> Result<Line, Fault> {
    let words = line.strip_prefix(MAGIC).ok_or(Fault::Damaged)?;
    let words: Vec<_> = words.splitn(6, ' ').collect();
    match words[..] {
        [FORMAT, version, key, text, digest] => {
            let number = |word: &str| word.parse().map_err(|_| Fault::Damaged);
            Ok(Line {
                version: version.parse().map_err(|_| Fault::Damaged)?,
                key: number(key)?,
                text: number(text)?,
                digest: digest.to_owned(),
            })
        }
        // Only a number that is higher is a later one's; anything else is damage.
        [format, ..] if format.parse::<u32>().is_ok_and(|format| format > 1) => Err(Fault::Newer),
        _ => Err(Fault::Damaged),
    }
}

fn digest(version: u64, key: &str, text: &str) -> String {
    let mut digest = Sha256::new();
    // With the lengths in front, no two lists of parts read the same.
    digest.update(format!("{version} {} {}\n", key.len(), text.len()));
    digest.update(key);
    digest.update(text);
    format!("{:x}", digest.finalize())
}
