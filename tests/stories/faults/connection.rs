//! Connections that are refused or lost.

use std::net::SocketAddr;

use auth_core::{ErrorKind, Sent};
use auth_oauth2::{ClientCredentials, RefreshToken};
use auth_testkit::Fault;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
};

use super::scene::{ADVISORY, BOTH, Client, Over, Scene, TOKEN, TTL};

/// An address at which nobody listens yet.
struct Door(TcpSocket);

impl Door {
    fn closed() -> (Self, String) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let url = format!("http://{}{TOKEN}", socket.local_addr().unwrap());
        (Self(socket), url)
    }

    /// From now on, leads to `server`.
    fn open(self, server: SocketAddr) {
        let listener = self.0.listen(16).unwrap();
        tokio::spawn(lead(listener, server));
    }
}

async fn lead(listener: TcpListener, server: SocketAddr) {
    while let Ok((mut near, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut far = TcpStream::connect(server).await.unwrap();
            let _ = copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

#[tokio::test]
async fn fault_01_a_refused_connection_is_waited_out() {
    for over in BOTH {
        let scene = Scene::start().await;
        let (door, url) = Door::closed();
        let grant = ClientCredentials::new(scene.tokens_at(&url, over));
        let mut client = Client::new(scene.builder(grant).previous(scene.held()));
        scene.clock.advance(ADVISORY);
        assert_eq!(client.token().await, "made-up-held", "{over:?}");
        let error = client.failed().await;
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Unavailable, Sent::No),
            "{over:?}"
        );
        scene.is_discreet(&error);
        assert_eq!(client.token().await, "made-up-held", "{over:?}");
        scene.clock.advance(TTL - ADVISORY);
        let error = client.error().await;
        assert_eq!(error.sent(), Sent::No, "{over:?}");
        scene.is_discreet(&error);

        door.open(scene.server().address());
        client.error().await;
        assert_eq!(scene.requests(), 0, "{over:?}: none within the pause");
        scene.clock.advance(client.pause());
        assert!(scene.emulator.accepts(&client.token().await), "{over:?}");
        assert_eq!(scene.requests(), 1, "{over:?}");
    }
}

#[tokio::test]
async fn fault_01_a_refresh_token_that_did_not_get_out_is_sent_again() {
    for over in BOTH {
        let scene = Scene::start().await;
        let (door, url) = Door::closed();
        let grant = RefreshToken::new(scene.tokens_at(&url, over))
            .starting_from(scene.emulator.issue_refresh_token());
        let client = Client::new(scene.builder(grant));
        let error = client.error().await;
        assert_eq!(error.sent(), Sent::No, "{over:?}");
        door.open(scene.server().address());
        scene.clock.advance(client.pause());
        assert!(scene.emulator.accepts(&client.token().await), "{over:?}");
        assert_eq!(scene.emulator.reuses(), 0, "{over:?}");
    }
}

#[tokio::test]
async fn fault_02_a_reset_after_the_request_is_an_unknown_outcome() {
    for over in BOTH {
        an_unknown_outcome(over, Fault::ResetAfter).await;
        an_unknown_outcome(over, Fault::ResetBefore).await;
    }
}

#[tokio::test]
async fn fault_03_a_reset_in_the_answer_is_an_unknown_outcome() {
    for over in BOTH {
        an_unknown_outcome(over, Fault::ResetMidBody).await;
        an_unknown_outcome(over, Fault::Truncated).await;
    }
}

/// The refresh token may be spent, so it is sent once in this lease. The provider's leeway decides about the next one.
async fn an_unknown_outcome(over: Over, fault: Fault) {
    let name = format!("{over:?} {fault:?}");
    for leeway in [TTL, std::time::Duration::ZERO] {
        let scene = Scene::start().await;
        scene
            .emulator
            .configure(|knobs| knobs.reuse_leeway = leeway);
        let mut client = scene.login(over).await;
        let first = client.token().await;
        client.issued().await;
        let before = scene.stored().await;
        scene.clock.advance(ADVISORY);
        scene.server().next_at(TOKEN, fault.clone());
        assert_eq!(client.token().await, first, "{name}");
        let error = client.failed().await;
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Unavailable, Sent::Maybe),
            "{name}"
        );
        scene.is_discreet(&error);
        assert_eq!(client.token().await, first, "{name}");
        assert_eq!(scene.requests(), 2, "{name}: it is not sent again");
        assert_eq!(scene.stored().await, before, "{name}: the login is kept");

        let spent = !matches!(fault, Fault::ResetBefore);
        scene.clock.advance(TTL - ADVISORY);
        if spent && leeway.is_zero() {
            // No client can mend this: the provider spends tokens whose successors it could not hand out.
            for _ in 0..3 {
                let error = client.error().await;
                assert_eq!(error.kind(), ErrorKind::LoginRequired, "{name}");
                scene.is_discreet(&error);
            }
            assert_eq!(scene.stored().await, None, "{name}");
        } else {
            assert!(scene.emulator.accepts(&client.token().await), "{name}");
        }
        assert_eq!(scene.requests(), 3, "{name}");
        assert_eq!(scene.emulator.reuses(), usize::from(spent), "{name}");
    }
}
