//! For tests only: the core's contract suite for stores, for tests of the stores in TypeScript, and
//! panics on demand.

use std::cell::Cell;

use tidings_core::storage as core;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::{
    failure::Failure,
    storage::{StorageAnswer, StorageRequest},
};

/// One request of the suite.
#[derive(Debug, Clone, serde::Serialize, Tsify)]
pub struct ContractStep {
    /// The behaviour it shows.
    pub name: String,
    /// The request.
    pub request: StorageRequest,
}

/// The suite, at some step.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Contract(core::Contract);

#[wasm_bindgen]
impl Contract {
    /// The suite at its first step; the store is empty.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Contract {
        Contract::default()
    }

    /// The next request; none at the end.
    ///
    /// # Errors
    /// `internal`, when the step cannot be converted.
    #[wasm_bindgen(js_name = nextStep)]
    pub fn next_step(&mut self) -> Result<Option<Ts<ContractStep>>, Failure> {
        let Some(core::ContractStep { name, request }) = self.0.next_step() else {
            return Ok(None);
        };
        let step = ContractStep { name: name.to_owned(), request: request.into() };
        step.into_ts().map(Some).map_err(Failure::value)
    }

    /// Compares the store's answer to the last request with the correct one. Returns the difference, if any.
    ///
    /// # Errors
    /// `value_invalid` for something that is not an answer.
    pub fn check(&mut self, answer: Ts<StorageAnswer>) -> Result<Option<String>, Failure> {
        let answer = answer.to_rust().map_err(Failure::value)?;
        Ok(self.0.check(&answer.into()).err())
    }
}

thread_local! {
    static TRAPS: Cell<u32> = const { Cell::new(0) };
}

/// Makes the next input of any engine panic, after `after` more inputs.
#[wasm_bindgen(js_name = trapAfter)]
pub fn trap_after(after: u32) {
    TRAPS.set(after + 1);
}

pub(crate) fn trap_if_asked() {
    match TRAPS.get() {
        0 => {}
        1 => panic!("asked for by a test"),
        inputs => TRAPS.set(inputs - 1),
    }
}

/// Panics, so that a test can see what a trap does.
#[wasm_bindgen]
pub fn trap() {
    panic!("asked for by a test");
}
