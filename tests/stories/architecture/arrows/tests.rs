use super::super::workspace::Dependency;
use super::*;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("{name} v1.0.0")).collect()
}

fn row(package: &str) -> &'static Row {
    ROWS.iter()
        .find(|row| row.package == package)
        .expect("the crate has a row")
}

fn member(name: &str, kind: Kind, dependency: &str) -> Member {
    let dependencies = vec![Dependency {
        name: dependency.to_owned(),
        kind,
    }];
    Member {
        name: name.to_owned(),
        published: true,
        dependencies,
        ..Member::default()
    }
}

#[test]
fn every_forbidden_arrow_of_the_design_is_seen() {
    for (from, to) in [
        ("auth-core", "auth-oauth2"),
        ("auth-core", "reqwest"),
        ("auth-core", "hyper"),
        ("auth-core", "rustls"),
        ("auth-core", "serde_json"),
        ("auth-core", "url"),
        ("auth-oauth2", "reqwest"),
        ("auth-oauth2", "auth-tower"),
        ("auth-oauth2", "tower-service"),
        ("auth-oauth2", "auth-rator"),
        ("auth-oauth2", "auth-store-file"),
        ("auth-octorate", "auth-orgapi"),
        ("auth-orgapi", "auth-rator"),
        ("auth-rator", "auth-tower"),
        ("auth-rator", "auth-store"),
        ("auth-reqwest", "auth-octorate"),
        ("auth-reqwest", "auth-store-redis"),
        ("auth-tower", "auth-oauth2"),
        ("auth-tower", "auth-orgapi"),
        ("auth-tower", "reqwest"),
        ("auth-tower", "auth-store-sqlite"),
    ] {
        let found = reached(from, row(from).never, &set(&[from, to, "http"]));
        assert_eq!(found, [format!("{from} reaches {to}")]);
    }
}

#[test]
fn a_provider_without_its_default_feature_has_no_client() {
    let row = row("auth-rator");
    let bare = set(&["auth-rator", "auth-oauth2", "http", "reqwest"]);
    assert_eq!(
        reached("auth-rator", row.by_default_only, &bare),
        ["auth-rator reaches reqwest"]
    );
    assert!(reached("auth-rator", row.never, &bare).is_empty());
}

#[test]
fn what_is_allowed_passes() {
    let tree = set(&["auth-oauth2", "auth-core", "url", "serde_json", "hypertext"]);
    assert!(reached("auth-oauth2", row("auth-oauth2").never, &tree).is_empty());
}

#[test]
fn the_tests_of_the_core_count_too() {
    assert_eq!(
        declared_by_the_core(&member("auth-core", Kind::Dev, "auth-testkit")).len(),
        1
    );
    assert_eq!(
        declared_by_the_core(&member("auth-core", Kind::Dev, "reqwest")).len(),
        1
    );
    assert_eq!(
        declared_by_the_core(&member("auth-core", Kind::Normal, "serde_json")).len(),
        1
    );
    assert!(declared_by_the_core(&member("auth-core", Kind::Dev, "serde_json")).is_empty());
}

#[test]
fn the_testkit_is_never_shipped() {
    assert_eq!(
        wrong_use_of_the_testkit(&member("auth-rator", Kind::Normal, "auth-testkit")).len(),
        1
    );
    assert_eq!(
        wrong_use_of_the_testkit(&member("auth-rator", Kind::Build, "auth-testkit")).len(),
        1
    );
    assert!(wrong_use_of_the_testkit(&member("auth-rator", Kind::Dev, "auth-testkit")).is_empty());
}

#[test]
fn a_store_knows_the_core_and_the_codec() {
    let tree = set(&[
        "auth-store-file",
        "auth-store",
        "auth-core",
        "auth-oauth2",
        "rustix",
    ]);
    assert_eq!(
        members_behind_a_store("auth-store-file", &tree),
        ["auth-store-file reaches auth-oauth2"]
    );
    assert!(is_store("auth-store") && is_store("auth-store-file") && !is_store("auth-core"));
}

#[test]
fn the_stores_of_this_workspace_are_seen() {
    let workspace = Workspace::read();
    let published = workspace.members.iter().filter(|member| member.published);
    let stores: Vec<_> = published
        .map(|member| &*member.name)
        .filter(|name| is_store(name))
        .collect();
    assert_eq!(
        stores,
        [
            "auth-store",
            "auth-store-file",
            "auth-store-keyring",
            "auth-store-postgres",
            "auth-store-redis",
            "auth-store-sqlite"
        ]
    );
    // Their trees are really looked at: what they build on is in them.
    let tree = tree("auth-store-file", &["--all-features"]);
    assert!(names(&tree).any(|name| name == "auth-store"));
}

#[test]
fn a_crate_without_a_row_is_named() {
    let workspace = Workspace {
        root: "nowhere".into(),
        manifest: String::new(),
        members: vec![member("auth-newcomer", Kind::Normal, "http")],
    };
    let found = violations(&workspace);
    assert_eq!(
        found,
        ["auth-newcomer has no row in the table of forbidden arrows"]
    );
}
