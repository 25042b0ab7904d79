//! Mutes, pins or archives a conversation for oneself, or says what of it to
//! be notified of.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, SettingField},
    ids::{ConversationId, DocumentId},
    model::NotificationLevel,
    time::WallTime,
};

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
        let document = DocumentId::Home(planning.account().clone());
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
