//! Authorize pages, without a browser.

use std::sync::Arc;

use auth_core::Now;

use super::{
    Emulator,
    desk::{Desk, Provider},
};
use crate::ledger::{Notes, Outcome, Request};

/// Opens `address` and lets `page` say where the browser goes; nowhere is an answer with `status`.
pub(super) fn visit<K: Provider>(
    emulator: &Emulator<K>,
    address: &str,
    status: u16,
    page: impl FnOnce(&mut Desk<K>, &Request, Now, &mut Notes) -> Option<String>,
) -> Option<String> {
    let (server, ledger) = (emulator.server(), emulator.ledger());
    let target = address.strip_prefix(&server.base_url()).unwrap_or(address);
    let now = emulator.office.clock.now();
    let host = ("host".to_owned(), server.address().to_string());
    let request = Arc::new(Request::new("GET", target, vec![host]).at(now));
    let number = ledger.arrived(Arc::clone(&request));
    let mut notes = Notes::new(number);
    notes.grant("authorize");
    let callback = page(&mut emulator.desk(), &request, now, &mut notes);
    let status = callback.as_ref().map_or(status, |_| 302);
    ledger.noted(notes, true);
    ledger.finished(number, Outcome::Processed(status));
    callback
}

/// Returns `redirect_uri` with `pairs` in its query; `blindly` puts a second question mark where it has one already.
pub(super) fn callback<'a>(
    redirect_uri: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    blindly: bool,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let mark = if redirect_uri.contains('?') && !blindly {
        '&'
    } else {
        '?'
    };
    format!("{redirect_uri}{mark}{}", query.finish())
}
