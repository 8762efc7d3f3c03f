//! What every manifest has to say.

use super::workspace::{Member, Workspace};

const FIELDS: [&str; 6] = [
    "description",
    "license",
    "repository",
    "readme",
    "keywords",
    "categories",
];

/// What is not published, and proves something all the same.
const PROOF: [&str; 2] = ["load", "stories"];

/// What needs installed programs, and is run by a script that brings them.
const EXTERNAL: &str = "external";

pub(super) fn violations(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    if !forbids_unsafe_code(&workspace.manifest) {
        found.push("the workspace does not forbid unsafe code".to_owned());
    }
    for member in &workspace.members {
        found.extend(missing_fields(member));
        if !takes_the_lints(&member.manifest) {
            found.push(format!(
                "{} does not take the lints of the workspace",
                member.name
            ));
        }
    }
    found
}

/// Plain `cargo test` has to work on a machine with nothing but Rust, and to leave out nothing that it could prove.
pub(super) fn wrong_defaults(members: &[Member]) -> Vec<String> {
    let wrong = members.iter().filter_map(|member| {
        let name = &member.name;
        let needed = member.published || PROOF.contains(&name.as_str());
        match member.by_default {
            true if name == EXTERNAL => Some(format!("{name} is a default member")),
            false if needed => Some(format!("{name} is no default member")),
            _ => None,
        }
    });
    wrong.collect()
}

fn missing_fields(member: &Member) -> Vec<String> {
    FIELDS
        .iter()
        .filter(|field| member.published && !member.fields.contains(**field))
        .map(|field| format!("{} has no {field}", member.name))
        .collect()
}

fn forbids_unsafe_code(manifest: &str) -> bool {
    table(manifest, "[workspace.lints.rust]").any(|line| line == r#"unsafe_code = "forbid""#)
}

/// Cargo lets a member that takes the table neither add to it nor weaken it.
fn takes_the_lints(manifest: &str) -> bool {
    table(manifest, "[lints]").any(|line| line == "workspace = true")
}

fn table<'a>(manifest: &'a str, heading: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(move |line| *line != heading);
    lines.skip(1).take_while(|line| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
    const LINTS: &str = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";

    fn found(root: &str, manifest: &str, fields: &[&str]) -> Vec<String> {
        let member = Member {
            name: "a".to_owned(),
            published: true,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            manifest: manifest.to_owned(),
            ..Member::default()
        };
        let root_folder = "nowhere".into();
        violations(&Workspace {
            root: root_folder,
            manifest: root.to_owned(),
            members: vec![member],
        })
    }

    #[test]
    fn a_complete_manifest_passes() {
        assert!(found(ROOT, LINTS, &FIELDS).is_empty());
    }

    #[test]
    fn wrong_defaults_are_seen() {
        let member = |name: &str, published, by_default| Member {
            name: name.to_owned(),
            published,
            by_default,
            ..Member::default()
        };
        let right = [
            member("auth-core", true, true),
            member("stories", false, true),
            member("load", false, true),
            member("external", false, false),
            member("examples", false, false),
        ];
        assert!(wrong_defaults(&right).is_empty());
        let wrong = right.map(|member| Member {
            by_default: !member.by_default,
            ..member
        });
        assert_eq!(
            wrong_defaults(&wrong),
            [
                "auth-core is no default member",
                "stories is no default member",
                "load is no default member",
                "external is a default member"
            ]
        );
    }

    #[test]
    fn each_missing_field_is_named() {
        assert_eq!(found(ROOT, LINTS, &FIELDS[1..]), ["a has no description"]);
        assert_eq!(found(ROOT, LINTS, &[]).len(), FIELDS.len());
    }

    #[test]
    fn lints_that_are_not_taken_are_seen() {
        assert_eq!(
            found(ROOT, "[lints]\n[other]\nworkspace = true\n", &FIELDS).len(),
            1
        );
        assert_eq!(found(ROOT, "[package]\n", &FIELDS).len(), 1);
    }

    #[test]
    fn a_weaker_word_than_forbid_is_seen() {
        let weak = "[workspace.lints.rust]\nunsafe_code = \"deny\"\n";
        assert_eq!(found(weak, LINTS, &FIELDS).len(), 1);
    }
}
