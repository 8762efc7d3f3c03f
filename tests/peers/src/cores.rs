//! What a second thread adds when both send through one source.
//!
//! Each thread has a lane of its own, such as a clone of the service, and sends as fast as it can for a slice of time. What
//! is told is the median of the rounds. Where the rounds differ too much, or the second thread brings more than a second
//! core could, something else had the machine, and no number is told.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crate::{
    hit::{quantile, spread},
    pace::Pace,
    results::Row,
    subjects::{self, Lane, Lanes, RUNTIME},
};

/// How many requests are sent between two looks at the time.
const BATCH: u64 = 256;

/// A second thread cannot bring more than that.
const MOST_GAIN: f64 = 2.1;

/// How far the middle half of the rounds may lie around the median.
const MOST_SPREAD: f64 = 0.1;

/// Measures, and returns the rows.
pub fn run(pace: Pace) -> Vec<Row> {
    let (rounds, slice) = pace.pick((3, 10), (11, 120));
    let slice = Duration::from_millis(slice);
    let (started, mut rows) = subjects::start_all();
    let mut rates = vec![[Vec::new(), Vec::new()]; started.len()];
    for round in 0..rounds {
        for place in 0..started.len() {
            let index = (place + round) % started.len();
            for (threads, rates) in (1..).zip(&mut rates[index]) {
                rates.push(rate(&started[index].lanes, threads, slice));
            }
        }
    }
    for (one, [alone, both]) in started.iter().zip(&rates) {
        rows.extend(told(one.subject.name, alone, both));
    }
    rows
}

fn told(name: &str, alone: &[f64], both: &[f64]) -> [Row; 3] {
    let spread = spread(alone).max(spread(both));
    let (alone, both) = (quantile(alone, 0.5), quantile(both, 0.5));
    let gain = both / alone;
    let around = format!("±{:.0} %", spread * 100.0);
    if gain > MOST_GAIN || spread > MOST_SPREAD {
        let note = |column| Row::note(name, column, format!("not measured ({gain:.2}, {around})"));
        return [note("1 thread"), note("2 threads"), note("gain")];
    }
    [
        Row::new(name, "1 thread", alone, millions(alone)),
        Row::new(name, "2 threads", both, millions(both)),
        Row::new(name, "gain", gain, format!("{gain:.2} ({around})")),
    ]
}

/// Returns how many requests in a second that many threads send together.
fn rate(lanes: &Lanes, threads: usize, slice: Duration) -> f64 {
    let start = Barrier::new(threads);
    let rates = thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads)
            .map(|_| {
                let lane = lanes();
                scope.spawn(|| busy(lane, &start, slice))
            })
            .collect();
        let joined = spawned.into_iter().map(|thread| thread.join());
        joined.collect::<Result<Vec<f64>, _>>()
    });
    rates.expect("a lane does not panic").iter().sum()
}

fn busy(mut lane: Box<dyn Lane>, start: &Barrier, slice: Duration) -> f64 {
    RUNTIME.block_on(lane.drive(BATCH));
    start.wait();
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < slice {
        RUNTIME.block_on(lane.drive(BATCH));
        sent += BATCH;
    }
    sent as f64 / begun.elapsed().as_secs_f64()
}

fn millions(rate: f64) -> String {
    format!("{:.2} M/s", rate / 1e6)
}
