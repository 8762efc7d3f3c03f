mod flawed;

use std::{sync::Arc, time::Duration};

use auth_core::{MemoryStore, TokenStore};

use self::flawed::{Flaw, Flawed};
use super::rejects;
use crate::contract::{StoreFixture, token_store};

#[tokio::test]
async fn accepts_the_memory_store() {
    let store = MemoryStore::new();
    token_store(&StoreFixture::new(store.clone(), store)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepts_the_memory_store_on_two_threads() {
    let store = MemoryStore::new();
    token_store(&StoreFixture::new(store.clone(), store).tasks(200)).await;
}

#[tokio::test]
async fn accepts_its_own_faulty_store_without_its_flaw() {
    accepted(Flaw::None).await;
}

#[tokio::test]
async fn rejects_each_flaw() {
    let flaws = [
        ("empty", Flaw::ListsLeased),
        ("round_trip", Flaw::LosesRefresh),
        ("round_trip", Flaw::LosesExtras),
        ("round_trip", Flaw::SecondHandleIsBlind),
        ("keys_apart", Flaw::FoldsCase),
        ("list", Flaw::ListsRemoved),
        ("large", Flaw::RefusesLarge),
        ("first_save", Flaw::SavesFirstOver),
        ("first_save", Flaw::NamelessConflict),
        ("save_compares", Flaw::SavesOverAnything),
        ("remove_compares", Flaw::RemovesAnything),
        ("version_moves", Flaw::VersionsRestart),
        ("exclusive", Flaw::NoLock),
        ("exclusive", Flaw::ReadersWait),
        ("keys_do_not_wait", Flaw::OneLockForAll),
        ("release", Flaw::ReleaseLeaks),
        ("drop_releases", Flaw::DropLeaks),
        ("dropped_waiter", Flaw::WaiterLeaks),
        ("dropped_call", Flaw::SavesInTwoSteps),
        ("fence", Flaw::ConstantFence),
        ("renew", Flaw::RenewFails),
        ("concurrent", Flaw::GivesWayToCrowds),
        ("too_large", Flaw::TakesAnything),
        ("announced", Flaw::AnnouncesAnother),
        ("intent", Flaw::LosesIntent),
        ("intent", Flaw::NoteMovesVersion),
        ("intent", Flaw::SettleStays),
        ("intent_compares", Flaw::NotesAnything),
        ("dropped_anywhere", Flaw::DroppedRenewLeaks),
        ("fails_at_each_call", Flaw::DropUndoesNote),
        ("model", Flaw::TiresAfterMany),
    ];
    let mut wrong = Vec::new();
    for (clause, flaw) in flaws {
        wrong.extend(rejects(clause, flaw, accepted(flaw)).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn accepted(flaw: Flaw) {
    let store = Flawed::new(flaw);
    let second: Arc<dyn TokenStore> = match flaw {
        Flaw::SecondHandleIsBlind => Arc::new(MemoryStore::new()),
        _ => Arc::new(store.clone()),
    };
    let mut fixture = StoreFixture::new(store, second).patience(Duration::from_millis(300));
    if flaw == Flaw::TakesAnything {
        fixture = fixture.cap(256 * 1024);
    }
    token_store(&fixture).await;
}
