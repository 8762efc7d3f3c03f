//! What is saved in a series: the login that a number stands for.

use auth_core::{Record, Secret, StoreKey, Token, TokenSet};

use super::dice;

pub(super) fn key() -> StoreKey {
    StoreKey::new(["crash", "made-up user"])
}

/// Returns whether step `number` removes the login instead of saving one.
pub(super) fn removes(number: u64) -> bool {
    number.is_multiple_of(16)
}

/// Returns the login of a number, small or large. Both its tokens say the number, all along their length.
pub(super) fn login(number: u64) -> TokenSet {
    let long = |seed: u64| {
        let repeats = 1 + dice(seed) % 400;
        format!(
            "{number}.{}",
            format!("{:x}.", dice(number)).repeat(repeats as usize)
        )
    };
    let token = Token::bearer(Secret::new(long(number))).expect("made of good characters");
    TokenSet::new(token).with_refresh(Some(Secret::new(long(!number))))
}

/// Returns the number of a login that is whole.
pub(super) fn number(record: &Record) -> Result<u64, String> {
    let refresh = record.set.refresh().ok_or("the refresh token is gone")?;
    let first = refresh.expose().split('.').next();
    let number = first.and_then(|text| text.parse().ok());
    let number = number.ok_or("the refresh token has no number")?;
    let wanted = login(number);
    let same = |of: fn(&TokenSet) -> Option<&Secret>| {
        of(&wanted).map(Secret::expose) == of(&record.set).map(Secret::expose)
    };
    if same(TokenSet::refresh) && same(|set| set.token().map(Token::access)) {
        Ok(number)
    } else {
        Err(format!("login {number} is torn or mixed with another"))
    }
}
