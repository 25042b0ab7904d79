//! A stream's accepted changes in one total order. The order is the truth: who may write, and what comes first
//! on screen, follow from it.

mod admission;
mod chain;
mod entry;

pub use admission::{Admission, Admissions, DecodeAdmissionsError};
pub(crate) use admission::{read_varint, write_varint};
pub use chain::{ChainHash, Head};
pub use entry::{Cursor, Entry, Position};
