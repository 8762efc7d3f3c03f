//! Ends that a server names as dates, by a clock that is minutes or years away, and the seconds that clocks repeat or
//! leave out.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_core::{Exchange, Grant};
use auth_oauth2::{ClientCredentials, Dialect, Endpoint, Expiry, PublicClient, TokenClient};
use auth_testkit::{ManualClock, ScriptedTransport};
use bytes::Bytes;
use http::Response;

use super::front::{Front, HOUR, Numbered, builder};

/// The end of 2016, which had a second more than other years.
const LEAP: u64 = 1_483_228_800;
const TEN_YEARS: u64 = 10 * 365 * 24 * 3600;

/// What a server says about its time and about the end of a token.
#[derive(Clone, Copy)]
struct Told<'a> {
    date: Option<&'a str>,
    end: &'a str,
}

/// Returns how many seconds the token lasts that was asked for when our clock showed `ours`.
async fn length(told: Told<'_>, ours: SystemTime) -> Option<u64> {
    let clock = ManualClock::new();
    clock.set_wall(ours);
    let transport = ScriptedTransport::new();
    let body = format!(r#"{{"access_token":"made-up","end":{}}}"#, told.end);
    let mut response = Response::builder().header("content-type", "application/json");
    if let Some(date) = told.date {
        response = response.header("date", date);
    }
    transport.answers(response.body(Bytes::from(body)).unwrap());
    let mut dialect = Dialect::default();
    dialect.expiry = if told.end.starts_with('"') {
        &[Expiry::Date("end")]
    } else {
        &[Expiry::UnixSeconds("end")]
    };
    let endpoint = Endpoint::parse("https://login.example/token").unwrap();
    let client = PublicClient::new("made-up").unwrap();
    let tokens = TokenClient::new(endpoint, client, Arc::new(transport), dialect);
    let exchange = Exchange::new(Arc::new(clock));
    let set = ClientCredentials::new(tokens).exchange(&exchange).await;
    let set = set.unwrap();
    let life = set.token().unwrap().lifetime()?;
    Some(life.length().as_secs())
}

fn at(unix: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(unix)
}

#[tokio::test]
async fn fault_28_an_end_counts_from_the_date_of_the_answer() {
    let end = r#""2017-01-01T01:00:00Z""#;
    let by = |date| Told { date, end };
    let (before, early, late) = (
        "Sat, 31 Dec 2016 23:59:59 GMT",
        "Sat, 31 Dec 2016 23:55:00 GMT",
        "Sun, 01 Jan 2017 00:05:00 GMT",
    );
    for ours in [
        LEAP,
        LEAP - 300,
        LEAP + 300,
        LEAP + 7_200,
        0,
        LEAP * 3,
        u64::from(u32::MAX) * 2,
    ] {
        for (date, expected) in [(before, 3_601), (early, 3_900), (late, 3_300)] {
            let found = length(by(Some(date)), at(ours)).await;
            assert_eq!(found, Some(expected), "{date}, ours {ours}");
        }
    }
    // Without one it counts from our clock; a token that had ended before it came is used until it is refused.
    for (ours, expected) in [
        (LEAP, Some(3_600)),
        (LEAP - 300, Some(3_900)),
        (LEAP + 300, Some(3_300)),
        (LEAP + 3_600, None),
        (LEAP + 300_000, None),
        (0, Some(TEN_YEARS)),
    ] {
        assert_eq!(length(by(None), at(ours)).await, expected, "ours {ours}");
    }
}

#[tokio::test]
async fn fault_28_the_second_that_a_clock_counts_twice_is_read() {
    let (leap, end) = ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:60Z");
    // Our clock is five minutes away, so the length shows by which one it was counted.
    for ours in [LEAP - 300, LEAP, LEAP + 300] {
        for (date, end, expected) in [
            (Some(leap), r#""2017-01-01T01:00:00Z""#.to_owned(), 3_601),
            (
                Some("Sat, 31 Dec 2016 23:00:00 GMT"),
                format!("\"{end}\""),
                3_599,
            ),
            (
                Some("Sat, 31 Dec 2016 23:00:00 GMT"),
                LEAP.to_string(),
                3_600,
            ),
            (Some(leap), (LEAP + 3_600).to_string(), 3_601),
        ] {
            let told = Told { date, end: &end };
            let found = length(told, at(ours)).await;
            assert_eq!(found, Some(expected), "{date:?} {end}, ours {ours}");
        }
    }
}

#[tokio::test]
async fn fault_17_an_end_in_136_years_or_never_is_one_in_ten() {
    let date = Some("Sun, 01 Jan 2017 00:00:00 GMT");
    for end in [
        r#""2153-01-01T00:00:00Z""#,
        r#""9999-12-31T23:59:59Z""#,
        "4294967295000",
        "18446744073709551615",
        "1e308",
    ] {
        let found = length(Told { date, end }, at(LEAP)).await;
        assert_eq!(found, Some(TEN_YEARS), "{end}");
    }
    for end in [
        r#""1583-01-01T00:00:00Z""#,
        "-9223372036854775808",
        "-1e308",
        "0",
    ] {
        assert_eq!(length(Told { date, end }, at(LEAP)).await, None, "{end}");
    }
}

#[tokio::test]
async fn fault_42_a_second_that_is_repeated_or_left_out_changes_nothing() {
    let second = Duration::from_secs(1);
    let jumps: [fn(&ManualClock); 2] = [
        |clock| clock.turn_wall_back(Duration::from_secs(1)),
        |clock| clock.advance_wall_only(Duration::from_secs(1)),
    ];
    for (row, jump) in jumps.into_iter().enumerate() {
        let (clock, grant) = (ManualClock::new(), Numbered::new(HOUR));
        clock.set_wall(at(LEAP - 1_800));
        let mut front = Front::new(&builder(&grant, &clock).build());
        for passed in 0..HOUR.as_secs() - 301 {
            if passed == 1_800 {
                jump(&clock);
            }
            assert_eq!(front.sends().await, "t-1", "row {row}, {passed} s");
            clock.advance(second);
        }
        assert_eq!(grant.calls(), 1, "row {row}");
        clock.advance(301 * second);
        assert_eq!(front.sends().await, "t-2", "row {row}");
    }
}
