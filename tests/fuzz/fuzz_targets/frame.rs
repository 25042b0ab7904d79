//! The target `frame` for cargo-fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidings_tests::fuzz::panics::run_or_abort("frame", bytes));
