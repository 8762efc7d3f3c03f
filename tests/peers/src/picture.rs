//! The picture.
