//! Another door to a server: by another name of this machine, or over TLS.

use std::{net::SocketAddr, sync::Arc};

use rcgen::{CertificateParams, KeyPair};
use reqwest::Certificate;
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A listener that passes every byte on. Dropping it closes the port.
pub(super) struct Front {
    base: String,
    root: Option<Certificate>,
    accepting: JoinHandle<()>,
}

impl Front {
    pub(super) async fn plain(host: &str, server: SocketAddr) -> Self {
        Self::open("http", host, server, None, None).await
    }

    pub(super) async fn tls(host: &str, server: SocketAddr) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let root = Certificate::from_der(certificate.der()).unwrap();
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::open("https", host, server, Some(acceptor), Some(root)).await
    }

    async fn open(
        scheme: &str,
        host: &str,
        server: SocketAddr,
        tls: Option<TlsAcceptor>,
        root: Option<Certificate>,
    ) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let base = format!("{scheme}://{}", listener.local_addr().unwrap());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                // Either side may leave early, and a client that trusts nobody is often what is tested.
                tokio::spawn(async move {
                    match tls {
                        None => pass_on(stream, server).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                pass_on(stream, server).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            base,
            root,
            accepting,
        }
    }

    pub(super) fn base_url(&self) -> String {
        self.base.clone()
    }

    /// Returns the certificate to trust.
    pub(super) fn root(&self) -> Certificate {
        self.root.clone().expect("a front over TLS")
    }
}

async fn pass_on(mut stream: impl AsyncRead + AsyncWrite + Unpin, server: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(server).await {
        let _ = copy_bidirectional(&mut stream, &mut server).await;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
