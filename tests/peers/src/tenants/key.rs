//! What a tenant is called.

use std::hash::Hash;

/// The name of a tenant. The same type goes into all tables.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {
    /// What the tables call it.
    const KIND: &str;

    /// Returns the name of one tenant.
    fn nth(n: usize) -> Self;

    /// Returns which one it is.
    fn number(&self) -> usize;

    /// Returns how many bytes of the heap one takes.
    fn heap(&self) -> usize;
}

/// A number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(u64);

/// A text, such as most services have for their customers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Box<str>);

const PREFIX: &str = "customer-";

impl Key for Number {
    const KIND: &str = "u64";

    fn nth(n: usize) -> Self {
        Self(n as u64)
    }

    fn number(&self) -> usize {
        self.0 as usize
    }

    fn heap(&self) -> usize {
        0
    }
}

impl Key for Name {
    const KIND: &str = "text";

    fn nth(n: usize) -> Self {
        Self(format!("{PREFIX}{n:015}").into())
    }

    fn number(&self) -> usize {
        let digits = self
            .0
            .strip_prefix(PREFIX)
            .and_then(|digits| digits.parse().ok());
        digits.expect("every name ends with its number")
    }

    fn heap(&self) -> usize {
        self.0.len()
    }
}

/// Returns the text of the token of a tenant: 40 characters, as an opaque one often has.
pub fn token(n: usize) -> String {
    format!("made-up-{n:032}")
}

/// Returns names in an order that no cache can guess, of the first `among` tenants.
pub fn draw<K: Key>(among: usize, draws: usize) -> Vec<K> {
    // xorshift64: the same order in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let drawn = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        K::nth((state % among as u64) as usize)
    };
    (0..draws).map(drawn).collect()
}
