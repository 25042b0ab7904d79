//! Turns a command into a change, planned on the stream's current state rather than on what somebody saw a
//! while ago.

use tidings_core::{
    authority::{Refusal, Session, Stream},
    command::{Plan, Planning},
    wire::PushedChange,
};

use super::submission::Asking;
use crate::environment::Environment;

/// The change by the asking device; none if the command would change nothing. The stream has loaded the
/// documents that the plan needs.
pub(super) fn compose(
    env: &Environment,
    stream: &Stream,
    identity: &Session,
    asking: &Asking,
) -> Result<Option<PushedChange>, Refusal> {
    let at = asking.at.unwrap_or_else(|| env.clock.wall_now());
    let planning = Planning { session: identity, stream, at, limits: &env.limits };
    let Some(Plan { document, facts }) = asking.command.plan(&planning)? else { return Ok(None) };
    let change = stream.compose(identity.device, &document, at, &facts);
    Ok(change.map(|change| PushedChange { document, change: change.bytes().to_vec() }))
}
