//! Tidings.

pub mod store;
