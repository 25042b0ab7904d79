//! Pushes and membership requests: the rate limits, the account's part in what it writes into, and the way to
//! the stream that decides.

use std::{sync::Arc, time::Duration};

use tidings_core::{
    authority::{Refusal, Stream},
    code::Code,
    ids::{ChangeHash, ConversationId, StreamId},
    wire::{MembershipRequest, Push, ServerFrame},
};

use super::Session;
use crate::{
    live::{Ending, Frame, Reply},
    store::StoreError,
    stream::{Asked, Part, Submission},
    trace::{Step, TraceId, Traced},
    ws::{outsider, socket::FrameSocket},
};

impl Session {
    /// Submits a push to its stream, which answers through the session's queue.
    pub(super) async fn push(&mut self, socket: &mut FrameSocket, push: Push) -> Result<(), Ending> {
        self.node.metrics.pushes.count();
        let limits = &self.node.limits;
        let bytes: usize = push.changes.iter().map(|change| change.change.len()).sum();
        if push.changes.len() > limits.push_changes_max as usize || bytes > limits.push_bytes_max as usize {
            let detail = format!(
                "a push of {} changes and {bytes} bytes; at most {} and {}",
                push.changes.len(),
                limits.push_changes_max,
                limits.push_bytes_max
            );
            return Err(Ending::closed(Code::FrameTooLarge, detail));
        }
        if let Err(wait) = self.push_rate.take(push.changes.len(), bytes) {
            return self.refuse(socket, push.request, push.stream, self.rate_limited(wait)).await;
        }
        if let Err(wait) = self.charge_people(&push) {
            return self.refuse(socket, push.request, push.stream, self.rate_limited(wait)).await;
        }
        let trace = TraceId::draw(self.node.config.node.trace_share);
        if let Some(trace) = trace {
            let (tenant, stream, since) = (&self.identity.tenant, &push.stream, self.received_at);
            trace.step(Step::Received, Traced { tenant, stream, positions: None, refused: None, since });
        }
        if !self.may_write(&push.stream) {
            let refusal = Refusal::new(Code::NotTheOwner, "only the account itself may write this");
            return self.refuse(socket, push.request, push.stream, refusal).await;
        }
        let part = match self.part_of(push.stream.conversation()).await {
            Ok(Part::Known) => Part::Known,
            Ok(Part::None) => match outsider::check_push(&self.node, &self.identity.session(self.handle.device), &push)
            {
                Ok(()) => Part::None,
                Err(refusal) => return self.refuse(socket, push.request, push.stream, refusal).await,
            },
            Err(error) => return self.refuse(socket, push.request, push.stream, self.store_failed(&error)).await,
        };
        self.submit(push.request, push.stream, Asked::Changes(push.changes), part, trace).await
    }

    /// Returns true if an account's stream is its own, or if a tenant administrator writes: for others nothing
    /// of it is loaded. For conversations the members' rows decide.
    fn may_write(&self, stream: &StreamId) -> bool {
        match stream {
            StreamId::Account(account) => *account == self.identity.account || self.identity.administrator,
            StreamId::Conversation(_) => true,
        }
    }

    /// Charges the people whom a push brings in to the account's share; administrators have no limit. A change that
    /// is pushed again to its document, because that could not be written for a while, does not pay again.
    fn charge_people(&self, push: &Push) -> Result<(), Duration> {
        if self.identity.administrator {
            return Ok(());
        }
        let session = self.identity.session(self.handle.device);
        push.changes.iter().try_for_each(|pushed| {
            let people = Stream::people_brought_in(&session, pushed, &self.node.limits);
            // What does not read as a change brings nobody in. The same change may be pushed to many documents.
            match ChangeHash::of_change(&pushed.change).filter(|_| people > 0) {
                Some(hash) => {
                    let thing = [pushed.document.to_string().as_bytes(), hash.as_bytes()].concat();
                    self.node.shares.people.take_once(&self.account, &thing, people)
                }
                None => Ok(()),
            }
        })
    }

    /// Submits a membership request to its conversation's stream. Invite codes can be guessed, so these
    /// requests have a rate of their own.
    pub(super) async fn request_membership(
        &mut self,
        socket: &mut FrameSocket,
        asked: MembershipRequest,
    ) -> Result<(), Ending> {
        let MembershipRequest { request, conversation, action } = asked;
        let stream = StreamId::Conversation(conversation);
        if let Err(wait) = self.node.shares.membership_requests.take(&self.account, 1) {
            return self.refuse(socket, request, stream, self.rate_limited(wait)).await;
        }
        let checked = match self.part_of(Some(conversation)).await {
            Ok(Part::Known) => Ok(Ok(Part::Known)),
            Ok(Part::None) => {
                let checked =
                    outsider::check_membership_request(&self.node, &self.identity, conversation, &action).await;
                checked.map(|checked| checked.map(|()| Part::None))
            }
            Err(error) => Err(error),
        };
        match checked {
            Ok(Ok(part)) => self.submit(request, stream, Asked::Membership(action), part, None).await,
            Ok(Err(refusal)) => self.refuse(socket, request, stream, refusal).await,
            Err(error) => self.refuse(socket, request, stream, self.store_failed(&error)).await,
        }
    }

    /// The part of the account in a conversation. The store is asked until there is one, which is
    /// then permanent.
    async fn part_of(&mut self, conversation: Option<ConversationId>) -> Result<Part, StoreError> {
        let Some(conversation) = conversation.filter(|conversation| !self.parts.contains(conversation)) else {
            return Ok(Part::Known);
        };
        let part = outsider::part(&self.node, &self.identity, conversation).await?;
        if part == Part::Known {
            if self.parts.len() >= self.node.config.node.bounds.parts_max {
                // Cleared parts are read again.
                self.parts.clear();
            }
            self.parts.insert(conversation);
        }
        Ok(part)
    }

    async fn refuse(
        &mut self,
        socket: &mut FrameSocket,
        request: u64,
        stream: StreamId,
        refusal: Refusal,
    ) -> Result<(), Ending> {
        self.node.metrics.push_refused(&refusal);
        let refused = refusal.answer(request, stream, 0);
        self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await
    }

    fn store_failed(&self, error: &StoreError) -> Refusal {
        tracing::warn!(%error, "a push was deferred");
        let again = self.node.clock.wall_now().plus(self.node.clock.retry_delay());
        Refusal::deferred(error.code(), "the server cannot store this now", again)
    }

    /// Submits a request of the session to a stream, which answers through the session's queue.
    async fn submit(
        &mut self,
        request: u64,
        stream: StreamId,
        asked: Asked,
        part: Part,
        trace: Option<TraceId>,
    ) -> Result<(), Ending> {
        let submission = Submission {
            identity: self.identity.session(self.handle.device),
            part,
            stream,
            asked,
            reply: Reply::Session { session: Arc::clone(&self.handle), request },
            received_at: self.received_at,
            trace,
        };
        let ended = self.reader.ended();
        tokio::select! {
            biased;
            ending = ended => Err(ending),
            () = self.node.streams.submit(submission) => Ok(()),
        }
    }
}
