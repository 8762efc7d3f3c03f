//! The bars of many callers and of many identities.

use crate::{
    pace::Pace,
    results::{Row, value},
    storms::{self, BROKEN, ENDED, LOCKED},
    tenants::{self, BASE, LOOKED, ROUTED, heap},
};

use super::{Bar, Bound::AtMost};

/// The kinds of keys; the worse one counts.
const KINDS: [&str; 2] = ["u64", "text"];

/// Returns the bars. What a quick pass measures of fewer is told of fewer.
pub(super) fn bars(rows: &[&Row], pace: Pace) -> Vec<Bar> {
    let mut bars = callers(rows, storms::callers(pace));
    bars.extend(identities(rows, tenants::largest(pace)));
    bars
}

fn callers(rows: &[&Row], callers: usize) -> Vec<Bar> {
    let mut bars = Vec::new();
    for scene in [ENDED, BROKEN] {
        let requests = storms::column(scene, callers, "requests");
        let worst = storms::column(scene, callers, "worst wait");
        let of = |line: &str, column: &str| value(rows.iter().copied(), line, column);
        // Nobody asks twice, so all of them fall within one step of the back-off.
        bars.push((
            format!("{callers} callers, {scene}: token requests"),
            AtMost(1.0),
            most(storms::OURS.map(|ours| of(ours, &requests))),
        ));
        let ratio = |at: usize| Some(of(storms::OURS[at], &worst)? / of(LOCKED[at], &worst)?);
        bars.push((
            format!("{callers} callers, {scene}: the longest wait ÷ with a hand-written lock"),
            AtMost(1.0),
            most([ratio(0), ratio(1)]),
        ));
    }
    bars
}

fn identities(rows: &[&Row], size: usize) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (title, ours) in [("look-up alone", LOOKED), ("whole request", ROUTED)] {
        for hot in [false, true] {
            let ratio = |kind| {
                let column = tenants::column(title, kind, size, hot);
                Some(
                    value(rows.iter().copied(), ours, &column)?
                        / value(rows.iter().copied(), BASE, &column)?,
                )
            };
            let among = if hot { ", those in use" } else { "" };
            bars.push((
                format!("{size} tenants{among}: time of the {title} ÷ sharded map"),
                AtMost(1.5),
                most(KINDS.map(ratio)),
            ));
        }
    }
    let bytes = |kind| {
        value(
            rows.iter().copied(),
            heap::OURS,
            &heap::column(size, kind, heap::OWN),
        )
    };
    bars.push((
        format!("{size} tenants: own bytes of the heap for each"),
        AtMost(512.0),
        most(KINDS.map(bytes)),
    ));
    bars
}

/// Returns the largest, where all were measured.
fn most(values: [Option<f64>; 2]) -> Option<f64> {
    let [one, other] = values;
    Some(one?.max(other?))
}
