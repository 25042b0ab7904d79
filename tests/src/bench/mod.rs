//! Measurements of cost. Figures go to `docs/benchmarks.md`; no test asserts one. The same code runs natively
//! and in WebAssembly, with a clock passed in.

pub mod authority;
pub mod refusal;

/// A clock in microseconds.
pub type Clock<'a> = &'a dyn Fn() -> f64;

/// The median.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
