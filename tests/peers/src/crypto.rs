//! The cryptography that reqwest wants to be told of, even where all is plain http.

/// Names the provider for the whole process.
pub fn install() {
    let installed = rustls::crypto::ring::default_provider().install_default();
    installed.expect("nobody named a provider before");
}
