//! Names that cannot be resolved, resolve to something else, or to more than one address.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use auth_core::{ErrorKind, Sent};
use auth_oauth2::{ClientCredentials, Dialect};
use auth_reqwest::ReqwestTransport;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpSocket;

use super::scene::{ADVISORY, Client, Scene, TTL};

/// A resolver that a test answers for.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<SocketAddr>>>);

impl Names {
    fn lead_to(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.0.lock().unwrap() = addresses.into_iter().collect();
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.lock().unwrap().clone();
        let name = name.as_str().to_owned();
        Box::pin(async move {
            if found.is_empty() {
                return Err(format!("planted: {name} cannot be resolved").into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A client of a token endpoint that has a name. Each request opens a connection.
fn client(scene: &Scene, names: &Names) -> Client {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .dns_resolver(names.clone());
    let transport = Arc::new(ReqwestTransport::from_builder(builder).unwrap());
    let tokens = scene.tokens_by("http://id.example/token", transport, Dialect::default());
    Client::new(scene.builder(ClientCredentials::new(tokens)))
}

/// An address that belongs to nobody else while the socket lives, and refuses connections.
fn dead(ip: impl Into<std::net::IpAddr>) -> (TcpSocket, SocketAddr) {
    let address = SocketAddr::new(ip.into(), 0);
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.unwrap();
    // A machine may have no IPv6; the address is then as dead as can be.
    let _ = socket.bind(address);
    let bound = socket.local_addr().ok().filter(|own| own.port() != 0);
    (socket, bound.unwrap_or(SocketAddr::new(address.ip(), 9)))
}

#[tokio::test]
async fn fault_26_a_name_that_cannot_be_resolved_is_waited_out() {
    let (scene, names) = (Scene::start().await, Names::default());
    let mut client = client(&scene, &names);
    names.lead_to([scene.server().address()]);
    let first = client.token().await;
    scene.clock.advance(ADVISORY);
    names.lead_to([]);
    assert_eq!(client.token().await, first);
    let error = client.failed().await;
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Unavailable, Sent::No)
    );
    assert!(error.to_string().contains("cannot be resolved"), "{error}");
    scene.is_discreet(&error);
    assert_eq!(client.token().await, first);
    names.lead_to([scene.server().address()]);
    scene.clock.advance(TTL - ADVISORY);
    assert_ne!(client.token().await, first);
    assert_eq!(scene.requests(), 2);
}

#[tokio::test]
async fn fault_26_a_name_that_moves_is_followed() {
    let (old, new, names) = (Scene::start().await, Scene::start().await, Names::default());
    let (id, secret) = (old.emulator.client_id(), old.emulator.client_secret());
    new.emulator.client(&id, secret.expose());
    let (_socket, gone) = dead(Ipv4Addr::LOCALHOST);
    let mut client = client(&old, &names);
    names.lead_to([old.server().address()]);
    let first = client.token().await;
    old.clock.advance(ADVISORY);
    names.lead_to([gone]);
    assert_eq!(client.token().await, first);
    assert_eq!(client.failed().await.sent(), Sent::No);
    names.lead_to([new.server().address()]);
    old.clock.advance(TTL - ADVISORY);
    assert!(new.emulator.accepts(&client.token().await));
    assert_eq!((old.requests(), new.requests()), (1, 1));
}

#[tokio::test]
async fn fault_27_of_two_addresses_the_living_one_is_used() {
    let (_four, four) = dead(Ipv4Addr::LOCALHOST);
    let (_six, six) = dead(Ipv6Addr::LOCALHOST);
    for dead in [four, six] {
        for first in [true, false] {
            let (scene, names) = (Scene::start().await, Names::default());
            let client = client(&scene, &names);
            let alive = scene.server().address();
            names.lead_to(if first { [dead, alive] } else { [alive, dead] });
            assert!(scene.emulator.accepts(&client.token().await));
            scene.clock.advance(TTL);
            assert!(scene.emulator.accepts(&client.token().await));
            assert_eq!(scene.requests(), 2, "each request is sent once");
        }
    }
}
