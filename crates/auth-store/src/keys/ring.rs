//! A fixed list of keys.

use std::{env, fmt, path::Path};

use async_trait::async_trait;
use auth_core::{Error, Secret};
use zeroize::Zeroizing;

use super::{DataKey, KeyMaterial, KeySource, bad_key, text};

/// A list of keys: the first one writes, all of them read.
///
/// To change the key, put a new one in front and keep the old one: records are sealed anew when they are next saved,
/// and [`Sealed::reseal`](crate::Sealed::reseal) does it at once. Then the old one can go.
///
/// # Text form
///
/// [`from_env`](Self::from_env) and [`from_file`](Self::from_file) read one key per line, `id:key`, with the key of 32
/// bytes in base64 or in hexadecimal digits. Empty lines and lines that begin with `#` are skipped.
/// [`expose`](Self::expose) writes the same form.
///
/// # Example
///
/// ```
/// use auth_core::{Error, Secret};
/// use auth_store::Keys;
///
/// # fn main() -> Result<(), Error> {
/// // Once, at the operator's desk: this text goes into a file that only its owner can read.
/// let made = Keys::generate("2026-02")?;
/// let line: Secret = made.expose();
///
/// // Later: the new key writes, the one before still reads.
/// let keys = Keys::from_text(&line)?.also_reads("2026-01", [7; 32])?;
/// assert_eq!(format!("{keys:?}"), r#"Keys { writes: "2026-02", reads: ["2026-01"] }"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Keys {
    pub(super) writes: DataKey,
    reads: Vec<DataKey>,
}

impl Keys {
    /// Returns a list of one key, made as [`DataKey::new`] makes it.
    ///
    /// # Errors
    ///
    /// As [`DataKey::new`].
    pub fn new(id: &str, key: impl Into<KeyMaterial>) -> Result<Self, Error> {
        DataKey::new(id, key).map(Self::from)
    }

    /// Makes a list of one new key from the generator of the operating system.
    ///
    /// # Errors
    ///
    /// As [`DataKey::generate`].
    pub fn generate(id: &str) -> Result<Self, Error> {
        DataKey::generate(id).map(Self::from)
    }

    /// Reads the list that the environment variable `name` holds. Besides line ends, commas may stand between keys.
    ///
    /// The environment of a process is seen by what runs as the same user; a file is seen by less.
    ///
    /// # Errors
    ///
    /// [`BAD_KEY`](super::BAD_KEY) where the variable is not set or is not of the [text form](Self#text-form). No error
    /// quotes what it holds.
    pub fn from_env(name: &str) -> Result<Self, Error> {
        let place = format!("the environment variable {}", name.escape_default());
        match env::var(name) {
            Ok(list) => text::parse(&place, Zeroizing::new(list).split(['\n', ','])),
            Err(env::VarError::NotPresent) => Err(bad_key(format!(
                "{place} is not set; set it to lines of the form id:key"
            ))),
            Err(env::VarError::NotUnicode(_)) => Err(bad_key(format!("{place} is not text"))),
        }
    }

    /// Reads the list from a file, which on Unix nobody but its owner may be allowed to read or write.
    ///
    /// # Errors
    ///
    /// [`BAD_KEY`](super::BAD_KEY) where the file cannot be read, others may read or write it, or it is not of the
    /// [text form](Self#text-form). No error quotes what it holds.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        text::from_file(path.as_ref())
    }

    /// Reads the list from its [text form](Self#text-form), for texts that come from elsewhere.
    ///
    /// # Errors
    ///
    /// [`BAD_KEY`](super::BAD_KEY) where it is not of that form. No error quotes it.
    pub fn from_text(list: &Secret) -> Result<Self, Error> {
        text::parse("the list of keys", list.expose().lines())
    }

    /// Adds an old key, with which nothing is sealed any more.
    ///
    /// # Errors
    ///
    /// As [`DataKey::new`], and [`BAD_KEY`](super::BAD_KEY) where the name is in the list already.
    pub fn also_reads(mut self, id: &str, key: impl Into<KeyMaterial>) -> Result<Self, Error> {
        let key = DataKey::new(id, key)?;
        if self.find(key.id()).is_some() {
            let id = key.id();
            return Err(bad_key(format!("the list has two keys of the name {id}")));
        }
        self.reads.push(key);
        Ok(self)
    }

    /// Returns the list in its [text form](Self#text-form), to be kept. The word is loud on purpose.
    pub fn expose(&self) -> Secret {
        let mut list = Zeroizing::new(String::with_capacity(128 * self.all().count()));
        for key in self.all() {
            list.push_str(key.expose().expose());
            list.push('\n');
        }
        Secret::from(list.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &DataKey> {
        std::iter::once(&self.writes).chain(&self.reads)
    }

    fn find(&self, id: &str) -> Option<&DataKey> {
        self.all().find(|key| key.id() == id)
    }
}

impl From<DataKey> for Keys {
    /// Returns a list of this key alone.
    fn from(key: DataKey) -> Self {
        Self {
            writes: key,
            reads: Vec::new(),
        }
    }
}

#[async_trait]
impl KeySource for Keys {
    async fn writing(&self) -> Result<DataKey, Error> {
        Ok(self.writes.clone())
    }

    async fn reading(&self, id: &str) -> Result<Option<DataKey>, Error> {
        Ok(self.find(id).cloned())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads: Vec<_> = self.reads.iter().map(DataKey::id).collect();
        f.debug_struct("Keys")
            .field("writes", &self.writes.id())
            .field("reads", &reads)
            .finish()
    }
}
