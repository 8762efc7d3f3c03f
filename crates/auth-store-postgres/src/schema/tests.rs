//! What a person reads, and what the library does.

use super::{STEPS, quoted};

#[test]
fn the_readme_has_the_statements_of_all_steps() {
    let readme = include_str!("../../README.md");
    for step in STEPS {
        assert!(readme.contains(step.trim()), "{step}");
    }
}

#[test]
fn each_step_records_its_version() {
    for (index, step) in STEPS.iter().enumerate() {
        let record = format!("INTO auth_logins_schema (version) VALUES ({});", index + 1);
        assert!(step.contains(&record), "{step}");
    }
}

#[test]
fn a_name_cannot_leave_its_quotes() {
    assert_eq!(quoted("a\"; DROP TABLE b"), "\"a\"\"; DROP TABLE b\"");
}
