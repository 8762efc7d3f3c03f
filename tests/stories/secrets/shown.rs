//! What every public type shows of itself when it is formatted, with secrets wherever it can hold one.
//!
//! A public type that is neither formatted here nor left out for a reason fails a test.

mod core;
mod oauth2;
mod providers;
mod sources;
mod stores;
mod testkit;
mod tower;

use std::{any::type_name, collections::BTreeSet, fmt, fs, path::Path};

use super::{Planted, Surfaces, assert_silent};

pub(super) use self::core::set;

/// Types that are not formatted here, and why that is no gap.
const LEFT_OUT: [(&str, &str); 1] = [(
    "auth_testkit::Issued",
    "it is what a contract suite wants issued, and holds that suite's own constants",
)];

/// Types that there are only with a server: the type, the story against a real one, and how it is formatted there.
const WITH_A_SERVER: [(&str, &str, &str); 4] = [
    (
        "auth_store_postgres::PostgresSlot",
        "postgres/secrets.rs",
        "{slot:?}",
    ),
    (
        "auth_store_postgres::PostgresStore",
        "postgres/secrets.rs",
        "{store:?}",
    ),
    (
        "auth_store_redis::RedisSlot",
        "redis/secrets.rs",
        "{slot:?}",
    ),
    (
        "auth_store_redis::RedisStore",
        "redis/secrets.rs",
        "{store:?}",
    ),
];

/// What was formatted so far.
#[derive(Default)]
struct Shown {
    surfaces: Surfaces,
    names: BTreeSet<String>,
}

impl Shown {
    /// Formats `value` and takes note of its type.
    fn show<T: fmt::Debug>(&mut self, value: &T) {
        let name = short(type_name::<T>());
        self.surfaces.debug(&name, value);
        self.names.insert(name);
    }
}

/// Returns the crate and the name of a type, without what lies between and without parameters.
fn short(name: &str) -> String {
    let plain = name.split('<').next().unwrap_or_default();
    let own = plain.rsplit("::").next().unwrap_or_default();
    let own_crate = plain.split("::").next().unwrap_or_default();
    format!("{own_crate}::{own}")
}

#[tokio::test]
async fn every_public_type_hides_what_it_holds() {
    let planted = Planted::of_all_characters();
    let mut shown = Shown::default();
    core::show(&planted, &mut shown).await;
    oauth2::show(&planted, &mut shown).await;
    providers::show(&planted, &mut shown).await;
    tower::show(&planted, &mut shown).await;
    stores::show(&planted, &mut shown).await;
    testkit::show(&planted, &mut shown).await;

    let public = sources::public_types();
    assert!(public.len() > 100, "the sources were not read");
    let left_out = LEFT_OUT.map(|(name, _)| name.to_owned()).into_iter();
    let left_out = left_out.chain(formatted_with_a_server()).collect();
    let known: BTreeSet<_> = &shown.names | &left_out;
    let new: Vec<_> = public.difference(&known).collect();
    assert!(
        new.is_empty(),
        "plant a secret in these types and format them: {new:#?}"
    );
    let gone: Vec<_> = left_out.difference(&public).collect();
    assert!(
        gone.is_empty(),
        "these types are not there any more: {gone:?}"
    );
    assert_silent(&shown.surfaces, &planted.canaries());
}

fn formatted_with_a_server() -> impl Iterator<Item = String> {
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("external/stories/stores");
    WITH_A_SERVER
        .into_iter()
        .map(move |(name, file, formatted)| {
            let text = fs::read_to_string(stories.join(file)).expect("the story is there");
            assert!(text.contains(formatted), "{file} does not format {name}");
            name.to_owned()
        })
}

#[test]
fn a_type_that_shows_its_secret_is_found_out() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "it is for `Debug` alone")]
    struct Careless(String);

    let planted = Planted::of_all_characters();
    let mut shown = Shown::default();
    shown.show(&Some(Careless(planted.password.clone())));
    shown.show(&Careless(planted.access.clone()));
    let leaks = shown.surfaces.leaks(&planted.canaries());
    assert_eq!(leaks.len(), 2, "{leaks:?}");
    assert!(shown.names.contains("stories::Careless") || shown.names.contains("sec::Careless"));
}
