//! What a run counted, and what must hold.

use std::time::Duration;

use crate::{Grace, client::Counts, options::Options, server::Server};

/// The counts of one run.
pub(crate) struct Report {
    name: &'static str,
    grace: Grace,
    options: Options,
    counts: Counts,
    /// How often the token was replaced.
    rotations: usize,
    /// The 401 that the server answered.
    inner: usize,
}

impl Report {
    pub(crate) fn new(
        name: &'static str,
        grace: Grace,
        options: Options,
        server: &Server,
        counts: Counts,
    ) -> Self {
        Self {
            name,
            grace,
            options,
            counts,
            // The first token replaced none.
            rotations: server.issued().saturating_sub(1),
            inner: server.refused(),
        }
    }

    /// Returns what does not hold. Speed is no part of it.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &'static str> {
        let Counts {
            surfaced,
            refreshes,
            waited,
            length,
            ..
        } = self.counts;
        // The last requests may take longer than was asked for.
        let seconds = length.as_secs_f64().ceil() as u64;
        let rotations = self.rotations as u64;
        let overlaps = self.grace == Grace::Some;
        [
            (surfaced == 0, "a caller saw a 401"),
            (self.rotations == refreshes, "not one refresh per rotation"),
            (rotations <= seconds, "more than one rotation a second"),
            (rotations >= seconds / 2, "hardly any rotation"),
            (!overlaps || self.inner == 0, "a 401 in spite of the grace"),
            (!overlaps || waited == 0, "a caller waited for a token"),
        ]
        .into_iter()
        .filter_map(|(holds, fault)| (!holds).then_some(fault))
    }

    #[expect(
        clippy::print_stdout,
        reason = "the program is there to tell what it counted"
    )]
    pub(crate) fn print(&self) {
        let counts = &self.counts;
        let speed = counts.times.len() as f64 / counts.length.as_secs_f64();
        println!(
            "{}: {:.1} s, {} connections",
            self.name,
            counts.length.as_secs_f64(),
            self.options.connections
        );
        println!("  requests       {:>9}", counts.times.len());
        println!("  per second     {speed:>9.0}");
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            let time = self.time(share).as_secs_f64() * 1e3;
            println!("  {name:<14} {time:>9.2} ms");
        }
        println!("  rotations      {:>9}", self.rotations);
        println!("  refreshes      {:>9}", counts.refreshes);
        println!("  inner 401      {:>9}", self.inner);
        println!("  surfaced 401   {:>9}", counts.surfaced);
        println!("  callers waited {:>9}", counts.waited);
        for fault in self.faults() {
            println!("  FAILED: {fault}");
        }
    }

    /// Returns the time within which that share of all requests was answered.
    fn time(&self, share: f64) -> Duration {
        let times = &self.counts.times;
        let rank = (times.len() as f64 * share) as usize;
        let time = times.get(rank).or(times.last()).copied();
        Duration::from_micros(time.unwrap_or_default().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(grace: Grace) -> Report {
        Report {
            name: "made up",
            grace,
            options: Options {
                length: Duration::from_secs(60),
                connections: 64,
            },
            counts: Counts {
                refreshes: 60,
                waited: 64,
                length: Duration::from_millis(59_700),
                ..Counts::default()
            },
            rotations: 60,
            inner: 64,
        }
    }

    #[test]
    fn each_count_that_is_wrong_is_told() {
        let wrong: [fn(&mut Report); 4] = [
            |report| report.counts.surfaced = 1,
            |report| report.counts.refreshes = 61,
            |report| (report.rotations, report.counts.refreshes) = (61, 61),
            |report| (report.rotations, report.counts.refreshes) = (29, 29),
        ];
        for spoil in wrong {
            let mut report = report(Grace::None);
            assert_eq!(report.faults().count(), 0);
            spoil(&mut report);
            assert_eq!(report.faults().count(), 1);
        }
        // Where the old token lives on, nobody needs to be refused or to wait.
        assert_eq!(report(Grace::Some).faults().count(), 2);
    }

    #[test]
    fn times_are_read_at_their_rank() {
        let mut report = report(Grace::None);
        assert_eq!(report.time(0.5), Duration::ZERO);
        report.counts.times = (1..=1_000).collect();
        for (share, expected) in [(0.5, 501), (0.99, 991), (0.999, 1_000), (1.0, 1_000)] {
            assert_eq!(report.time(share), Duration::from_micros(expected));
        }
    }
}
