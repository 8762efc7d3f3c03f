//! Every fault of the list has a test.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The faults of the token endpoint, the resource server, the client's process and the stores. 32 is a table of its
/// own, under `redirects`.
const FAULTS: std::ops::RangeInclusive<u32> = 1..=60;
const ELSEWHERE: [u32; 2] = [32, DOCUMENTED];
/// A process that forks while an exchange is under way can only be warned of.
const DOCUMENTED: u32 = 47;
/// The faults that only a real disk, database, server or keyring can show.
const REAL: [u32; 7] = [50, 51, 52, 54, 55, 56, 57];

#[test]
fn every_fault_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut tested = BTreeSet::new();
    for folder in ["crates", "tests"] {
        for file in sources(&root.join(folder)) {
            tested.extend(numbers(&fs::read_to_string(file).unwrap()));
        }
    }
    let missing = missing(&tested);
    assert!(missing.is_empty(), "these faults have no test: {missing:?}");
    let security = fs::read_to_string(root.join("docs/security.md")).unwrap();
    assert!(
        security.contains("fork without exec"),
        "{DOCUMENTED} is documented"
    );
}

#[test]
fn the_faults_of_real_servers_are_tested_with_real_servers() {
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("external/stories/stores");
    let texts = sources(&stories)
        .into_iter()
        .map(|file| fs::read_to_string(file).unwrap());
    let tested: BTreeSet<_> = texts.flat_map(|text| numbers(&text)).collect();
    let missing: Vec<_> = REAL
        .iter()
        .filter(|number| !tested.contains(number))
        .collect();
    assert!(missing.is_empty(), "these faults have no test: {missing:?}");
}

#[test]
fn a_missing_number_is_found() {
    let text = "
        #[test]
        fn fault_01_something() {}

        #[tokio::test]
        async fn fault_7_and_fault_08_in_the_name() {}
        #[tokio::test(flavor = \"multi_thread\")]
        async fn fault_46_the_last() {}

        // fn fault_02_in_a_comment() {}
        fn fault_03_without_the_attribute() {}
        #[test]
        fn default_04() {}

        for_each_client! {
            fault_05_told_by_three_clients,
        }
        async fn fault_05_told_by_three_clients<A: Api>() {}
        async fn fault_06_told_by_none<A: Api>() {}
    ";
    let found = numbers(text);
    assert_eq!(found, BTreeSet::from([1, 5, 7, 46]));
    let missing = missing(&found);
    assert!(missing.contains(&2) && missing.contains(&3) && missing.contains(&4));
    assert!(missing.contains(&6) && missing.contains(&8) && missing.contains(&60));
    assert!(!missing.contains(&32) && !missing.contains(&47));
    assert_eq!(missing.len(), 60 - 2 - 4);
}

fn missing(tested: &BTreeSet<u32>) -> Vec<u32> {
    FAULTS
        .filter(|number| !tested.contains(number) && !ELSEWHERE.contains(number))
        .collect()
}

/// Returns the numbers of the tests in `text`: functions with the attribute, and generic ones that a macro makes tests
/// of because their names stand in its list.
fn numbers(text: &str) -> BTreeSet<u32> {
    let listed: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .collect();
    let mut before = "";
    let mut found = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        let function = line.strip_prefix("async ").unwrap_or(line);
        let name = function
            .strip_prefix("fn ")
            .and_then(|rest| rest.split(['(', '<']).next())
            .filter(|name| is_attribute(before) || listed.contains(name));
        let number = name
            .and_then(|name| name.strip_prefix("fault_"))
            .and_then(|name| name.split('_').next());
        found.extend(number.and_then(|number| number.parse::<u32>().ok()));
        before = line;
    }
    found
}

fn is_attribute(line: &str) -> bool {
    line.starts_with("#[test") || line.starts_with("#[tokio::test")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}
