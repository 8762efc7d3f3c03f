//! Made-up secrets are planted everywhere and looked for everywhere: in what types show of themselves, in errors
//! and their causes, in panics, and in every word that is logged at the finest level.
//!
//! What is looked through: `{:?}` and `{:#?}` of every public type; `Display`, `Debug` and the chain of causes of
//! every error; payloads of panics; all events and spans of `tracing`, and all records of `log`, from every crate; and
//! all files of sealed stores.

mod disk;
mod flows;
mod layers;
mod log;
mod octorate;
mod panics;
mod providers;
mod replies;
mod scan;
mod shown;
mod sockets;

use scan::{Canaries, Surfaces};

/// The secrets of one login.
#[derive(Clone)]
struct Planted {
    client_secret: String,
    user: String,
    password: String,
    access: String,
    refresh: String,
    code: String,
    api_key: String,
}

impl Planted {
    /// Secrets with every character that some encoding treats in its own way. Tokens have those that tokens may have.
    fn of_all_characters() -> Self {
        Self::new("KanarieVogel", "&+= %:é\"\\", "-._~+/")
    }

    /// Secrets that look like error codes, which are the only words of a server that errors show.
    fn like_error_codes() -> Self {
        Self::new("kanarievogel", "", "")
    }

    fn new(marker: &str, odd: &str, odd_in_token: &str) -> Self {
        let secret = |what: &str| format!("{marker}_{what}{odd}");
        let token = |what: &str| format!("{marker}{odd_in_token}{what}");
        Self {
            client_secret: secret("of_the_client"),
            user: secret("user_name"),
            password: secret("pass_word"),
            access: token("forcalls"),
            refresh: secret("for_renewal"),
            code: secret("brought_back"),
            api_key: token("oldkey"),
        }
    }

    /// Returns each secret with a word for what it is.
    fn all(&self) -> [(&'static str, String); 7] {
        [
            ("client secret", &self.client_secret),
            ("user name", &self.user),
            ("password", &self.password),
            ("access token", &self.access),
            ("refresh token", &self.refresh),
            ("code", &self.code),
            ("old key", &self.api_key),
        ]
        .map(|(what, value)| (what, value.clone()))
    }

    fn canaries(&self) -> Canaries {
        let mut canaries = Canaries::default();
        for (what, value) in self.all() {
            canaries.add(what, &value);
        }
        canaries
    }
}

/// Shows every leak at once, by what leaked and where; never the text around it.
#[track_caller]
fn assert_silent(surfaces: &Surfaces, canaries: &Canaries) {
    let leaks = surfaces.leaks(canaries);
    assert!(leaks.is_empty(), "\n{}\n", leaks.join("\n"));
}
