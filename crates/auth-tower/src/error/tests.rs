use std::{collections::HashSet, error::Error as _};

use auth_core::{Error, ErrorKind};

use super::{AuthError, Reason};

#[test]
fn each_step_has_its_own_words_and_leaves_the_cause_to_the_source() {
    let reasons = [
        Reason::Route,
        Reason::ForeignOrigin,
        Reason::NoAuthority,
        Reason::PlainHttp,
        Reason::Token,
        Reason::NextToken,
    ];
    let mut texts = HashSet::new();
    for reason in reasons {
        let cause = Error::new(ErrorKind::Unavailable, "made up: away");
        let error = AuthError::new(reason, cause);
        assert_eq!(error.source().unwrap().to_string(), "made up: away");
        let text = error.to_string();
        assert!(text.contains("the ") && !text.contains("made up"), "{text}");
        texts.insert(text);
    }
    assert_eq!(texts.len(), reasons.len());
}
