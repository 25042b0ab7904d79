//! Maps and sets with little code. The compiler generates the standard library's B-trees once for each
//! pair of types, some nine kilobytes each time, which was a fifth of the WebAssembly module. These are
//! trees of two levels: a vector of short sorted vectors. A search bisects both; an insertion moves part
//! of one short vector.

mod map;
mod set;

#[cfg(test)]
mod tests;

pub use map::{IntoValues, SortedMap};
pub use set::SortedSet;
