//! Watching: an administrator of the tenant is told what is new in a conversation that the
//! account is no member of, as a member is, from a fetch on that asks for it.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::StreamId,
    wire::{Fetch, FetchScope, Refused, ServerFrame},
};

use super::Session;
use crate::live::Frame;

impl Session {
    /// Watches from here on, if a fetch asks for that: what is written while it is answered is
    /// told behind the answer. Of anybody but an administrator it is a fetch like any other.
    ///
    /// # Errors
    /// The frame that refuses it, where the account watches as many as it may.
    pub(super) fn watch(&self, fetch: &Fetch) -> Result<(), Arc<Frame>> {
        let (FetchScope::Watch(_), StreamId::Conversation(conversation)) = (fetch.scope, &fetch.stream) else {
            return Ok(());
        };
        let watches_max = self.node.shares.watches;
        if !self.identity.administrator || self.node.live.sessions.watch(&self.handle, *conversation, watches_max) {
            return Ok(());
        }
        self.node.metrics.fetches_refused.of(Code::TooManyWatched).count();
        Err(Frame::new(&ServerFrame::Refused(Refused {
            request: fetch.request,
            stream: fetch.stream.clone(),
            index: 0,
            code: Code::TooManyWatched,
            detail: format!("at most {watches_max} at once"),
            retry_at: None,
            lacks: Vec::new(),
        })))
    }
}
