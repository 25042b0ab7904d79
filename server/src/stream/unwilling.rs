//! Accounts that are not reached, by who writes: asked of the store for a batch at once.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{authority::Stream, ids::AccountId, model::ConversationKind};

use super::{compose::compose, submission::Submission};
use crate::{environment::Environment, store::StoreError};

/// Of those whom a batch would reach, those who do not want to be, by who writes.
#[derive(Default)]
pub(super) struct Unwilling {
    /// Who has blocked them.
    blockers: BTreeMap<AccountId, Vec<AccountId>>,
    /// Who lets them bring them in nowhere.
    unreachable: BTreeMap<AccountId, Vec<AccountId>>,
}

impl Unwilling {
    /// Asks who has blocked whom, and who does not let whom bring them in: of those who
    /// write in a direct or bring others in, for all that a batch holds of each.
    pub(super) async fn load(env: &Environment, stream: &Stream, batch: &[Submission]) -> Result<Self, StoreError> {
        let mut reached: BTreeMap<&AccountId, BTreeSet<AccountId>> = BTreeMap::new();
        for submission in batch {
            let composed =
                submission.command().map(|asking| compose(env, stream, &submission.identity, &asking.command));
            // What is refused reaches nobody.
            let composed = composed.and_then(Result::ok).flatten();
            for pushed in submission.changes().iter().chain(&composed) {
                let accounts = stream.reached(&submission.identity, pushed, &env.limits);
                reached.entry(&submission.identity.account).or_default().extend(accounts);
            }
        }
        // In a direct that is there nobody is brought in any more.
        let brings_in = stream.conversation().kind() != Some(ConversationKind::Direct);
        let mut unwilling = Self::default();
        for (account, reached) in reached.into_iter().filter(|(_, reached)| !reached.is_empty()) {
            let reached: Vec<AccountId> = reached.into_iter().collect();
            let found = env.store.blockers(stream.tenant(), account, &reached).await?;
            unwilling.blockers.insert(account.clone(), found);
            if brings_in {
                let found = env.store.unreachable(stream.tenant(), account, &reached).await?;
                unwilling.unreachable.insert(account.clone(), found);
            }
        }
        Ok(unwilling)
    }

    /// Tells a stream who they are, for what an account writes next.
    pub(super) fn tell(&self, stream: &mut Stream, account: &AccountId) {
        stream.set_blockers(self.blockers.get(account).cloned().unwrap_or_default());
        stream.set_unreachable(self.unreachable.get(account).cloned().unwrap_or_default());
    }
}
