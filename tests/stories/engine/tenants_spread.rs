//! Tokens that were issued together and are not renewed together.

use std::time::Duration;

use auth_core::{Held, Peek, Policy, TokenSet, TokenSource};
use auth_testkit::{ManualClock, ScriptedGrant, token};

use super::{builder, seconds};

const TENANTS: usize = 10_000;

#[tokio::test]
async fn renewals_of_tokens_issued_in_one_instant_are_spread_and_never_late() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.always(|ctx| Ok(TokenSet::new(token("access", seconds(300), &ctx.clock))));
    let mut sources = Vec::new();
    for _ in 0..TENANTS {
        let source = builder(&grant, &clock).policy(Policy::default()).build();
        source.warm_up().await.unwrap();
        sources.push((source, Held::new()));
    }
    // A fifth of 5 min before the end, and up to a tenth of that earlier.
    let (first, last, step) = (seconds(234), seconds(240), Duration::from_millis(100));
    clock.advance(first - step);
    let mut counts = Vec::new();
    for passed in 0.. {
        let before = sources.len();
        // Who was told to renew is done.
        sources.retain_mut(|(source, held)| source.peek(held) != Peek::Renew);
        counts.push(before - sources.len());
        if first + step * passed >= last + step {
            break;
        }
        clock.advance(step);
    }
    assert_eq!(counts[0], 0, "nobody is earlier than the policy says");
    assert!(sources.is_empty(), "{} are late", sources.len());
    // Evenly, it would be 167 in each tenth of a second; chance alone does not double that.
    let busiest = *counts.iter().max().unwrap();
    assert!(busiest < 334, "{busiest} in one instant");
    let by_second: Vec<usize> = counts[1..61]
        .chunks(10)
        .map(|ten| ten.iter().sum())
        .collect();
    assert!(
        by_second.iter().all(|count| (1_300..2_050).contains(count)),
        "{by_second:?}"
    );
}
