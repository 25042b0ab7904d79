//! What apps see, each shape once: serde writes it as the product's JSON (ids as
//! text, times as milliseconds, fields in camel case), the feature `ts` its
//! TypeScript. Ids, times, names and values derive the same where they are.

mod text;

pub(crate) use text::{read_as_text, write_as_text};
pub use text::{refusal, refuse};
