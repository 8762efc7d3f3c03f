//! The servers of one run, and the processes that share the login.

use std::{sync::Arc, time::Duration};

use auth_core::{TokenSet, TokenStore, store::save_login};
use auth_testkit::{OAuth2Emulator, Resource};
use serde_json::json;

use super::{
    ENDING, REPLICAS, TTL,
    dice::Dice,
    home::Home,
    key,
    replica::{Replica, Reply},
    shared_clock::StoryClock,
    tally::Tally,
};

/// Servers, clock, store and processes.
pub(super) struct Stage {
    // First, so that the processes end before what they use.
    pub(super) replicas: Vec<Replica>,
    pub(super) home: Home,
    pub(super) store: Box<dyn TokenStore>,
    pub(super) emulator: OAuth2Emulator,
    resource: Resource,
    pub(super) clock: StoryClock,
    pub(super) tally: Tally,
    pub(super) dice: Dice,
    /// For how many seconds the provider takes a spent refresh token once more, as the processes are told.
    leeway: u64,
    told_at_once: bool,
    joined: usize,
}

impl Stage {
    /// Sets the stage for a run of this name, with a login and no process yet.
    pub(super) async fn new(name: &str, home: Home) -> Self {
        let clock = StoryClock::start();
        let emulator = OAuth2Emulator::start(Arc::new(clock.manual()));
        let emulator = emulator.await.unwrap();
        let resource = Resource::start(Arc::new(clock.manual()), emulator.acceptor());
        let resource = resource.await.unwrap();
        emulator.ledger().keep(4);
        resource.ledger().keep(0);
        let stage = Self {
            replicas: Vec::new(),
            store: home.store(&clock.path()).await,
            tally: Tally::new(&format!("{name} on {}", home.name())),
            home,
            emulator,
            resource,
            clock,
            dice: Dice::new(0x_F1EE7),
            leeway: 0,
            told_at_once: true,
            joined: 0,
        };
        stage.logs_in().await;
        stage
    }

    /// Sets the same stage, with all processes.
    pub(super) async fn with_fleet(name: &str, home: Home) -> Self {
        let mut stage = Self::new(name, home).await;
        for _ in 0..REPLICAS {
            stage.joins().await;
        }
        stage
    }

    /// Lets the provider take a spent refresh token once more for so many seconds, and tells the processes to come.
    pub(super) fn grants_leeway(&mut self, seconds: u64) {
        let leeway = Duration::from_secs(seconds);
        self.emulator.configure(|knobs| knobs.reuse_leeway = leeway);
        self.leeway = seconds;
    }

    /// Lets the processes to come wait for one that began an exchange, as long as the default policy says.
    pub(super) fn is_patient(&mut self) {
        self.told_at_once = false;
    }

    /// Stores a login of the user, as after an authorization.
    pub(super) async fn logs_in(&self) {
        let login = TokenSet::login(self.emulator.issue_refresh_token());
        save_login(&*self.store, &key(), &login).await.unwrap();
    }

    /// Starts one more process.
    pub(super) async fn joins(&mut self) -> &mut Replica {
        self.joined += 1;
        let name = format!("replica-{}", self.joined);
        let setup = json!({
            "name": name,
            "token_url": self.emulator.token_url(),
            "id": self.emulator.client_id(),
            "secret": self.emulator.client_secret().expose(),
            "resource": self.resource.base_url(),
            "clock": self.clock.path(),
            "store": self.home.address(),
            "leeway": self.leeway,
            "told_at_once": self.told_at_once,
        });
        self.replicas.push(Replica::start(name, &setup).await);
        self.replicas.last_mut().unwrap()
    }

    /// Takes a process out of the fleet, by chance.
    pub(super) fn any(&mut self) -> Replica {
        let at = self.dice.roll(self.replicas.len());
        self.replicas.swap_remove(at)
    }

    /// Takes a process out of the fleet, by chance, but not the one of this name.
    pub(super) fn any_but(&mut self, name: &str) -> Replica {
        loop {
            let replica = self.any();
            if replica.name != name {
                return replica;
            }
            self.replicas.push(replica);
        }
    }

    /// Takes the process of this name out of the fleet.
    pub(super) fn named(&mut self, name: &str) -> Replica {
        let at = self.replicas.iter().position(|own| own.name == name);
        self.replicas.swap_remove(at.unwrap())
    }

    /// Lets the token come to its end, or close enough to it to be renewed beside its use.
    pub(super) fn token_ends(&mut self) {
        let left = self.dice.pick(&[Duration::ZERO, ENDING * 3 / 4]);
        self.clock.advance(TTL - left);
        self.tally.expiries += 1;
    }

    /// Tells every process to use its token.
    pub(super) async fn everybody_calls(&mut self) {
        for replica in &mut self.replicas {
            replica.order("round").await;
        }
    }

    /// Waits until every process is done, and checks that all hold the newest token.
    pub(super) async fn everybody_is_done(&mut self) {
        let mut held = Vec::new();
        for replica in &mut self.replicas {
            held.push(is_done(replica, &mut self.tally).await);
        }
        self.tally.check(&self.emulator);
        let newest = self.emulator.access_tokens().pop().unwrap();
        for token in held {
            assert!(token == newest.expose(), "somebody holds an older token");
        }
    }

    /// Waits until every process is done, and returns what each holds: the newest token or none.
    pub(super) async fn everybody_holds(&mut self) -> Vec<Option<String>> {
        let mut held = Vec::new();
        for replica in &mut self.replicas {
            let token = is_done(replica, &mut self.tally).await;
            held.push((token != "-").then_some(token));
        }
        assert_eq!(self.tally.refused, 0);
        let newest = self.emulator.access_tokens().pop().unwrap();
        let mut tokens = held.iter().flatten();
        assert!(tokens.all(|token| token == newest.expose()));
        held
    }

    /// One expiry without anything special.
    pub(super) async fn round(&mut self) {
        self.token_ends();
        self.everybody_calls().await;
        self.everybody_is_done().await;
    }

    /// Returns how many token requests came so far, processed or not.
    pub(super) fn requests(&self) -> usize {
        self.emulator.ledger().requests()
    }

    /// Returns the name of the process that sent the latest token request.
    pub(super) fn latest_sender(&self) -> String {
        let entry = self.emulator.ledger().last().unwrap();
        entry.header("user-agent").unwrap().to_owned()
    }
}

/// Waits until a process is done, and returns the token it holds.
pub(super) async fn is_done(replica: &mut Replica, tally: &mut Tally) -> String {
    loop {
        match replica.reply().await {
            Reply::Done { refused, token } => {
                tally.refused += refused;
                return token;
            }
            reply => note(reply, tally),
        }
    }
}

/// Writes down what a process says on the way.
pub(super) fn note(reply: Reply, tally: &mut Tally) {
    match reply {
        Reply::Failed(error) => tally.errors.push(error),
        Reply::Done { refused, .. } => tally.refused += refused,
        Reply::Started | Reply::Hanging | Reply::Bye => {}
    }
}
