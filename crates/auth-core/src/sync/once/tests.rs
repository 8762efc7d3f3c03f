//! Who is woken, and what is left of those who go.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::{Receiver, Wait, channel};

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn poll<T: Clone>(self: &Arc<Self>, wait: &mut Wait<T>) -> Poll<Option<T>> {
        let waker = Waker::from(Arc::clone(self));
        Pin::new(wait).poll(&mut Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A wait that stands in its place, and who is woken when it is over.
fn standing(receiver: &Receiver<u8>) -> (Wait<u8>, Arc<Count>) {
    let (mut wait, count) = (receiver.clone().wait(), Arc::default());
    assert_eq!(Count::poll(&count, &mut wait), Poll::Pending);
    (wait, count)
}

fn places(receiver: &Receiver<u8>) -> usize {
    receiver.0.waiting().places.len()
}

#[test]
fn everybody_hears_the_value_and_is_woken_once() {
    let (sender, receiver) = channel();
    let mut crowd: Vec<_> = (0..3).map(|_| standing(&receiver)).collect();
    sender.send(7);
    for (wait, count) in &mut crowd {
        assert_eq!(count.woken(), 1);
        assert_eq!(count.poll(wait), Poll::Ready(Some(7)));
    }
    let late = Arc::<Count>::default();
    assert_eq!(late.poll(&mut receiver.wait()), Poll::Ready(Some(7)));
}

#[test]
fn a_sender_that_goes_without_a_value_wakes_everybody() {
    let (sender, receiver) = channel();
    let (mut wait, count) = standing(&receiver);
    drop(sender);
    assert_eq!(count.woken(), 1);
    assert_eq!(count.poll(&mut wait), Poll::Ready(None));
    assert_eq!(count.poll(&mut receiver.wait()), Poll::Ready(None));
}

#[test]
fn whoever_polls_again_has_one_place_and_wakes_the_last_waker() {
    let (sender, receiver) = channel();
    let (mut wait, first) = standing(&receiver);
    let second = Arc::<Count>::default();
    assert_eq!(second.poll(&mut wait), Poll::Pending);
    assert_eq!(places(&receiver), 1);
    assert_eq!(Arc::strong_count(&first), 1, "the old waker is let go");
    sender.send(7);
    assert_eq!((first.woken(), second.woken()), (0, 1));
}

#[test]
fn whoever_goes_is_not_woken_and_leaves_the_place_to_the_next() {
    let (sender, receiver) = channel();
    let (stays, stayed) = standing(&receiver);
    for _ in 0..3 {
        let (goes, gone) = standing(&receiver);
        drop(goes);
        assert_eq!(Arc::strong_count(&gone), 1, "its waker is let go");
    }
    assert_eq!(places(&receiver), 2);
    let (next, came) = standing(&receiver);
    assert_eq!(places(&receiver), 2);
    sender.send(7);
    assert_eq!((stayed.woken(), came.woken()), (1, 1));
    drop((stays, next));
    assert_eq!(places(&receiver), 0);
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a bug in a waker");
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_asleep() {
    let (sender, receiver) = channel();
    let mut first = receiver.clone().wait();
    let waker = Waker::from(Arc::new(Panics));
    let polled = Pin::new(&mut first).poll(&mut Context::from_waker(&waker));
    assert_eq!(polled, Poll::Pending);
    let (_wait, count) = standing(&receiver);
    let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sender.send(7)));
    assert!(sent.is_err());
    assert_eq!(count.woken(), 1);
}

/// Notes, whenever it is woken or dropped, whether the lock is taken.
struct Free(Receiver<u8>, Arc<AtomicUsize>);

impl Free {
    fn look(&self) {
        let taken = self.0.0.waiting.try_lock().is_err();
        self.1.fetch_add(usize::from(taken), Ordering::Relaxed);
    }
}

impl Wake for Free {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl Drop for Free {
    fn drop(&mut self) {
        self.look();
    }
}

/// The last reference to a task may be its waker, and in the task another wait of this channel.
#[test]
fn no_waker_is_woken_or_dropped_under_the_lock() {
    let (sender, receiver) = channel();
    let taken = Arc::<AtomicUsize>::default();
    let poll = |wait: &mut Wait<u8>| {
        let waker = Waker::from(Arc::new(Free(receiver.clone(), Arc::clone(&taken))));
        let polled = Pin::new(wait).poll(&mut Context::from_waker(&waker));
        assert_eq!(polled, Poll::Pending);
    };
    let [mut again, mut goes, mut stays] = [(); 3].map(|()| receiver.clone().wait());
    poll(&mut again);
    poll(&mut again);
    poll(&mut goes);
    drop(goes);
    poll(&mut stays);
    sender.send(7);
    assert_eq!(taken.load(Ordering::Relaxed), 0);
}

/// Asks on the spot when it is woken.
struct Asks(Receiver<u8>, AtomicUsize);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        let mut wait = self.0.clone().wait();
        let polled = Pin::new(&mut wait).poll(&mut Context::from_waker(Waker::noop()));
        let heard = polled == Poll::Ready(Some(7));
        self.1.fetch_add(usize::from(heard), Ordering::Relaxed);
    }
}

#[test]
fn the_value_is_there_before_anybody_is_woken() {
    let (sender, receiver) = channel();
    let asks = Arc::new(Asks(receiver.clone(), AtomicUsize::new(0)));
    let mut wait = receiver.wait();
    let waker = Waker::from(Arc::clone(&asks));
    let polled = Pin::new(&mut wait).poll(&mut Context::from_waker(&waker));
    assert_eq!(polled, Poll::Pending);
    sender.send(7);
    assert_eq!(asks.1.load(Ordering::Relaxed), 1);
}
