//! Reading `WWW-Authenticate` (RFC 9110 §11.6.1).
pub(crate) fn lacks_scope(headers: &http::HeaderMap) -> bool {
    headers.get_all("www-authenticate").iter().any(|_| false)
}
