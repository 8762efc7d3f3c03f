//! What a login is called in a store.

use std::{fmt, str::FromStr, sync::Arc};

use crate::{Error, ErrorKind};

/// The name of a login in a store: provider, client, account and whatever else tells one identity from another.
///
/// Keys are shown and logged; put no secret into them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreKey(Arc<str>);

impl StoreKey {
    /// Returns the key made of `parts`. Different parts always make different keys, whatever characters they have.
    ///
    /// # Example
    ///
    /// ```
    /// use auth_core::StoreKey;
    ///
    /// assert_ne!(StoreKey::new(["a/b", "c"]), StoreKey::new(["a", "b/c"]));
    /// ```
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut key = String::new();
        for part in parts {
            // With the separator escaped inside a part, no two lists of parts read the same.
            key.push('/');
            key.push_str(&part.replace('%', "%25").replace('/', "%2F"));
        }
        Self(key.into())
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StoreKey {
    type Err = Error;

    /// Reads a key from the text that [`as_str`](StoreKey::as_str) gives, for stores that keep it as text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |part: &str| part.replace("%2F", "/").replace("%25", "%");
        let parts: Option<Vec<_>> = text
            .strip_prefix('/')
            .map(|parts| parts.split('/').map(plain).collect());
        // Written anew it reads the same, unless it was written by somebody else.
        parts
            .map(|parts| Self::new(parts.iter().map(String::as_str)))
            .filter(|key| key.as_str() == text)
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "this text is not the key of a login"))
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_text_and_nothing_else_does() {
        for parts in [&["a", "b"][..], &["a/b%", ""], &["%2F"], &[""]] {
            let key = StoreKey::new(parts.iter().copied());
            assert_eq!(key.as_str().parse::<StoreKey>().ok(), Some(key));
        }
        for text in ["", "a", "a/b", "/a%", "/%41", "/%2f"] {
            assert!(text.parse::<StoreKey>().is_err(), "{text}");
        }
    }
}
