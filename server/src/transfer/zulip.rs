//! An organization export of Zulip: one file with users, channels and subscriptions, and files with messages of all
//! channels in the order in which they were sent. One of these is in memory at a time. A topic becomes a thread that
//! starts from its first message, with the topic as its title.

mod realm;

use std::collections::HashMap;

use serde::Deserialize;
use tidings_core::{
    ids::{AccountId, ConversationId, MessageId, TenantId},
    model::{ConversationKind, ConversationState, JoinPolicy, Policies, Scope},
    time::WallTime,
};

use self::realm::{Posted, Realm, time};
use super::{
    archive::{Conversation, Line, Message, Opens, Reaction},
    derived, emoji,
    error::TransferError,
    import::{Item, Take},
    senders::{Senders, line, machine_name},
    source::Source,
};

const SOURCE: &str = "zulip";

/// Messages, in a file of their own.
#[derive(Deserialize)]
struct Messages {
    zerver_message: Vec<Posted>,
    #[serde(default)]
    zerver_reaction: Vec<realm::Reacted>,
}

/// Tells what an export has.
pub(super) fn read(
    source: &Source,
    tenant: &TenantId,
    mut senders: Senders,
    take: &mut Take<'_>,
) -> Result<(), TransferError> {
    let file = source.find("realm.json");
    let file = file.ok_or_else(|| TransferError::format(source.title(), "no realm.json in it"))?;
    let base = file.trim_end_matches("realm.json").to_owned();
    let mut realm = source.read(&file, |read| Realm::read(&file, read))?;
    for (id, user) in &realm.users {
        let names = [&user.delivery_email, &user.email, &user.full_name];
        senders.alias(&id.to_string(), names.into_iter().filter_map(|name| name.as_deref()));
    }
    let is_messages = |name: &&String| {
        let name = name.strip_prefix(&base).unwrap_or_default();
        name.starts_with("messages-") && name.ends_with(".json")
    };
    let files: Vec<String> = source.names().iter().filter(is_messages).cloned().collect();
    let reactions = std::mem::take(&mut realm.reactions);
    let mut telling = Telling { tenant, senders, realm, reactions, open: HashMap::new(), topics: HashMap::new(), take };
    for file in files {
        let messages: Messages = source
            .read(&file, |read| serde_json::from_reader(read).map_err(|error| TransferError::format(&file, error)))?;
        for reacted in messages.zerver_reaction {
            telling.reactions.entry(reacted.message).or_default().push(reacted);
        }
        for message in messages.zerver_message {
            telling.message(message)?;
        }
    }
    let open: Vec<ConversationId> = telling.open.into_values().flatten().collect();
    open.into_iter().try_for_each(|conversation| take(Item::End(conversation)))
}

struct Telling<'a, 'b> {
    tenant: &'a TenantId,
    senders: Senders,
    realm: Realm,
    /// Reactions, by the number of their message.
    reactions: HashMap<u64, Vec<realm::Reacted>>,
    /// The conversations of recipients, and of people who write to each other; none for notes to oneself.
    open: HashMap<Chat, Option<ConversationId>>,
    /// The threads of topics.
    topics: HashMap<(ConversationId, String), ConversationId>,
    take: &'a mut Take<'b>,
}

/// What a message is sent to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Chat {
    Channel(u64),
    /// Two people, the one with the smaller number first.
    Two(u64, u64),
    Several(u64),
}

impl Telling<'_, '_> {
    fn unplaced(&mut self, name: &str, count: u64) -> Result<(), TransferError> {
        (self.take)(Item::Unplaced(name.to_owned(), count))
    }

    fn account(&mut self, user: u64) -> Result<AccountId, TransferError> {
        let name = self.realm.users.get(&user).and_then(|user| user.full_name.as_deref());
        self.senders.account(&user.to_string(), name, self.take)
    }

    fn message(&mut self, posted: Posted) -> Result<(), TransferError> {
        let Some(at) = time(posted.date_sent) else { return self.unplaced("messages without a time", 1) };
        let Some(chat) = self.chat(&posted) else { return self.unplaced("messages to nobody who is known", 1) };
        let Some(conversation) = self.conversation(&chat, at)? else {
            return self.unplaced("notes to oneself", 1);
        };
        let author = self.account(posted.sender)?;
        let id = MessageId { stamp: derived::stamp(at, &[SOURCE, &posted.id.to_string()]), author };
        if posted.has_attachment {
            self.unplaced("messages with files, of which the links are kept", 1)?;
        }
        if posted.content.starts_with("/poll ") || posted.content.starts_with("/todo") {
            self.unplaced("polls and lists, of which the words are kept", 1)?;
        }
        let mut mentions = Vec::new();
        for user in self.realm.mentioned(&posted.content) {
            let account = self.account(user)?;
            if !mentions.contains(&account) {
                mentions.push(account);
            }
        }
        let reactions = self.reactions(posted.id)?;
        let (thread, opens) = match chat {
            Chat::Channel(_) => self.topic(conversation, &posted.subject, &id),
            Chat::Two(..) | Chat::Several(_) => (None, None),
        };
        let edited_at = posted.edited_at();
        let message =
            Message { thread, opens, mentions, reactions, edited_at, ..Message::new(conversation, id, posted.content) };
        (self.take)(Item::Line(Line::Message(Box::new(message))))
    }

    fn chat(&self, posted: &Posted) -> Option<Chat> {
        let two = |other: u64| Chat::Two(posted.sender.min(other), posted.sender.max(other));
        let recipient = self.realm.recipients.get(&posted.recipient)?;
        match recipient.kind {
            1 => Some(two(recipient.type_id)),
            2 => Some(Chat::Channel(posted.recipient)),
            // A group of two is a direct conversation, too.
            3 => match self.realm.subscribed(posted.recipient) {
                [one] => Some(Chat::Two(*one, *one)),
                [one, other] => Some(Chat::Two(*one.min(other), *one.max(other))),
                _ => Some(Chat::Several(posted.recipient)),
            },
            _ => None,
        }
    }

    /// The conversation of a chat, told when it is met first.
    fn conversation(&mut self, chat: &Chat, at: WallTime) -> Result<Option<ConversationId>, TransferError> {
        if let Some(known) = self.open.get(chat) {
            return Ok(*known);
        }
        let begun = match chat {
            Chat::Two(one, other) => {
                let accounts = [self.account(*one)?, self.account(*other)?];
                let conversation = ConversationId::direct(self.tenant, &accounts[0], &accounts[1]);
                let direct = |()| Conversation::begun(conversation, ConversationKind::Direct, None, &accounts, at);
                (accounts[0] != accounts[1]).then_some(()).map(direct)
            }
            Chat::Several(recipient) => Some(self.group(*recipient, None, at)?),
            Chat::Channel(recipient) => Some(self.channel(*recipient, at)?),
        };
        let id = begun.as_ref().map(|begun| begun.conversation);
        self.open.insert(chat.clone(), id);
        if let Some(begun) = begun {
            (self.take)(Item::Line(Line::Conversation(Box::new(begun))))?;
        }
        Ok(id)
    }

    fn group(&mut self, recipient: u64, creator: Option<u64>, at: WallTime) -> Result<Conversation, TransferError> {
        let members: Vec<u64> = self.realm.subscribed(recipient).to_vec();
        let someone = creator.or_else(|| members.first().copied()).unwrap_or_else(|| self.realm.first_user());
        let mut accounts: Vec<AccountId> = Vec::new();
        for user in std::iter::once(someone).chain(members) {
            let account = self.account(user)?;
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        let conversation = derived::conversation(SOURCE, &recipient.to_string());
        Ok(Conversation::begun(conversation, ConversationKind::Group, None, &accounts, at))
    }

    fn channel(&mut self, recipient: u64, at: WallTime) -> Result<Conversation, TransferError> {
        let channel = self.realm.recipients.get(&recipient).map(|recipient| recipient.type_id);
        let channel = channel.and_then(|id| self.realm.channels.get(&id)).cloned().unwrap_or_default();
        let created_at = channel.date_created.and_then(time).unwrap_or(at).min(at);
        let mut begun = self.group(recipient, channel.creator, created_at)?;
        begun.title = line(&channel.name, 200);
        begun.description = Some(channel.description.chars().take(2_000).collect())
            .filter(|description: &String| !description.trim().is_empty());
        if channel.deactivated {
            begun.state = ConversationState::Archived;
        }
        if let Some(name) = machine_name(&channel.name).filter(|_| !channel.invite_only) {
            begun.name = Some(name);
            begun.scope = Scope::Public;
            begun.policies = Some(Policies { join: JoinPolicy::Open, ..Policies::of(ConversationKind::Group) });
        }
        Ok(begun)
    }

    /// The thread of a topic, which its first message starts.
    fn topic(
        &mut self,
        conversation: ConversationId,
        topic: &str,
        id: &MessageId,
    ) -> (Option<ConversationId>, Option<Opens>) {
        let Some(title) = line(topic, 200) else { return (None, None) };
        let key = (conversation, title.to_lowercase());
        if let Some(thread) = self.topics.get(&key) {
            return (Some(*thread), None);
        }
        let thread = ConversationId::thread(self.tenant, conversation, id);
        self.topics.insert(key, thread);
        let (created_by, created_at) = (id.author.clone(), id.created_at());
        (None, Some(Opens { thread, created_by, created_at, title: Some(title) }))
    }

    fn reactions(&mut self, message: u64) -> Result<Vec<Reaction>, TransferError> {
        let mut reactions: Vec<Reaction> = Vec::new();
        for reacted in self.reactions.remove(&message).unwrap_or_default() {
            let emoji = match reacted.reaction_type.as_deref() {
                None | Some("unicode_emoji") => emoji::coded(&reacted.emoji_code),
                Some(_) => None,
            };
            let Some(emoji) = emoji else {
                self.unplaced("reactions with a picture of its own", 1)?;
                continue;
            };
            let account = self.account(reacted.user_profile)?;
            match reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
                Some(reaction) => reaction.accounts.push(account),
                None => reactions.push(Reaction { emoji, accounts: vec![account] }),
            }
        }
        Ok(reactions)
    }
}
