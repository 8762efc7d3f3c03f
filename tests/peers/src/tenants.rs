//! Many identities: what it takes to find the token of one among up to a million, and what each takes of the heap.
//!
//! Two things are timed. A look-up alone ends with the header that a request would own; a whole request carries the name
//! of its tenant in its extensions, gets its header, and goes through a service that does nothing.

pub mod heap;
mod key;
mod maps;
mod ours;
mod table;

use std::{
    hint::black_box,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use auth_tower::{AuthLayer, Never};
use tower::Layer;

use crate::{pace::Pace, results::Row, subjects::Nothing};

pub use self::maps::BASE;

use self::{
    key::{Key, Name, Number, draw},
    ours::Looked,
    table::{Attach, Over, Sender, Table},
};

/// Our line among the look-ups.
pub const LOOKED: &str = "ours, `Tenants::get` and `peek`";

/// Our line among the whole requests.
pub const ROUTED: &str = "ours, `AuthLayer::routed(tenants)`, replay off";

/// The tenants that are asked for again and again, among all.
const HOT: usize = 1_000;

/// Returns how many tenants the largest table has.
pub fn largest(pace: Pace) -> usize {
    pace.pick(10_000, 1_000_000)
}

/// Returns the column of the largest table that is asked by one thread: for all of its tenants, or for the hot ones.
pub fn column(title: &str, kind: &str, size: usize, hot: bool) -> String {
    let among = if hot {
        format!("{HOT} hot of {size}")
    } else {
        format!("{size} tenants")
    };
    format!("{title}, {kind} key: {among}")
}

/// Measures, and returns the rows of the table.
pub fn run(pace: Pace) -> Vec<Row> {
    let sizes = &[1, 1_000, pace.pick(3_000, 100_000), largest(pace)];
    let mut rows = Vec::new();
    for size in sizes {
        let draws = pace.pick(20_000, if *size > HOT { 1 << 17 } else { 1 << 16 });
        let plan = Plan {
            size: *size,
            draws,
            rounds: 3,
            last: Some(size) == sizes.last(),
        };
        measure::<Number>(&plan, &mut rows);
        measure::<Name>(&plan, &mut rows);
    }
    rows
}

struct Plan {
    size: usize,
    draws: usize,
    rounds: usize,
    /// Whether it is the largest, which is also asked by two threads and for its hot tenants.
    last: bool,
}

type Pass<K> = dyn Fn(&[K]) + Send + Sync;

/// One line of the table: whom it is about, and how to do one pass over some keys.
struct Line<K> {
    label: &'static str,
    pass: Box<Pass<K>>,
    /// Whether it is what the others of its kind are compared with.
    base: bool,
}

/// Measures all tables of one size.
fn measure<K: Key>(plan: &Plan, rows: &mut Vec<Row>) {
    let size = plan.size;
    eprintln!("{size} tenants, {} key", K::KIND);
    let (alone, whole) = lines::<K>(size);
    let all = draw::<K>(size, plan.draws);
    let hot = draw::<K>(HOT.min(size), plan.draws / 2);
    for (title, lines) in [("look-up alone", &alone), ("whole request", &whole)] {
        let mut pass = |keys: &[K], threads: usize, what: &str| {
            compare(lines, keys, threads, plan.rounds, what, rows);
        };
        let column = |hot| column(title, K::KIND, size, hot);
        pass(&all, 1, &column(false));
        if plan.last {
            pass(&all, 2, &format!("{}, 2 threads", column(false)));
            pass(&hot, 1, &column(true));
            pass(&hot, 2, &format!("{}, 2 threads", column(true)));
        }
    }
}

/// Fills all tables. They stand beside each other, so that each round can ask all of them in turn.
fn lines<K: Key>(size: usize) -> (Vec<Line<K>>, Vec<Line<K>>) {
    let tenants = ours::fill::<K>(size);
    let looked: Arc<dyn Table<K>> = Arc::new(Looked(tenants.clone()));
    let mut alone = vec![Line {
        label: LOOKED,
        pass: Box::new(move |keys| looked.drive(keys)),
        base: false,
    }];
    // The maps keep no request to send it again.
    let layered = Over(AuthLayer::routed(tenants).replay(Never).layer(Nothing));
    let bare = Over(Nothing);
    let mut whole = vec![
        Line {
            label: ROUTED,
            pass: Box::new(move |keys| layered.send(keys)),
            base: false,
        },
        Line {
            label: "no authentication",
            pass: Box::new(move |keys| bare.send(keys)),
            base: false,
        },
    ];
    for (name, fill) in maps::all::<K>() {
        let table = maps::looked(fill, size);
        let attached = Over(Attach::new(Arc::clone(&table)));
        whole.push(Line {
            label: name,
            pass: Box::new(move |keys| attached.send(keys)),
            base: name == BASE,
        });
        alone.push(Line {
            label: name,
            pass: Box::new(move |keys| table.drive(keys)),
            base: name == BASE,
        });
    }
    (alone, whole)
}

/// Times all lines, in turn in each round, and adds their rows: the fastest round of each, because what disturbs one from
/// outside only adds to it.
fn compare<K: Key>(
    lines: &[Line<K>],
    keys: &[K],
    threads: usize,
    rounds: usize,
    column: &str,
    rows: &mut Vec<Row>,
) {
    let mut best = vec![Duration::MAX; lines.len()];
    // The first round brings the caches to where they would be, and is not counted.
    for round in 0..=rounds {
        for (line, best) in lines.iter().zip(&mut best) {
            let time = timed(line, keys, threads);
            if round > 0 {
                *best = time.min(*best);
            }
        }
    }
    let base = lines
        .iter()
        .position(|line| line.base)
        .map(|base| best[base]);
    for (line, time) in lines.iter().zip(&best) {
        let ns = time.as_secs_f64() * 1e9 / (threads * keys.len()) as f64;
        let ratio = base.map_or(1.0, |base| time.as_secs_f64() / base.as_secs_f64());
        let text = format!("{ns:.0} ns ({ratio:.2} x)");
        rows.push(Row::new(line.label, column, ns, text));
    }
}

/// Returns how long the slower thread takes to go through all keys; starting the threads is not in it.
fn timed<K: Key>(line: &Line<K>, keys: &[K], threads: usize) -> Duration {
    let gate = Barrier::new(threads);
    let pass = |thread: usize| {
        // Each begins elsewhere, so that they do not walk through the table hand in hand.
        let (front, back) = keys.split_at(thread * keys.len() / threads);
        gate.wait();
        let start = Instant::now();
        (line.pass)(black_box(back));
        (line.pass)(black_box(front));
        start.elapsed()
    };
    if threads == 1 {
        return pass(0);
    }
    thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn({
                    let pass = &pass;
                    move || pass(thread)
                })
            })
            .collect();
        let joined = spawned.into_iter().map(|thread| thread.join());
        let times = joined.map(|time| time.expect("a look-up does not panic"));
        times.max().unwrap_or_default()
    })
}
