//! What a second thread adds when both send through one source.
//!
//! Each thread has a lane of its own, such as a clone of the service, and sends as fast as it can for a slice of time. The
//! slices are short and taken in turns, and each is compared with those of its own round: what disturbs the machine for
//! longer disturbs both sides. What is told is the median of these ratios. Where they differ too much, or the second
//! thread brings more than a second core could, something else had the machine, and no number is told.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crate::{
    hit::{quantile, spread},
    pace::Pace,
    results::Row,
    subjects::{self, Lane, Lanes, RUNTIME, Started},
};

/// How many requests are sent between two looks at the time.
const BATCH: u64 = 256;

/// A second thread cannot bring more than that.
const MOST_GAIN: f64 = 2.1;

/// How far the middle half of the ratios may lie around the median.
const MOST_SPREAD: f64 = 0.1;

/// The requests in a second that one subject sent, of each round: by one thread, and by two.
type Rates = (Vec<f64>, Vec<f64>);

/// Measures, and returns the rows.
pub fn run(pace: Pace) -> Vec<Row> {
    let (rounds, slice) = pace.pick((11, 5), (201, 10));
    let slice = Duration::from_millis(slice);
    let (started, mut rows) = subjects::start_all();
    let mut rates = vec![Rates::default(); started.len()];
    for round in 0..rounds {
        for place in 0..started.len() {
            let index = (place + round) % started.len();
            let (alone, both) = &mut rates[index];
            alone.push(rate(&started[index].lanes, 1, slice));
            both.push(rate(&started[index].lanes, 2, slice));
        }
    }
    let beside = |one: &Started| {
        let index = started
            .iter()
            .position(|other| other.subject.name == one.subject.beside);
        index.map(|index| &rates[index].1)
    };
    for (one, (alone, both)) in started.iter().zip(&rates) {
        let name = one.subject.name;
        rows.push(told(name, "gain", MOST_GAIN, both, alone));
        if let Some(theirs) = beside(one) {
            rows.push(told(name, "both ratio", f64::INFINITY, both, theirs));
        }
    }
    rows
}

/// Returns the row of a ratio, round by round. One above `most` cannot be.
fn told(name: &str, column: &str, most: f64, both: &[f64], other: &[f64]) -> Row {
    let ratios: Vec<_> = both.iter().zip(other).map(|(a, b)| a / b).collect();
    let (ratio, spread) = (quantile(&ratios, 0.5), spread(&ratios));
    let text = format!("{ratio:.2} (±{:.0} %)", spread * 100.0);
    if spread > MOST_SPREAD || ratio > most {
        return Row::note(name, column, format!("not measured: {text}"));
    }
    Row::new(name, column, ratio, text)
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
