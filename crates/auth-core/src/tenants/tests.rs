//! The table where its users' code panics, where it is swept twice at a time, and where nothing may be looked at.

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;

use crate::{Cached, Error, ErrorKind, Exchange, Grant, Origins, TokenSet};

use super::{LOOKS, RECENT, Tenants, tag};

struct Never;

#[async_trait]
impl Grant for Never {
    async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
        Err(Error::new(ErrorKind::Unavailable, "made up"))
    }
}

fn source() -> Result<Cached, Error> {
    let origins = Origins::parse("https://api.example")?;
    Ok(Cached::builder(Never, origins).build())
}

fn table(most: usize) -> Tenants<u32> {
    let most = NonZeroUsize::new(most).unwrap();
    Tenants::new(most, |_: &u32| source())
}

/// A key whose next drop panics once it is armed.
#[derive(Clone)]
struct Bomb(u32, Arc<AtomicBool>);

impl PartialEq for Bomb {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Bomb {}

impl std::hash::Hash for Bomb {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.1.swap(false, Ordering::Relaxed), "made up");
    }
}

#[test]
fn a_tenant_that_panics_while_it_goes_leaves_its_place() {
    let armed = Arc::new(AtomicBool::new(false));
    let tenants = Tenants::new(NonZeroUsize::new(64).unwrap(), |_: &Bomb| source());
    for number in 0..64 {
        let key = Bomb(number, Arc::clone(&armed));
        tenants.get(&key).unwrap();
    }
    assert_eq!(tenants.len(), 64);
    armed.store(true, Ordering::Relaxed);
    let making = AssertUnwindSafe(|| tenants.0.make_room(0, LOOKS).map(drop));
    assert!(catch_unwind(making).is_err());
    assert_eq!(tenants.len(), 63);
    tenants.get(&Bomb(64, armed)).unwrap();
    assert_eq!(tenants.len(), 64);
}

#[test]
fn a_sweep_that_was_overtaken_by_another_spares_who_was_asked_for_since() {
    let tenants = table(16);
    tenants.get(&1).unwrap();
    let first = tenants.0.mark.fetch_add(RECENT << 1, Ordering::Relaxed);
    tenants.get(&1).unwrap();
    assert_eq!(tenants.put_idle_aside(), 0, "asked for since the first");
    tenants.get(&1).unwrap();
    assert_eq!(tenants.0.sweep(first), 0, "and since the second");
    assert_eq!(tenants.put_idle_aside(), 0);
    assert_eq!(tenants.put_idle_aside(), 1);
}

#[test]
fn sweeps_go_on_where_their_count_begins_anew() {
    let tenants = table(16);
    tenants.0.mark.store(u32::MAX - 2, Ordering::Relaxed);
    for _ in 0..4 {
        tenants.get(&1).unwrap();
        assert_eq!(tenants.put_idle_aside(), 0);
        assert_eq!(tenants.put_idle_aside(), 1);
    }
}

#[test]
fn a_place_that_came_free_is_found_in_a_table_of_one_shard() {
    let tenants = table(1);
    assert!(tenants.0.make_room(0, LOOKS).is_ok());
    let _in_use = tenants.get(&1).unwrap();
    assert!(tenants.0.make_room(0, LOOKS).is_err());
    assert_eq!(tenants.len(), 1);
}

#[test]
fn shard_and_tag_come_from_two_halves_of_the_hash() {
    let tenants = table(64);
    for (hash, home, found) in [(7 << 32, 3, 0), (9, 0, 9), (u64::MAX, 3, u32::MAX)] {
        assert_eq!((tenants.0.home(hash), tag(hash)), (home, found));
    }
}

#[test]
fn room_is_made_in_whichever_shard_somebody_can_go() {
    for home in 0..4 {
        for other in (0..4).filter(|other| *other != home) {
            let tenants = table(64);
            let places: Vec<_> = (0..64).map(|_| tenants.0.take_place()).collect();
            assert!(tenants.0.make_room(home, LOOKS).is_err());
            let idle = source().unwrap();
            tenants.0.write(other).insert(0, 1, idle, RECENT);
            assert!(tenants.0.make_room(home, LOOKS).is_ok(), "{home} {other}");
            drop(places);
        }
    }
}

#[test]
fn who_has_no_look_left_waits_for_no_other_shard() {
    let tenants = table(64);
    let places: Vec<_> = (0..64).map(|_| tenants.0.take_place()).collect();
    assert!(places.iter().all(Option::is_some));
    let busy = tenants.0.write(1);
    let (tell, told) = mpsc::channel();
    let late = tenants.clone();
    thread::spawn(move || tell.send(late.0.make_room(0, 0).is_err()));
    assert_eq!(told.recv_timeout(Duration::from_secs(60)), Ok(true));
    drop(busy);
}
