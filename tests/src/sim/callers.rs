//! Services write on behalf of people, in the process of a node and without a session: what anybody might command
//! on a device of theirs. This comes on top of a turn, with a generator of its own, so that everything else of a
//! seed stays the same.

use std::collections::BTreeSet;

use tidings_core::{
    code::Code,
    command::{AddContact, Command, CreateConversation, DeleteMessage, SendMessage},
    ids::{AccountId, ContactId, ConversationId, MessageId, Stamp, StreamId},
    time::WallTime,
};
use tidings_server::stream::CallError;
use tokio::sync::oneshot::{Receiver, error::TryRecvError};

use super::{
    clock::wall,
    draw::draw_words,
    faults::Class,
    happened::Happened,
    run::Run,
    words::{Words, subject},
    world::{Place, tenant},
};
use crate::random::Random;

const CALLERS: u64 = 0xca11_0000_0000_0000;

/// Percentage of a world's turns in which a service writes.
pub(super) fn turns_percent(seed: u64, without: &BTreeSet<Class>) -> u64 {
    match without.contains(&Class::Caller) {
        true => 0,
        false => *Random::new(seed ^ CALLERS).pick(&[0, 15, 40]),
    }
}

/// The generator of a turn for decisions about services.
pub(super) fn chance_of(seed: u64, turn: u64) -> Random {
    Random::new(seed ^ CALLERS ^ (turn + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// What a service has asked for, and was not answered yet.
pub(super) struct Called {
    answer: Receiver<Result<(), CallError>>,
    account: AccountId,
    stream: StreamId,
    words: Option<String>,
    message: Option<MessageId>,
}

impl Run<'_> {
    /// A service writes through some node what somebody might want to, as far as they know on some device.
    pub(super) fn call(&mut self, random: &mut Random) {
        let running: Vec<Place> = (0..self.world.places()).filter(|place| self.world.node(*place).is_some()).collect();
        if running.is_empty() {
            return;
        }
        let place = *random.pick(&running);
        self.next_words += 1;
        let words = draw_words(random, self.next_words, &self.limits);
        let device = self.device(random);
        let Some(command) = self.person(device, words).draw(random) else { return };
        let command = named(command, wall(self.world.time_ms, 0), random);
        let account = self.world.clients()[device].account.clone();
        let words = command.words().map(str::to_owned);
        self.subjects.extend(words.clone().zip(subject(&account, &command)));
        if let Command::DeleteMessage(DeleteMessage { message, .. }) = &command {
            self.taken_back.insert(message.clone());
        }
        let message = match &command {
            Command::SendMessage(_) | Command::EditMessage(_) => command.message(&account),
            _ => None,
        };
        // Until it is answered nobody knows what becomes of it, nor if the node dies before.
        let unknown = |_: &String| Words { account: account.clone(), doubtful: true, message: message.clone() };
        self.said.extend(words.clone().map(|words| (words.clone(), unknown(&words))));
        let name = command.name();
        self.world.trace.note(
            self.world.time_ms,
            format_args!("place {place}: a service is to write {name} {words:?} for {account}"),
        );
        let stream = command.stream(&tenant(), &account);
        let Some(node) = self.world.node(place) else { return };
        let answer = node.call(tenant(), account.clone(), command);
        self.called.push(Called { answer, account, stream, words, message });
    }

    /// Collects the answers to services.
    pub(super) fn listen_for_services(&mut self) {
        for mut called in std::mem::take(&mut self.called) {
            match called.answer.try_recv() {
                Ok(answer) => self.answered(called, answer),
                Err(TryRecvError::Empty) => self.called.push(called),
                Err(TryRecvError::Closed) => {}
            }
        }
    }

    fn answered(&mut self, called: Called, answer: Result<(), CallError>) {
        let Called { account, stream, words, message, .. } = called;
        let outcome = answer.as_ref().map_err(ToString::to_string);
        self.world.trace.note(self.world.time_ms, format_args!("a service is answered {words:?}: {outcome:?}"));
        match answer {
            Ok(()) => {
                self.world.tally.count(Happened::Called);
                self.said.extend(words.map(|words| (words, Words { account, doubtful: false, message })));
                self.opened.extend(stream.conversation());
            }
            // It was decided, and is not to be tried again.
            Err(CallError::Refused(refusal)) if !refusal.code.is_retryable() && refusal.code != Code::MessageHeld => {
                if let Some(words) = words {
                    self.said.remove(&words);
                    self.refused_to_services.insert(words, refusal.code);
                }
            }
            Err(_) => {}
        }
    }
}

/// The command with the id of what it makes, as a device of the account would draw it.
fn named(command: Command, now: WallTime, random: &mut Random) -> Command {
    let (one, other) = (random.number().to_be_bytes(), random.number().to_be_bytes());
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&one);
    bytes[8..].copy_from_slice(&other);
    match command {
        Command::SendMessage(send) => SendMessage { stamp: Stamp::new(now, 0, one), ..send }.into(),
        Command::CreateConversation(creation) => {
            CreateConversation { conversation: ConversationId::from_bytes(bytes), ..creation }.into()
        }
        Command::AddContact(contact) => AddContact { id: ContactId::from_bytes(bytes), ..contact }.into(),
        other => other,
    }
}
