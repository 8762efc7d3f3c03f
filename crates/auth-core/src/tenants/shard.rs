//! A part of a table: entries where their hash says, in one piece of memory that a hand can go round.

use std::{
    borrow::Borrow,
    mem,
    sync::atomic::{AtomicU32, Ordering},
};

#[cfg(test)]
mod tests;

/// The bit of a mark that says that an entry was asked for since the hand came by.
pub(super) const RECENT: u32 = 1;

/// Entries by key. Its caller hashes, once for shard and place, and gives half of the hash as the tag.
///
/// An entry stands at its home, which its tag names, or in the next place that was free. So a look-up of a million finds
/// one line of memory that is in no cache, and not one for an index and another for the entry.
pub(super) struct Shard<K, V> {
    /// A fifth or more of them free, so that a look never goes far.
    places: Box<[Option<Slot<K, V>>]>,
    count: usize,
    hand: usize,
}

struct Slot<K, V> {
    tag: u32,
    mark: AtomicU32,
    key: K,
    value: V,
}

impl<K, V> Shard<K, V> {
    pub(super) fn new() -> Self {
        Self {
            places: Box::default(),
            count: 0,
            hand: 0,
        }
    }

    /// Returns what is kept under `key`, and notes that it was asked for.
    #[inline]
    pub(super) fn find<Q: Eq + ?Sized>(&self, tag: u32, key: &Q, mark: u32) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let slot = self.places[self.position(tag, key)?].as_ref()?;
        // Most often it is noted already, and a line of memory that nobody writes is shared by all cores.
        if slot.mark.load(Ordering::Relaxed) != mark {
            slot.mark.store(mark, Ordering::Relaxed);
        }
        Some(&slot.value)
    }

    /// Adds an entry that is not there yet. It is asked for from the next time on, so that who comes once goes first; how
    /// soon the hand comes by depends on where its tag puts it.
    pub(super) fn insert(&mut self, tag: u32, key: K, value: V, mark: u32) {
        if self.places.len() < room(self.count + 1) {
            // By a quarter each time: more would be memory that a table may never need.
            self.rebuild(room(self.count + self.count / 4 + FIRST));
        }
        self.put(Slot {
            tag,
            mark: AtomicU32::new(mark & !RECENT),
            key,
            value,
        });
    }

    pub(super) fn remove<Q: Eq + ?Sized>(&mut self, tag: u32, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let at = self.position(tag, key)?;
        self.take(at)
    }

    /// Takes the entry at `at` out. Those behind it that are not at home move up, for a look ends at a gap.
    pub(super) fn take(&mut self, at: usize) -> Option<(K, V)> {
        let taken = self.places.get_mut(at)?.take()?;
        self.count -= 1;
        if self.hand == at + 1 {
            // Whoever moves up was not looked at.
            self.hand = at;
        }
        let mut gap = at;
        let mut next = self.after(at);
        while let Some(slot) = &self.places[next] {
            if self.steps(self.home(slot.tag), next) >= self.steps(gap, next) {
                self.places.swap(gap, next);
                gap = next;
            }
            next = self.after(next);
        }
        Some((taken.key, taken.value))
    }

    /// Moves the hand on to an entry that may go, by at most so many `looks`, once around at most.
    ///
    /// It is the first one that was not asked for since the hand last came by, else the first one that was.
    pub(super) fn turn(
        &mut self,
        looks: &mut usize,
        may_go: impl Fn(&mut V) -> bool,
    ) -> Option<usize> {
        let mut second = None;
        for _ in 0..self.places.len() {
            if *looks == 0 {
                break;
            }
            let at = self.hand % self.places.len();
            self.hand = at + 1;
            let Some(slot) = &mut self.places[at] else {
                continue;
            };
            *looks -= 1;
            let mark = slot.mark.get_mut();
            let recent = *mark & RECENT != 0;
            *mark &= !RECENT;
            if recent && second.is_some() || !may_go(&mut slot.value) {
                continue;
            }
            if !recent {
                return Some(at);
            }
            second = Some(at);
        }
        second
    }

    /// Takes every entry out for which `goes` says so, given its mark, and the memory that is not needed any more.
    pub(super) fn sweep(&mut self, mut goes: impl FnMut(u32, &mut V) -> bool) -> Vec<(K, V)> {
        let mut gone = Vec::new();
        let places = self.places.len();
        let free = self.places.iter().position(Option::is_none);
        // Once round against the order, from a free place, over which nobody moves: who moves up was looked at.
        for step in 1..places {
            let at = (free.unwrap_or(0) + places - step) % places;
            let Some(slot) = &mut self.places[at] else {
                continue;
            };
            if goes(*slot.mark.get_mut(), &mut slot.value) {
                gone.extend(self.take(at));
            }
        }
        if room(self.count) < self.places.len() / 4 {
            self.rebuild(room(self.count * 2));
        }
        gone
    }

    #[inline]
    fn position<Q: Eq + ?Sized>(&self, tag: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let mut at = self.home(tag);
        while let Some(slot) = self.places.get(at)? {
            if slot.tag == tag && slot.key.borrow() == key {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    /// Puts a slot where it is found. There is a free place.
    fn put(&mut self, slot: Slot<K, V>) {
        let mut at = self.home(slot.tag);
        while self.places[at].is_some() {
            at = self.after(at);
        }
        self.places[at] = Some(slot);
        self.count += 1;
    }

    /// Moves all entries to so many places. They keep their order, and the hand its place in it.
    fn rebuild(&mut self, places: usize) {
        let places = (0..places).map(|_| None).collect();
        let old = mem::replace(&mut self.places, places);
        self.hand = self.hand * self.places.len() / old.len().max(1);
        self.count = 0;
        for slot in old.into_iter().flatten() {
            self.put(slot);
        }
    }

    /// Returns where the tag's share of all tags begins.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.places.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.places.len() {
            0
        } else {
            at + 1
        }
    }

    /// Returns how far it is from one place on to another.
    fn steps(&self, from: usize, to: usize) -> usize {
        if to >= from {
            to - from
        } else {
            to + self.places.len() - from
        }
    }
}

/// How many entries a shard has room for when its first one comes.
const FIRST: usize = 4;

/// Returns how many places so many entries need.
fn room(entries: usize) -> usize {
    entries + entries.div_ceil(4)
}
