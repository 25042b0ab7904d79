//! Panics as results. The library under test may panic where core catches it: only a panic that leaves a target
//! is a finding.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::fuzz::{Target, Verdict};

/// A panic that nobody caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// File, line and column.
    pub place: String,
    /// The panic's text.
    pub message: String,
}

thread_local! {
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Runs one input.
///
/// # Errors
/// The panic, if the input found something.
pub fn run(target: &Target, input: &[u8]) -> Result<Verdict, Panic> {
    static WATCH: Once = Once::new();
    WATCH.call_once(watch);
    RUNNING.set(true);
    let answer = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    RUNNING.set(false);
    answer.map_err(|_| {
        let last = LAST.with_borrow_mut(Option::take);
        last.unwrap_or_else(|| Panic { place: "unknown".into(), message: String::new() })
    })
}

/// Runs one input for a driver that counts an aborted process as a finding.
pub fn run_or_abort(name: &str, input: &[u8]) {
    let target = crate::fuzz::target(name).expect("the target exists");
    if let Err(Panic { place, message }) = run(&target, input) {
        eprintln!("{place}: {message}");
        std::process::abort();
    }
}

/// From here on panics inside a target are recorded instead of printed.
fn watch() {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !RUNNING.get() {
            return former(info);
        }
        let place = info.location().map_or_else(|| "unknown".into(), ToString::to_string);
        let message = info.payload_as_str().unwrap_or_default().to_owned();
        LAST.with_borrow_mut(|last| *last = Some(Panic { place, message }));
    }));
}
