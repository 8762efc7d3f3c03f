//! Reading `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3).
//!
//! Only one question is answered from it. A challenge never names an address to go to.

use http::{HeaderMap, header::WWW_AUTHENTICATE};

/// The most that is read of all challenges of a response, in bytes. What lies beyond has no say.
const MAX_READ: usize = 8 * 1024;

/// Returns whether a challenge says `insufficient_scope` and none says `invalid_token`.
pub(crate) fn lacks_scope(headers: &HeaderMap) -> bool {
    let mut left = MAX_READ;
    let mut lacks = false;
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let bytes = value.as_bytes();
        let Some(rest) = left.checked_sub(bytes.len()) else {
            break;
        };
        left = rest;
        for (name, value) in parameters(bytes) {
            if name.eq_ignore_ascii_case(b"error") {
                match &*value {
                    b"insufficient_scope" => lacks = true,
                    b"invalid_token" => return false,
                    _ => {}
                }
            }
        }
    }
    lacks
}

/// Returns the parameters of all challenges in one header value. Reading ends at what is not of the syntax.
fn parameters(text: &[u8]) -> impl Iterator<Item = (&[u8], Vec<u8>)> {
    let mut reader = Reader { rest: text };
    std::iter::from_fn(move || {
        loop {
            reader.skip(|b| b == b',' || is_space(b));
            let name = reader.take(is_token)?;
            let spaced = reader.skip(is_space);
            if reader.next_is(b'=') {
                reader.rest = &reader.rest[1..];
                // The padding of a token68 (`Negotiate YII==`) looks like a parameter without a value.
                if reader.skip(|b| b == b'=') {
                    continue;
                }
                reader.skip(is_space);
                if reader.rest.is_empty() || reader.next_is(b',') {
                    continue;
                }
                return Some((name, reader.value()?));
            }
            // A name without a value is a scheme, or a token68 whose remaining characters are stepped over.
            if !spaced {
                reader.skip(|b| b == b'/' || is_token(b));
                reader.skip(|b| b == b'=');
            }
        }
    })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Takes as many bytes as fit, at least one.
    fn take(&mut self, fits: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        let length = self.rest.iter().take_while(|b| fits(**b)).count();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then_some(taken)
    }

    fn skip(&mut self, fits: impl Fn(u8) -> bool) -> bool {
        self.take(fits).is_some()
    }

    fn next_is(&self, byte: u8) -> bool {
        self.rest.first() == Some(&byte)
    }

    /// Reads a token or a quoted text. A quoted text that does not end is none.
    fn value(&mut self) -> Option<Vec<u8>> {
        if !self.next_is(b'"') {
            return self.take(is_token).map(<[u8]>::to_vec);
        }
        let mut text = Vec::new();
        let mut bytes = self.rest.iter().enumerate().skip(1);
        loop {
            match bytes.next()? {
                (end, b'"') => {
                    self.rest = &self.rest[end + 1..];
                    return Some(text);
                }
                (_, b'\\') => text.push(*bytes.next()?.1),
                (_, byte) => text.push(*byte),
            }
        }
    }
}

fn is_space(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

/// The characters of a token (RFC 9110 §5.6.2).
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

#[cfg(test)]
mod tests;
