//! A route by who the request is for.

use std::{hash::Hash, sync::Arc};

use auth_core::{Error, ErrorKind, Tenants, TokenSource};

use super::{RequestHead, Route};

/// Takes the tenant from the request's extension of type `K`. A request without one fails.
///
/// # Example
///
/// ```
/// use auth_core::Tenants;
/// use auth_tower::AuthLayer;
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct Customer(u64);
///
/// fn layer(tenants: Tenants<Customer>) -> AuthLayer {
///     AuthLayer::routed(tenants)
/// }
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Customer(7));
/// ```
impl<K: Hash + Eq + Clone + Send + Sync + 'static> Route for Tenants<K> {
    fn source(&self, request: &RequestHead<'_>) -> Result<Arc<dyn TokenSource>, Error> {
        let Some(key) = request.extensions().get::<K>() else {
            let message = format!(
                "the request does not say which tenant it is for; insert a {} into its extensions",
                std::any::type_name::<K>()
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        };
        Ok(self.get(key)?.into())
    }
}
