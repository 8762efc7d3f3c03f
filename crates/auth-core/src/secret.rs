//! Text that must not be seen.

use std::fmt;

use zeroize::Zeroize;

/// Text that is never shown: no `Display`, no `Serialize`, no `PartialEq`, and a `Debug` that says nothing.
///
/// The memory is wiped when the value is dropped. Copies that other libraries make (header values, TLS buffers) are
/// theirs and are not wiped.
///
/// # Example
///
/// ```
/// use auth_core::Secret;
///
/// let secret = Secret::new("made-up");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "made-up");
/// ```
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes ownership of `text`.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.capacity() == text.len() {
            return Self(text.into_boxed_str());
        }
        // Shrinking may move the text and leave the old copy behind, so copy exactly and wipe.
        let exact = Self(text.as_str().into());
        text.zeroize();
        exact
    }

    /// Returns the text. The word is loud on purpose: search for it to find every place that reads a secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Secret {
    /// Reads a text. An error never quotes what stands there instead.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)
            .map(Self::new)
            // The deserializer's own text may quote what it found; where it found nothing, it names what is missing.
            .map_err(|error| match error.to_string() {
                text if text.starts_with("missing field ") => error,
                _ => serde::de::Error::custom("expected a text for a secret"),
            })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
