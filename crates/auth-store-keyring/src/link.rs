//! The keyring at hand, and how it is reached anew.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use auth_core::Error;
use keyring_core::CredentialStore;

/// Opens a keyring; an error is one of ours already.
type Connect = fn() -> Result<Arc<CredentialStore>, Error>;

/// A keyring that was given, or the native one, which is connected to again after it failed.
pub(crate) struct Link {
    connect: Option<Connect>,
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl Link {
    pub(crate) fn given(store: Arc<CredentialStore>) -> Self {
        Self {
            connect: None,
            store: Mutex::new(Some(store)),
        }
    }

    #[cfg(feature = "native")]
    pub(crate) fn native() -> Self {
        Self {
            connect: Some(native::connect),
            store: Mutex::new(None),
        }
    }

    /// Returns the keyring. It may wait for another process, so it must not be called where tasks run.
    pub(crate) fn get(&self) -> Result<Arc<CredentialStore>, Error> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return Ok(Arc::clone(store));
        }
        let connect = self.connect.ok_or_else(crate::failure::absent)?;
        Ok(Arc::clone(store.insert(connect()?)))
    }

    /// Connects anew at the next call: a keyring that was restarted does not know the old connection.
    pub(crate) fn forget(&self) {
        if self.connect.is_some() {
            *self.store.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let native = self.connect.is_some();
        f.debug_struct("Link")
            .field("native", &native)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "native")]
mod native {
    use std::sync::Arc;

    use auth_core::Error;
    use keyring_core::CredentialStore;

    #[cfg(target_os = "macos")]
    use apple_native_keyring_store::keychain::Store;
    #[cfg(windows)]
    use windows_native_keyring_store::Store;
    #[cfg(all(unix, not(any(target_vendor = "apple", target_os = "android"))))]
    use zbus_secret_service_keyring_store::Store;

    #[cfg(any(
        windows,
        target_os = "macos",
        all(unix, not(any(target_vendor = "apple", target_os = "android")))
    ))]
    pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
        match Store::new() {
            Ok(store) => Ok(store),
            Err(error) => Err(crate::failure::at_opening(&error)),
        }
    }

    #[cfg(not(any(
        windows,
        target_os = "macos",
        all(unix, not(any(target_vendor = "apple", target_os = "android")))
    )))]
    pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
        Err(crate::failure::absent())
    }
}
