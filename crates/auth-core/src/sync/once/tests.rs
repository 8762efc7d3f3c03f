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
