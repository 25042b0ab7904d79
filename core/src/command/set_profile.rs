//! Changes the own profile: all of its fields at once.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, ProfileField},
    ids::DocumentId,
    model::Profile,
};

/// Changes the own profile.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetProfile {
    /// The profile as it shall be; a field without a value is removed. Its times are not read.
    #[n(0)]
    pub profile: Profile,
}

impl SetProfile {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = DocumentId::Account(planning.account().clone());
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
