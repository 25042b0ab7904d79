//! What this account wrote before it knew that it was removed. Where the
//! conversation holds such messages they are handed in, and stay among the
//! refused commands until somebody has decided.

use core::time::Duration;

use crate::{
    code::Code,
    command::{AskFor, Command, SendText},
    engine::{Engine, streams::Slot},
    ids::{MessageId, StreamId},
    model::{LateMessage, LateWrites, Wish},
    time::WallTime,
};

/// How long after it was handed in it is asked what became of it.
const ASK_AGAIN: Duration = Duration::from_secs(60);

impl Engine {
    /// Hands in a message that was refused, if it was written before the
    /// removal was known and such are held. Tells whether it was.
    pub(super) fn hand_in(&mut self, command: &Command, at: WallTime, code: Code) -> bool {
        let Command::SendText(command) = command else { return false };
        let Some(Slot::Loaded(replica)) = self.streams.get(&StreamId::Conversation(command.conversation)) else {
            return false;
        };
        let state = replica.confirmed.conversation();
        if code != Code::MemberRemoved || state.policies.late_writes != LateWrites::Hold {
            return false;
        }
        let SendText { conversation, thread, .. } = *command;
        let late = LateMessage {
            message: command.message(&self.session.account),
            body: command.body(),
            thread,
            // The entry of the removal, and what came behind it, did not reach this device.
            base: replica.confirmed.position(),
        };
        self.add_wish(AskFor { conversation, wish: Wish::Late(late) }, at);
        true
    }

    /// A message was taken in: it is asked later what became of it.
    pub(super) fn ask_again(&mut self, sequence: u64) {
        let again = self.now.monotonic.plus(ASK_AGAIN);
        if let Some(wish) = self.wishes.get_mut(&sequence) {
            wish.wait_until(again);
        }
    }

    /// Somebody decided about a message, or it was not even taken in.
    pub(super) fn late_answered(&mut self, message: &MessageId, code: Code, detail: &str) {
        let of_message = |command: &Command| command.message(&self.session.account).as_ref() == Some(message);
        let held =
            self.refused.iter().find(|(_, refused)| refused.code == Code::LateHeld && of_message(&refused.command));
        let Some((&id, refused)) = held else { return };
        let (command, at) = (refused.command.clone(), refused.at);
        self.add_refused(id, command, at, code, detail.to_owned());
    }
}
