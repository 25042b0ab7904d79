//! What people do: every command there is, drawn against what their device
//! shows; and what a screen tells the engine beside commands.

use tidings_core::{
    command::{
        AddContact, AddMember, BanMember, ChangeRole, Command, CreateConversation, CreateDirect, DeleteMessage,
        EditMessage, LeaveConversation, PinMessage, React, RemoveContact, RemoveMember, SendText,
        SetConversationSetting, SetDescription, SetProfile, SetTitle, SettingChange, UnpinMessage, Unreact,
    },
    engine::Input,
    ids::{AccountId, ContactId, ConversationId, MessageId},
    model::{AccountKind, Contact, ContactKind, Profile, Role},
    time::WallTime,
};

use super::client::Client;
use crate::random::Random;

/// Who there is.
pub const ACCOUNTS: [&str; 4] = ["ann", "bob", "carl", "dora"];

/// What the words of people begin with; a number follows that is used once.
pub const WORDS: &str = "words ";

const EMOJI: [&str; 3] = ["👍", "🎉", "❤"];

/// A kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the command of its name")]
pub enum Kind {
    CreateDirect,
    CreateConversation,
    SendText,
    EditMessage,
    DeleteMessage,
    React,
    Unreact,
    SetTitle,
    SetDescription,
    AddMember,
    RemoveMember,
    BanMember,
    Leave,
    ChangeRole,
    PinMessage,
    UnpinMessage,
    SetProfile,
    AddContact,
    RemoveContact,
    SetConversationSetting,
}

/// How often each kind is drawn, of all that are drawn.
pub const KINDS: [(Kind, u64); 20] = [
    (Kind::CreateDirect, 2),
    (Kind::CreateConversation, 3),
    (Kind::SendText, 60),
    (Kind::EditMessage, 8),
    (Kind::DeleteMessage, 5),
    (Kind::React, 8),
    (Kind::Unreact, 5),
    (Kind::SetTitle, 5),
    (Kind::SetDescription, 3),
    (Kind::AddMember, 14),
    (Kind::RemoveMember, 5),
    (Kind::BanMember, 2),
    (Kind::Leave, 2),
    (Kind::ChangeRole, 7),
    (Kind::PinMessage, 4),
    (Kind::UnpinMessage, 3),
    (Kind::SetProfile, 3),
    (Kind::AddContact, 2),
    (Kind::RemoveContact, 2),
    (Kind::SetConversationSetting, 4),
];

/// The kind of a command. A new command is an arm here, a kind above, and an
/// arm in `draw`: nothing compiles without the first, no test passes without the
/// others.
pub fn kind(command: &Command) -> Kind {
    match command {
        Command::CreateDirect(_) => Kind::CreateDirect,
        Command::CreateConversation(_) => Kind::CreateConversation,
        Command::SendText(_) => Kind::SendText,
        Command::EditMessage(_) => Kind::EditMessage,
        Command::DeleteMessage(_) => Kind::DeleteMessage,
        Command::React(_) => Kind::React,
        Command::Unreact(_) => Kind::Unreact,
        Command::SetTitle(_) => Kind::SetTitle,
        Command::SetDescription(_) => Kind::SetDescription,
        Command::AddMember(_) => Kind::AddMember,
        Command::RemoveMember(_) => Kind::RemoveMember,
        Command::BanMember(_) => Kind::BanMember,
        Command::Leave(_) => Kind::Leave,
        Command::ChangeRole(_) => Kind::ChangeRole,
        Command::PinMessage(_) => Kind::PinMessage,
        Command::UnpinMessage(_) => Kind::UnpinMessage,
        Command::SetProfile(_) => Kind::SetProfile,
        Command::AddContact(_) => Kind::AddContact,
        Command::RemoveContact(_) => Kind::RemoveContact,
        Command::SetConversationSetting(_) => Kind::SetConversationSetting,
    }
}

fn account(name: &str) -> AccountId {
    AccountId::parse(name).expect("a constant account parses")
}

/// What somebody may do at this moment.
pub struct Person<'a> {
    /// Their device.
    pub client: &'a Client,
    /// The conversations there are.
    pub conversations: &'a [ConversationId],
    /// Words that nobody used yet.
    pub words: String,
    /// The time.
    pub now: WallTime,
}

impl Person<'_> {
    /// What they do; none when there is nothing to do it to.
    pub fn draw(&self, random: &mut Random) -> Option<Command> {
        if self.conversations.is_empty() {
            let kind = if random.chance(20) { Kind::CreateDirect } else { Kind::CreateConversation };
            return self.command(kind, random);
        }
        let all: u64 = KINDS.iter().map(|(_, weight)| weight).sum();
        let mut roll = random.below(all);
        let kind = KINDS.iter().find(|(_, weight)| match roll.checked_sub(*weight) {
            Some(left) => {
                roll = left;
                false
            }
            None => true,
        });
        self.command(kind.map(|(kind, _)| *kind)?, random)
    }

    fn command(&self, kind: Kind, random: &mut Random) -> Option<Command> {
        let other = account(random.pick::<&str>(&ACCOUNTS));
        let role = *random.pick(Role::ALL);
        let emoji = (*random.pick(&EMOJI)).to_owned();
        let conversation = match kind {
            Kind::CreateDirect
            | Kind::CreateConversation
            | Kind::SetProfile
            | Kind::AddContact
            | Kind::RemoveContact => ConversationId::from_bytes([0; 16]),
            _ => *random.pick(self.conversations),
        };
        let words = self.words.clone();
        Some(match kind {
            Kind::CreateDirect => CreateDirect { peer: other }.into(),
            Kind::CreateConversation => {
                let members = ACCOUNTS.iter().filter(|_| random.chance(75)).map(|name| account(name)).collect();
                CreateConversation::group(Some(words), members).into()
            }
            Kind::SendText => {
                let mut command = SendText::new(conversation, words);
                if random.chance(20) {
                    command.reply_to = self.message(conversation, random);
                }
                if random.chance(10) {
                    command.mentions = vec![other];
                }
                command.into()
            }
            Kind::EditMessage => {
                EditMessage { conversation, message: self.message(conversation, random)?, text: words }.into()
            }
            Kind::DeleteMessage => DeleteMessage { conversation, message: self.message(conversation, random)? }.into(),
            Kind::React => React { conversation, message: self.message(conversation, random)?, emoji }.into(),
            Kind::Unreact => Unreact { conversation, message: self.message(conversation, random)?, emoji }.into(),
            Kind::SetTitle => SetTitle { conversation, title: Some(words) }.into(),
            Kind::SetDescription => SetDescription { conversation, description: Some(words) }.into(),
            Kind::AddMember => AddMember { conversation, account: other, role }.into(),
            Kind::RemoveMember => RemoveMember { conversation, account: other }.into(),
            Kind::BanMember => BanMember { conversation, account: other }.into(),
            Kind::Leave => LeaveConversation { conversation }.into(),
            Kind::ChangeRole => ChangeRole { conversation, account: other, role }.into(),
            Kind::PinMessage => PinMessage { conversation, message: self.message(conversation, random)? }.into(),
            Kind::UnpinMessage => UnpinMessage { conversation, message: self.message(conversation, random)? }.into(),
            Kind::SetProfile => {
                let kind = random.chance(20).then_some(AccountKind::Personal);
                SetProfile { profile: Profile { kind, display_name: Some(words), ..Profile::default() } }.into()
            }
            Kind::AddContact => {
                let contact = Contact {
                    kind: ContactKind::Person,
                    account: Some(other.clone()),
                    nickname: Some(words),
                    favorite: random.chance(50),
                };
                AddContact { id: ContactId::of_account(&other), contact }.into()
            }
            Kind::RemoveContact => RemoveContact { id: ContactId::of_account(&other) }.into(),
            Kind::SetConversationSetting => {
                let setting = match random.below(3) {
                    0 => SettingChange::MutedUntil(random.chance(50).then_some(self.now)),
                    1 => SettingChange::Pinned(random.chance(50)),
                    _ => SettingChange::Archived(random.chance(50)),
                };
                SetConversationSetting { conversation, setting }.into()
            }
        })
    }

    fn message(&self, conversation: ConversationId, random: &mut Random) -> Option<MessageId> {
        let rows = self.client.screen.rows(conversation);
        (!rows.is_empty()).then(|| random.pick(&rows).id.clone())
    }

    /// What their screen tells beside commands; none when there is nothing to tell of.
    pub fn look(&self, random: &mut Random) -> Option<Input> {
        if self.conversations.is_empty() {
            return None;
        }
        let conversation = *random.pick(self.conversations);
        Some(match random.below(6) {
            0 => Input::OpenConversation(conversation),
            1 => Input::CloseConversation(conversation),
            2 => Input::LoadOlder(conversation),
            3 => Input::Typing(conversation, random.chance(50)),
            _ => Input::MarkRead(conversation),
        })
    }
}
