//! auth-reqwest
