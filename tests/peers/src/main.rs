//! Runs one part of the comparison, or makes the tables and the picture of all.

use std::process::ExitCode;

use peers::{
    cores, crypto, hit, instructions, pace::Pace, report, results, storms, subjects, tenants,
    weight,
};

fn main() -> ExitCode {
    crypto::install();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pace = Pace::of(&arguments);
    let part = arguments.first().map_or("", String::as_str);
    let rows = match part {
        "hit" => hit::run(pace),
        "cores" => cores::run(pace),
        "instructions" => instructions::run(pace),
        "storms" => storms::run(pace),
        "tenants" => tenants::run(pace),
        "weight" => weight::run(pace),
        "one" => return one(&arguments[1..]),
        "report" => return told(report::run(&arguments[1..], pace)),
        _ => {
            eprintln!(
                "usage: peers hit|cores|instructions|storms|tenants|weight [--quick]\n       \
                 peers one <subject> <requests>\n       \
                 peers report <page> <page to write> <picture to write> [--quick]"
            );
            return ExitCode::from(2);
        }
    };
    for row in &rows {
        println!("{:<40} {:<32} {}", row.subject, row.column, row.text);
    }
    told(results::save(part, pace, &rows))
}

/// Drives one subject and nothing else, for a profiler.
fn one(arguments: &[String]) -> ExitCode {
    let [name, requests] = arguments else {
        eprintln!("usage: peers one <subject> <requests>");
        return ExitCode::from(2);
    };
    let Ok(requests) = requests.parse() else {
        eprintln!("{requests} is no number of requests");
        return ExitCode::from(2);
    };
    told(subjects::one(name, requests))
}

fn told<E: std::fmt::Display>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
