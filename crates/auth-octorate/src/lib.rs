//! auth-octorate
