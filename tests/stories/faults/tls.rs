//! Servers that cannot prove who they are.

use std::{net::SocketAddr, sync::Arc};

use auth_core::{ErrorKind, Sent};
use auth_oauth2::{ClientCredentials, Dialect};
use auth_reqwest::ReqwestTransport;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use reqwest::{Certificate, tls::Version};
use rustls::{
    ServerConfig, SupportedProtocolVersion, crypto::ring, pki_types::PrivateKeyDer, version,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use tokio_rustls::TlsAcceptor;

use super::scene::{ADVISORY, Client, Scene, TTL, soon};

const HOST: &str = "127.0.0.1";
const REPLY: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 37\r\n\r\n{\"access_token\":\"a\",\"expires_in\":300}";

/// How a server shows who it is, and whom the client trusts.
struct Identity {
    config: ServerConfig,
    root: Certificate,
}

fn identity(
    host: &str,
    last_year: i32,
    versions: &[&'static SupportedProtocolVersion],
) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(last_year, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let root = Certificate::from_der(certificate.der()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Identity { config, root }
}

/// Starts a server that tells, for each connection, what of a request came through.
async fn serve(config: Option<ServerConfig>) -> (SocketAddr, UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind((HOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = vec![0; 65_536];
            let count = match &config {
                None => {
                    let count = stream.read(&mut seen).await.unwrap_or_default();
                    let _ = stream.write_all(REPLY.as_bytes()).await;
                    count
                }
                Some(config) => match TlsAcceptor::from(Arc::new(config.clone()))
                    .accept(stream)
                    .await
                {
                    Ok(mut stream) => {
                        let count = stream.read(&mut seen).await.unwrap_or_default();
                        let _ = stream.write_all(REPLY.as_bytes()).await;
                        count
                    }
                    Err(_) => 0,
                },
            };
            seen.truncate(count);
            let _ = tell.send(seen);
        }
    });
    (address, told)
}

fn client(scene: &Scene, address: SocketAddr, root: Certificate) -> Client {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .tls_version_min(Version::TLS_1_3);
    let transport = Arc::new(ReqwestTransport::from_builder(builder).unwrap());
    let url = format!("https://{address}/token");
    let tokens = scene.tokens_by(&url, transport, Dialect::default());
    let grant = ClientCredentials::new(tokens);
    Client::new(scene.builder(grant).previous(scene.held()))
}

#[tokio::test]
async fn a_server_that_proves_itself_is_sent_the_request() {
    let scene = Scene::start().await;
    let good = identity(HOST, 4000, rustls::ALL_VERSIONS);
    let (address, mut seen) = serve(Some(good.config)).await;
    let client = client(&scene, address, good.root);
    scene.clock.advance(TTL);
    assert_eq!(client.token().await, "a");
    assert!(
        soon(seen.recv())
            .await
            .unwrap()
            .starts_with(b"POST /token ")
    );
}

#[tokio::test]
async fn fault_25_a_server_that_cannot_prove_itself_sees_nothing() {
    let all = rustls::ALL_VERSIONS;
    let stranger = identity(HOST, 4000, all);
    let self_signed = Identity {
        root: identity(HOST, 4000, all).root,
        ..stranger
    };
    for (name, Identity { config, root }) in [
        ("self-signed", self_signed),
        ("wrong host", identity("other.example", 4000, all)),
        ("expired", identity(HOST, 2002, all)),
        ("downgraded", identity(HOST, 4000, &[&version::TLS12])),
    ] {
        let scene = Scene::start().await;
        let (address, mut seen) = serve(Some(config)).await;
        let mut client = client(&scene, address, root);
        is_endured(&scene, &mut client, name).await;
        assert_eq!(soon(seen.recv()).await.unwrap(), b"", "{name}");
        assert_eq!(soon(seen.recv()).await.unwrap(), b"", "{name}");
    }
}

#[tokio::test]
async fn fault_25_a_server_without_tls_sees_no_secret() {
    let scene = Scene::start().await;
    let (address, mut seen) = serve(None).await;
    let root = identity(HOST, 4000, rustls::ALL_VERSIONS).root;
    let mut client = client(&scene, address, root);
    is_endured(&scene, &mut client, "without TLS").await;
    let hello = soon(seen.recv()).await.unwrap();
    assert_eq!(hello.first(), Some(&22), "a handshake record");
    let text = String::from_utf8_lossy(&hello);
    assert!(!text.contains("POST") && !text.contains("Basic"));
}

/// Checks that the token held is served to its end, and that nothing was sent.
async fn is_endured(scene: &Scene, client: &mut Client, name: &str) {
    scene.clock.advance(ADVISORY);
    assert_eq!(client.token().await, "made-up-held", "{name}");
    let error = client.failed().await;
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Unavailable, Sent::No),
        "{name}"
    );
    assert!(
        error.to_string().contains("no secure connection"),
        "{name}: {error}"
    );
    scene.is_discreet(&error);
    assert_eq!(client.token().await, "made-up-held", "{name}");
    scene.clock.advance(TTL - ADVISORY);
    let error = client.error().await;
    assert_eq!(error.sent(), Sent::No, "{name}");
    scene.is_discreet(&error);
}
