//! What one request costs, by the way the token is put on it.

use std::io;

use crate::{
    pace::Pace,
    picture::{Bar, Group},
    results::{self, Part, Row},
    subjects::{ALL, Subject},
};

use super::table::Table;

/// The groups that can be compared with each other, by the bare service that they are measured over.
const GROUPS: [(&str, &str); 4] = [
    ("bare", "One handle for each thread"),
    ("bare-cloned", "The client is cloned for each request"),
    ("reqwest-bare", "Middleware of reqwest-middleware"),
    ("azure-bare", "A policy of azure_core's own pipeline"),
];

const COLUMNS: [&str; 9] = [
    "overhead, ns",
    "÷ static",
    "whole request ÷ static",
    "overhead, instructions",
    "÷ static",
    "own allocations",
    "own bytes",
    "2 threads ÷ 1",
    "2 threads ÷ static's",
];

/// All that was measured of single requests.
pub(super) struct Requests(Vec<Row>);

/// The parts that measure single requests.
const PARTS: [&str; 4] = ["hit", "cores", "allocations", "instructions"];

impl Requests {
    /// Returns it with the run that it is of, which is one.
    pub(super) fn load(pace: Pace) -> io::Result<(Self, Option<String>)> {
        let (mut rows, mut known) = (Vec::new(), None);
        for part in PARTS {
            let Part {
                run: Some(run),
                rows: more,
            } = results::load(part, pace)?
            else {
                continue;
            };
            rows.extend(more);
            if *known.get_or_insert_with(|| run.clone()) != run {
                let parts = PARTS.join(" ");
                let why = format!("run these together, they are of several runs: {parts}");
                return Err(io::Error::other(why));
            }
        }
        Ok((Self(rows), known))
    }

    /// Returns a number.
    pub(super) fn value(&self, name: &str, column: &str) -> Option<f64> {
        results::value(&self.0, name, column)
    }

    /// Returns a number over that of the bare service.
    pub(super) fn own(&self, name: &str, column: &str) -> Option<f64> {
        let subject = ALL.iter().find(|subject| subject.name == name)?;
        Some(self.value(name, column)? - self.value(subject.over, column)?)
    }

    /// Returns a number of one divided by that of another.
    pub(super) fn ratio(&self, name: &str, beside: &str, column: &str) -> Option<f64> {
        Some(self.value(name, column)? / self.value(beside, column)?)
    }

    /// Returns the tables, one for each group.
    pub(super) fn tables(&self) -> String {
        let mut text = String::new();
        for (over, heading) in GROUPS {
            let mut table = Table::new("", &COLUMNS);
            for subject in members(over) {
                table.line(subject.label, self.cells(subject).into_iter());
            }
            text += &format!("### {heading}\n\n{}", table.markdown());
        }
        for row in self.0.iter().filter(|row| row.column.starts_with("not ")) {
            text += &format!("{}, {}: {}\n\n", row.subject, row.column, row.text);
        }
        text
    }

    fn cells(&self, subject: &Subject) -> [Option<String>; 9] {
        let Subject {
            name, over, beside, ..
        } = *subject;
        let time = self.value(name, "over ns");
        let instructions = self.own(name, "instructions");
        // Whole requests over different bare services have nothing to do with each other.
        let alike = members(over).any(|member| member.name == beside);
        let whole = self.value(name, "whole ratio").filter(|_| alike);
        let bare = name == over;
        let ratio = |own: Option<f64>, beside: Option<f64>| {
            (!bare)
                .then(|| Some(format!("{:.2}", own? / beside?)))
                .flatten()
        };
        let number = |number: Option<f64>, digits: usize| {
            number
                .filter(|_| !bare)
                .map(|number| format!("{number:.digits$}"))
        };
        let text = |column| {
            let row = |row: &&Row| row.subject == name && row.column == column;
            self.0.iter().find(row).map(|row| row.text.clone())
        };
        [
            number(time, 0),
            ratio(time, self.value(beside, "over ns")),
            whole.map(|ratio| format!("{ratio:.2}")),
            number(instructions, 0),
            ratio(instructions, self.own(beside, "instructions")),
            number(self.own(name, "allocations"), 1),
            number(self.own(name, "bytes"), 1),
            text("gain"),
            text("both ratio").filter(|_| alike && !bare),
        ]
    }

    /// Returns what the picture shows.
    pub(super) fn groups(&self) -> Vec<Group> {
        let group = |(over, heading): (&str, &'static str)| {
            let bar = |subject: &Subject| {
                let over = self.value(subject.name, "over ns")?;
                Some(Bar {
                    label: subject.label,
                    ratio: over / self.value(subject.beside, "over ns")?,
                    ours: subject.label.starts_with("auth-"),
                })
            };
            let added = members(over).filter(|subject| subject.name != over);
            let mut bars: Vec<_> = added.filter_map(bar).collect();
            bars.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
            Group { heading, bars }
        };
        GROUPS.into_iter().map(group).collect()
    }
}

fn members(over: &str) -> impl Iterator<Item = &'static Subject> {
    let mut members: Vec<_> = ALL.iter().filter(|subject| subject.over == over).collect();
    // The bare service opens its table, and is no bar of the picture.
    members.sort_by_key(|subject| subject.name != subject.over);
    members.into_iter()
}
