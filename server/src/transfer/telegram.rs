//! The export of Telegram Desktop in JSON: all chats of an account, or one. It is read twice as a stream, first to
//! learn who is in each chat and what is pinned there; one chat's message ids are in memory at a time.

mod chats;
mod said;

use std::{
    collections::{BTreeMap, HashMap},
    io::BufReader,
};

use serde_json::Value;
use tidings_core::{
    ids::{AccountId, ConversationId, MessageId, TenantId},
    model::{ConversationKind, is_emoji},
    time::WallTime,
};

use self::{
    chats::{Chat, Visit, walk},
    said::said,
};
use super::{
    archive::{Act, Conversation, Line, Message, Reaction},
    derived,
    error::TransferError,
    import::{Item, Take},
    senders::{Senders, line},
    source::Source,
};

const SOURCE: &str = "telegram";

/// Tells what an export has.
pub(super) fn read(
    source: &Source,
    tenant: &TenantId,
    senders: Senders,
    take: &mut Take<'_>,
) -> Result<(), TransferError> {
    let file =
        source.find("result.json").or_else(|| source.names().iter().find(|name| name.ends_with(".json")).cloned());
    let file = file.ok_or_else(|| TransferError::format(source.title(), "no result.json in it"))?;
    let mut learning = Learning::default();
    source.read(&file, |read| walk(&file, BufReader::new(read), &mut learning))?;
    if learning.chats.is_empty() {
        return Err(TransferError::format(file, "no chat with messages in it"));
    }
    let mut telling = Telling { tenant, senders, learned: learning.chats, open: None, take };
    source.read(&file, |read| walk(&file, BufReader::new(read), &mut telling))
}

/// What is learned of a chat before it is written.
#[derive(Default)]
struct Learned {
    /// The ids of who is in it, each with a name, in the order in which they appear.
    people: Vec<(String, Option<String>)>,
    first: Option<WallTime>,
    /// The pinned messages, with who pinned each and when.
    pins: HashMap<i64, (String, WallTime)>,
}

impl Learned {
    fn meet(&mut self, id: &str, name: Option<&str>) {
        match self.people.iter_mut().find(|(known, _)| known == id) {
            Some((_, known)) if known.is_none() => *known = name.map(str::to_owned),
            Some(_) => {}
            None => self.people.push((id.to_owned(), name.map(str::to_owned))),
        }
    }
}

#[derive(Default)]
struct Learning {
    chats: BTreeMap<i64, Learned>,
}

impl Visit for Learning {
    fn message(&mut self, chat: &Chat, message: &Value) -> Result<(), TransferError> {
        let learned = self.chats.entry(chat.id).or_default();
        let Some(at) = time(message, "date") else { return Ok(()) };
        match message["type"].as_str() {
            Some("message") => {
                learned.first.get_or_insert(at);
                learned.meet(&sender(message, "from_id", chat), message["from"].as_str());
            }
            Some("service") if message["action"] == "pin_message" => {
                if let Some(pinned) = message["message_id"].as_i64() {
                    learned.meet(&sender(message, "actor_id", chat), message["actor"].as_str());
                    learned.pins.insert(pinned, (sender(message, "actor_id", chat), at));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, _: &Chat) -> Result<(), TransferError> {
        Ok(())
    }
}

/// A chat that is being told.
struct Open {
    conversation: ConversationId,
    /// The messages so far, by their number in the chat, for those that answer them.
    messages: HashMap<i64, MessageId>,
}

struct Telling<'a, 'b> {
    tenant: &'a TenantId,
    senders: Senders,
    learned: BTreeMap<i64, Learned>,
    open: Option<Open>,
    take: &'a mut Take<'b>,
}

impl Visit for Telling<'_, '_> {
    fn message(&mut self, chat: &Chat, message: &Value) -> Result<(), TransferError> {
        if chat.kind == "saved_messages" {
            return self.unplaced("saved messages", 1);
        }
        match message["type"].as_str() {
            Some("message") => {}
            Some("service") => return self.service(message),
            _ => return self.unplaced("entries of a kind that is not known", 1),
        }
        let (Some(at), Some(number)) = (time(message, "date"), message["id"].as_i64()) else {
            return self.unplaced("messages without a time or a number", 1);
        };
        if self.open.is_none() {
            self.begin(chat, at)?;
        }
        let author = self.account(message, "from_id", message["from"].as_str(), chat)?;
        let said = said(message);
        for (name, count) in said.unplaced {
            self.unplaced(name, count)?;
        }
        let stamp = derived::stamp(at, &[SOURCE, &chat.id.to_string(), &number.to_string()]);
        let id = MessageId { stamp, author };
        let mut mentions = Vec::new();
        for user in said.mentions {
            mentions.push(self.senders.account(&format!("user{user}"), None, self.take)?);
        }
        let reactions = self.reactions(chat, message)?;
        let pin = self.learned.get(&chat.id).and_then(|learned| learned.pins.get(&number)).cloned();
        let pinned = match pin {
            Some((by, at)) => Some(Act { by: self.senders.account(&by, None, self.take)?, at }),
            None => None,
        };
        let Some(open) = &mut self.open else { return Ok(()) };
        let reply_to = message["reply_to_message_id"].as_i64().and_then(|number| open.messages.get(&number)).cloned();
        open.messages.insert(number, id.clone());
        let message = Message {
            edited_at: time(message, "edited"),
            reply_to,
            mentions,
            reactions,
            pinned,
            ..Message::new(open.conversation, id, said.content)
        };
        (self.take)(Item::Line(Line::Message(Box::new(message))))
    }

    fn end(&mut self, _: &Chat) -> Result<(), TransferError> {
        match self.open.take() {
            Some(open) => (self.take)(Item::End(open.conversation)),
            None => Ok(()),
        }
    }
}

impl Telling<'_, '_> {
    fn unplaced(&mut self, name: impl Into<String>, count: u64) -> Result<(), TransferError> {
        (self.take)(Item::Unplaced(name.into(), count))
    }

    fn service(&mut self, message: &Value) -> Result<(), TransferError> {
        match message["action"].as_str() {
            // A pin is written with its message.
            Some("pin_message") => Ok(()),
            Some("phone_call" | "group_call") => self.unplaced("calls", 1),
            Some(action) => self.unplaced(format!("notices: {}", action.chars().take(40).collect::<String>()), 1),
            None => self.unplaced("notices", 1),
        }
    }

    fn account(
        &mut self,
        message: &Value,
        field: &str,
        name: Option<&str>,
        chat: &Chat,
    ) -> Result<AccountId, TransferError> {
        self.senders.account(&sender(message, field, chat), name, self.take)
    }

    /// Tells the conversation of a chat.
    fn begin(&mut self, chat: &Chat, at: WallTime) -> Result<(), TransferError> {
        let learned = self.learned.get(&chat.id);
        let mut people = learned.map(|learned| learned.people.clone()).unwrap_or_default();
        let first = learned.and_then(|learned| learned.first).unwrap_or(at);
        let other = format!("user{}", chat.id);
        let is_private = matches!(chat.kind.as_str(), "personal_chat" | "bot_chat");
        if is_private && !people.iter().any(|(id, _)| *id == other) {
            people.push((other, chat.name.clone()));
        }
        let mut accounts: Vec<AccountId> = Vec::new();
        for (id, name) in &people {
            let account = self.senders.account(id, name.as_deref(), self.take)?;
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        let (kind, conversation) = match (chat.kind.as_str(), accounts.as_slice()) {
            (_, [one, other]) if is_private => {
                (ConversationKind::Direct, ConversationId::direct(self.tenant, one, other))
            }
            ("private_channel" | "public_channel", _) => {
                (ConversationKind::Channel, derived::conversation(SOURCE, &chat.id.to_string()))
            }
            _ => (ConversationKind::Group, derived::conversation(SOURCE, &chat.id.to_string())),
        };
        let title = chat.name.as_deref().filter(|_| kind != ConversationKind::Direct);
        let title = title.and_then(|title| line(title, 200));
        let begun = Conversation::begun(conversation, kind, title, &accounts, first);
        self.open = Some(Open { conversation, messages: HashMap::new() });
        (self.take)(Item::Line(Line::Conversation(Box::new(begun))))
    }

    /// The reactions of which the export tells whose they are.
    fn reactions(&mut self, chat: &Chat, message: &Value) -> Result<Vec<Reaction>, TransferError> {
        let mut reactions: Vec<Reaction> = Vec::new();
        for reaction in message["reactions"].as_array().into_iter().flatten() {
            let recent = reaction["recent"].as_array().map(Vec::as_slice).unwrap_or_default();
            let count = reaction["count"].as_u64().unwrap_or_default().max(recent.len() as u64);
            let emoji = reaction["emoji"].as_str().map(str::to_owned);
            let Some(emoji) = emoji.filter(|emoji| is_emoji(emoji)) else {
                self.unplaced("reactions with a picture of its own", count)?;
                continue;
            };
            let mut accounts = Vec::new();
            for one in recent {
                accounts.push(self.account(one, "from_id", one["from"].as_str(), chat)?);
            }
            let untold = count - recent.len() as u64;
            if untold > 0 {
                self.unplaced("reactions of which it is not told whose they are", untold)?;
            }
            if !accounts.is_empty() {
                reactions.push(Reaction { emoji, accounts });
            }
        }
        Ok(reactions)
    }
}

/// Whose something is. Older exports have a number, and what is signed by the chat itself may have nothing.
fn sender(message: &Value, field: &str, chat: &Chat) -> String {
    match &message[field] {
        Value::String(id) => id.clone(),
        Value::Number(id) => format!("user{id}"),
        _ => format!("chat{}", chat.id),
    }
}

/// The time in a field: newer exports have it as a number of seconds beside the local one.
fn time(message: &Value, field: &str) -> Option<WallTime> {
    let seconds = &message[format!("{field}_unixtime")];
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok());
    let local = || {
        let time: jiff::civil::DateTime = message[field].as_str()?.parse().ok()?;
        let seconds = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?.as_second();
        u64::try_from(seconds).ok()
    };
    // 48 bits of milliseconds are what a message id holds.
    seconds.or_else(local).filter(|seconds| *seconds < 1 << 37).map(|seconds| WallTime::from_millis(seconds * 1_000))
}
