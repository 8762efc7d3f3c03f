//! Logins that come from somewhere else than the grant.

use std::{future::Future, sync::Arc};

use crate::{Error, Exchange, Sent, TokenSet, engine::flight::no_runtime, sync::Handle};

use super::{Cached, lost};

impl Cached {
    /// Obtains a login by other means than the grant, such as the code of a new authorization, and puts it in place as
    /// [`login`](Self::login) does. What `obtain` brings beside the login is returned.
    ///
    /// The work is done in a task that belongs to no caller, because what it uses up may not be had again. Where `obtain`
    /// fails, the login held stays as it was.
    ///
    /// # Errors
    ///
    /// Those of `obtain`, which has to end by itself, and those of [`login`](Self::login). The latter say
    /// [`Sent::Answered`]: the work was done, and must not be done again because its result could not be saved yet.
    ///
    /// # Cancellation
    ///
    /// Dropping the future before its first poll does nothing; later, the work goes on all the same.
    pub async fn login_from<T, F>(&self, obtain: impl FnOnce(Exchange) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<(TokenSet, T), Error>> + Send + 'static,
    {
        let runtime = Handle::try_current().map_err(|_| no_runtime())?;
        let own = self.clone();
        let work = obtain(Exchange::new(Arc::clone(&own.0.clock)));
        let task = runtime.spawn(async move {
            let (set, beside) = work.await?;
            // The work was done, whatever becomes of its result; doing it again would not be the same.
            let saved = own.login(set).await;
            saved.map_err(|error| error.with_sent(Sent::Answered))?;
            Ok(beside)
        });
        let ended = |_| Err(lost().with_sent(Sent::Maybe));
        task.await.unwrap_or_else(ended)
    }
}
