//! What must not compile, each beside its twin that does.
//!
//! Octorate's configuration is for administration:
//!
//! ```
//! fn look(source: &auth_octorate::AdminSource) {
//!     drop(source.configuration());
//! }
//! ```
//!
//! A token of a property does not open it:
//!
//! ```compile_fail,E0599
//! fn look(source: &auth_octorate::PropertySource) {
//!     drop(source.configuration());
//! }
//! ```
//!
//! A property is made by administration, and its login goes into the source of that property:
//!
//! ```
//! fn make(admin: &auth_octorate::AdminSource, property: &auth_octorate::PropertySource) {
//!     drop(admin.create_property("{}".into(), property));
//! }
//! ```
//!
//! The two cannot be exchanged for each other:
//!
//! ```compile_fail,E0308
//! fn make(admin: &auth_octorate::AdminSource, other: &auth_octorate::AdminSource) {
//!     drop(admin.create_property("{}".into(), other));
//! }
//! ```
