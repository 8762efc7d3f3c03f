//! Where somebody else does better than we do.

use crate::subjects::{ALL, Subject};

use super::requests::Requests;

/// Less than this part is noise.
const NOTABLE: f64 = 1.05;

/// The subjects of each group that speak for this project: without replay, as the others are, and as they come.
const OURS: [(&str, &str); 5] = [
    ("bare", "ours"),
    ("bare", "ours-replay"),
    ("bare-cloned", "ours-cloned"),
    ("bare-cloned", "ours-cloned-replay"),
    ("reqwest-bare", "reqwest-ours"),
];

/// Returns the sentences, under a heading of their own.
pub(super) fn told(requests: &Requests) -> String {
    let mut lines = String::new();
    for (over, ours) in OURS {
        let mine = ALL.iter().find(|subject| subject.name == ours);
        let others = ALL
            .iter()
            .filter(|subject| subject.over == over && subject.name != over)
            .filter(|subject| !subject.label.starts_with("auth-"));
        for (mine, other) in others.filter_map(|other| Some((mine?, other))) {
            let ahead = measures(requests, mine, other);
            if !ahead.is_empty() {
                let (other, mine) = (other.label, mine.label);
                lines += &format!("- *{other}* than *{mine}*: {}.\n", ahead.join(", "));
            }
        }
    }
    if lines.is_empty() {
        lines = "Nobody, in this run.\n".to_owned();
    }
    format!("### Who does better\n\n{lines}\n")
}

fn measures(requests: &Requests, ours: &Subject, other: &Subject) -> Vec<String> {
    let own = |column| {
        let (mine, theirs) = (
            requests.own(ours.name, column)?,
            requests.own(other.name, column)?,
        );
        Some((mine, theirs))
    };
    let value = |column| {
        let mine = requests.value(ours.name, column)?;
        Some((mine, requests.value(other.name, column)?))
    };
    let less = [
        ("less time", value("over ns")),
        ("fewer instructions", own("instructions")),
        ("fewer allocations", own("allocations")),
    ];
    let more = [
        ("more requests from two threads", value("both ratio")),
        ("more gain from a second thread", value("gain")),
    ];
    let less = less.into_iter().filter_map(|(what, pair)| {
        let (mine, theirs) = pair?;
        (mine > theirs * NOTABLE).then(|| format!("{what} ({theirs:.0} for {mine:.0})"))
    });
    let more = more.into_iter().filter_map(|(what, pair)| {
        let (mine, theirs) = pair?;
        (theirs > mine * NOTABLE).then(|| format!("{what} ({:.2} times)", theirs / mine))
    });
    less.chain(more).collect()
}
