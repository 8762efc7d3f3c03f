//! Putting a token on a request.

use std::mem;

use http::{HeaderMap, HeaderName};

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
    /// else authenticated stays as it is, the order of its headers included.
    ///
    /// # Panics
    ///
    /// As [`HeaderMap::append`], for a request with more than 24,000 headers.
    #[must_use = "a token that was not put on a request cannot be refused by its answer"]
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

    /// Takes back what was added: all under the names in front of `stood`, and the last value under that one.
    #[cold]
    fn detach(&self, headers: &mut HeaderMap, stood: &HeaderName) {
        let names = self.headers().map(|(name, _)| name);
        let added: Vec<_> = names.take_while(|name| *name != stood).collect();
        let mut left = headers.get_all(stood).iter().count() - 1;
        // To take one out would move others, so the map is filled again, in order.
        let mut name = stood.clone();
        for (next, value) in mem::take(headers) {
            // A name comes with the first of its values.
            name = next.unwrap_or(name);
            if name == *stood {
                if left == 0 {
                    continue;
                }
                left -= 1;
            } else if added.contains(&&name) {
                continue;
            }
            headers.append(name.clone(), value);
        }
    }
}
