//! What a command says of messages that have another id since it was given.

use crate::{
    command::{
        Command, CreateThread, DeleteMessage, EditMessage, PinMessage, React, SendMessage, SetThread, UnpinMessage,
        Unreact,
    },
    ids::{ConversationId, MessageId, TenantId},
    sorted::SortedMap,
};

impl Command {
    /// Has it name messages, and the threads that start from them, by their new
    /// ids. Tells whether it named any.
    pub fn rename(&mut self, tenant: &TenantId, names: &SortedMap<MessageId, MessageId>) -> bool {
        let message_of = |id: &mut MessageId| {
            let new = names.get(id);
            new.is_some_and(|new| core::mem::replace(id, new.clone()) != *new)
        };
        let thread_of = |conversation: ConversationId, id: &mut ConversationId| {
            let thread = |message| ConversationId::thread(tenant, conversation, message);
            let new = names.iter().find(|(former, _)| thread(former) == *id).map(|(_, new)| thread(new));
            new.is_some_and(|new| core::mem::replace(id, new) != new)
        };
        match self {
            Command::SendMessage(SendMessage { conversation, reply_to, thread, .. }) => {
                let replies = reply_to.as_mut().is_some_and(message_of);
                thread.as_mut().is_some_and(|thread| thread_of(*conversation, thread)) || replies
            }
            Command::SetThread(SetThread { conversation, thread, .. }) => thread_of(*conversation, thread),
            Command::EditMessage(EditMessage { message, .. })
            | Command::DeleteMessage(DeleteMessage { message, .. })
            | Command::React(React { message, .. })
            | Command::Unreact(Unreact { message, .. })
            | Command::CreateThread(CreateThread { message, .. })
            | Command::PinMessage(PinMessage { message, .. })
            | Command::UnpinMessage(UnpinMessage { message, .. }) => message_of(message),
            _ => false,
        }
    }
}
