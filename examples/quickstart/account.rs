//! What happened, line by line, and whether that is what was to be expected.

use std::{
    fmt::{Debug, Write},
    process::ExitCode,
};

use auth_core::Secret;
use auth_testkit::Ledger;

/// Lines that wait to be printed until it is known that they hold no secret.
#[derive(Default)]
pub(crate) struct Account {
    lines: Vec<String>,
    table: Vec<String>,
    counts: usize,
    wrong: usize,
    /// Not printed, but searched like the lines.
    debugged: String,
    secrets: Vec<Secret>,
}

impl Account {
    /// Begins the part about one server, whose ledger tells what it was sent.
    pub(crate) fn chapter(
        &mut self,
        server: &'static str,
        client: &str,
        ledger: &Ledger,
        grants: &'static [&'static str],
    ) -> Chapter<'_> {
        self.lines.push(format!("\n{server}, over {client}\n"));
        Chapter {
            account: self,
            server,
            ledger: ledger.clone(),
            grants,
            seen: 0,
        }
    }

    /// Notes an error that ended the run.
    pub(crate) fn stopped(&mut self, error: &(dyn std::error::Error + 'static)) {
        self.wrong += 1;
        let chain = std::iter::successors(Some(error), |error| error.source());
        let texts: Vec<_> = chain.map(ToString::to_string).collect();
        self.lines.push(format!("Stopped: {}", texts.join(": ")));
    }

    fn count(&mut self, server: &str, what: &str, counted: usize, expected: usize) {
        let remark = if counted == expected { "" } else { "  WRONG" };
        self.table.push(format!(
            "{server:<17} {what:<22} {counted:>7} {expected:>8}{remark}"
        ));
        self.counts += 1;
        self.wrong += usize::from(counted != expected);
    }

    /// Returns the whole text, and how the process is to end.
    pub(crate) fn finish(self) -> (String, ExitCode) {
        let mut text = self.lines.join("\n");
        let head = format!(
            "\n\n{:<17} {:<22} {:>7} {:>8}\n",
            "server", "what it was sent", "counted", "expected"
        );
        text.push_str(&head);
        text.push_str(&self.table.join("\n"));
        let shown = self.secrets.iter().any(|secret| {
            text.contains(secret.expose()) || self.debugged.contains(secret.expose())
        });
        // All made-up secrets of the emulators but the oldest style of token have this word in them.
        if shown || text.contains("canary") || self.debugged.contains("canary") {
            let text = "A secret stands in the output, so it is not shown.".to_owned();
            return (text, ExitCode::FAILURE);
        }
        let verdict = match self.wrong {
            0 => format!(
                "All {} counts and every step are as expected. {} secrets were looked for in this text and in all \
                 Debug output; none was found.",
                self.counts,
                self.secrets.len(),
            ),
            wrong => format!("{wrong} lines are WRONG."),
        };
        text.push_str("\n\n");
        text.push_str(&verdict);
        (text, ExitCode::from(u8::from(self.wrong > 0)))
    }
}

/// The part of the account that is about one server.
pub(crate) struct Chapter<'a> {
    account: &'a mut Account,
    server: &'static str,
    ledger: Ledger,
    grants: &'static [&'static str],
    /// How many requests were told of.
    seen: usize,
}

impl Chapter<'_> {
    /// Tells of one step: how it ended, and which token requests it took. Both are compared with what is expected.
    pub(crate) fn step(&mut self, story: &str, outcome: &str, expected: &str, asked: &[&str]) {
        let took = self.token_requests();
        let list = match took.is_empty() {
            true => "no token request".to_owned(),
            false => took.join(", "),
        };
        let mut line = format!("  {outcome:<14} {story} ({list})");
        if outcome != expected || took != asked {
            self.account.wrong += 1;
            line.push_str(&format!(
                " WRONG: expected {expected}, token requests {asked:?}"
            ));
        }
        self.account.lines.push(line);
    }

    /// Searches the `Debug` output of `shown` for secrets too, when all is told.
    pub(crate) fn debugged(&mut self, shown: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.account.debugged, "{shown:?}{shown:#?}");
    }

    /// Ends the part: `secrets` must not have been shown, and the totals must be these.
    pub(crate) fn end(self, secrets: impl IntoIterator<Item = Secret>, totals: &Totals<'_>) {
        let Self {
            account,
            server,
            ledger,
            grants,
            ..
        } = self;
        account.secrets.extend(secrets);
        for (grant, expected) in grants.iter().zip(totals.grants) {
            account.count(server, grant, ledger.count(grant), *expected);
        }
        let refused = ledger.answered(401);
        account.count(server, "refused with 401", refused, totals.refused);
        let deviations = ledger.deviations().len();
        account.count(server, "deviations", deviations, totals.deviations);
        let strays = ledger.secrets_out_of_place().len();
        account.count(server, "secrets out of place", strays, 0);
    }

    /// Returns the names of the token requests since the last step, in the order in which they came.
    fn token_requests(&mut self) -> Vec<String> {
        let entries = self.ledger.entries();
        let new = entries.iter().skip(self.seen);
        self.seen = entries.len();
        new.filter_map(|entry| entry.grant().map(str::to_owned))
            .collect()
    }
}

/// What a ledger has to have counted in the end.
pub(crate) struct Totals<'a> {
    /// For each grant, in the order in which the chapter named them.
    pub(crate) grants: &'a [usize],
    pub(crate) refused: usize,
    pub(crate) deviations: usize,
}
