use std::time::Duration;

use auth_core::{ErrorKind, Grant};

use super::{BARE, Fails, REFUSED, held};
use crate::{
    ClientCredentials, ClientWatch, Dialect, OnRefusedClient, OrElse, RefreshToken,
    scripted::{Script, Stopped},
};

#[tokio::test]
async fn a_refresh_that_is_refused_to_the_client_gives_way_where_told_so() {
    use OnRefusedClient::{Fail, Other};

    let client = r#"{"error":"invalid_client"}"#;
    for (status, body, told, sent) in [
        (401, client, Fail, 1),
        (401, client, Other, 2),
        (400, r#"{"error":"unauthorized_client"}"#, Other, 2),
        (400, r#"{"error":"invalid_request"}"#, Other, 1),
        (503, client, Other, 1),
    ] {
        let script = Script::default().reply(status, body).reply(200, BARE);
        let client = script.client(Dialect::default());
        let refresh = RefreshToken::new(client.clone());
        let grant = OrElse::new(refresh, ClientCredentials::new(client)).on_refused_client(told);
        let outcome = grant.exchange(&held(&Stopped::default())).await;
        assert_eq!(script.sent().len(), sent, "{status} {body}");
        assert_eq!(outcome.is_ok(), sent == 2, "{status} {body}");
    }
    let script = Script::default().reply(401, client);
    let refresh = RefreshToken::new(script.client(Dialect::default()));
    let grant = OrElse::new(refresh, Fails(ErrorKind::LoginRequired)).on_refused_client(Other);
    let outcome = grant.exchange(&held(&Stopped::default())).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::LoginRequired);
}

#[tokio::test]
async fn one_login_that_ended_never_makes_the_client_suspect() {
    for (many, suspect) in [
        (0, [false, true]),
        (1, [false, true]),
        (2, [false, true]),
        (3, [false; 2]),
    ] {
        let watch = ClientWatch::new(many, Duration::from_secs(60));
        for (account, suspect) in ["one", "two"].into_iter().zip(suspect) {
            let script = Script::default().reply(400, REFUSED);
            let grant = watch.over(
                account,
                RefreshToken::new(script.client(Dialect::default())),
            );
            let error = grant
                .exchange(&held(&Stopped::default()))
                .await
                .unwrap_err();
            let code = error.code() == Some("client_credentials_suspected");
            assert_eq!(code, suspect, "{many} {account}");
        }
    }
    let watch = ClientWatch::new(2, Duration::from_secs(60));
    for account in ["one", "two"] {
        let script = Script::default().reply(400, REFUSED);
        let grant = watch.over(
            account,
            RefreshToken::new(script.client(Dialect::default())),
        );
        let error = grant
            .exchange(&held(&Stopped::default()))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("invalid_grant"), "{account}");
        watch.succeeded();
    }
}
