//! The change as which a command is written: planned by the stream as it is, not by what
//! somebody saw of it a while ago.

use tidings_core::{
    authority::{Refusal, Session, Stream},
    command::{Command, Plan, Planning},
    wire::PushedChange,
};

use crate::environment::Environment;

/// The change of the device of who asks; none where all is as the command wants it. The stream
/// has loaded what it is planned by.
pub(super) fn compose(
    env: &Environment,
    stream: &Stream,
    identity: &Session,
    command: &Command,
) -> Result<Option<PushedChange>, Refusal> {
    let at = env.clock.wall_now();
    let planning = Planning { session: identity, stream, at, limits: &env.limits };
    let Some(Plan { document, facts }) = command.plan(&planning)? else { return Ok(None) };
    let change = stream.compose(identity.device, &document, at, &facts);
    Ok(change.map(|change| PushedChange { document, change: change.bytes().to_vec() }))
}
