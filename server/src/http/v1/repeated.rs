//! Requests that are made again under their key: found, and remembered. What writes an entry is remembered with it
//! (`stream/once.rs`), and what would make something twice with what it makes; anything else sets what is to be, so that
//! it is remembered when it is done, and may be done again if a node was killed in between.

use tidings_core::{code::Code, journal::Position};

use super::{
    caller::Caller,
    command::Written,
    input::RequestKey,
    problem::{Answer, Problem},
};
use crate::{live::Place, store::AnsweredRequest, stream::once::REQUESTS_KEPT};

impl Caller {
    /// What was written for a request that is made again; none if it is new.
    pub(super) async fn made_before(&self, key: Option<&RequestKey>) -> Answer<Option<Written>> {
        let Some(RequestKey { key, fingerprint }) = key else { return Ok(None) };
        let (tenant, account) = (&self.identity.tenant, &self.identity.account);
        let found = self.node.store.find_request(tenant, account, key).await;
        let Some(found) = found.map_err(|error| self.failed(&error))? else { return Ok(None) };
        if found.accepted_at.plus(REQUESTS_KEPT) <= self.node.clock.wall_now() {
            return Ok(None);
        }
        if found.fingerprint != *fingerprint {
            return Err(Problem::new(Code::KeyReused, "another request was made under this key"));
        }
        let place = Place { position: found.position, accepted_at: found.accepted_at, administrator: false };
        Ok(Some(Written { place, made: found.made }))
    }

    /// Remembers a request that was carried out, and that nothing else remembers.
    pub(super) async fn remember(&self, key: Option<&RequestKey>, made: &str, place: Place) -> Answer<()> {
        let Some(key) = key else { return Ok(()) };
        let request = self.answered(key, made, place);
        let remembered = self.node.store.remember_request(&self.identity.tenant, &request).await;
        remembered.map_err(|error| self.failed(&error))
    }

    /// The same where there is no entry that it could stand at.
    pub(super) async fn remember_now(&self, key: Option<&RequestKey>, made: &str) -> Answer<()> {
        self.remember(key, made, self.nowhere()).await
    }

    /// A request that makes something, to be stored with it.
    pub(super) fn to_remember(&self, key: Option<&RequestKey>, made: &str) -> Option<AnsweredRequest> {
        key.map(|key| self.answered(key, made, self.nowhere()))
    }

    fn answered(&self, key: &RequestKey, made: &str, place: Place) -> AnsweredRequest {
        AnsweredRequest {
            account: self.identity.account.clone(),
            key: key.key.clone(),
            fingerprint: key.fingerprint,
            made: made.to_owned(),
            position: place.position,
            accepted_at: place.accepted_at,
        }
    }

    fn nowhere(&self) -> Place {
        Place { position: Position::ZERO, accepted_at: self.node.clock.wall_now(), administrator: false }
    }
}
