//! Instructions for each request, counted by callgrind.
//!
//! The same program sends few requests and then many; what the difference costs is shared among the difference. So what
//! starting takes, such as obtaining a token, is in neither.

use std::{io, process::Command};

use crate::{
    pace::Pace,
    results::Row,
    subjects::{ALL, Subject},
};

/// Measures, and returns the rows.
pub fn run(pace: Pace) -> Vec<Row> {
    let (few, many) = pace.pick((200, 1_200), (2_000, 22_000));
    let rows = ALL.iter().map(|subject| match each(subject, few, many) {
        Ok(count) => Row::new(subject.name, "instructions", count, format!("{count:.0}")),
        Err(error) => Row::note(subject.name, "not counted", error.to_string()),
    });
    rows.collect()
}

fn each(subject: &Subject, few: u64, many: u64) -> io::Result<f64> {
    let difference = counted(subject, many)?.checked_sub(counted(subject, few)?);
    let difference = difference.ok_or_else(|| io::Error::other("more requests took less"))?;
    Ok(difference as f64 / (many - few) as f64)
}

fn counted(subject: &Subject, requests: u64) -> io::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["one", subject.name, &requests.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(io::Error::other(format!(
            "valgrind counted nothing: {said}"
        ))),
    }
}
