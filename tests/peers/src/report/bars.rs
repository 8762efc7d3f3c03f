//! The bars that this project set itself, and whether they are reached.

use super::{requests::Requests, table::Table};

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// Returns the table, with its heading.
pub(super) fn table(requests: &Requests) -> String {
    let own = |name, column| requests.own(name, column);
    let whole = |name, beside, column| requests.ratio(name, beside, column);
    let over = |name| requests.ratio(name, "static", "over ns");
    let time = |name| requests.value(name, "whole ratio");
    use Bound::{AtLeast, AtMost};
    let lines = [
        (
            "a hit: instructions of the whole request ÷ static",
            AtMost(1.05),
            whole("ours", "static", "instructions"),
        ),
        (
            "a hit: time of the whole request ÷ static",
            AtMost(1.10),
            time("ours"),
        ),
        (
            "a hit: own allocations",
            AtMost(0.0),
            own("ours", "allocations"),
        ),
        (
            "two threads share a source: requests ÷ static",
            AtLeast(1.6),
            whole("ours", "static", "2 threads"),
        ),
        (
            "source chosen per request: overhead ÷ static",
            AtMost(1.35),
            over("ours-routed"),
        ),
        (
            "source chosen per request: own allocations",
            AtMost(0.0),
            own("ours-routed", "allocations"),
        ),
        (
            "cloned per request: time of the whole request ÷ static cloned",
            AtMost(1.0),
            time("ours-cloned"),
        ),
        (
            "cloned per request, two threads: requests ÷ static cloned",
            AtLeast(1.0),
            whole("ours-cloned", "static-cloned", "2 threads"),
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
    ];
    let mut table = Table::new("", &["must be", "is", ""]);
    for (name, bound, measured) in lines {
        let (must, holds): (String, fn(f64, f64) -> bool) = match bound {
            AtMost(bound) => (format!("≤ {bound}"), |is, bound| is <= bound),
            AtLeast(bound) => (format!("≥ {bound}"), |is, bound| is >= bound),
        };
        let (AtMost(bound) | AtLeast(bound)) = bound;
        let verdict = measured.map(|is| {
            if holds(is, bound) {
                "reached"
            } else {
                "missed"
            }
        });
        let cells = [
            Some(must),
            measured.map(|is| format!("{is:.2}")),
            verdict.map(str::to_owned),
        ];
        table.line(name, cells.into_iter());
    }
    format!("### Our own bars\n\n{}", table.markdown())
}
