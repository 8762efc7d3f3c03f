//! This workspace: one source for each tenant, behind the layer and alone.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use auth_core::{
    Cached, Error, Exchange, Grant, Held, Origins, Peek, Tenants, TokenSet, TokenSource,
};
use http::HeaderValue;
use tokio::task::JoinSet;

use crate::subjects::{RUNTIME, ours::granted};

use super::{
    key::{Key, token},
    table::Table,
};

/// How many tenants obtain their first token at once.
const BATCH: usize = 1_000;

/// A look at the source of a tenant, without the layer.
pub struct Looked<K>(pub Tenants<K>);

impl<K: Key> Table<K> for Looked<K> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        let source = self.0.get(key).ok()?;
        let mut held = Held::shared();
        if source.peek(&mut held) == Peek::Absent {
            return None;
        }
        let (_, value) = held.token()?.headers().next()?;
        Some(value.clone())
    }
}

/// Returns a table of that many tenants. Each has obtained its token by an exchange, and was looked at once, so that
/// what is made on first use is there.
pub fn fill<K: Key>(tenants: usize) -> Tenants<K> {
    let table = empty(tenants);
    RUNTIME.block_on(async {
        for batch in (0..tenants).step_by(BATCH) {
            let mut exchanges = JoinSet::new();
            for n in batch..tenants.min(batch + BATCH) {
                let source = table.get(&K::nth(n)).expect("there is room for all");
                exchanges.spawn(async move { source.warm_up().await });
            }
            while let Some(exchanged) = exchanges.join_next().await {
                let obtained = exchanged.expect("no exchange panics");
                obtained.expect("no exchange fails");
            }
        }
    });
    let looked = Looked(table);
    for n in 0..tenants {
        looked.look(&K::nth(n)).expect("every tenant has a token");
    }
    looked.0
}

fn empty<K: Key>(tenants: usize) -> Tenants<K> {
    let most = NonZeroUsize::new(tenants).expect("there is a tenant");
    let origins = Origins::parse("https://api.example").expect("this is an origin");
    Tenants::new(most, move |key: &K| {
        Ok(Cached::builder(Login(key.number()), origins.clone()).build())
    })
}

/// Grants at once. It knows its tenant, as every grant must.
struct Login(usize);

#[async_trait]
impl Grant for Login {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        granted(ctx, token(self.0))
    }

    fn rotates(&self) -> bool {
        false
    }
}
