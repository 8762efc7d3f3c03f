//! The line, without an engine around it.

use std::{
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{ExchangeLimit, Place};

type Wait<'a> = Pin<Box<dyn Future<Output = Place> + 'a>>;

fn of(most: usize) -> ExchangeLimit {
    ExchangeLimit::new(NonZeroUsize::new(most).unwrap())
}

fn polled(wait: &mut Wait<'_>) -> Option<Place> {
    match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(place) => Some(place),
        Poll::Pending => None,
    }
}

/// Stands in line with a need at this second.
fn join(limit: &ExchangeLimit, second: u64) -> Wait<'_> {
    let mut wait: Wait<'_> = Box::pin(limit.take(Duration::from_secs(second)));
    assert!(polled(&mut wait).is_none());
    wait
}

#[test]
fn there_are_as_many_places_as_were_named() {
    let limit = of(2);
    let (first, second) = (limit.try_take().unwrap(), limit.try_take().unwrap());
    assert!(limit.try_take().is_none());
    assert_eq!(limit.in_flight(), 2);
    drop(first);
    assert!(limit.try_take().is_some(), "and it comes back at once");
    drop(second);
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
}

#[test]
fn a_place_goes_to_the_earliest_need_and_among_equals_to_whom_came_first() {
    let limit = of(1);
    let mut place = limit.try_take();
    let needs = [7, 3, 9, 3, 0];
    let mut waits: Vec<_> = needs.iter().map(|second| join(&limit, *second)).collect();
    assert_eq!(limit.waiting(), 5);
    let mut served = Vec::new();
    for _ in needs {
        drop(place.take());
        assert!(limit.try_take().is_none(), "nobody slips in between");
        for (number, wait) in waits.iter_mut().enumerate() {
            if served.contains(&number) {
                continue;
            }
            if let Some(got) = polled(wait) {
                served.push(number);
                assert!(place.replace(got).is_none(), "two had the only place");
            }
        }
    }
    assert_eq!(served, [4, 1, 3, 0, 2]);
}

#[test]
fn who_leaves_the_line_is_not_waited_for_and_takes_no_place_along() {
    let limit = of(1);
    let place = limit.try_take();
    let (early, mut late) = (join(&limit, 1), join(&limit, 2));
    let given = join(&limit, 0);
    drop(early);
    assert_eq!(limit.waiting(), 2);
    // It was given the place and goes without ever looking.
    drop(place);
    drop(given);
    assert!(polled(&mut late).is_some());
    drop(late);
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
}
