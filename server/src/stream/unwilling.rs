//! Accounts that an author must not reach, read from the store once per batch.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{authority::Stream, ids::AccountId, model::ConversationKind};

use super::{compose::compose, submission::Submission};
use crate::{environment::Environment, store::StoreError};

/// For each author of a batch, the accounts that do not want to be reached.
#[derive(Default)]
pub(super) struct Unwilling {
    /// Accounts that have blocked the author.
    blockers: BTreeMap<AccountId, Vec<AccountId>>,
    /// Accounts that do not let the author add or invite them.
    unreachable: BTreeMap<AccountId, Vec<AccountId>>,
}

impl Unwilling {
    /// Reads blocks and reachability for authors who write in a direct conversation or bring others in, for
    /// everything in a batch.
    pub(super) async fn load(env: &Environment, stream: &Stream, batch: &[Submission]) -> Result<Self, StoreError> {
        let mut reached: BTreeMap<&AccountId, BTreeSet<AccountId>> = BTreeMap::new();
        // Administrators reach everybody, so nothing is composed twice for them.
        for submission in batch.iter().filter(|submission| !submission.identity.administrator) {
            let composed = submission.command().map(|asking| compose(env, stream, &submission.identity, asking));
            // What is refused reaches nobody.
            let composed = composed.and_then(Result::ok).flatten();
            for pushed in submission.changes().iter().chain(&composed) {
                let accounts = stream.reached(&submission.identity, pushed, &env.limits);
                reached.entry(&submission.identity.account).or_default().extend(accounts);
            }
        }
        // Nobody is added to an existing direct conversation.
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

    /// Passes the accounts to a stream, for what an author writes next.
    pub(super) fn apply_to(&self, stream: &mut Stream, account: &AccountId) {
        stream.set_blockers(self.blockers.get(account).cloned().unwrap_or_default());
        stream.set_unreachable(self.unreachable.get(account).cloned().unwrap_or_default());
    }
}
