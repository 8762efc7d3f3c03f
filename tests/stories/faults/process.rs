//! What happens to a whole process: it is stopped, killed, or kept from files or memory.
//!
//! Each story runs clients in processes of their own. Clock and store are served by the story, so that time passes
//! when it says so and the store outlives its clients.

mod child;
mod killed;
mod limits;
mod shared_clock;
mod shared_store;
mod steward;
mod stopped;

use std::{sync::Arc, time::Duration};

use auth_core::{MemoryStore, TokenSet, store::save_login};
use auth_testkit::{FailingStore, OAuth2Emulator};

use self::{
    child::{Child, Setup},
    shared_clock::StoryClock,
    steward::Steward,
};
use super::scene::{key, soon};

/// A token endpoint, a clock and a store for several processes.
struct Stage {
    clock: StoryClock,
    emulator: OAuth2Emulator,
    store: FailingStore,
    steward: Steward,
}

impl Stage {
    async fn start() -> Self {
        let clock = StoryClock::start();
        let emulator = OAuth2Emulator::start(Arc::new(clock.manual()));
        let store = FailingStore::new(MemoryStore::new());
        Self {
            emulator: emulator.await.unwrap(),
            steward: Steward::start(store.clone(), clock.manual()).await,
            store,
            clock,
        }
    }

    /// Stores a login of the user.
    async fn logs_in(&self) {
        let login = TokenSet::login(self.emulator.issue_refresh_token());
        save_login(&self.store, &key(), &login).await.unwrap();
    }

    /// Starts a process with the stored login.
    async fn login(&self) -> Child {
        self.login_at("login").await
    }

    /// Starts a process with the stored login that expects the provider to be so.
    async fn login_at(&self, provider: &'static str) -> Child {
        Child::start(&self.setup(provider)).await
    }

    /// Starts a process that asks by the client's own credentials.
    async fn machine(&self) -> Child {
        Child::start(&self.setup("machine")).await
    }

    fn setup(&self, grant: &'static str) -> Setup {
        Setup {
            grant: grant.to_owned(),
            token_url: self.emulator.token_url(),
            id: self.emulator.client_id(),
            secret: self.emulator.client_secret().expose().to_owned(),
            store: self.steward.address(),
            clock: self.clock.path(),
        }
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
