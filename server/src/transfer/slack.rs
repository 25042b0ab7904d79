//! A workspace export of Slack: lists of users and of channels, and a folder for each channel with a file for each
//! day. One day of one channel is in memory at a time.

mod said;

use std::collections::HashMap;

use serde_json::Value;
use tidings_core::{
    ids::{AccountId, ConversationId, MessageId, TenantId},
    model::{ConversationKind, ConversationState, JoinPolicy, Policies, Scope},
    time::WallTime,
};

use self::said::{Names, said};
use super::{
    archive::{Act, Conversation, Line, Message, Opens, Reaction},
    derived, emoji,
    error::TransferError,
    import::{Item, Take},
    senders::{Senders, line, machine_name},
    source::Source,
};

const SOURCE: &str = "slack";

/// The lists of chats, and what each of them is of.
const LISTS: [(&str, Kind); 4] = [
    ("channels.json", Kind::Public),
    ("groups.json", Kind::Private),
    ("mpims.json", Kind::Several),
    ("dms.json", Kind::Direct),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Private,
    Several,
    Direct,
}

/// Tells what an export has.
pub(super) fn read(
    source: &Source,
    tenant: &TenantId,
    mut senders: Senders,
    take: &mut Take<'_>,
) -> Result<(), TransferError> {
    let users = source.find("users.json");
    let users = users.ok_or_else(|| TransferError::format(source.title(), "no users.json in it"))?;
    let base = users.trim_end_matches("users.json").to_owned();
    let mut names = Names::default();
    for user in list(source, &users)? {
        let Some(id) = user["id"].as_str() else { continue };
        let handle = user["name"].as_str().unwrap_or(id);
        let profile = &user["profile"];
        let shown = [&profile["display_name"], &profile["real_name"], &user["real_name"]];
        let shown = shown.into_iter().filter_map(Value::as_str).find(|name| !name.trim().is_empty());
        names.users.insert(id.to_owned(), shown.unwrap_or(handle).to_owned());
        senders.alias(id, [profile["email"].as_str(), Some(handle)].into_iter().flatten());
    }
    let mut chats = Vec::new();
    for (file, kind) in LISTS {
        let file = format!("{base}{file}");
        if source.names().contains(&file) {
            chats.extend(list(source, &file)?.into_iter().map(|chat| (kind, chat)));
        }
    }
    for (_, chat) in &chats {
        if let (Some(id), Some(name)) = (chat["id"].as_str(), chat["name"].as_str()) {
            names.channels.insert(id.to_owned(), name.to_owned());
        }
    }
    let mut telling = Telling { source, tenant, senders, names, base, take };
    chats.iter().try_for_each(|(kind, chat)| telling.chat(*kind, chat))
}

/// A list in a file.
fn list(source: &Source, file: &str) -> Result<Vec<Value>, TransferError> {
    source.read(file, |read| serde_json::from_reader(read).map_err(|error| TransferError::format(file, error)))
}

struct Telling<'a, 'b> {
    source: &'a Source,
    tenant: &'a TenantId,
    senders: Senders,
    names: Names,
    /// The folder in which the lists are.
    base: String,
    take: &'a mut Take<'b>,
}

/// A chat that is being told.
struct Chat<'a> {
    id: &'a str,
    conversation: ConversationId,
    /// The pinned messages by their time.
    pins: HashMap<&'a str, (&'a str, WallTime)>,
    /// The threads so far, by the time of the message that each starts from.
    threads: HashMap<String, ConversationId>,
}

impl Telling<'_, '_> {
    fn unplaced(&mut self, name: impl Into<String>, count: u64) -> Result<(), TransferError> {
        (self.take)(Item::Unplaced(name.into(), count))
    }

    fn account(&mut self, user: &str) -> Result<AccountId, TransferError> {
        let name = self.names.users.get(user).map(String::as_str);
        self.senders.account(user, name, self.take)
    }

    fn chat(&mut self, kind: Kind, chat: &Value) -> Result<(), TransferError> {
        let Some(id) = chat["id"].as_str() else { return self.unplaced("channels without an id", 1) };
        let folder = match kind {
            Kind::Direct => id,
            _ => chat["name"].as_str().unwrap_or(id),
        };
        let folder = format!("{}{folder}/", self.base);
        let is_day = |name: &&String| name.starts_with(&folder) && name.ends_with(".json");
        let days: Vec<String> = self.source.names().iter().filter(is_day).cloned().collect();
        let Some(begun) = self.begun(kind, id, chat)? else {
            for day in days {
                let count = list(self.source, &day)?.len() as u64;
                self.unplaced("notes to oneself", count)?;
            }
            return Ok(());
        };
        let conversation = begun.conversation;
        (self.take)(Item::Line(Line::Conversation(Box::new(begun))))?;
        let pins = chat["pins"].as_array().into_iter().flatten().filter_map(|pin| {
            let at = pin["created"].as_u64().map_or_else(|| time(pin["id"].as_str()?), seconds)?;
            Some((pin["id"].as_str()?, (pin["user"].as_str()?, at)))
        });
        let mut open = Chat { id, conversation, pins: pins.collect(), threads: HashMap::new() };
        for day in days {
            for message in list(self.source, &day)? {
                self.message(&mut open, &message)?;
            }
        }
        (self.take)(Item::End(conversation))
    }

    /// The conversation of a chat; none if it is somebody's with themselves.
    fn begun(&mut self, kind: Kind, id: &str, chat: &Value) -> Result<Option<Conversation>, TransferError> {
        let members = chat["members"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut accounts: Vec<AccountId> = Vec::new();
        for user in chat["creator"].as_str().into_iter().chain(members) {
            let account = self.account(user)?;
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        let created_at = chat["created"].as_u64().and_then(seconds).unwrap_or_default();
        if let (Kind::Direct, [one, other]) = (kind, accounts.as_slice()) {
            let conversation = ConversationId::direct(self.tenant, one, other);
            let direct = Conversation::begun(conversation, ConversationKind::Direct, None, &accounts, created_at);
            return Ok(Some(direct));
        }
        if kind == Kind::Direct && accounts.len() < 2 {
            return Ok(None);
        }
        if accounts.is_empty() {
            accounts.push(self.account("USLACKBOT")?);
        }
        let name = chat["name"].as_str().unwrap_or_default();
        let title = (kind != Kind::Several).then(|| line(name, 200)).flatten();
        let conversation = derived::conversation(SOURCE, id);
        let mut begun = Conversation::begun(conversation, ConversationKind::Group, title, &accounts, created_at);
        let words = [&chat["purpose"]["value"], &chat["topic"]["value"]];
        let words = words.into_iter().filter_map(Value::as_str).find(|words| !words.trim().is_empty());
        begun.description = words.map(|words| words.chars().take(2_000).collect());
        if chat["is_archived"] == true {
            begun.state = ConversationState::Archived;
        }
        if let (Kind::Public, Some(name)) = (kind, machine_name(name)) {
            begun.name = Some(name);
            begun.scope = Scope::Public;
            begun.policies = Some(Policies { join: JoinPolicy::Open, ..Policies::of(ConversationKind::Group) });
        }
        Ok(Some(begun))
    }

    fn message(&mut self, chat: &mut Chat<'_>, message: &Value) -> Result<(), TransferError> {
        match message["subtype"].as_str() {
            Some("huddle_thread" | "sh_room_created") => return self.unplaced("calls", 1),
            Some("tombstone") => return self.unplaced("messages that were deleted", 1),
            Some(subtype) if is_notice(subtype) => {
                let name: String = subtype.chars().take(40).collect();
                return self.unplaced(format!("notices: {name}"), 1);
            }
            _ => {}
        }
        let ts = message["ts"].as_str();
        let (Some(ts), Some(at)) = (ts, ts.and_then(time)) else {
            return self.unplaced("messages without a time", 1);
        };
        let author = ["user", "bot_id", "username"].into_iter().find_map(|field| message[field].as_str());
        let author = self.account(author.filter(|author| !author.is_empty()).unwrap_or("unknown"))?;
        let said = said(message, &self.names);
        for (name, count) in said.unplaced {
            self.unplaced(name, count)?;
        }
        let mut mentions = Vec::new();
        for user in said.mentions {
            let account = self.account(&user)?;
            if !mentions.contains(&account) {
                mentions.push(account);
            }
        }
        let id = MessageId { stamp: derived::stamp(at, &[SOURCE, chat.id, ts]), author };
        let reactions = self.reactions(message)?;
        let pinned = match chat.pins.get(ts) {
            Some((user, at)) => Some(Act { by: self.account(user)?, at: *at }),
            None => None,
        };
        let (thread, opens) = self.thread(chat, message, ts, &id)?;
        let message = Message {
            thread,
            mentions,
            reactions,
            pinned,
            opens,
            edited_at: message["edited"]["ts"].as_str().and_then(time),
            ..Message::new(chat.conversation, id, said.text)
        };
        (self.take)(Item::Line(Line::Message(Box::new(message))))
    }

    /// The thread that a message is in, or the one that it starts.
    fn thread(
        &mut self,
        chat: &mut Chat<'_>,
        message: &Value,
        ts: &str,
        id: &MessageId,
    ) -> Result<(Option<ConversationId>, Option<Opens>), TransferError> {
        let Some(root) = message["thread_ts"].as_str() else { return Ok((None, None)) };
        if root != ts {
            let thread = chat.threads.get(root).copied();
            if thread.is_none() {
                self.unplaced("answers in a thread whose beginning is not in the export, put beside it", 1)?;
            }
            return Ok((thread, None));
        }
        let thread = ConversationId::thread(self.tenant, chat.conversation, id);
        chat.threads.insert(root.to_owned(), thread);
        let first = &message["replies"][0];
        let by = first["user"].as_str().or_else(|| message["reply_users"][0].as_str());
        let created_by = match by {
            Some(user) => self.account(user)?,
            None => id.author.clone(),
        };
        let created_at = first["ts"].as_str().and_then(time).unwrap_or_else(|| id.created_at());
        Ok((None, Some(Opens { thread, created_by, created_at, title: None })))
    }

    fn reactions(&mut self, message: &Value) -> Result<Vec<Reaction>, TransferError> {
        let mut reactions: Vec<Reaction> = Vec::new();
        for reaction in message["reactions"].as_array().into_iter().flatten() {
            let users: Vec<&str> =
                reaction["users"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let Some(emoji) = reaction["name"].as_str().and_then(emoji::named) else {
                self.unplaced("reactions with a picture of its own", users.len() as u64)?;
                continue;
            };
            let untold = reaction["count"].as_u64().unwrap_or_default().saturating_sub(users.len() as u64);
            if untold > 0 {
                self.unplaced("reactions of which it is not told whose they are", untold)?;
            }
            let mut accounts = Vec::new();
            for user in users {
                accounts.push(self.account(user)?);
            }
            reactions.push(Reaction { emoji, accounts });
        }
        Ok(reactions)
    }
}

/// Returns true for what the system says of a channel.
fn is_notice(subtype: &str) -> bool {
    let of_channel = ["channel_", "group_", "bot_add", "bot_remove", "pinned_item", "unpinned_item", "reminder_add"];
    of_channel.iter().any(|notice| subtype.starts_with(notice))
}

fn seconds(seconds: u64) -> Option<WallTime> {
    // 48 bits of milliseconds are what a message id holds.
    (seconds < 1 << 37).then(|| WallTime::from_millis(seconds * 1_000))
}

/// The time of a message: seconds, a dot and microseconds.
fn time(ts: &str) -> Option<WallTime> {
    let (whole, micros) = ts.split_once('.').unwrap_or((ts, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then_some(());
    digits(whole).and(digits(micros))?;
    let micros: u64 = format!("{micros:0<6}").get(..6)?.parse().ok()?;
    let at = seconds(whole.parse().ok()?)?;
    Some(WallTime::from_millis(at.as_millis() + micros / 1_000))
}
