//! The rules of the workspace that a machine can check: who may depend on whom, how much a crate may
//! weigh, how long a file may be, and what must not be written anywhere.
//!
//! Every rule is a function over plain data. Beside each rule a test breaks it on made-up data, so
//! that a rule which lets everything pass is found out.

mod arrows;
mod manifests;
mod providers;
mod reviewed;
mod rusts;
mod stores;
mod weight;
mod words;
mod workspace;

use workspace::Workspace;

#[test]
fn no_crate_reaches_what_it_must_not_know() {
    assert_none(&arrows::violations(&Workspace::read()));
}

#[test]
fn the_core_and_the_layer_stay_small() {
    assert_none(&weight::crates_over_budget());
}

#[test]
fn no_source_file_is_longer_than_a_reader_likes() {
    assert_none(&weight::files_too_long(&Workspace::read().files()));
}

#[test]
fn whoever_has_read_one_provider_has_read_them_all() {
    let files = Workspace::read().files();
    assert_none(&providers::violations(&providers::from_files(&files)));
}

#[test]
fn whoever_has_read_one_store_finds_their_way_in_the_others() {
    let files = Workspace::read().files();
    assert_none(&stores::violations(&stores::from_files(&files)));
}

#[test]
fn no_crate_promises_an_older_rust_than_what_it_builds_on() {
    assert_none(&rusts::violations(&Workspace::read()));
}

#[test]
fn a_plain_test_run_takes_in_all_that_needs_no_installed_programs() {
    assert_none(&manifests::wrong_defaults(&Workspace::read().members));
}

#[test]
fn every_manifest_is_complete_and_forbids_unsafe_code() {
    assert_none(&manifests::violations(&Workspace::read()));
}

#[test]
fn every_direct_dependency_was_reviewed() {
    assert_none(&reviewed::violations(&Workspace::read()));
}

#[test]
fn nothing_forbidden_is_written_anywhere() {
    let workspace = Workspace::read();
    assert_none(&words::violations(&workspace.files(), &workspace.root));
}

#[test]
fn every_story_is_in_the_binary() {
    assert_none(&words::orphans(&Workspace::read().files()));
}

/// Shows every violation at once; a person mends them in one go.
#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}
