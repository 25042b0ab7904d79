//! Requests of accounts that are not members: decided, and written as the system's account.

use tidings_core::{
    authority::{AdmitError, Asker, Refusal, Session, Subscription},
    ids::{AccountId, TimelineId},
    journal::Position,
    model::{ConversationKind, MemberStatus, MembershipAction},
};

use super::{
    error::DecideError,
    judge::Judge,
    submission::{Part, Submission},
};
use crate::{live::Place, store::SubscriberRow};

impl Judge<'_> {
    /// Carries out a membership request: writes an entry as the system's account, or records a subscription;
    /// nothing if it already holds.
    pub(super) async fn answer_membership_request(
        &mut self,
        submission: &Submission,
        action: &MembershipAction,
    ) -> Result<Result<Place, Refusal>, DecideError> {
        if let Some(conversation) = self.stream.id().conversation() {
            let document = TimelineId::of(conversation).document();
            self.source.load_missing(self.stream, &document, &[], self.base).await?;
        }
        let (account, at) = (&submission.identity.account, self.env.clock.wall_now());
        let asker = Asker {
            account,
            knows: submission.part == Part::Known,
            subscribes: self.subscribes(account).await?,
            moved_at: self.moved_at(account, action).await?,
        };
        let system = Session::system(self.stream.tenant().clone(), self.stream.id());
        let outcome = match self.stream.membership_outcome(&system, asker, action, at, &self.env.limits) {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut accepted = self.stands_already();
        if let Some(pushed) = &outcome.pushed {
            match self.admit(&system, pushed).await? {
                Ok(admitted) => {
                    accepted = Place::from(&admitted.entry);
                    self.take(admitted);
                }
                Err(AdmitError::Refused(refusal)) => return Ok(Err(refusal)),
                // Its sequence number is the next one of its device, so it cannot have been admitted before.
                Err(AdmitError::AlreadyAdmitted(_)) => return Err(DecideError::Journal),
            }
        }
        if let MembershipAction::SubmitHeld(held) = action {
            self.decision.held.insert(held.message.clone(), Some(held.clone()));
        }
        if let Some(subscription) = outcome.subscription {
            let status = match subscription {
                Subscription::Begins => MemberStatus::Active,
                Subscription::Ends => MemberStatus::Left,
            };
            self.decision.subscribers.insert(account.clone(), SubscriberRow { status, at });
        }
        Ok(Ok(accepted))
    }

    /// Returns true if an account subscribes, including what this batch has decided.
    async fn subscribes(&self, account: &AccountId) -> Result<bool, DecideError> {
        let Some(conversation) = self.stream.id().conversation() else { return Ok(false) };
        if self.stream.conversation().kind() != Some(ConversationKind::Channel) {
            return Ok(false);
        }
        if let Some(row) = self.decision.subscribers.get(account) {
            return Ok(row.status == MemberStatus::Active);
        }
        let member = self.env.store.member(self.stream.tenant(), conversation, account).await?;
        Ok(member.is_some_and(|member| member.is_subscriber()))
    }

    /// The position since which the membership holds, for requests that are judged by it.
    async fn moved_at(&self, account: &AccountId, action: &MembershipAction) -> Result<Option<Position>, DecideError> {
        let (MembershipAction::SubmitHeld(_), Some(conversation)) = (action, self.stream.id().conversation()) else {
            return Ok(None);
        };
        match self.decision.touched.members.get(account) {
            Some(moved) => Ok(Some(moved.at)),
            None => Ok(self.env.store.moved_at(self.stream.tenant(), conversation, account).await?),
        }
    }
}
