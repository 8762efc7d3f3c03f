//! A part of a table: a list with an index, so that a hand can go round it.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::atomic::{AtomicU32, Ordering},
};

#[cfg(test)]
mod tests;

/// The bit of a mark that says that an entry was asked for since the hand came by.
pub(super) const RECENT: u32 = 1;

/// Ends a chain. No list is so long.
const NONE: u32 = u32::MAX;

/// Entries by key. Its caller hashes, once for shard and index, and gives half of the hash as the tag.
pub(super) struct Shard<K, V> {
    slots: Vec<Slot<K, V>>,
    /// Where the chain of the entries with a tag begins. Nearly every chain has one link.
    index: HashMap<u32, u32, BuildHasherDefault<Spread>>,
    hand: usize,
}

struct Slot<K, V> {
    tag: u32,
    next: u32,
    mark: AtomicU32,
    key: K,
    value: V,
}

impl<K, V> Shard<K, V> {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            index: HashMap::default(),
            hand: 0,
        }
    }

    /// Returns what is kept under `key`, and notes that it was asked for.
    #[inline]
    pub(super) fn find<Q: Eq + ?Sized>(&self, tag: u32, key: &Q, mark: u32) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let slot = &self.slots[self.position(tag, key)?];
        // Most often it is noted already, and a line of memory that nobody writes is shared by all cores.
        if slot.mark.load(Ordering::Relaxed) != mark {
            slot.mark.store(mark, Ordering::Relaxed);
        }
        Some(&slot.value)
    }

    /// Adds an entry that is not there yet. It is asked for from the next time on, so that who comes once goes first.
    pub(super) fn insert(&mut self, tag: u32, key: K, value: V, mark: u32) {
        let at = u32::try_from(self.slots.len())
            .ok()
            .filter(|at| *at != NONE)
            .expect("a table has fewer entries than a chain can tell apart");
        let next = self.index.insert(tag, at).unwrap_or(NONE);
        self.slots.push(Slot {
            tag,
            next,
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
        Some(self.take(at))
    }

    /// Takes the entry at `at` out. The last one comes to stand there.
    pub(super) fn take(&mut self, at: usize) -> (K, V) {
        let last = self.slots.len() - 1;
        let (tag, next) = (self.slots[at].tag, self.slots[at].next);
        self.redirect(tag, at, next);
        if at != last {
            self.redirect(self.slots[last].tag, last, at as u32);
        }
        let slot = self.slots.swap_remove(at);
        (slot.key, slot.value)
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
        for _ in 0..self.slots.len().min(*looks) {
            *looks -= 1;
            let at = self.hand % self.slots.len();
            self.hand = at + 1;
            let slot = &mut self.slots[at];
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
        // From the end, so that what comes to stand in a gap was looked at before.
        for at in (0..self.slots.len()).rev() {
            let slot = &mut self.slots[at];
            if goes(*slot.mark.get_mut(), &mut slot.value) {
                gone.push(self.take(at));
            }
        }
        if self.slots.len() < self.slots.capacity() / 4 {
            self.slots.shrink_to(self.slots.len() * 2);
            self.index.shrink_to(self.slots.len() * 2);
        }
        gone
    }

    #[inline]
    fn position<Q: Eq + ?Sized>(&self, tag: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let mut at = *self.index.get(&tag)? as usize;
        while let Some(slot) = self.slots.get(at) {
            if slot.key.borrow() == key {
                return Some(at);
            }
            at = slot.next as usize;
        }
        None
    }

    /// Lets whoever points to `from` in the chain of `tag` point to `to`.
    fn redirect(&mut self, tag: u32, from: usize, to: u32) {
        let Some(first) = self.index.get_mut(&tag) else {
            return;
        };
        let mut at = *first as usize;
        if at == from {
            if to == NONE {
                self.index.remove(&tag);
            } else {
                *first = to;
            }
            return;
        }
        while let Some(slot) = self.slots.get_mut(at) {
            at = slot.next as usize;
            if at == from {
                slot.next = to;
                return;
            }
        }
    }
}

/// Spreads a tag, which is half of a good hash, over the bits that a map of the standard library looks at.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, tag: u32) {
        // Odd, with bits all over: the golden ratio.
        self.0 = (self.0 ^ u64::from(tag)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
