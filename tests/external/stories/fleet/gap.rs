//! A process is killed in the one gap that no client can close: the provider spent the refresh token, and what it gave
//! in its place is not saved.

use auth_core::{StoreKey, TokenSet, store::save_login};
use auth_testkit::Fault;

use super::{expiries, home::Home, soon, stage::Stage};

/// How far the process came that is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// The provider has not taken its request. Nobody else can know that.
    Asked,
    /// The provider did its part, and the answer is lost.
    Unanswered,
    /// The answer is read and not saved.
    Unsaved,
}

const IN_THE_GAP: [Moment; 2] = [Moment::Unanswered, Moment::Unsaved];
const AFTER_THE_NOTE: [Moment; 3] = [Moment::Asked, Moment::Unanswered, Moment::Unsaved];

fn kills() -> usize {
    if expiries() < 1000 { 20 } else { expiries() }
}

/// With a provider that takes a spent refresh token once more for a while, no login is lost.
pub(super) async fn with_leeway(home: Home) {
    let mut stage = Stage::new("killed in the gap, leeway 10 s", home).await;
    stage.grants_leeway(10);
    stage.joins().await;
    stage.joins().await;
    for _ in 0..kills() {
        let (asked, reuses) = (stage.requests(), stage.emulator.reuses());
        let moment = stage.dice.pick(&IN_THE_GAP);
        one_dies(&mut stage, moment).await;
        stage.everybody_calls().await;
        let newest = stage.everybody_holds().await;
        assert!(
            newest.iter().all(Option::is_some) && stage.tally.errors.is_empty(),
            "{moment:?}: {:?}",
            stage.tally.errors
        );
        assert_eq!(stage.requests(), asked + 2, "{moment:?}");
        assert_eq!(stage.emulator.reuses(), reuses + 1, "{moment:?}");
    }
    assert_eq!(stage.emulator.families_revoked(), 0);
    stage.tally.print(&stage.emulator);
}

/// With one that does not, it is said once that nobody knows, and then what the provider says; and once a person has
/// authorized again, everything goes on.
pub(super) async fn without_leeway(home: Home) {
    let mut stage = Stage::new("killed in the gap, no leeway", home).await;
    let bystander = StoreKey::new(["fleet", "another made-up user"]);
    let theirs = TokenSet::login("made-up-refresh-of-another".into());
    let version = save_login(&*stage.store, &bystander, &theirs)
        .await
        .unwrap();
    stage.joins().await;
    stage.joins().await;
    for _ in 0..kills() {
        let moment = stage.dice.pick(&AFTER_THE_NOTE);
        let (asked, revoked) = (stage.requests(), stage.emulator.families_revoked());
        one_dies(&mut stage, moment).await;
        let lost = moment != Moment::Asked;
        // Whoever comes first finds the note, and the other one asks the provider.
        stage.everybody_calls().await;
        let held = stage.everybody_holds().await;
        assert_eq!(
            held.iter().flatten().count(),
            usize::from(!lost),
            "{moment:?}"
        );
        // Time enough for a pause after a failure, but not for one after a refused login.
        for _ in 0..3 {
            stage.clock.advance(super::seconds(2));
            stage.everybody_calls().await;
            let held = stage.everybody_holds().await;
            let good = if lost { 0 } else { 2 };
            assert_eq!(held.iter().flatten().count(), good, "{moment:?}");
        }
        let errors = std::mem::take(&mut stage.tally.errors);
        let of = |kind: &str| errors.iter().filter(|error| error.contains(kind)).count();
        assert_eq!(of("OutcomeUnknown"), 1, "{moment:?}: {errors:?}");
        let refusals = if lost { 2 } else { 0 };
        assert_eq!(of("LoginRequired"), refusals, "{moment:?}: {errors:?}");
        assert_eq!(errors.len(), 1 + refusals, "{moment:?}: {errors:?}");
        assert_eq!(stage.requests(), asked + 2, "{moment:?}: nobody asks twice");
        let gone = stage.emulator.families_revoked() - revoked;
        assert_eq!(gone, usize::from(lost), "{moment:?}");
        if lost {
            stage.logs_in().await;
            stage.clock.advance(super::TTL);
            stage.everybody_calls().await;
            let held = stage.everybody_holds().await;
            assert!(held.iter().all(Option::is_some), "{moment:?}");
            assert_eq!(stage.requests(), asked + 3, "{moment:?}");
        }
    }
    assert!(stage.tally.errors.is_empty(), "{:?}", stage.tally.errors);
    let kept = stage.store.load(&bystander).await.unwrap().unwrap();
    assert_eq!(kept.version, version);
    assert_eq!(
        kept.set.refresh().unwrap().expose(),
        theirs.refresh().unwrap().expose()
    );
    stage.tally.print(&stage.emulator);
}

/// Kills a process at this moment of its exchange, and starts another in its place.
async fn one_dies(stage: &mut Stage, moment: Moment) {
    let mut victim = stage.any();
    let asked = stage.requests();
    let ledger = stage.emulator.ledger().clone();
    stage.clock.advance(super::TTL);
    stage.tally.expiries += 1;
    stage.tally.kills += 1;
    match moment {
        Moment::Asked => stage.emulator.server().next_at("/token", Fault::Hang),
        Moment::Unanswered => stage.emulator.server().next_at("/token", Fault::HangAfter),
        Moment::Unsaved => victim.will_hang("answered").await,
    }
    victim.order("round").await;
    victim.started().await;
    match moment {
        Moment::Asked => soon(ledger.wait_for(asked + 1)).await,
        Moment::Unanswered => {
            let finished = ledger.processed();
            soon(ledger.wait_for(asked + 1)).await;
            while ledger.processed() == finished {
                tokio::task::yield_now().await;
            }
        }
        Moment::Unsaved => victim.hangs().await,
    }
    drop(victim);
    stage.home.lease_ends().await;
    stage.joins().await;
}
