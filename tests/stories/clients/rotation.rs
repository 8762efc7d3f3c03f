//! Steady load while tokens come and go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use auth_core::TokenSource;
use auth_testkit::OldAccessToken;
use tokio::{sync::watch, task::JoinSet};

use super::{Api, Call, Story, WELL, for_each_client};

const SECOND: Duration = Duration::from_secs(1);
const TASKS: usize = 64;
const ROTATIONS: usize = 30;

for_each_client!(
    a_token_that_dies_every_second_surfaces_no_refusal,
    with_an_overlap_no_request_is_even_refused,
);

/// The old token dies the moment a new one is issued, and the one in use dies each second.
async fn a_token_that_dies_every_second_surfaces_no_refusal<A: Api>() {
    let story = Story::start().await;
    story.resource.ledger().keep(10);
    story.issuer.configure(|knobs| {
        knobs.old_access_token_after_refresh = OldAccessToken::Dies;
    });
    let load = Load::start(&story.api::<A>(&story.source::<A>()));
    load.progress(1).await;
    for rotation in 1..=ROTATIONS {
        story.issuer.expire_all_access_tokens();
        story.clock.advance(SECOND);
        // After two requests of each task, the third is begun with the token that is good now.
        load.progress(2).await;
        assert_eq!(story.refreshes(), 1 + rotation);
    }
    let done = load.stop().await;
    let (requests, refused) = story.seen();
    assert_eq!(requests, done + refused);
    // Each rotation is noticed by somebody, and by nobody twice.
    assert!((ROTATIONS..=ROTATIONS * TASKS).contains(&refused));
    story.ends_well();
}

/// Tokens last five seconds, are renewed in the last one, and the old one is good to its end.
async fn with_an_overlap_no_request_is_even_refused<A: Api>() {
    let story = Story::start().await;
    story.resource.ledger().keep(10);
    story
        .issuer
        .configure(|knobs| knobs.access_ttl = 5 * SECOND);
    let source = story.source::<A>();
    let load = Load::start(&story.api::<A>(&source));
    load.progress(1).await;
    for rotation in 1..=ROTATIONS {
        let old = source.token().await.unwrap().generation();
        for _ in 0..3 {
            story.clock.advance(SECOND);
            load.progress(1).await;
            assert_eq!(story.refreshes(), rotation);
        }
        story.clock.advance(SECOND);
        // The load goes on with the old token until the new one is there, and then each task takes that.
        while source.token().await.unwrap().generation() == old {
            load.progress(1).await;
        }
        load.progress(2).await;
        assert_eq!(story.refreshes(), 1 + rotation);
    }
    let done = load.stop().await;
    assert_eq!(story.seen(), (done, 0));
    story.ends_well();
}

/// Tasks that send one request after the other.
struct Load {
    tasks: JoinSet<()>,
    done: Arc<Vec<watch::Sender<usize>>>,
    surfaced: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl Load {
    fn start(api: &impl Api) -> Self {
        let done: Arc<Vec<_>> = Arc::new((0..TASKS).map(|_| watch::Sender::new(0)).collect());
        let (surfaced, over) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let tasks = (0..TASKS)
            .map(|task| {
                let (api, done) = (api.clone(), Arc::clone(&done));
                let (surfaced, over) = (Arc::clone(&surfaced), Arc::clone(&over));
                async move {
                    while !over.load(Ordering::SeqCst) {
                        let answer = api.call(Call::Whole).await;
                        if !answer.is_ok_and(|answer| answer == WELL) {
                            surfaced.fetch_add(1, Ordering::SeqCst);
                            // Nobody has to wait for this task any more.
                            done[task].send_replace(usize::MAX);
                            return;
                        }
                        done[task].send_modify(|count| *count += 1);
                    }
                }
            })
            .collect();
        Self {
            tasks,
            done,
            surfaced,
            over,
        }
    }

    /// Waits until every task has had so many more answers.
    async fn progress(&self, more: usize) {
        let goals: Vec<_> = self
            .done
            .iter()
            .map(|done| (done.subscribe(), done.borrow().saturating_add(more)))
            .collect();
        for (mut done, goal) in goals {
            done.wait_for(|count| *count >= goal).await.unwrap();
        }
        assert_eq!(
            self.surfaced.load(Ordering::SeqCst),
            0,
            "a refusal surfaced"
        );
    }

    /// Ends the tasks and returns how many requests they made, all of them answered well.
    async fn stop(self) -> usize {
        self.over.store(true, Ordering::SeqCst);
        self.tasks.join_all().await;
        assert_eq!(
            self.surfaced.load(Ordering::SeqCst),
            0,
            "a refusal surfaced"
        );
        self.done.iter().map(|done| *done.borrow()).sum()
    }
}
