use std::{fmt, time::Duration};

use async_trait::async_trait;
use auth_core::{
    Error, ErrorKind, Exchange, Grant, Lifetime, Secret, Sent, Token, TokenSet, Transport,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

use super::rejects;
use crate::{
    ScriptedTransport,
    contract::{GrantFixture, Issued, grant},
};

const SECRET: &str = "planted-client-secret";

#[tokio::test]
async fn accepts_an_honest_grant() {
    grant(&Fixture(Flaw::None)).await;
    grant(&Fixture(Flaw::Reuses)).await;
}

#[tokio::test]
async fn rejects_each_flaw() {
    let flaws = [
        ("complete", Flaw::OtherToken),
        ("complete", Flaw::ForgetsAccess),
        ("keeps_refresh", Flaw::DropsRefresh),
        ("keeps_refresh", Flaw::KeepsSpentRefresh),
        ("rotates", Flaw::DeniesRotation),
        ("lifetime", Flaw::CountsFromReply),
        ("once", Flaw::Retries),
        ("sent", Flaw::ForgetsSent),
        ("refusals", Flaw::BlamesConfiguration),
        ("garbage", Flaw::GarbageEndsLogin),
        ("unavailable", Flaw::TroubleIsProtocol),
        ("secrecy", Flaw::ShowsSecret),
        ("secrecy", Flaw::QuotesBody),
    ];
    let mut wrong = Vec::new();
    for (clause, flaw) in flaws {
        let suite = async move { grant(&Fixture(flaw)).await };
        wrong.extend(rejects(clause, flaw, suite).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    Reuses,
    OtherToken,
    ForgetsAccess,
    DropsRefresh,
    KeepsSpentRefresh,
    DeniesRotation,
    CountsFromReply,
    Retries,
    ForgetsSent,
    BlamesConfiguration,
    GarbageEndsLogin,
    TroubleIsProtocol,
    ShowsSecret,
    QuotesBody,
}

struct Fixture(Flaw);

impl GrantFixture for Fixture {
    type Grant = Refresh;

    fn grant(&self, transport: ScriptedTransport) -> Refresh {
        Refresh {
            flaw: self.0,
            transport,
        }
    }

    fn reply(&self, issued: Issued<'_>) -> Response<Bytes> {
        let mut body = serde_json::json!({
            "access_token": issued.access,
            "expires_in": issued.lifetime.as_secs(),
        });
        if let (Some(refresh), false) = (issued.refresh, self.0 == Flaw::Reuses) {
            body["refresh_token"] = refresh.into();
        }
        Response::new(body.to_string().into())
    }

    fn keeps_refresh(&self) -> bool {
        self.0 != Flaw::KeepsSpentRefresh
    }

    fn refusals(&self) -> Vec<(Response<Bytes>, ErrorKind)> {
        let mut response = Response::new(Bytes::from_static(b"{\"error\":\"invalid_grant\"}"));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        vec![(response, ErrorKind::LoginRequired)]
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::from(SECRET)]
    }
}

/// A small refresh grant that does everything right, but for its flaw.
struct Refresh {
    flaw: Flaw,
    transport: ScriptedTransport,
}

impl Refresh {
    async fn send(&self, body: &str) -> Result<Response<Bytes>, Error> {
        let request = Request::post("https://id.example/token");
        let request = request
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        self.transport.send(request).await
    }

    fn refusal(&self, status: StatusCode, body: &[u8]) -> Error {
        let flaw = self.flaw;
        let said = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let ended = said["error"] == "invalid_grant";
        let kind = match status.as_u16() {
            429 | 500.. if flaw == Flaw::TroubleIsProtocol => ErrorKind::Protocol,
            429 | 500.. => ErrorKind::Unavailable,
            _ if flaw == Flaw::GarbageEndsLogin => ErrorKind::LoginRequired,
            _ if flaw == Flaw::BlamesConfiguration => ErrorKind::Configuration,
            _ if ended => ErrorKind::LoginRequired,
            _ => ErrorKind::Protocol,
        };
        let text = match flaw {
            Flaw::QuotesBody => String::from_utf8_lossy(body).into_owned(),
            _ => "the server refused".into(),
        };
        Error::new(kind, text).with_status(status)
    }
}

#[async_trait]
impl Grant for Refresh {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let refresh = ctx.refresh_token().unwrap();
        let body = format!("client_secret={SECRET}&refresh_token={}", refresh.expose());
        let mut asked = ctx.clock.now();
        let mut answer = self.send(&body).await;
        if answer.is_err() && self.flaw == Flaw::Retries {
            answer = self.send(&body).await;
        }
        let answer = answer.map_err(|error| match self.flaw {
            Flaw::ForgetsSent => error.with_sent(Sent::Answered),
            _ => error,
        })?;
        if self.flaw == Flaw::CountsFromReply {
            asked = ctx.clock.now();
        }
        let said = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
        let (Some(access), StatusCode::OK) = (said["access_token"].as_str(), answer.status())
        else {
            return Err(self.refusal(answer.status(), answer.body()));
        };
        let access = match self.flaw {
            Flaw::OtherToken => "another",
            _ => access,
        };
        let life = Duration::from_secs(said["expires_in"].as_u64().unwrap_or(60));
        let token = Token::bearer(Secret::from(access))
            .map_err(|error| error.with_status(answer.status()))?
            .with_lifetime(Lifetime::new(asked, life));
        let next = match said["refresh_token"].as_str() {
            Some(next) => Some(Secret::from(next)),
            None if self.flaw == Flaw::DropsRefresh => None,
            None => Some(refresh.clone()),
        };
        if self.flaw == Flaw::ForgetsAccess {
            return Ok(TokenSet::login(refresh.clone()));
        }
        Ok(TokenSet::new(token).with_refresh(next))
    }

    fn rotates(&self) -> bool {
        !matches!(self.flaw, Flaw::DeniesRotation | Flaw::Reuses)
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.flaw == Flaw::ShowsSecret {
            SECRET
        } else {
            "Refresh"
        })
    }
}
