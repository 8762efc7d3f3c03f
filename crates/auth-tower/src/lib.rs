//! auth-tower
