//! auth-orgapi
