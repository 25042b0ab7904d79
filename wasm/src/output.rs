//! The outputs of an engine, as TypeScript reads them.

use serde::Serialize;
use tidings_core::{
    engine::{self as core, Cause, Update},
    storage::StorageTask,
};
use tsify::Tsify;

use crate::{bytes::Bytes, storage::StorageRequest};

/// One output.
#[derive(Serialize, Tsify)]
#[serde(tag = "type", rename_all = "snake_case")]
#[tsify(hashmap_as_object)]
pub enum Output {
    /// Send a frame over the open link.
    Send { frame: Bytes },
    /// Carry out a task of the store, in the order given, and report back.
    Storage { task: f64, request: StorageRequest },
    /// Show this update.
    Update { update: Update },
    /// Ask the app for a bearer token; `refused` says why the server rejected the last one.
    NeedToken {
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<Cause>,
    },
    /// Open a link.
    Connect,
    /// Close the link.
    Disconnect,
    /// Call again at this monotonic time, in milliseconds; replaces the previous time.
    WakeAt { at: f64 },
}

impl From<core::Output> for Output {
    fn from(output: core::Output) -> Self {
        match output {
            core::Output::Send(frame) => Self::Send { frame: Bytes(frame) },
            core::Output::Storage(StorageTask { id, request }) => {
                Self::Storage { task: id.0 as f64, request: request.into() }
            }
            core::Output::Update(update) => Self::Update { update },
            core::Output::NeedToken { refused } => Self::NeedToken { refused },
            core::Output::Connect => Self::Connect,
            core::Output::Disconnect => Self::Disconnect,
            core::Output::WakeAt(time) => Self::WakeAt { at: time.as_millis() as f64 },
        }
    }
}
