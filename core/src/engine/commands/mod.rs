//! Commands, from the person to the server's answer.
//!
//! | file | holds |
//! |---|---|
//! | `execution` | executing a command on the view, storing it, writing the outbox anew |
//! | `pending` | `PendingCommands`: where each unanswered command is |
//! | `outbox` | `Outbox`: the unanswered commands of one stream, and the push under way |
//! | `entries` | the entries of an outbox, found by number, change and message |
//! | `parked` | commands set aside until slow mode lets them pass |
//! | `push_answers` | the answers to pushes |
//! | `refused` | `RefusedCommands`: what was refused, until a person has dealt with it |
//! | `stamps` | new stamps for what was written while the clock was ahead |

pub(super) mod entries;
pub(super) mod execution;
pub(super) mod outbox;
pub(super) mod parked;
pub(super) mod pending;
mod push_answers;
pub(super) mod refused;
pub(super) mod stamps;
