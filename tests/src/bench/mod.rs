//! What things cost. Figures go to `docs/benchmarks.md`; no test asserts one.

pub mod authority;
