//! The bars that this project set itself, and whether they are reached.

mod many;

use crate::{pace::Pace, results::Row};

use super::{requests::Requests, table::Table};

use self::Bound::{AtLeast, AtMost};

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A bar: its name, its bound, and what was measured.
type Bar = (String, Bound, Option<f64>);

/// Returns the table, with its heading.
pub(super) fn table(requests: &Requests, others: &[&Row], pace: Pace) -> String {
    let mut table = Table::new("", &["must be", "is", ""]);
    let singles = single(requests).map(|(name, bound, is)| (name.to_owned(), bound, is));
    for (name, bound, is) in singles.into_iter().chain(many::bars(others, pace)) {
        let (must, reached) = match bound {
            AtMost(bound) => (format!("≤ {bound}"), is.map(|is| is <= bound)),
            AtLeast(bound) => (format!("≥ {bound}"), is.map(|is| is >= bound)),
        };
        let verdict = match reached {
            Some(true) => "reached",
            Some(false) => "missed",
            None => "not measured",
        };
        let cells = [
            Some(must),
            is.map(|is| format!("{is:.2}")),
            Some(verdict.to_owned()),
        ];
        table.line(&name, cells.into_iter());
    }
    format!("### Our own bars\n\n{}", table.markdown())
}

/// Returns the bars of single requests.
fn single(requests: &Requests) -> [(&'static str, Bound, Option<f64>); 10] {
    let own = |name, column| requests.own(name, column);
    let whole = |name, beside, column| requests.ratio(name, beside, column);
    let time = |name| requests.value(name, "whole ratio");
    [
        (
            "a hit, replay off: instructions of the whole request ÷ static",
            AtMost(1.05),
            whole("ours", "static", "instructions"),
        ),
        (
            "a hit, replay off: time of the whole request ÷ static",
            AtMost(1.10),
            time("ours"),
        ),
        (
            "a hit, replay off: own allocations",
            AtMost(0.0),
            own("ours", "allocations"),
        ),
        (
            "two threads share a source, replay off: requests ÷ those of two threads with static",
            AtLeast(1.6),
            requests.value("ours", "both ratio"),
        ),
        (
            "source chosen per request, without a map look-up, replay off: overhead ÷ static",
            AtMost(1.35),
            whole("ours-routed", "static", "over ns"),
        ),
        (
            "source chosen per request, without a map look-up, replay off: own allocations",
            AtMost(0.0),
            own("ours-routed", "allocations"),
        ),
        (
            "cloned per request, replay off: time of the whole request ÷ static cloned",
            AtMost(1.0),
            time("ours-cloned"),
        ),
        (
            "cloned per request, replay off, two threads: requests ÷ static cloned",
            AtLeast(1.0),
            requests.value("ours-cloned", "both ratio"),
        ),
        (
            "replay on: own allocations",
            AtMost(2.0),
            own("ours-replay", "allocations"),
        ),
        (
            "replay on: time of the whole request ÷ static",
            AtMost(1.8),
            time("ours-replay"),
        ),
    ]
}
