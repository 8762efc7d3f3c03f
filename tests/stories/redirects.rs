//! Redirects in every direction: a secret is seen by the servers that it is for and by nobody else.

mod api_calls;
mod front;
mod token_requests;

use std::{fmt, sync::Arc};

use auth_core::Clock;
use auth_testkit::{Fault, ManualClock, Resource, SecretKind};

use self::front::Front;

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
const START: &str = "/start";
const END: &str = "/end";
/// What is planted, each of them once.
const SECRETS: [&str; 4] = [
    "canary-redirect-header",
    "canary-redirect-form",
    "canary-redirect-query",
    "canary-redirect-token",
];

/// Where a redirect leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// The same server, by a whole address.
    Same,
    /// The same server, by a path alone.
    Relative,
    /// Another port of the same host.
    OtherPort,
    /// Another host, at the same server as [`To::OtherPort`].
    OtherHost,
    /// The same server over another scheme.
    OtherScheme,
    /// The same server, with user-info in front.
    UserInfo,
    /// Another server, with the first one's name as user-info in front.
    Disguised,
    /// Another server, and from there back.
    ThereAndBack,
    /// A scheme that is not HTTP's.
    OddScheme,
    /// No address at all.
    Garbage,
    /// Here again and again.
    ForEver,
}

const DIRECTIONS: [To; 11] = [
    To::Same,
    To::Relative,
    To::OtherPort,
    To::OtherHost,
    To::OtherScheme,
    To::UserInfo,
    To::Disguised,
    To::ThereAndBack,
    To::OddScheme,
    To::Garbage,
    To::ForEver,
];

/// The server that the secrets are for, another one, and other ways to reach both.
struct Servers {
    home: Resource,
    other: Resource,
    /// `other` by the name 127.0.0.2.
    alias: Front,
    /// `home` over TLS.
    secure: Front,
}

impl Servers {
    async fn start() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
        let start = || Resource::start(Arc::clone(&clock), Arc::new(|_: &str| true));
        let (home, other) = (start().await.unwrap(), start().await.unwrap());
        let alias = Front::plain("127.0.0.2", other.server().address()).await;
        let secure = Front::tls("127.0.0.1", home.server().address()).await;
        for secret in SECRETS {
            other.ledger().forbid(SecretKind::AccessToken, secret);
        }
        Self {
            home,
            other,
            alias,
            secure,
        }
    }

    /// Plans the answer to the next request for `from` at `START`, which is sent there by `status`, and returns where
    /// to.
    fn plan(&self, base: &str, status: u16, to: To) {
        let home = self.home.base_url();
        let (_, name) = home.split_once("//").unwrap();
        let other = self.other.base_url();
        let (_, strange) = other.split_once("//").unwrap();
        let location = match to {
            To::Same => format!("{base}{END}"),
            To::Relative => END.into(),
            To::OtherPort | To::ThereAndBack => format!("{other}{END}"),
            To::OtherHost => format!("{}{END}", self.alias.base_url()),
            To::OtherScheme if base == home => format!("{}{END}", self.secure.base_url()),
            To::OtherScheme => format!("{home}{END}"),
            To::UserInfo => format!("http://user:made-up@{name}{END}"),
            To::Disguised => format!("http://{name}@{strange}{END}"),
            To::OddScheme => format!("ftp://{name}{END}"),
            To::Garbage => "http://[::".into(),
            To::ForEver => START.into(),
        };
        let redirect = |location| Fault::Redirect { status, location };
        for server in [self.home.server(), self.other.server()] {
            server.clear();
            server.always_at(START, redirect(location.clone()));
            server.always_at(END, Fault::Empty(200));
        }
        if to == To::ThereAndBack {
            let back = redirect(format!("{base}{END}"));
            self.other.server().next_at(END, back);
        }
    }

    /// Returns how many requests came home, how many of them with `secret`, and how many went to the other server.
    fn seen(&self, secret: &str) -> Seen {
        let entries = self.home.ledger().entries();
        let with = entries.iter().filter(|entry| {
            let raw = String::from_utf8_lossy(entry.raw());
            raw.contains(secret)
        });
        Seen {
            home: entries.len(),
            with: with.count(),
            other: self.other.requests(),
        }
    }

    /// Checks that the other server saw no secret, however it was written.
    fn ends_well(&self, cell: &dyn fmt::Debug) {
        assert_eq!(self.other.ledger().secrets_out_of_place(), [], "{cell:?}");
    }
}

/// How many requests were seen where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    home: usize,
    with: usize,
    other: usize,
}

impl Seen {
    fn since(self, before: Self) -> (usize, usize, usize) {
        (
            self.home - before.home,
            self.with - before.with,
            self.other - before.other,
        )
    }
}
