//! What a stranger may send: changes that no honest client writes, built byte
//! by byte over real documents.

mod raw;

pub use raw::{CHANGE_CHUNK, RawChange, chunk, put, put_signed};
