use auth_core::Sent;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use reqwest::{Certificate, tls::Version};
use rustls::{ServerConfig, SupportedProtocolVersion, version};

use super::*;
use crate::wire::words;

/// A server that names itself by `host`, and the certificate by which to trust it.
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
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config =
        ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
    Identity { config, root }
}

fn trusting(root: Certificate) -> ReqwestTransport {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .tls_version_min(Version::TLS_1_3);
    ReqwestTransport::from_builder(builder).unwrap()
}

#[tokio::test]
async fn a_root_of_ones_own_is_trusted() {
    let Identity { config, root } = identity("127.0.0.1", 4000, rustls::ALL_VERSIONS);
    let mut server = Server::start_tls(config, Reply::whole(200, "", "{}")).await;
    let url = format!("https://{}/token", server.address);
    let answer = trusting(root).send(post(&url)).await.unwrap();
    assert_eq!(answer.body(), "{}");
    assert!(server.request().await.starts_with("POST /token "));
}

#[tokio::test]
async fn a_server_that_cannot_prove_itself_sees_no_byte_of_the_request() {
    let stranger = || identity("127.0.0.1", 4000, rustls::ALL_VERSIONS).root;
    let mut self_signed = identity("127.0.0.1", 4000, rustls::ALL_VERSIONS);
    self_signed.root = stranger();
    for (name, Identity { config, root }) in [
        ("self-signed", self_signed),
        (
            "wrong host",
            identity("other.example", 4000, rustls::ALL_VERSIONS),
        ),
        ("expired", identity("127.0.0.1", 2002, rustls::ALL_VERSIONS)),
        (
            "downgraded",
            identity("127.0.0.1", 4000, &[&version::TLS12]),
        ),
    ] {
        let mut server = Server::start_tls(config, Reply::whole(200, "", "{}")).await;
        let url = format!("https://{}/token?client_secret={SECRET}", server.address);
        let error = trusting(root).send(post(&url)).await.unwrap_err();
        assert_eq!(error.sent(), Sent::No, "{name}");
        assert!(
            error.to_string().contains("no secure connection"),
            "{name}: {error}"
        );
        assert!(!words(&error).contains(SECRET), "{name}");
        assert_eq!(server.request().await, "", "{name}");
    }
}
