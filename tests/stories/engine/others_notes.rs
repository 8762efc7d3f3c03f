//! Notes of other processes, one after another, on one login.

use auth_core::{ErrorKind, MemoryStore, TokenSource, TokenStore, store::BEGUN_ELSEWHERE};
use auth_testkit::{ManualClock, ScriptedGrant};

use super::{
    builder,
    intents::{dies_while_spending, key, log_in},
    seconds,
};

#[tokio::test]
async fn the_note_of_the_next_process_is_given_its_own_time() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    log_in(&store).await;
    dies_while_spending(&store, &clock, 1).await;
    let waits = builder(&grant, &clock).store(store.clone(), key()).build();
    // After 40 s another process, which found the first note earlier than this one, tries in its turn.
    for passed in [0, 20, 40, 60, 80] {
        if passed == 40 {
            take_note_away(&store).await;
            dies_while_spending(&store, &clock, 1).await;
        }
        let error = waits.token().await.unwrap_err();
        assert_eq!(error.code(), Some(BEGUN_ELSEWHERE), "{passed} s");
        clock.advance(seconds(20));
    }
    let error = waits.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(grant.calls(), 0);
}

async fn take_note_away(store: &dyn TokenStore) {
    let mut lease = store.lease(&key()).await.unwrap();
    let record = lease.load().await.unwrap().unwrap();
    lease.settle(record.version).await.unwrap();
}
