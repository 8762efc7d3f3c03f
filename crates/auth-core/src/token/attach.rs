//! Putting a token on a request.

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use super::Token;

#[cfg(test)]
mod tests;

impl Token {
    /// Puts the headers on a request, in place of any of the same name.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in self.headers() {
            headers.insert(name, value.clone());
        }
    }

    /// Puts the headers on a request that carries none of them yet, and returns whether it did. A request that somebody
    /// else authenticated stays as it is, the order of its headers included.
    ///
    /// # Panics
    ///
    /// As [`HeaderMap::insert`], for a request with more than 24,000 headers.
    #[must_use = "a token that was not put on a request cannot be refused by its answer"]
    pub fn attach(&self, headers: &mut HeaderMap) -> bool {
        // To insert would lose all but one of several values under a name.
        let several = headers.len() > headers.keys_len();
        if several && self.headers().any(|(name, _)| headers.contains_key(name)) {
            return false;
        }
        for (name, value) in self.headers() {
            // One look-up finds out and adds. To ask before would be another for each request. Where the name is known when
            // this is built, so is its hash.
            let stood = if *name == AUTHORIZATION {
                headers.insert(AUTHORIZATION, value.clone())
            } else {
                headers.insert(name, value.clone())
            };
            if let Some(stood) = stood {
                self.detach(headers, name, stood);
                return false;
            }
        }
        true
    }

    /// Puts back the one that stood there, and takes away those before it. These are the last of all, so no other header
    /// moves.
    #[cold]
    fn detach(&self, headers: &mut HeaderMap, name: &HeaderName, stood: HeaderValue) {
        headers.insert(name, stood);
        for (added, _) in self.headers().take_while(|(other, _)| *other != name) {
            headers.remove(added);
        }
    }
}
