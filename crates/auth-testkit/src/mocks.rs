//! Mocks of every seam, made with [`mockall`], for tests that ask "was it called with this".
//!
//! A method that no expectation is set for panics when it is called. Where things have state, the hand-written
//! stand-ins such as [`ScriptedGrant`](crate::ScriptedGrant) are easier to read.
//!
//! # Example
//!
//! ```
//! use auth_core::{Error, ErrorKind, Held, Origins, Peek, TokenSource};
//! use auth_testkit::mocks;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let mut source = mocks::absent_source(Origins::parse("https://api.example")?);
//! source
//!     .expect_token()
//!     .times(1)
//!     .returning(|| Err(Error::new(ErrorKind::Unavailable, "made up")));
//! assert_eq!(source.peek(&mut Held::new()), Peek::Absent);
//! assert!(source.token().await.is_err());
//! # Ok(())
//! # }
//! ```

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use auth_core::{
    Clock, Credentials, Error, Event, Exchange, Grant, Held, Intent, Lease, Observer, Origins,
    Peek, Record, Secret, Sleep, StoreKey, Token, TokenRequest, TokenSet, TokenSource, TokenStore,
    Transport,
};
use bytes::Bytes;
use http::{Request, Response};
use mockall::mock;

use crate::Recorded;

/// Returns a mocked source that may send to `origins` and answers every look with [`Peek::Absent`], so that only
/// the expectations on `token` and `reject` are left to set.
pub fn absent_source(origins: Origins) -> MockTokenSource {
    let mut source = MockTokenSource::new();
    source.expect_peek().return_const(Peek::Absent);
    source.expect_origins().return_const(origins);
    source
}

mock! {
    /// A mocked [`TokenSource`]. See [`absent_source`].
    #[derive(Debug)]
    pub TokenSource {}

    #[async_trait]
    impl TokenSource for TokenSource {
        async fn token(&self) -> Result<Token, Error>;
        fn peek(&self, held: &mut Held) -> Peek;
        fn renew(&self);
        fn reject(&self, refused: &Token);
        fn origins(&self) -> &Origins;
    }
}

mock! {
    /// A mocked [`Grant`].
    #[derive(Debug)]
    pub Grant {}

    #[async_trait]
    impl Grant for Grant {
        async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error>;
        fn rotates(&self) -> bool;
        fn initial(&self) -> Option<Secret>;
        fn leeway(&self) -> Duration;
    }
}

mock! {
    /// Mocked [`Credentials`].
    #[derive(Debug)]
    pub Credentials {}

    #[async_trait]
    impl Credentials for Credentials {
        async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error>;
    }
}

mock! {
    /// A mocked [`Transport`]: expect `sends` instead of `send`. A mock tells what an unexpected call was about, and
    /// what it is told here shows no value.
    #[derive(Debug)]
    pub Transport {
        /// Is called with every request that is sent.
        pub fn sends(&self, request: Recorded) -> Result<Response<Bytes>, Error>;
    }
}

#[async_trait]
impl Transport for MockTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        self.sends(Recorded(request))
    }
}

mock! {
    /// A mocked [`TokenStore`].
    #[derive(Debug)]
    pub TokenStore {}

    #[async_trait]
    impl TokenStore for TokenStore {
        async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error>;
        async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error>;
        async fn list(&self) -> Result<Vec<StoreKey>, Error>;
    }
}

mock! {
    /// A mocked [`Lease`].
    #[derive(Debug)]
    pub Lease {}

    #[async_trait]
    impl Lease for Lease {
        async fn load(&mut self) -> Result<Option<Record>, Error>;
        async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error>;
        fn next_version(&self) -> u64;
        async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error>;
        async fn settle(&mut self, expected: u64) -> Result<(), Error>;
        async fn remove(&mut self, expected: u64) -> Result<(), Error>;
        async fn renew(&mut self) -> Result<(), Error>;
        fn fence(&self) -> u64;
        async fn release(self: Box<Self>) -> Result<(), Error>;
    }
}

mock! {
    /// A mocked [`Clock`]. Its reading of both clocks is put together from the two.
    #[derive(Debug)]
    pub Clock {}

    impl Clock for Clock {
        fn wall(&self) -> SystemTime;
        fn monotonic(&self) -> Duration;
        fn sleep_until(&self, deadline: Duration) -> Sleep;
    }
}

mock! {
    /// A mocked [`Observer`].
    #[derive(Debug)]
    pub Observer {}

    impl Observer for Observer {
        fn event(&self, name: &str, event: &Event);
    }
}

#[cfg(test)]
mod tests;
