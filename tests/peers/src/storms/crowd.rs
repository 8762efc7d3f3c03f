//! Many callers that start at the same instant.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinSet, time::timeout_at};

use super::sources::Source;

/// Callers that stand ready, each in a task of its own.
pub struct Crowd {
    gate: watch::Sender<Option<(Instant, Arc<dyn Source>)>>,
    callers: JoinSet<Answer>,
}

struct Answer {
    after: Duration,
    outcome: Result<(), String>,
}

/// What the callers saw.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// How long each that was answered had waited, in order.
    pub waits: Vec<Duration>,
    /// How many were answered with an error.
    pub failed: usize,
    /// How many were not answered within the time.
    pub unanswered: usize,
    /// What one of the errors said.
    pub error: Option<String>,
}

impl Crowd {
    /// Puts that many callers in front of the gate. They stand there when this returns.
    pub async fn gather(callers: usize) -> Self {
        let gate: watch::Sender<Option<(Instant, Arc<dyn Source>)>> = watch::Sender::new(None);
        let (tell, mut there) = tokio::sync::mpsc::channel(callers.max(1));
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let mut gate = gate.subscribe();
            let tell = tell.clone();
            tasks.spawn(async move {
                let _ = tell.send(()).await;
                drop(tell);
                let open = gate.wait_for(Option::is_some).await;
                let (start, source) = open
                    .map(|open| open.clone())
                    .ok()
                    .flatten()
                    .expect("the gate opens before the crowd is dropped");
                let outcome = source.token().await;
                Answer {
                    after: start.elapsed(),
                    outcome,
                }
            });
        }
        drop(tell);
        while there.recv().await.is_some() {}
        Self {
            gate,
            callers: tasks,
        }
    }

    /// Lets all callers ask at once.
    pub fn open(&self, source: &Arc<dyn Source>) {
        let open = (Instant::now(), Arc::clone(source));
        self.gate.send_replace(Some(open));
    }

    /// Waits for the answers, for so long, and sends those away who have none then.
    pub async fn answers(mut self, within: Duration) -> Waits {
        let until = tokio::time::Instant::now() + within;
        let mut seen = Waits::default();
        while let Ok(Some(answer)) = timeout_at(until, self.callers.join_next()).await {
            seen.take_in(answer);
        }
        seen.unanswered = self.callers.len();
        self.send_away(&mut seen).await;
        seen.waits.sort_unstable();
        seen
    }

    /// Sends all callers away in the middle of their waiting, and returns what those saw who were too fast.
    pub async fn scatter(mut self) -> Waits {
        let mut seen = Waits::default();
        self.send_away(&mut seen).await;
        seen
    }

    async fn send_away(&mut self, seen: &mut Waits) {
        self.callers.abort_all();
        while let Some(answer) = self.callers.join_next().await {
            seen.take_in(answer);
        }
    }
}

impl Waits {
    /// Returns how many callers there were.
    pub fn callers(&self) -> usize {
        self.waits.len() + self.unanswered
    }

    /// Returns the wait in the middle, where at least half of the callers were answered.
    pub fn median(&self) -> Option<Duration> {
        self.waits.get(self.callers() / 2).copied()
    }

    /// Returns the longest wait, where everybody was answered.
    pub fn worst(&self) -> Option<Duration> {
        let last = self.waits.last().copied();
        last.filter(|_| self.unanswered == 0)
    }

    fn take_in(&mut self, answer: Result<Answer, tokio::task::JoinError>) {
        match answer {
            Ok(answer) => {
                self.waits.push(answer.after);
                if let Err(error) = answer.outcome {
                    self.failed += 1;
                    self.error.get_or_insert(error);
                }
            }
            Err(gone) if gone.is_panic() => {
                self.failed += 1;
                self.error.get_or_insert(gone.to_string());
            }
            Err(_) => {}
        }
    }
}
