//! The engine of `tidings-core` as a WebAssembly module: one exported class and
//! typed conversions. The TypeScript types of everything that crosses the
//! boundary are generated from the types here. All of the browser's IO is left
//! to the TypeScript in `wasm/js`, which drives the engine.
//!
//! Modules in reading order.

mod bytes;
#[cfg(feature = "testing")]
mod contract;
mod engine;
mod failure;
mod id;
#[cfg(feature = "testing")]
mod judge;
mod output;
mod storage;

pub use engine::{Engine, EngineConfig};
pub use failure::{Failure, is_retryable};

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn log_error(text: &str);
}

/// Runs once, when the module is loaded. A panic ends in a trap without any text; its location is logged first,
/// but never its message, which may quote what a person wrote.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        log_error(&format!("tidings stopped at {place}"));
    }));
}
