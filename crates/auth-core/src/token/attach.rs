//! Putting a token on a request.

use http::{HeaderMap, HeaderName, header::Entry};

use super::Token;

#[cfg(test)]
mod tests;

impl Token {
    /// Puts the headers on a request, in place of any of the same name.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in self.headers() {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// Puts the headers on a request that carries none of them yet, and returns whether it did. A request that somebody
    /// else authenticated keeps what it has.
    #[inline]
    pub fn attach(&self, headers: &mut HeaderMap) -> bool {
        for (name, value) in self.headers() {
            // One look-up finds out and adds. To ask before would be another for each request.
            if headers.append(name.clone(), value.clone()) {
                self.detach(headers, name);
                return false;
            }
        }
        true
    }

    /// Takes back what was added, which is one value under each name up to `last`.
    #[cold]
    fn detach(&self, headers: &mut HeaderMap, last: &HeaderName) {
        for (name, _) in self.headers() {
            if let Entry::Occupied(entry) = headers.entry(name.clone()) {
                let mut values: Vec<_> = entry.remove_entry_mult().1.collect();
                values.pop();
                for value in values {
                    headers.append(name.clone(), value);
                }
            }
            if name == last {
                return;
            }
        }
    }
}
