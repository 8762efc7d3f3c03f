//! Time for each request, one thread: build it, put the token on, answer it, drop it.
//!
//! In each round everybody sends the same number of requests, one after the other, so that what disturbs the machine
//! disturbs all. A turn is shorter than the time for which a thread keeps its core, so most turns are not interrupted
//! even on a busy machine. What is told is the median of the rounds, and for the overhead the median of the differences
//! to the bare service of the same round.

use std::time::Instant;

use crate::{
    pace::Pace,
    results::Row,
    subjects::{self, RUNTIME, Started},
};

/// Measures, and returns the rows.
pub fn run(pace: Pace) -> Vec<Row> {
    let (rounds, requests) = pace.pick((101, 500), (2_001, 500));
    let (started, mut rows) = subjects::start_all();
    let mut lanes: Vec<_> = started.iter().map(|one| (one.lanes)()).collect();
    let mut times = vec![Vec::with_capacity(rounds); lanes.len()];
    // One round more than is counted: the first warms caches and allocators.
    for round in 0..=rounds {
        for place in 0..lanes.len() {
            // Another one goes first each time, so that nobody always follows the same neighbour.
            let index = (place + round) % lanes.len();
            let begun = Instant::now();
            RUNTIME.block_on(lanes[index].drive(requests));
            let each = begun.elapsed().as_secs_f64() * 1e9 / requests as f64;
            if round > 0 {
                times[index].push(each);
            }
        }
    }
    rows.extend(told(&started, &times));
    rows
}

fn told(started: &[Started], times: &[Vec<f64>]) -> Vec<Row> {
    let of = |name: &str| {
        let index = started.iter().position(|one| one.subject.name == name);
        index.map(|index| &times[index])
    };
    let mut rows = Vec::new();
    for (one, own) in started.iter().zip(times) {
        let name = one.subject.name;
        let whole = quantile(own, 0.5);
        let spread = spread(own);
        rows.push(Row::new(name, "whole ns", whole, format!("{whole:.0}")));
        rows.push(Row::new(
            name,
            "spread",
            spread,
            format!("±{:.0} %", spread * 100.0),
        ));
        if let Some(bare) = of(one.subject.over) {
            let over = paired(own, bare, |own, bare| own - bare);
            rows.push(Row::new(name, "over ns", over, format!("{over:.0}")));
        }
        if let Some(beside) = of(one.subject.beside) {
            let ratio = paired(own, beside, |own, beside| own / beside);
            rows.push(Row::new(name, "whole ratio", ratio, format!("{ratio:.2}")));
        }
    }
    rows
}

/// Returns the median of what `compare` says of each round.
fn paired(own: &[f64], other: &[f64], compare: impl Fn(f64, f64) -> f64) -> f64 {
    let compared: Vec<_> = own
        .iter()
        .zip(other)
        .map(|(a, b)| compare(*a, *b))
        .collect();
    quantile(&compared, 0.5)
}

/// Returns how far the middle half of all values lies around the median: half of its width, as a part of the median.
pub fn spread(values: &[f64]) -> f64 {
    (quantile(values, 0.75) - quantile(values, 0.25)) / quantile(values, 0.5) / 2.0
}

/// Returns the value below which this part of all values lies.
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * part).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}
