use std::{
    io::{Error as IoError, ErrorKind as IoKind},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, MAX_BODY, Sent, Transport};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::rejects;
use crate::contract::{TransportFixture, transport};

#[tokio::test]
async fn accepts_an_honest_transport() {
    accepted(Flaw::None).await;
}

#[tokio::test]
async fn accepts_a_blind_transport_where_it_is_called_blind() {
    let client = |flaw| Client {
        flaw,
        limit: Duration::from_secs(60),
    };
    let blind = move |flaw| TransportFixture::new(client(flaw)).blind();
    transport(&blind(Flaw::AlwaysMaybe)).await;
    let suite = async move { transport(&blind(Flaw::AlwaysAnswered)).await };
    let wrong = rejects("not_sent", Flaw::AlwaysAnswered, suite).await;
    assert_eq!(wrong, None);
}

#[tokio::test]
async fn rejects_each_flaw() {
    let flaws = [
        ("intact", Flaw::LosesQuery),
        ("intact", Flaw::LosesHeader),
        ("intact", Flaw::DoublesHeader),
        ("identity", Flaw::AsksForGzip),
        ("no_traces", Flaw::AddsReferer),
        ("no_traces", Flaw::AddsCookie),
        ("any_status", Flaw::FailsOn400),
        ("redirects", Flaw::Follows),
        ("largest_body", Flaw::LowLimit),
        ("body_limit", Flaw::HighLimit),
        ("not_sent", Flaw::AlwaysMaybe),
        ("lost", Flaw::AlwaysNo),
        ("lost", Flaw::AcceptsHalf),
        ("once", Flaw::Retries),
        ("deadline", Flaw::Patient),
        ("configuration", Flaw::ConfigurationIsUnavailable),
        ("unavailable", Flaw::NetworkIsProtocol),
        ("no_address", Flaw::NamesAddress),
    ];
    let mut wrong = Vec::new();
    for (clause, flaw) in flaws {
        wrong.extend(rejects(clause, flaw, accepted(flaw)).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn accepted(flaw: Flaw) {
    let client = |limit| Client {
        flaw,
        limit: Duration::from_millis(limit),
    };
    let fixture = TransportFixture::new(client(60_000))
        .impatient(client(if flaw == Flaw::Patient { 60_000 } else { 50 }))
        .patience(Duration::from_secs(if flaw == Flaw::Patient {
            1
        } else {
            10
        }));
    transport(&fixture).await;
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    LosesQuery,
    LosesHeader,
    DoublesHeader,
    AsksForGzip,
    AddsReferer,
    AddsCookie,
    FailsOn400,
    Follows,
    LowLimit,
    HighLimit,
    AlwaysMaybe,
    AlwaysAnswered,
    AlwaysNo,
    AcceptsHalf,
    Retries,
    Patient,
    ConfigurationIsUnavailable,
    NetworkIsProtocol,
    NamesAddress,
}

/// A small HTTP/1.1 client, one connection for each request, that does everything right, but for its flaw.
struct Client {
    flaw: Flaw,
    limit: Duration,
}

impl Client {
    fn error(&self, kind: ErrorKind, sent: Sent, uri: &Uri) -> Error {
        let text = match self.flaw {
            Flaw::NamesAddress => format!("no answer from {uri}"),
            _ => "there is no complete answer; try again later".into(),
        };
        let sent = match self.flaw {
            Flaw::AlwaysMaybe if kind != ErrorKind::Configuration => Sent::Maybe,
            Flaw::AlwaysAnswered => Sent::Answered,
            Flaw::AlwaysNo => Sent::No,
            _ => sent,
        };
        Error::new(kind, text).with_sent(sent)
    }

    fn head(&self, request: &Request<Bytes>) -> String {
        let uri = request.uri();
        let target = match self.flaw {
            Flaw::LosesQuery => uri.path(),
            _ => uri.path_and_query().unwrap().as_str(),
        };
        let mut head = format!("{} {target} HTTP/1.1\r\n", request.method());
        let mut add = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        add("host", uri.authority().unwrap().as_str());
        add("content-length", &request.body().len().to_string());
        for (name, value) in request.headers() {
            let odd = name == "x-made-up";
            if !(odd && self.flaw == Flaw::LosesHeader) {
                add(name.as_str(), value.to_str().unwrap());
            }
            if odd && self.flaw == Flaw::DoublesHeader {
                add(name.as_str(), value.to_str().unwrap());
            }
        }
        match self.flaw {
            Flaw::AsksForGzip => add("accept-encoding", "gzip"),
            Flaw::AddsReferer => add("referer", "http://127.0.0.1/"),
            Flaw::AddsCookie => add("cookie", "made-up=1"),
            _ => add("accept-encoding", "identity"),
        }
        head + "\r\n"
    }

    async fn once(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let uri = request.uri();
        let network = match self.flaw {
            Flaw::NetworkIsProtocol => ErrorKind::Protocol,
            _ => ErrorKind::Unavailable,
        };
        let (Some(authority), Some("http")) = (uri.authority(), uri.scheme_str()) else {
            let kind = match self.flaw {
                Flaw::ConfigurationIsUnavailable => ErrorKind::Unavailable,
                _ => ErrorKind::Configuration,
            };
            return Err(self.error(kind, Sent::No, uri));
        };
        let stream = TcpStream::connect(authority.as_str()).await;
        let mut stream = stream.map_err(|_| self.error(network, Sent::No, uri))?;
        let talk = tokio::time::timeout(self.limit, self.talk(&mut stream, request)).await;
        let talk = talk.unwrap_or_else(|_| Err(IoKind::TimedOut.into()));
        talk.map_err(|_| self.error(network, Sent::Maybe, uri))
    }

    async fn talk(
        &self,
        stream: &mut TcpStream,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, IoError> {
        stream.write_all(self.head(request).as_bytes()).await?;
        stream.write_all(request.body()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut response = Response::builder().status(status);
        let mut length = None;
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name == "content-length" {
                length = value.parse::<usize>().ok();
            }
            response = response.header(name, value);
        }
        let limit = match self.flaw {
            Flaw::LowLimit => MAX_BODY - 1,
            Flaw::HighLimit => 2 * MAX_BODY,
            _ => MAX_BODY,
        };
        // A body in chunks is read raw, which is enough to find that it has no end.
        let most = length.unwrap_or(usize::MAX).min(limit + 1);
        let mut body = Vec::new();
        stream.take(most as u64).read_to_end(&mut body).await?;
        if length.is_none_or(|length| body.len() < length) && self.flaw != Flaw::AcceptsHalf {
            return Err(IoKind::UnexpectedEof.into());
        }
        if body.len() > limit {
            return Err(IoKind::OutOfMemory.into());
        }
        Ok(response.body(body.into()).unwrap())
    }
}

#[async_trait]
impl Transport for Client {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let mut outcome = self.once(&request).await;
        if self.flaw == Flaw::Retries && outcome.is_err() {
            outcome = self.once(&request).await;
        }
        let response = outcome?;
        if self.flaw == Flaw::FailsOn400 && response.status() == StatusCode::BAD_REQUEST {
            return Err(self.error(ErrorKind::Protocol, Sent::Answered, request.uri()));
        }
        let location = response.headers().get("location").cloned();
        if let (Flaw::Follows, Some(location)) = (self.flaw, location) {
            let to = Request::get(location.to_str().unwrap());
            return self.once(&to.body(Bytes::new()).unwrap()).await;
        }
        Ok(response)
    }
}
