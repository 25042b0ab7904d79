//! Changes a profile, the own one as a rule: all of its fields at once.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, ProfileField},
    ids::{AccountId, DocumentId},
    model::Profile,
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
