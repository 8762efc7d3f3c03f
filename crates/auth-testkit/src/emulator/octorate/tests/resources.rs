//! What the resources do with tokens.

use super::*;

#[tokio::test]
async fn the_two_kinds_of_token_are_not_interchangeable() {
    let (emulator, _) = start().await;
    let (property, _) = login(&emulator).await;
    let admin = admin(&emulator).await;
    let configuration = "/rest/v1/api/configuration";
    assert_eq!(
        status(&call(&emulator, "GET", "/rest/v1/demo", &admin, "").await),
        403
    );
    assert_eq!(
        status(&call(&emulator, "GET", configuration, &property, "").await),
        403
    );

    let list = r#"{"redirectUri":["https://new.example"]}"#;
    assert_eq!(
        status(&call(&emulator, "PATCH", configuration, &admin, list).await),
        200
    );
    assert_eq!(emulator.redirect_uris(), ["https://new.example"]);
    let plain = list.replace("https", "http");
    assert_eq!(
        status(&call(&emulator, "PATCH", configuration, &admin, &plain).await),
        400
    );
    emulator.configure(|knobs| knobs.environment = Environment::Production);
    assert_eq!(
        status(&call(&emulator, "PATCH", configuration, &admin, list).await),
        403
    );

    emulator.configure(|knobs| knobs.network = true);
    let created = call(&emulator, "POST", "/rest/v2/accommodation", &admin, "{}").await;
    assert!(created.contains("refresh_properties"), "{created}");
    let refresh = format!(
        "{CLIENT}&refresh_token={}",
        member(&created, "refresh_token")
    );
    assert_eq!(
        status(&ask(&emulator, &post("refresh", &refresh)).await),
        200
    );
}

#[tokio::test]
async fn resources_refuse_in_many_ways() {
    let (emulator, _) = start().await;
    let (token, _) = login(&emulator).await;
    let demo = async || call(&emulator, "GET", "/rest/v1/demo", &token, "").await;
    emulator.configure(|knobs| knobs.quota = Some(1));
    assert!(demo().await.contains("x-ratelimit-remaining: 0"));
    let reply = demo().await;
    assert_eq!(
        (status(&reply), member(&reply, "type")),
        (403, "ApiQuotaException".into())
    );
    emulator.configure(|knobs| knobs.wrong_environment = true);
    assert_eq!(member(&demo().await, "type"), "WrongEnviroment");
    emulator.configure(|knobs| knobs.sandbox_unreachable = true);
    let reply = demo().await;
    assert!(status(&reply) == 404 && reply.ends_with("\r\n\r\n"));
    assert!(emulator.revoke_access_token(&token));
    assert_eq!(status(&demo().await), 401);
}
