use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

use auth_core::{Error, Token, TokenSource};
use tokio::task::yield_now;

type Call<'a> = Pin<Box<dyn Future<Output = Result<Token, Error>> + Send + 'a>>;

/// Callers that wait for a token together. One task polls them all, so that it is known who waits and who is done.
pub(super) struct Crowd<'a> {
    waiting: Vec<Call<'a>>,
    done: Vec<Result<Token, Error>>,
}

impl<'a> Crowd<'a> {
    /// Lets `count` callers ask `source`.
    pub(super) fn new(source: &'a impl TokenSource, count: usize) -> Self {
        Self {
            waiting: (0..count).map(|_| source.token()).collect(),
            done: Vec::new(),
        }
    }

    /// Lets every caller come as far as it gets by itself.
    pub(super) async fn settle(&mut self) {
        for _ in 0..8 {
            poll_fn(|cx| {
                self.poll_all(cx);
                Poll::Ready(())
            })
            .await;
            yield_now().await;
        }
    }

    /// Drops the callers that came first.
    pub(super) fn drop_first(&mut self, count: usize) {
        self.waiting.drain(..count.min(self.waiting.len()));
    }

    /// Waits for all that are left.
    pub(super) async fn join(mut self) -> Vec<Result<Token, Error>> {
        poll_fn(|cx| {
            self.poll_all(cx);
            if self.waiting.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        self.done
    }

    fn poll_all(&mut self, cx: &mut Context<'_>) {
        let done = &mut self.done;
        self.waiting
            .retain_mut(|call| match call.as_mut().poll(cx) {
                Poll::Ready(outcome) => {
                    done.push(outcome);
                    false
                }
                Poll::Pending => true,
            });
    }
}
