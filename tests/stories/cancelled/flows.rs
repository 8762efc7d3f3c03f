//! Every flow of every provider, and the grants by the book, dropped after each poll.

mod oauth2;
mod octorate;
mod orgapi;
mod rator;

use std::time::Duration;

use super::scene::{Flow, dropped_everywhere};

pub(super) use self::oauth2::Book;

const DAY: Duration = Duration::from_secs(86_400);
const SECOND: Duration = Duration::from_secs(1);

macro_rules! flows {
    ($($name:ident: $start:expr, $due:expr, then $grant:literal after $life:expr;)*) => {
        vec![$(Flow {
            name: stringify!($name),
            start: || Box::pin($start),
            due: &$due,
            then: ($life, $grant),
        }),*]
    };
}
pub(super) use flows;

fn octorate() -> Vec<Flow> {
    flows! {
        login_by_code: octorate::code(), [("code", 1)], then "refresh" after DAY;
        api_login: octorate::api_login(), [("apilogin", 1)], then "apilogin" after DAY;
        configuration: octorate::configuration(), [("apilogin", 1)], then "apilogin" after DAY;
        refresh: octorate::refresh(), [("refresh", 1)], then "refresh" after DAY;
        migration: octorate::migration(), [("migrate", 1)], then "refresh" after DAY;
        new_property: octorate::new_property(),
            [("apilogin", 1), ("/connect/rest/v2/accommodation", 1), ("refresh", 1)], then "refresh" after DAY;
    }
}

#[tokio::test]
async fn octorate_loses_nothing() {
    play(octorate()).await;
}

fn orgapi() -> Vec<Flow> {
    flows! {
        client_in_header: orgapi::first(orgapi::header), [("client_credentials", 1)],
            then "refresh_token" after DAY - 10 * SECOND;
        refresh_in_header: orgapi::refresh(orgapi::header), [("refresh_token", 1)],
            then "refresh_token" after DAY - 10 * SECOND;
        client_in_query: orgapi::first(orgapi::query), [("client_credentials", 1)],
            then "refresh_token" after DAY - 10 * SECOND;
        refresh_in_query: orgapi::refresh(orgapi::query), [("refresh_token", 1)],
            then "refresh_token" after DAY - 10 * SECOND;
    }
}

#[tokio::test]
async fn the_organization_api_loses_nothing() {
    play(orgapi()).await;
}

fn rator() -> Vec<Flow> {
    flows! {
        end_user: rator::end_user(), [("password", 1)], then "refresh_token" after DAY / 2;
        operator: rator::operator(), [("operator_password", 1)], then "refresh_token" after DAY / 2;
        client: rator::client(), [("client_credentials", 1)], then "client_credentials" after DAY / 2;
        client_for_operator: rator::client_for_operator(), [("client_credentials", 1)],
            then "client_credentials" after DAY / 2;
        brand: rator::brand(), [("password", 1)], then "refresh_token" after DAY / 2;
        refresh: rator::refresh(), [("refresh_token", 1)], then "refresh_token" after DAY / 2;
        refresh_token_from_elsewhere: rator::elsewhere(), [("refresh_token", 1)], then "refresh_token" after DAY / 2;
        brand_in_the_body: rator::of_v17(), [("password", 1)], then "refresh_token" after DAY / 2;
    }
}

#[tokio::test]
async fn rator_loses_nothing() {
    play(rator()).await;
}

fn by_the_book() -> Vec<Flow> {
    flows! {
        client_credentials: oauth2::client_credentials(), [("client_credentials", 1)],
            then "client_credentials" after 300 * SECOND;
        code: oauth2::code(), [("authorization_code", 1)], then "refresh_token" after 300 * SECOND;
        refresh: oauth2::refresh(), [("refresh_token", 1)], then "refresh_token" after 300 * SECOND;
        refresh_over_a_tower_service: oauth2::over_tower(), [("refresh_token", 1)],
            then "refresh_token" after 300 * SECOND;
    }
}

#[tokio::test]
async fn the_grants_by_the_book_lose_nothing() {
    play(by_the_book()).await;
}

#[expect(clippy::future_not_send, reason = "a story is played on one thread")]
pub(super) async fn play(flows: Vec<Flow>) {
    for flow in flows {
        let met = dropped_everywhere(&flow).await;
        // The ways to the server and back alone take four waits, and the store waits too.
        assert!(
            met.polls > 8,
            "{} waits only {} times",
            flow.name,
            met.polls
        );
        assert!(
            met.unsent && met.spent,
            "{} was not dropped on both sides",
            flow.name
        );
    }
}
