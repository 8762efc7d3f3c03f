//! The places and the hand.

use std::collections::{BTreeMap, BTreeSet};

use super::{RECENT, Shard, room};

fn shard(keys: impl IntoIterator<Item = u32>) -> Shard<u32, u32> {
    let mut shard = Shard::new();
    for key in keys {
        // So few have the first place for their home, and stand behind it as they come.
        shard.insert(key, key, key, RECENT);
    }
    shard
}

fn evict(shard: &mut Shard<u32, u32>, may_go: impl Fn(&mut u32) -> bool) -> Option<u32> {
    let mut looks = usize::MAX;
    let at = shard.turn(&mut looks, may_go)?;
    shard.take(at).map(|(key, _)| key)
}

/// Numbers that look random and are the same in each run.
fn dice(state: &mut u64, sides: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    (*state >> 33) % sides
}

#[test]
fn it_keeps_what_a_map_keeps_although_tags_collide() {
    // One tag for all, a few, and one for each.
    for tags in [1, 7, u32::MAX] {
        let (mut shard, mut map, mut state) = (Shard::new(), BTreeMap::new(), 7);
        for step in 0..5_000_u32 {
            let key = dice(&mut state, 100) as u32;
            let tag = (key % tags).wrapping_mul(0x9E37_79B9);
            match dice(&mut state, 3) {
                0 => {
                    let removed = shard.remove(tag, &key).map(|(_, value)| value);
                    assert_eq!(removed, map.remove(&key));
                }
                1 if !map.contains_key(&key) => {
                    shard.insert(tag, key, step, 0);
                    map.insert(key, step);
                }
                _ => assert_eq!(shard.find(tag, &key, RECENT), map.get(&key)),
            }
        }
        let left: BTreeSet<_> = shard.sweep(|_, _| true).into_iter().collect();
        assert_eq!(left, map.into_iter().collect());
        assert!(shard.count == 0 && shard.places.is_empty());
    }
}

#[test]
fn the_hand_spares_who_was_asked_for_and_takes_who_came_once_in_turn() {
    let mut shard = shard(0..8);
    shard.find(0, &0, RECENT);
    shard.find(2, &2, RECENT);
    let order: Vec<_> = (0..8).map(|_| evict(&mut shard, |_| true)).collect();
    assert_eq!(order, [1, 3, 4, 5, 6, 7, 0, 2].map(Some));
}

#[test]
fn who_is_asked_for_all_the_time_stays_while_a_crowd_passes_through() {
    let mut shard = shard(0..10);
    for key in 10..1_000 {
        shard.find(3, &3, RECENT);
        let mut looks = usize::MAX;
        let at = shard.turn(&mut looks, |_| true).unwrap();
        let (gone, _) = shard.take(at).unwrap();
        shard.insert(key, key, key, RECENT);
        assert_ne!(gone, 3);
        assert!(gone + 25 > key, "{gone} was idle for long when {key} came");
    }
}

#[test]
fn where_all_were_asked_for_the_first_goes_that_may() {
    let mut shard = shard(0..4);
    for key in 0..4 {
        shard.find(key, &key, RECENT);
    }
    assert_eq!(evict(&mut shard, |value| *value > 1), Some(2));
    assert_eq!(evict(&mut shard, |_| false), None);
}

#[test]
fn the_hand_looks_no_oftener_than_it_was_told_and_goes_on_from_there() {
    let mut shard = shard(0..100);
    let mut looks = 30;
    assert_eq!(shard.turn(&mut looks, |value| *value == 50), None);
    assert_eq!(looks, 0);
    assert_eq!(shard.turn(&mut 30, |value| *value == 50), Some(50));
}

#[test]
fn a_sweep_is_told_the_mark_of_each() {
    let mut shard = shard(0..4);
    shard.find(1, &1, 5);
    let mut gone = shard.sweep(|mark, _| mark == 0);
    gone.sort_unstable();
    assert_eq!(gone, [(0, 0), (2, 2), (3, 3)]);
    assert_eq!(shard.find(1, &1, 5), Some(&1));
}

#[test]
fn who_was_asked_for_once_is_spared_once() {
    let mut shard = shard(0..3);
    shard.find(0, &0, RECENT);
    let turns = [(); 3].map(|()| shard.turn(&mut 3, |_| true));
    assert_eq!(turns, [Some(1), Some(2), Some(0)]);
}

#[test]
fn a_sweep_gives_memory_back_once_less_than_a_quarter_is_in_use() {
    let mut shard = shard(0..64);
    let places = shard.places.len();
    let few = (0..64).rev().find(|few| room(*few) < places / 4).unwrap() as u32;
    shard.sweep(|_, value| *value > few);
    assert_eq!(shard.places.len(), places);
    shard.sweep(|_, value| *value >= few);
    assert_eq!(shard.count, few as usize);
    assert!(shard.places.len() < places);
    assert_eq!(
        shard.places.len(),
        room(2 * shard.count),
        "and leaves some to those who come"
    );
    assert!((0..few).all(|key| shard.find(key, &key, 0) == Some(&key)));
}

#[test]
fn a_shard_that_grows_takes_no_more_than_it_may_need_soon() {
    let (mut shard, mut grown) = (Shard::new(), 0);
    for key in 0..5_000_u32 {
        let before = shard.places.len();
        shard.insert(key.wrapping_mul(0x9E37_79B9), key, key, 0);
        let (places, count) = (shard.places.len(), shard.count);
        assert!(before == places || before < room(count), "before it must");
        grown += u32::from(before != places);
        assert!(places >= room(count), "{places} for {count}");
        assert!(
            count < 32 || places * 10 <= count * 18,
            "{places} for {count}"
        );
    }
    assert!(grown < 40, "it was moved {grown} times");
}

#[test]
fn the_hand_keeps_its_place_where_a_shard_grows() {
    let tag = |key: u32| key << 24;
    for seen in [40, 100, 160] {
        let mut shard = Shard::new();
        for key in 0..200 {
            shard.insert(tag(key), key, key, 0);
        }
        let mut looks = seen as usize;
        assert_eq!(shard.turn(&mut looks, |_| false), None);
        let places = shard.places.len();
        let mut key = 0;
        while shard.places.len() == places {
            shard.insert(tag(255), 1_000 + key, 0, 0);
            key += 1;
        }
        let next = shard.turn(&mut 1_000, |_| true).unwrap();
        let next = shard.take(next).unwrap().0;
        let near = seen - 5..seen + 5;
        assert!(near.contains(&next), "{next} after {}", seen - 1);
    }
}

#[test]
fn whoever_goes_the_others_are_found() {
    // All the homes that four can have in five places, those at the end with the first ones behind them.
    for homes in 0..5_u64.pow(4) {
        let home = |key| homes / 5_u64.pow(key) % 5;
        let tag = |key| ((home(key) << 32) / 5 + 1) as u32;
        for gone in 0..4 {
            let mut shard = Shard::new();
            for key in 0..4 {
                shard.insert(tag(key), key, key, 0);
            }
            assert_eq!(shard.places.len(), 5);
            assert_eq!(shard.remove(tag(gone), &gone), Some((gone, gone)));
            for key in 0..4 {
                let left = (key != gone).then_some(&key);
                assert_eq!(shard.find(tag(key), &key, 0), left, "{homes}");
            }
        }
    }
}

#[test]
fn who_moves_up_behind_the_hand_is_looked_at() {
    let mut shard = shard(0..4);
    let gone: Vec<_> = (0..4).map(|_| evict(&mut shard, |_| true)).collect();
    assert_eq!(gone, [0, 1, 2, 3].map(Some));
}

#[test]
fn a_sweep_asks_for_every_entry_where_a_cluster_goes_over_the_end() {
    // Of five places, the entries whose home is the fourth and the fifth: one stands in the first for want of room.
    let tag = |home: u32| (u32::MAX / 5 + 1) * home;
    let entries = [(tag(3), 'x'), (tag(3), 'a'), (tag(4), 'b')];
    for gone in ["", "x", "a", "b", "xa", "xb", "ab", "xab"] {
        let mut shard = Shard::new();
        for (tag, key) in entries {
            shard.insert(tag, key, key, RECENT);
        }
        assert_eq!(shard.places.len(), 5);
        assert_eq!(shard.places[0].as_ref().map(|slot| slot.key), Some('b'));
        let swept = shard.sweep(|_, key| gone.contains(*key));
        let swept: BTreeSet<char> = swept.into_iter().map(|(key, _)| key).collect();
        assert_eq!(swept, gone.chars().collect());
        for (tag, key) in entries {
            let left = shard.find(tag, &key, RECENT).is_some();
            assert_eq!(left, !gone.contains(key));
        }
    }
}
