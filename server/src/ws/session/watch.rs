//! Watching: a tenant administrator receives what is new in a conversation without being a member, as a member
//! would, starting with a fetch that asks for it.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::StreamId,
    wire::{Fetch, FetchScope, Refused, ServerFrame},
};

use super::Session;
use crate::live::Frame;

impl Session {
    /// Starts watching if a fetch asks for it, so that what is written meanwhile follows the answer. For
    /// anybody but an administrator it is an ordinary fetch.
    ///
    /// # Errors
    /// The frame that refuses it, if the account already watches as many as it may.
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
