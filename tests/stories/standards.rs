//! The duties that the standards lay on a client, one test for each, named after its row.
//!
//! `a` is RFC 6749, `b` RFC 6750, `c` RFC 6819, `d` RFC 7636, `h` RFC 9700. A row that has no test here, and is not
//! named in [`ELSEWHERE`] with the test that proves it, fails `no_row_is_missing`.

mod bearer;
mod codes;
mod logins;
mod pkce;
mod replies;
mod requests;
mod stored;

use std::{fs, path::Path, sync::Arc, time::Duration};

use auth_core::{Clock, Credentials, Error, Exchange, Grant, Secret, TokenSet};
use auth_oauth2::{Basic, Dialect, Endpoint, RefreshToken, TokenClient};
use auth_testkit::{ManualClock, ScriptedTransport};
use http::StatusCode;

/// The rows that concern what exists here.
const ROWS: [&str; 37] = [
    "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "a11", "a12", "a13",
    "a14", "a15", "a16", "a17", "a18", "b01", "b02", "b03", "b04", "b05", "c01", "c02", "c03",
    "c05", "d01", "d02", "d03", "h01", "h02", "h03", "h04", "h05", "h08", "h12",
];

/// Rows, or halves of rows, that are proven by another test: the row, the folder of the test, its name.
const ELSEWHERE: [(&str, &str, &str); 24] = [
    (
        "a01",
        "crates/auth-reqwest/src",
        "a_server_that_cannot_prove_itself_sees_no_byte_of_the_request",
    ),
    ("a03", "crates/auth-oauth2/src", "basic_encodes_or_does_not"),
    (
        "a06",
        "crates/auth-core/src",
        "no_parameter_stands_in_a_request_twice",
    ),
    ("a09", "crates/auth-oauth2/src", "twice"),
    (
        "a12",
        "tests/stories",
        "every_encoding_of_a_lifetime_has_one_result",
    ),
    (
        "a13",
        "crates/auth-core/src",
        "codes_of_others_are_cut_to_what_a_log_line_can_hold",
    ),
    (
        "a14",
        "crates/auth-oauth2/src",
        "a_refresh_token_that_is_not_renewed_is_kept_or_forgotten",
    ),
    (
        "a14",
        "tests/external/stories/stores/file",
        "fault_44_a_kill_at_every_step_loses_nothing",
    ),
    (
        "a14",
        "tests/external/stories/stores/sqlite",
        "fault_44_a_kill_at_every_step_loses_nothing",
    ),
    (
        "a14",
        "tests/external/stories/stores/postgres",
        "fault_55_a_kill_at_every_step_loses_nothing",
    ),
    ("a15", "tests/stories", "hyper_util_below_the_layer"),
    (
        "a15",
        "tests/stories",
        "a_sealed_store_leaves_nothing_on_the_disk",
    ),
    (
        "a17",
        "crates/auth-oauth2/src",
        "callbacks_are_read_by_their_state_first",
    ),
    (
        "b01",
        "crates/auth-tower/src",
        "a_request_that_carries_a_header_of_the_token_is_left_alone",
    ),
    ("b04", "crates/auth-tower/src", "reading_ends_on_any_bytes"),
    ("b05", "tests/stories", "each_word_is_seen_in_rust"),
    (
        "c01",
        "tests/stories",
        "a_sealed_store_leaves_nothing_on_the_disk",
    ),
    (
        "c01",
        "tests/external/stories/stores/sqlite",
        "a_sealed_store_leaves_no_secret_in_any_file_or_log_line",
    ),
    (
        "c01",
        "tests/external/stories/stores/postgres",
        "neither_log_nor_data_of_the_server_have_what_was_sealed",
    ),
    (
        "c03",
        "tests/external/stories",
        "each_expiry_costs_one_refresh",
    ),
    (
        "d02",
        "crates/auth-oauth2/src",
        "the_challenge_is_that_of_rfc_7636_appendix_b",
    ),
    (
        "h12",
        "crates/auth-tower/src",
        "the_token_goes_to_its_origins_and_nowhere_else",
    ),
    (
        "h13",
        "tests/stories",
        "the_transport_on_reqwest_follows_none",
    ),
    ("h13", "crates/auth-tower/src", "a_redirect_is_an_answer"),
];

/// The sources of this module.
const OWN: [&str; 8] = [
    "tests/stories/standards.rs",
    "tests/stories/standards/bearer.rs",
    "tests/stories/standards/codes.rs",
    "tests/stories/standards/logins.rs",
    "tests/stories/standards/pkce.rs",
    "tests/stories/standards/replies.rs",
    "tests/stories/standards/requests.rs",
    "tests/stories/standards/stored.rs",
];

fn source(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|_| panic!("{path} is not there"))
}

#[test]
fn no_row_is_missing() {
    let own: String = OWN.map(source).concat();
    for row in ROWS.iter().chain(&["h13"]) {
        let here = own.contains(&format!("fn {row}_"));
        let there = ELSEWHERE.iter().any(|(other, ..)| other == row);
        assert!(here || there, "no test proves {row}");
    }
    for (row, folder, name) in ELSEWHERE {
        let found = beneath(folder).contains(&format!("fn {name}("));
        assert!(found, "{row}: {folder} has no test {name}");
    }
}

/// Returns every source beneath a folder: a test may move from one file to another.
fn beneath(folder: &str) -> String {
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(folder),
    ];
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push_str(&fs::read_to_string(&path).expect("a source can be read"));
            }
        }
    }
    all
}

/// A token endpoint that answers from a script, and one exchange with it.
struct Desk {
    transport: ScriptedTransport,
    clock: ManualClock,
}

impl Desk {
    fn new() -> Self {
        let (transport, clock) = (ScriptedTransport::new(), ManualClock::new());
        Self { transport, clock }
    }

    fn answers(self, status: u16, body: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        self.transport.json(status, body);
        self
    }

    fn client(&self, address: &str, credentials: Arc<dyn Credentials>) -> TokenClient {
        let endpoint = Endpoint::parse(address).unwrap();
        TokenClient::new(
            endpoint,
            credentials,
            self.transport.clone(),
            Dialect::default(),
        )
    }

    /// Returns a client by Basic at the usual address.
    fn usual(&self) -> TokenClient {
        self.client("https://login.example/token", Arc::new(basic()))
    }

    fn exchange(&self, previous: Option<TokenSet>) -> Exchange {
        let mut ctx = Exchange::new(Arc::new(self.clock.clone()));
        ctx.previous = previous;
        ctx
    }

    /// Renews the login `rt-1`.
    async fn refresh(&self) -> Result<TokenSet, Error> {
        let held = TokenSet::login(Secret::new("rt-1"));
        let ctx = self.exchange(Some(held));
        RefreshToken::new(self.usual()).exchange(&ctx).await
    }

    fn now(&self) -> auth_core::Now {
        self.clock.now()
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn basic() -> Basic {
    Basic::encoded("demo", &Secret::new("made-up-secret")).unwrap()
}
