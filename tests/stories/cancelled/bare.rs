//! Work that belongs to its caller: it ends with the caller, and what it has sent by then may have been processed.

use std::{future::Future, pin::Pin, sync::Arc};

use auth_core::{Error, ErrorKind, Exchange, Grant, TokenSet, Transport, send_with};
use auth_oauth2::{AuthorizationCodeGrant, ClientCredentials};
use auth_tower::TowerTransport;
use bytes::Bytes;
use http::{Request, StatusCode};

use super::{
    MOST, drop_after, ends,
    flows::Book,
    idle,
    layer::{Before, World},
    scene::{Issuer, in_order},
    stepped::{STEPS, SteppedClient},
    tasks, until_tasks,
};

/// An exchange that is made without an engine, and what a second one must come to. `Ok` is a login that goes on.
type Bare = fn(&Book) -> Box<dyn Grant>;

const GRANTS: [(&str, Bare); 3] = [
    ("client_credentials", |book| {
        Box::new(ClientCredentials::new(book.client()))
    }),
    ("refresh_token", |book| Box::new(book.grant())),
    ("authorization_code", |book| {
        Box::new(AuthorizationCodeGrant::new(book.client(), book.approved()))
    }),
];

#[tokio::test]
async fn an_exchange_without_the_engine_ends_with_its_caller() {
    for (name, grant) in GRANTS {
        for polls in 0..MOST {
            let at = format!("{name}, dropped after poll {polls}");
            let book = Book::start().await;
            let grant = grant(&book);
            let mut ctx = Exchange::new(Arc::new(book.stage.clock.clone()));
            ctx.previous = grant.initial().map(TokenSet::login);
            let idle = idle().await;
            let outcome = drop_after(polls, grant.exchange(&ctx)).await;
            // Nothing is left behind that goes on without the caller.
            assert_eq!(tasks(), idle, "{at}");
            let arrived = book.emulator.ledger().count(name);
            assert_eq!(arrived, usize::from(polls > STEPS), "{at}");
            if let Some(outcome) = outcome {
                outcome.unwrap();
                break;
            }
            let again = ends(grant.exchange(&ctx), &at).await;
            judge(name, (polls > 0, arrived > 0), again.err(), &book, &at);
        }
    }
}

/// Judges a second exchange with the same grant by what is promised of it.
fn judge(name: &str, (begun, arrived): (bool, bool), again: Option<Error>, book: &Book, at: &str) {
    let codes = book.emulator.ledger().count("authorization_code");
    match name {
        // A code is given up with its exchange, and is never sent twice.
        "authorization_code" if begun => {
            let error = again.expect("the code is used up");
            assert_eq!(error.kind(), ErrorKind::LoginRequired, "{at}");
            assert_eq!(codes, usize::from(arrived), "{at}");
        }
        // The server spent it, and says so. Only the engine can keep a login from this.
        "refresh_token" if arrived => {
            let error = again.expect("the refresh token is spent");
            assert_eq!(error.kind(), ErrorKind::LoginRequired, "{at}");
        }
        _ => {
            assert!(again.is_none(), "{at}: {again:?}");
            in_order(book.emulator.ledger(), at);
        }
    }
}

#[tokio::test]
async fn a_transport_over_a_service_leaves_nothing_behind() {
    for polls in 0..MOST {
        let at = format!("a transport, dropped after poll {polls}");
        let book = Book::start().await;
        let clock = &book.stage.clock;
        let service = SteppedClient::new(book.emulator.way());
        let transport = TowerTransport::new(service).clock(Arc::new(clock.clone()));
        let request = || {
            let request = Request::get(book.emulator.authorize_url());
            request.body(Bytes::new()).unwrap()
        };
        let idle = idle().await;
        let outcome = drop_after(polls, transport.send(request())).await;
        // Neither a task nor a timer.
        assert_eq!((tasks(), clock.sleepers()), (idle, 0), "{at}");
        let arrived = book.emulator.ledger().requests();
        let answer = ends(transport.send(request()), &at).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{at}");
        assert_eq!(book.emulator.ledger().requests(), arrived + 1, "{at}");
        if outcome.is_some() {
            assert!(polls > 2 * STEPS + 2);
            return;
        }
    }
    panic!("it does not end");
}

/// The call belongs to its caller, the token to the source.
#[tokio::test]
async fn a_call_with_a_token_ends_with_its_caller_and_the_exchange_does_not() {
    let table = [
        (Before::Nothing, 1),
        (Before::DeadToken, 1),
        (Before::NothingGood, 2),
    ];
    for (before, due) in table {
        for polls in 1..MOST {
            let at = format!("{before:?}, dropped after poll {polls}");
            let world = World::start(before).await;
            let book = &world.book;
            let (idle, sent) = (idle().await, book.emulator.ledger().requests());
            let outcome = drop_after(polls, call(&world)).await;
            until_tasks(idle, &at).await;
            let mut later = false;
            for _ in 0..2 {
                let status = ends(call(&world), &at).await.unwrap();
                later = later || status == StatusCode::OK;
            }
            assert!(later, "{at}: wedged");
            assert_eq!(book.emulator.ledger().requests() - sent, due, "{at}");
            in_order(book.emulator.ledger(), &at);
            if let Some(outcome) = outcome {
                assert_eq!(outcome.unwrap(), StatusCode::OK);
                break;
            }
        }
    }
}

fn call(world: &World) -> Pin<Box<dyn Future<Output = Result<StatusCode, Error>>>> {
    let way = world.resource.server().in_memory().steps(STEPS);
    let (source, request) = (world.source.clone(), world.request(Bytes::new)());
    Box::pin(async move {
        let answer = send_with(&source, &way, request).await?;
        Ok(answer.status())
    })
}
