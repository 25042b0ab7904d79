//! Reading an account's two documents: its public profile and its home.

use std::collections::BTreeMap;

use crate::{
    doc::{Document, Fact, ProfileField, SettingField},
    ids::{ContactId, ConversationId},
    model::{Contact, ConversationSetting, Profile},
};

/// What an account keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Home {
    /// Its address book.
    pub contacts: BTreeMap<ContactId, Contact>,
    /// Its settings of conversations; none without one that is set.
    pub settings: BTreeMap<ConversationId, ConversationSetting>,
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
                _ => {}
            }
        }
        home
    }
}

impl Profile {
    /// The state of an account document.
    pub fn read(document: &Document) -> Profile {
        let mut profile = Profile::default();
        for fact in document.facts("") {
            match fact {
                Fact::ProfileKind(kind) => profile.kind = Some(kind),
                Fact::Profile(ProfileField::DisplayName, text) => profile.display_name = text,
                Fact::Profile(ProfileField::AvatarUrl, text) => profile.avatar_url = text,
                Fact::Profile(ProfileField::Bio, text) => profile.bio = text,
                Fact::Profile(ProfileField::Status, text) => profile.status = text,
                _ => {}
            }
        }
        profile
    }
}
