use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth_core::{Error, ErrorKind};
use tokio::sync::watch;

use super::Gate;

/// What comes out of a step, made from what the stand-in is asked.
type Act<I, O> = Box<dyn FnOnce(&I) -> Result<O, Error> + Send>;
type Always<I, O> = Arc<dyn Fn(&I) -> Result<O, Error> + Send + Sync>;

/// The steps of a stand-in, and the count of calls.
pub(super) struct Script<I, O> {
    steps: Mutex<Steps<I, O>>,
    calls: watch::Sender<Calls>,
}

struct Steps<I, O> {
    queue: VecDeque<Step<I, O>>,
    always: Option<Always<I, O>>,
}

enum Step<I, O> {
    Wait(Gate),
    Act(Act<I, O>),
}

#[derive(Clone, Copy, Default)]
pub(super) struct Calls {
    pub(super) begun: usize,
    pub(super) finished: usize,
    pub(super) ended: usize,
    pub(super) most_at_once: usize,
}

impl<I: Sync + 'static, O: 'static> Script<I, O> {
    pub(super) fn new() -> Self {
        Self {
            steps: Mutex::new(Steps {
                queue: VecDeque::new(),
                always: None,
            }),
            calls: watch::Sender::new(Calls::default()),
        }
    }

    pub(super) fn act(&self, act: impl FnOnce(&I) -> Result<O, Error> + Send + 'static) {
        lock(&self.steps).queue.push_back(Step::Act(Box::new(act)));
    }

    pub(super) fn wait(&self, gate: &Gate) {
        lock(&self.steps).queue.push_back(Step::Wait(gate.clone()));
    }

    pub(super) fn always(&self, act: impl Fn(&I) -> Result<O, Error> + Send + Sync + 'static) {
        lock(&self.steps).always = Some(Arc::new(act));
    }

    pub(super) fn calls(&self) -> Calls {
        *self.calls.borrow()
    }

    pub(super) async fn until_calls(&self, count: usize) {
        let mut changes = self.calls.subscribe();
        // The sender lives in `self`, so this ends only by the count being reached.
        drop(changes.wait_for(|calls| calls.begun >= count).await);
    }

    /// Plays the next step. A call that is dropped on the way has spent its step.
    pub(super) async fn play(&self, input: &I) -> Result<O, Error> {
        let _call = Call::begin(&self.calls);
        let (gates, act) = self.next();
        for gate in gates {
            gate.pass().await;
        }
        let outcome = act(input);
        self.calls.send_modify(|calls| calls.finished += 1);
        outcome
    }

    fn next(&self) -> (Vec<Gate>, Act<I, O>) {
        let mut steps = lock(&self.steps);
        let mut gates = Vec::new();
        while let Some(step) = steps.queue.pop_front() {
            match step {
                Step::Wait(gate) => gates.push(gate),
                Step::Act(act) => return (gates, act),
            }
        }
        let always = steps.always.clone();
        let last = move |input: &I| match always {
            Some(always) => always(input),
            None => Err(ended()),
        };
        (gates, Box::new(last))
    }
}

fn ended() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the script of this test has ended; give it one more step",
    )
}

/// Nothing that is done under these locks can panic half-way, so a poisoned one is as good as any.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Call<'a>(&'a watch::Sender<Calls>);

impl<'a> Call<'a> {
    fn begin(calls: &'a watch::Sender<Calls>) -> Self {
        calls.send_modify(|calls| {
            calls.begun += 1;
            calls.most_at_once = calls.most_at_once.max(calls.begun - calls.ended);
        });
        Self(calls)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|calls| calls.ended += 1);
    }
}
