//! auth-rator
