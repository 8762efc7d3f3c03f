//! Many callers and one token that ended.
//!
//! All callers stand in tasks of their own on a runtime of two workers and ask at one instant; the endpoint is on the
//! loopback interface, on a thread of its own, and takes 50 ms. Waits count from that instant, so that the time that a
//! task waits for a core is in them: see the line of the callers alone.

mod crowd;
mod endpoint;
mod scene;
mod sources;

use std::{future::Future, time::Duration};

use http::StatusCode;

use crate::{pace::Pace, results::Row};

use self::{
    endpoint::{Endpoint, Script},
    scene::{DELAY, Seen, Stage},
    sources::{ALL, Keeper, Kind},
};

/// What was seen of a scene, or why it could not be played.
type Played = Result<Seen, String>;

/// The scene of a token that ended.
pub const ENDED: &str = "the token ended";

/// The scene of an endpoint that fails.
pub const BROKEN: &str = "the endpoint answers 500";

/// The lines that are ours: the engine, and the layer over it.
pub const OURS: [&str; 2] = sources::OURS;

/// The lines that ours are compared with, each with the one in its place.
pub const LOCKED: [&str; 2] = sources::LOCKED;

/// How often a scene is played again that could not be played as it should be.
const TRIES: usize = 5;

/// Returns how many callers come at once.
pub fn callers(pace: Pace) -> usize {
    pace.pick(1_000, 10_000)
}

/// Returns the column of something that is measured of a scene.
pub fn column(scene: &str, callers: usize, what: &str) -> String {
    format!("{callers} callers, {scene}: {what}")
}

/// Measures, and returns the rows of the table.
pub fn run(pace: Pace) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    let well = Script {
        delay: DELAY,
        status: StatusCode::OK,
        lifetime: 3_600,
    };
    let endpoint = match Endpoint::start(well) {
        Ok(endpoint) => endpoint,
        Err(error) => return vec![Row::note("storms", "error", error)],
    };
    let stage = Stage {
        endpoint,
        callers: callers(pace),
        watched: Duration::from_secs(pace.pick(2, 10)),
    };
    let rounds = pace.pick(1, 3);
    let mut rows = Vec::new();
    for keeper in ALL {
        eprintln!("{}", keeper.label);
        // A task of the runtime, as a service would be, and not the thread that waits for it.
        let played = runtime.spawn(play(stage.clone(), *keeper, rounds));
        let played = runtime.block_on(played);
        rows.extend(played.unwrap_or_else(|error| {
            vec![Row::note(
                keeper.label,
                &column(ENDED, stage.callers, "requests"),
                error.to_string(),
            )]
        }));
    }
    rows
}

async fn play(stage: Stage, keeper: Keeper, rounds: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let seen = best(rounds, || stage.expired(keeper)).await;
    told(&mut rows, keeper, ENDED, &stage, &seen);
    if keeper.kind == Kind::Idle {
        return rows;
    }
    let seen = best(1, || stage.broken(keeper)).await;
    told(&mut rows, keeper, BROKEN, &stage, &seen);
    let seen = best(rounds, || stage.leader_gone(keeper)).await;
    told(
        &mut rows,
        keeper,
        "the first caller is dropped",
        &stage,
        &seen,
    );
    let seen = best(rounds, || stage.all_gone(keeper)).await;
    told(
        &mut rows,
        keeper,
        "all are dropped, then one comes",
        &stage,
        &seen,
    );
    rows
}

/// Plays a scene some times and returns the waits of the time of which the slowest caller was the fastest: what disturbs
/// a round from outside only adds to them. The requests are the most of any round: one too many is one too many.
async fn best<F, S>(rounds: usize, scene: S) -> Played
where
    F: Future<Output = Played>,
    S: Fn() -> F,
{
    let mut best = Err(String::new());
    let (mut played, mut tries, mut most) = (0, 0, 0);
    while played < rounds && tries < rounds * TRIES {
        tries += 1;
        match scene().await {
            Ok(seen) => {
                played += 1;
                most = most.max(seen.requests);
                let better = best.as_ref().is_ok_and(|best| rank(best) <= rank(&seen));
                best = if better { best } else { Ok(seen) };
            }
            Err(why) if best.is_err() => best = Err(why),
            Err(_) => {}
        }
    }
    if let Ok(best) = &mut best {
        best.requests = most;
    }
    best
}

fn rank(seen: &Seen) -> (usize, Duration) {
    let worst = seen.waits.worst().unwrap_or(Duration::MAX);
    (seen.waits.failed + seen.waits.unanswered, worst)
}

/// Adds the rows of one scene.
fn told(rows: &mut Vec<Row>, keeper: Keeper, scene: &str, stage: &Stage, seen: &Played) {
    let column = |what: &str| column(scene, stage.callers, what);
    let Seen { requests, waits } = match seen {
        Ok(seen) => seen,
        Err(why) => {
            rows.push(Row::note(keeper.label, &column("requests"), why.clone()));
            return;
        }
    };
    let count =
        |what: &str, value: f64| Row::new(keeper.label, &column(what), value, format!("{value}"));
    let time = |what: &str, wait: Option<Duration>| {
        // Whoever was sent away without an answer would have waited longer still.
        let sign = if wait.is_some() { "" } else { "> " };
        let wait = wait.unwrap_or(stage.watched).as_secs_f64() * 1e3;
        Row::new(
            keeper.label,
            &column(what),
            wait,
            format!("{sign}{wait:.1} ms"),
        )
    };
    rows.push(count("requests", *requests as f64));
    if waits.callers() > 1 {
        rows.push(time("median wait", waits.median()));
    }
    rows.push(time("worst wait", waits.worst()));
    if waits.failed > 0 {
        rows.push(count("errors", waits.failed as f64));
    }
    if waits.unanswered > 0 {
        rows.push(count("no answer", waits.unanswered as f64));
    }
    if let Some(error) = &waits.error {
        // For whoever reads the lines; the table has no such column.
        eprintln!("{}, {scene}: {error}", keeper.label);
    }
}
