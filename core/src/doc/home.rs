//! Reading an account's two documents: its public profile and its home.

use crate::{
    doc::{Document, Fact, ProfileField, SettingField},
    ids::{AccountId, ContactId, ConversationId},
    model::{Contact, ConversationSetting, NotificationLevel, Profile, Reachability},
    sorted::SortedMap,
    time::WallTime,
};

/// The contents of an account's home.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Home {
    /// Its address book.
    pub contacts: SortedMap<ContactId, Contact>,
    /// Blocked accounts, and since when.
    pub blocked: SortedMap<AccountId, WallTime>,
    /// Who may invite it, add it, or begin a direct conversation with it; everybody by default.
    pub reachability: Option<Reachability>,
    /// Its settings of conversations; only those that set something.
    pub settings: SortedMap<ConversationId, ConversationSetting>,
}

impl Home {
    /// Reads a home document.
    pub fn read(document: &Document) -> Home {
        let mut home = Home::default();
        for fact in document.facts("") {
            match fact {
                Fact::Contact(id, Some(contact)) => {
                    home.contacts.insert(id, contact);
                }
                Fact::Setting(conversation, field, time) => {
                    let setting = home.settings.entry(conversation).or_default();
                    match field {
                        SettingField::MutedUntil => setting.muted_until = time,
                        SettingField::PinnedAt => setting.pinned_at = time,
                        SettingField::ArchivedAt => setting.archived_at = time,
                    }
                }
                Fact::Blocked(account, Some(at)) => {
                    home.blocked.insert(account, at);
                }
                Fact::Reachability(reachability) => home.reachability = reachability,
                Fact::Notifications(conversation, level) => {
                    home.settings.entry(conversation).or_default().notifications = level;
                }
                _ => {}
            }
        }
        home
    }

    /// The notification level of a conversation.
    pub fn notifications(&self, conversation: ConversationId) -> NotificationLevel {
        let setting = self.settings.get(&conversation);
        setting.and_then(|setting| setting.notifications).unwrap_or(NotificationLevel::All)
    }

    /// The account's own name for another one, if it is a contact with a name.
    pub fn nickname(&self, account: &AccountId) -> Option<&str> {
        self.contacts.get(&ContactId::of_account(account))?.nickname.as_deref()
    }
}

impl Profile {
    /// Reads an account document, which contains no times.
    pub fn read(document: &Document) -> Profile {
        let mut profile = Profile::default();
        for fact in document.facts("") {
            match fact {
                Fact::ProfileKind(kind) => profile.kind = Some(kind),
                Fact::Profile(ProfileField::DisplayName, text) => profile.display_name = text,
                Fact::Profile(ProfileField::AvatarUrl, text) => profile.avatar_url = text,
                Fact::Profile(ProfileField::Bio, text) => profile.bio = text,
                Fact::Profile(ProfileField::Status, text) => profile.status = text,
                Fact::Profile(ProfileField::Reference, text) => profile.reference = text,
                _ => {}
            }
        }
        profile
    }
}
