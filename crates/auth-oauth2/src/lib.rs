//! auth-oauth2
