//! Requests that whoever makes them may make again, as the answer may have been lost: each is
//! written once.
//!
//! The same request is always of the same stream. That it was carried out is looked up when it
//! is decided, and stored with its entry in one transaction, which changes nothing unless the
//! stream is still where that was looked up. So of two nodes that carry it out at once one
//! decides anew and finds it; and a node that is killed has either written both or neither.

use std::time::Duration;

use tidings_core::{
    authority::{Refusal, Session},
    code::Code,
    journal::Entry,
};

use super::{
    error::DecideError,
    judge::Judge,
    submission::{Asking, Submission},
};
use crate::{
    live::Place,
    store::{AnsweredRequest, StoreError},
};

/// How long a request is known that is made again.
pub(crate) const REQUESTS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

impl Judge<'_> {
    /// How a request that was carried out already is answered; none if it was not.
    pub(super) async fn carried_out(
        &self,
        identity: &Session,
        asking: &Asking,
    ) -> Result<Option<Result<Place, Refusal>>, DecideError> {
        let Some(once) = &asking.once else { return Ok(None) };
        let is_it = |request: &&AnsweredRequest| request.account == identity.account && request.key == once.key;
        let stored: Result<Option<AnsweredRequest>, StoreError> = match self.decision.requests.iter().find(is_it) {
            Some(request) => Ok(Some(request.clone())),
            None => self.env.store.find_request(&identity.tenant, &identity.account, &once.key).await,
        };
        let Some(request) = stored? else { return Ok(None) };
        let is_kept = request.accepted_at.plus(REQUESTS_KEPT) > self.env.clock.wall_now();
        Ok(is_kept.then(|| match request.fingerprint == once.fingerprint {
            true => Ok(place_of(&request)),
            false => Err(Refusal::new(Code::KeyReused, "another request was made under this key")),
        }))
    }
}

/// The request that an entry carries out, if it may be made again.
pub(super) fn carries_out(submission: &Submission, entry: &Entry) -> Option<AnsweredRequest> {
    let once = submission.command()?.once.clone()?;
    Some(AnsweredRequest {
        account: submission.identity.account.clone(),
        key: once.key,
        fingerprint: once.fingerprint,
        made: once.made,
        position: entry.position,
        accepted_at: entry.accepted_at,
    })
}

fn place_of(request: &AnsweredRequest) -> Place {
    Place { position: request.position, accepted_at: request.accepted_at, administrator: false }
}
