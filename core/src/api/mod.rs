//! How what apps see is written, each shape once: serde's form is the product's
//! JSON (ids as text, times as milliseconds, fields in camel case), the feature
//! `ts` adds the TypeScript of it. A type derives both where it is defined;
//! here is what all of them share.

mod text;

pub(crate) use text::{read_as_text, write_as_text};
pub use text::{refusal, refuse};
