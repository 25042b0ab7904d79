//! A chat that WhatsApp exported as text: one line with time and sender for each message, whose other lines follow
//! as they are. Its form depends on the phone and its language (`whatsapp/heading`, `whatsapp/said`), and it has no
//! ids: what tells one message from another is its time, its sender and its words. It is read twice, first to
//! learn who is in it and how dates are written.

mod heading;
mod said;

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read},
};

use jiff::tz::TimeZone;
use tidings_core::{
    ids::{AccountId, ConversationId, MessageId, TenantId},
    model::{ConversationKind, ConversationState, MemberStatus, Role, Scope},
    time::WallTime,
};

pub use self::heading::DateOrder;
use self::{
    heading::{Dates, Heading},
    said::{Said, is_opening, said},
};
use super::{
    archive::{Conversation, Line, Member, Message},
    derived,
    error::TransferError,
    import::{Item, Take},
    senders::{Senders, line},
    source::Source,
};

/// Bytes of the longest line that is read.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// What an export does not say.
pub(super) struct Options {
    /// The title, which makes it a group.
    pub(super) title: Option<String>,
    /// The name of the time zone of the phone.
    pub(super) time_zone: String,
    /// The order of day, month and year.
    pub(super) date_order: Option<DateOrder>,
}

/// A message of the text, with all its lines.
struct Raw {
    heading: Heading,
    sender: Option<String>,
    text: String,
}

/// Tells what a chat has.
pub(super) fn read(
    source: &Source,
    tenant: &TenantId,
    options: &Options,
    mut senders: Senders,
    take: &mut Take<'_>,
) -> Result<(), TransferError> {
    let zone = TimeZone::get(&options.time_zone)
        .map_err(|_| TransferError::Option(format!("{} is no time zone", options.time_zone)))?;
    let is_text = |name: &&String| name.to_lowercase().ends_with(".txt");
    let file = source.names().iter().find(is_text).or_else(|| source.names().first());
    let file = file.ok_or_else(|| TransferError::format(source.title(), "no text in it"))?.clone();
    let mut chat = Chat { dates: Dates::default(), names: Vec::new(), first: None };
    source.read(&file, |read| each(&file, read, |raw| chat.learn(raw)))?;
    let order = options.date_order.unwrap_or_else(|| chat.dates.order());
    let Some(first) = &chat.first else {
        return Err(TransferError::format(file, "no line in it begins with a time, a sender and a colon"));
    };
    let time = |heading: &Heading| heading.time(order, &zone);
    let created_at = time(first)
        .ok_or_else(|| TransferError::format(file.clone(), "a date that there is not: is the order of dates right?"))?;
    let mut accounts = HashMap::new();
    for name in &chat.names {
        accounts.insert(name.clone(), senders.account(name, None, take)?);
    }
    let title = options.title.clone().unwrap_or_else(|| title_of(source, &file));
    let line = chat.line(tenant, &accounts, &title, options.title.is_some(), created_at);
    let conversation = line.conversation;
    take(Item::Line(Line::Conversation(Box::new(line))))?;
    let mut writing = Writing { conversation, accounts, same: HashMap::new(), last: created_at };
    source.read(&file, |read| each(&file, read, |raw| writing.message(raw, time(&raw.heading), take)))?;
    take(Item::End(conversation))
}

/// The name of a chat, from that of its file: the phone writes it behind some words of its language.
fn title_of(source: &Source, file: &str) -> String {
    let file = file.rsplit('/').next().unwrap_or_default();
    let name = match file {
        // A zip file is called as the chat; the text in it always so.
        "_chat.txt" => source.title(),
        file => file.trim_end_matches(".txt").to_owned(),
    };
    let before = ["WhatsApp Chat with ", "WhatsApp Chat - ", "WhatsApp Chat mit ", "Chat de WhatsApp con "];
    let name = before.iter().find_map(|before| name.strip_prefix(before)).unwrap_or(&name);
    line(name, 200).unwrap_or_else(|| "WhatsApp".to_owned())
}

/// What is learned of a chat before it is written.
struct Chat {
    dates: Dates,
    names: Vec<String>,
    first: Option<Heading>,
}

impl Chat {
    fn learn(&mut self, raw: &Raw) -> Result<(), TransferError> {
        self.dates.learn(&raw.heading);
        if let Some(sender) = raw.sender.as_ref().filter(|_| !matches!(said(&raw.text), Said::System(_))) {
            self.first.get_or_insert(raw.heading);
            if !self.names.contains(sender) {
                self.names.push(sender.clone());
            }
        }
        Ok(())
    }

    /// Two people have a direct conversation, unless the chat is given a title.
    fn line(
        &self,
        tenant: &TenantId,
        accounts: &HashMap<String, AccountId>,
        title: &str,
        has_title: bool,
        created_at: WallTime,
    ) -> Conversation {
        let mut members: Vec<AccountId> = Vec::new();
        for account in self.names.iter().filter_map(|name| accounts.get(name)) {
            if !members.contains(account) {
                members.push(account.clone());
            }
        }
        let (kind, conversation) = match members.as_slice() {
            [one, other] if !has_title => (ConversationKind::Direct, ConversationId::direct(tenant, one, other)),
            _ => (ConversationKind::Group, derived::conversation("whatsapp", title)),
        };
        let title = (kind == ConversationKind::Group).then(|| line(title, 200)).flatten();
        Conversation::begun(conversation, kind, title, &members, created_at)
    }
}

/// A chat that is being told.
struct Writing {
    conversation: ConversationId,
    accounts: HashMap<String, AccountId>,
    /// How often the same was said by the same sender at the same time.
    same: HashMap<MessageId, u32>,
    last: WallTime,
}

impl Writing {
    fn message(&mut self, raw: &Raw, at: Option<WallTime>, take: &mut Take<'_>) -> Result<(), TransferError> {
        let unplaced = |take: &mut Take<'_>, name: &str| take(Item::Unplaced(name.to_owned(), 1));
        let author = raw.sender.as_ref().and_then(|sender| self.accounts.get(sender));
        let Some(author) = author.cloned() else { return unplaced(take, "system lines") };
        // A date that there is not is none that WhatsApp wrote: it stands in for the time before it.
        let at = at.unwrap_or(self.last);
        if at != self.last {
            self.same.clear();
            self.last = at;
        }
        let (text, is_edited) = match said(&raw.text) {
            Said::Text { text, is_edited } => (text, is_edited),
            Said::File { text, is_edited } => {
                unplaced(take, "files, of which the names are kept")?;
                (text, is_edited)
            }
            Said::Poll(text) => {
                unplaced(take, "polls, of which the words are kept")?;
                (text, false)
            }
            Said::Deleted => return unplaced(take, "messages that were deleted"),
            Said::Call => return unplaced(take, "calls"),
            Said::System(_) => return unplaced(take, "system lines"),
        };
        let chat = self.conversation.to_string();
        let stamp = |count: u32| derived::stamp(at, &[&chat, author.as_str(), &raw.text, &count.to_string()]);
        let count = self.same.entry(MessageId { stamp: stamp(0), author: author.clone() }).or_default();
        let id = MessageId { stamp: stamp(*count), author: author.clone() };
        *count += 1;
        let edited_at = is_edited.then_some(at);
        let message = Message { edited_at, ..Message::new(self.conversation, id, text) };
        take(Item::Line(Line::Message(Box::new(message))))
    }
}

impl Conversation {
    /// A conversation that somebody began with others, of which nothing more is known.
    pub(super) fn begun(
        conversation: ConversationId,
        kind: ConversationKind,
        title: Option<String>,
        accounts: &[AccountId],
        created_at: WallTime,
    ) -> Self {
        let created_by = accounts.first().cloned().unwrap_or_else(AccountId::system);
        let role = |account: &AccountId| match kind {
            ConversationKind::Direct => Role::Member,
            _ if *account == created_by => Role::Owner,
            _ => Role::Member,
        };
        let member = |account: &AccountId| Member {
            account: account.clone(),
            role: role(account),
            status: MemberStatus::Active,
            status_at: created_at,
            status_by: created_by.clone(),
            joined_at: Some(created_at),
            invited_by: Some(created_by.clone()),
            display_name: None,
            color: None,
            grants: Vec::new(),
        };
        Self {
            conversation,
            kind,
            members: accounts.iter().map(member).collect(),
            created_by: created_by.clone(),
            created_at,
            resource: None,
            lead: None,
            account: None,
            link: None,
            external_id: None,
            name: None,
            title,
            description: None,
            avatar_url: None,
            theme: None,
            scope: Scope::Private,
            state: ConversationState::Active,
            locked: false,
            policies: None,
            roles: Vec::new(),
            invites: Vec::new(),
        }
    }
}

/// Calls with each message of a text.
fn each(
    file: &str,
    read: &mut dyn Read,
    mut work: impl FnMut(&Raw) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let mut read = BufReader::new(read);
    let (mut bytes, mut open) = (Vec::new(), None::<Raw>);
    loop {
        bytes.clear();
        let length = (&mut read).take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        if length.map_err(TransferError::file(file))? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        match Heading::read(text) {
            Some((heading, rest)) => {
                let (sender, text) = sender_of(rest);
                // Before the first words of a group comes its own name.
                let sender = sender.filter(|_| open.is_some() || !is_opening(text));
                let next = Raw { heading, sender: sender.map(str::to_owned), text: text.to_owned() };
                if let Some(ended) = open.replace(next) {
                    work(&ended)?;
                }
            }
            None => match &mut open {
                Some(open) if (open.text.len() as u64) < LINE_BYTES_MAX => {
                    open.text.push('\n');
                    open.text.push_str(text);
                }
                // Nothing that a message could be.
                Some(_) | None => {}
            },
        }
    }
    open.as_ref().map_or(Ok(()), work)
}

/// Who said something, and what. A line without a sender is the system's.
fn sender_of(rest: &str) -> (Option<&str>, &str) {
    let (sender, text) = match rest.split_once(": ") {
        Some(parts) => parts,
        None => match rest.strip_suffix(':') {
            Some(sender) => (sender, ""),
            None => return (None, rest),
        },
    };
    let sender = sender.trim_matches(['\u{200e}', '\u{200f}', '\u{202a}', '\u{202c}', '~', ' ', '\u{a0}', '\u{202f}']);
    // "Ann changed the subject to “Boats: 2024”" has a colon, and is the system's.
    let is_name = (1..=80).contains(&sender.chars().count()) && !sender.contains(['"', '“', '”', '„', '«']);
    if is_name { (Some(sender), text) } else { (None, rest) }
}
