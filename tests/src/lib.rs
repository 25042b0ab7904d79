//! Tidings.
