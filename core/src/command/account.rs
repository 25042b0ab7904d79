//! Commands about the own account: its profile, contacts, blocks and reach, and
//! how it keeps each conversation for itself. A block takes effect at the server,
//! which alone knows it.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{
        made_up,
        planning::{PlanResult, Planning, plan},
    },
    doc::{Fact, Home, Key, ProfileField, SettingField},
    ids::{AccountId, ContactId, ConversationId, DocumentId, StreamId, TenantId},
    model::{Contact, NotificationLevel, Phone, Profile, Reachability},
    time::WallTime,
};

/// Changes the own profile, or another account's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetProfile {
    /// The profile as it shall be; a field without a value is removed. Its times are not read.
    #[n(0)]
    pub profile: Profile,
    /// Whose it is, if not the own one; for an administrator of the tenant to say.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub account: Option<AccountId>,
}

impl SetProfile {
    pub(super) fn stream(&self, _: &TenantId, account: &AccountId) -> StreamId {
        StreamId::Account(self.account.as_ref().unwrap_or(account).clone())
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = DocumentId::Account(self.account.as_ref().unwrap_or(planning.account()).clone());
        let now = planning.stream.document(&document).map(Profile::read).unwrap_or_default();
        let wanted = &self.profile;
        let mut facts = Vec::new();
        if let Some(kind) = wanted.kind.filter(|kind| now.kind != Some(*kind)) {
            facts.push(Fact::ProfileKind(kind));
        }
        for (field, now, wanted) in [
            (ProfileField::DisplayName, now.display_name, &wanted.display_name),
            (ProfileField::AvatarUrl, now.avatar_url, &wanted.avatar_url),
            (ProfileField::Bio, now.bio, &wanted.bio),
            (ProfileField::Status, now.status, &wanted.status),
            (ProfileField::Reference, now.reference, &wanted.reference),
        ] {
            if now != *wanted {
                facts.push(Fact::Profile(field, wanted.clone()));
            }
        }
        if facts.is_empty() { Ok(None) } else { plan(document, facts) }
    }
}

/// Adds a contact, or changes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AddContact {
    /// Its id: derived from the account it is linked to, else random.
    #[n(0)]
    #[serde(default = "made_up")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub id: ContactId,
    /// What it says.
    #[n(1)]
    pub contact: Contact,
}

impl AddContact {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = planning.home();
        let mut contact = self.contact.clone();
        contact.phone = contact.phone.map(|phone| Phone::tidy(&phone));
        contact.email = contact.email.map(|email| email.trim().to_ascii_lowercase());
        plan(document, vec![Fact::Contact(self.id, Some(contact))])
    }
}

/// Removes a contact.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct RemoveContact {
    /// The id of the contact.
    #[n(0)]
    pub id: ContactId,
}

impl RemoveContact {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = planning.home();
        let held = planning.stream.document(&document).and_then(|home| home.get(&Key::Contact(self.id)));
        if held.is_none() {
            return Ok(None);
        }
        plan(document, vec![Fact::Contact(self.id, None)])
    }
}

/// Blocks an account, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct BlockAccount {
    /// The account it applies to.
    #[n(0)]
    pub account: AccountId,
    /// Whether it is blocked from now on.
    #[n(1)]
    pub blocked: bool,
}

impl BlockAccount {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if self.account == *planning.account() {
            return Err(Refusal::new(Code::ValueInvalid, "nobody blocks themselves"));
        }
        let document = planning.home();
        let home = planning.stream.document(&document);
        let is_blocked = home.and_then(|home| home.get(&Key::Blocked(self.account.clone()))).is_some();
        if is_blocked == self.blocked {
            return Ok(None);
        }
        plan(document, vec![Fact::Blocked(self.account.clone(), self.blocked.then_some(planning.at))])
    }
}

/// Says who may reach the own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetReachability {
    /// Who may reach the account first.
    #[n(0)]
    pub reachability: Reachability,
}

impl SetReachability {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = planning.home();
        let home = planning.stream.document(&document).map(Home::read).unwrap_or_default();
        if home.reachability.unwrap_or(Reachability::Everybody) == self.reachability {
            return Ok(None);
        }
        plan(document, vec![Fact::Reachability(Some(self.reachability))])
    }
}

/// Mutes, pins or archives a conversation for oneself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetConversationSetting {
    /// Which conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// What about it.
    #[n(1)]
    pub setting: SettingChange,
}

/// What is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum SettingChange {
    /// Silent until; none for not at all.
    #[n(0)]
    MutedUntil(#[n(0)] Option<WallTime>),
    /// At the top, since the command.
    #[n(1)]
    Pinned(#[n(0)] bool),
    /// Out of the way, since the command.
    #[n(2)]
    Archived(#[n(0)] bool),
    /// What to be notified of.
    #[n(3)]
    Notifications(#[n(0)] NotificationLevel),
}

impl SetConversationSetting {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = planning.home();
        let (field, time) = match self.setting {
            SettingChange::MutedUntil(until) => (SettingField::MutedUntil, until),
            SettingChange::Pinned(on) => (SettingField::PinnedAt, on.then_some(planning.at)),
            SettingChange::Archived(on) => (SettingField::ArchivedAt, on.then_some(planning.at)),
            SettingChange::Notifications(level) => {
                // That of everything need not be said.
                let level = Some(level).filter(|level| *level != NotificationLevel::All);
                return plan(document, vec![Fact::Notifications(self.conversation, level)]);
            }
        };
        plan(document, vec![Fact::Setting(self.conversation, field, time)])
    }
}
