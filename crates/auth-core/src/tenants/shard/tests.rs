//! The list, its index and its hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, BuildHasherDefault},
};

use super::{RECENT, Shard, Spread};

fn shard(keys: impl IntoIterator<Item = u32>) -> Shard<u32, u32> {
    let mut shard = Shard::new();
    for key in keys {
        shard.insert(key, key, key, RECENT);
    }
    shard
}

fn evict(shard: &mut Shard<u32, u32>, may_go: impl Fn(&mut u32) -> bool) -> Option<u32> {
    let mut looks = usize::MAX;
    let at = shard.turn(&mut looks, may_go)?;
    Some(shard.take(at).0)
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
            let tag = key % tags;
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
        assert!(shard.index.is_empty() && shard.slots.capacity() == 0);
    }
}

#[test]
fn the_hand_spares_who_was_asked_for_and_takes_who_came_once_in_turn() {
    let mut shard = shard(0..8);
    shard.find(0, &0, RECENT);
    shard.find(2, &2, RECENT);
    let order: Vec<_> = (0..8).map(|_| evict(&mut shard, |_| true)).collect();
    // The last one moves into each gap, behind the hand, and waits for the next round.
    assert_eq!(order[..2], [Some(1), Some(3)]);
    let spared = order.iter().position(|key| *key == Some(0)).unwrap();
    assert!(spared >= 3, "{order:?}");
    assert_eq!(order.iter().flatten().collect::<BTreeSet<_>>().len(), 8);
}

#[test]
fn who_is_asked_for_all_the_time_stays_while_a_crowd_passes_through() {
    let mut shard = shard(0..10);
    for key in 10..1_000 {
        shard.find(3, &3, RECENT);
        let mut looks = usize::MAX;
        let at = shard.turn(&mut looks, |_| true).unwrap();
        shard.insert(key, key, key, RECENT);
        let (gone, _) = shard.take(at);
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
    let room = shard.slots.capacity();
    for key in 64..room as u32 {
        shard.insert(key, key, key, RECENT);
    }
    let quarter = room as u32 / 4;
    shard.sweep(|_, value| *value >= quarter);
    assert_eq!(shard.slots.capacity(), room);
    shard.sweep(|_, value| *value + 1 >= quarter);
    assert!(shard.slots.capacity() < room);
    let left = shard.slots.len();
    assert_eq!(left + 1, quarter as usize);
    let room = shard.slots.capacity().min(shard.index.capacity());
    assert!(room >= 2 * left, "and leaves some to those who come");
}

#[test]
fn tags_that_follow_each_other_are_spread_over_the_bits_that_a_map_looks_at() {
    let hash = |tag: u32| BuildHasherDefault::<Spread>::default().hash_one(tag);
    let low: BTreeSet<_> = (0..128).map(|tag| hash(tag) % 128).collect();
    let high: BTreeSet<_> = (0..128).map(|tag| hash(tag) >> 57).collect();
    assert!(low.len() > 64 && high.len() > 64, "{low:?} {high:?}");
}
