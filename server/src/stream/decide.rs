//! Decides a batch: one submission after another, in order of arrival.

use tidings_core::{
    authority::{AdmitError, Refusal, Stream},
    code::Code,
};

use super::{
    decision::{Decision, Verdict},
    error::DecideError,
    held,
    judge::Judge,
    once,
    repeated::Repeated,
    submission::{Asked, Part, Submission},
};
use crate::{live::Place, trace::Step};

/// Changes judged before the thread's other tasks get a turn, so that a large push does not delay other
/// requests of the sessions.
const JUDGED_AT_ONCE: usize = 16;

impl Judge<'_> {
    /// The place to answer for a request that needed no entry.
    pub(super) fn stands_already(&self) -> Place {
        Place { position: self.stream.position(), accepted_at: self.env.clock.wall_now(), administrator: false }
    }

    /// Decides every submission.
    pub(super) async fn decide(mut self, batch: &[Submission]) -> Result<Decision, DecideError> {
        let (mut decided, mut repeated) = (Vec::new(), Vec::new());
        let mut judged: usize = 0;
        for submission in batch {
            let first = self.decision.entries.len();
            let mut verdict = Verdict { entries: first..first, ..Verdict::default() };
            let answer = &mut verdict.answer;
            let mut composed = None;
            match &submission.asked {
                Asked::Changes(_) => {}
                Asked::Membership(action) => match self.answer_membership_request(submission, action).await? {
                    Ok(accepted) => answer.accepted.push(accepted),
                    Err(refusal) => answer.refused = Some((0, refusal)),
                },
                Asked::Command(asking) => match self.carried_out(&submission.identity, asking).await? {
                    Some(Ok(place)) => answer.accepted.push(place),
                    Some(Err(refusal)) => answer.refused = Some((0, refusal)),
                    None => match self.compose(&submission.identity, asking).await? {
                        Ok(Some(pushed)) => composed = Some(pushed),
                        Ok(None) => answer.accepted.push(self.stands_already()),
                        Err(refusal) => answer.refused = Some((0, refusal)),
                    },
                },
                Asked::Squash(document) => match self.squash(document).await? {
                    Ok(accepted) => answer.accepted.push(accepted),
                    Err(refusal) => answer.refused = Some((0, refusal)),
                },
            }
            for (index, pushed) in submission.changes().iter().chain(&composed).enumerate() {
                judged += 1;
                if judged.is_multiple_of(JUDGED_AT_ONCE) {
                    tokio::task::yield_now().await;
                }
                match self.admit(&submission.identity, pushed).await? {
                    Ok(admitted) => {
                        answer.accepted.push(Place::from(&admitted.entry));
                        decided.extend(held::decided(&admitted.effects));
                        self.decision.requests.extend(once::carries_out(submission, &admitted.entry));
                        self.take(admitted);
                    }
                    Err(AdmitError::AlreadyAdmitted(hash)) => {
                        let change = (pushed.document.clone(), hash);
                        let verdict = self.decision.verdicts.len();
                        repeated.push(Repeated { verdict, place: answer.accepted.len(), change });
                        answer.accepted.push(Place::default());
                    }
                    Err(AdmitError::Refused(refusal)) => {
                        let elsewhere = self.admitted_elsewhere(&submission.identity, pushed, &refusal).await?;
                        let Some(accepted) = elsewhere else {
                            answer.refused = Some((index, disclosed(self.stream, submission, refusal)));
                            break;
                        };
                        answer.accepted.push(accepted);
                    }
                }
            }
            verdict.entries.end = self.decision.entries.len();
            if !verdict.entries.is_empty() {
                self.decision.traces.extend(submission.trace);
            }
            self.decision.verdicts.push(verdict);
            self.write_consequences().await?;
        }
        self.stream.flush()?;
        self.place_repeated(&repeated).await?;
        // What the decisions on held messages lead to is nobody's push: everybody gets it like any other entry.
        for (message, state) in decided {
            self.carry_out(message, state).await?;
        }
        self.squash_filled().await?;
        self.decision.trace(Step::Decided, batch);
        Ok(self.decision)
    }
}

/// The refusal to send. An account that creates a conversation under an existing id, without a part in that
/// conversation, learns only that the id is taken.
fn disclosed(stream: &Stream, submission: &Submission, refusal: Refusal) -> Refusal {
    let is_there = stream.conversation().created.is_some();
    let has_part = stream.conversation().members.contains_key(&submission.identity.account);
    match submission.part {
        Part::None if is_there && !has_part => Refusal::new(Code::ConversationExists, "the id is taken"),
        Part::None | Part::Known => refusal,
    }
}
