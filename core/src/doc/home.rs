//! Reading an account's two documents: its public profile and its home.

use crate::{
    doc::{Document, Fact, ProfileField, SettingField},
    ids::{AccountId, ContactId, ConversationId},
    model::{Contact, ConversationSetting, NotificationLevel, Profile, Reachability},
    sorted::SortedMap,
    time::WallTime,
};

/// What an account keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Home {
    /// Its address book.
    pub contacts: SortedMap<ContactId, Contact>,
    /// Whom it has blocked, and since when.
    pub blocked: SortedMap<AccountId, WallTime>,
    /// Who may invite it, add it, or begin a direct with it; everybody unless it says otherwise.
    pub reachability: Option<Reachability>,
    /// Its settings of conversations; none without one that is set.
    pub settings: SortedMap<ConversationId, ConversationSetting>,
}

impl Home {
    /// The state of a home document.
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

    /// What of a conversation to be notified of.
    pub fn notifications(&self, conversation: ConversationId) -> NotificationLevel {
        let setting = self.settings.get(&conversation);
        setting.and_then(|setting| setting.notifications).unwrap_or(NotificationLevel::All)
    }

    /// The own name for an account, if it is a contact that has one.
    pub fn nickname(&self, account: &AccountId) -> Option<&str> {
        self.contacts.get(&ContactId::of_account(account))?.nickname.as_deref()
    }
}

impl Profile {
    /// The state of an account document, which knows of no times.
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
