//! The line before an endpoint that bears few exchanges at a time.

use std::{num::NonZeroUsize, time::Duration};

use crate::{
    ExchangeLimit, TokenSource,
    sync::{
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::world::{Answer, Provider, Still, builder, give_up, number};

fn one_place() -> ExchangeLimit {
    ExchangeLimit::new(NonZeroUsize::MIN)
}

/// Two sources that share one place make one exchange at a time, and both get their token.
///
/// Caught: a place that is given although none is free; one that is not passed on; who stands in line without another look
/// whether a place came free.
#[test]
fn two_sources_share_one_place() {
    check(1, || {
        let provider = Provider::new(&Still::default(), &[Answer::Late, Answer::Late]);
        let limit = one_place();
        let source = || builder(&provider).limit(limit.clone()).build();
        let (one, two) = (source(), source());
        let other = thread::spawn(move || block_on(two.token()).map(|token| number(&token)));
        assert!(block_on(one.token()).is_ok());
        assert!(other.join().unwrap().is_ok());
        runtime::join();
        assert_eq!(provider.exchanges(), 2);
        assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
    });
}

/// Who leaves the line loses no place, not even one that was given to them while they left.
///
/// Caught: a place that is lost where whoever was given it is gone; one that is not passed on.
#[test]
fn a_place_given_to_who_leaves_goes_on() {
    check(3, || {
        let limit = one_place();
        let place = limit.try_take();
        assert!(place.is_some());
        let (leaver, waiter) = (limit.clone(), limit.clone());
        let leaves = thread::spawn(move || drop(give_up(leaver.take(Duration::ZERO))));
        let waits = thread::spawn(move || drop(block_on(waiter.take(Duration::from_secs(1)))));
        drop(place);
        leaves.join().unwrap();
        waits.join().unwrap();
        assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
    });
}
