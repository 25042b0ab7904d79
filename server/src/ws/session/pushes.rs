//! Pushes and wishes: what an account may send at once, whether it has a part in
//! what it writes into, and the way to the stream that decides.

use std::{sync::Arc, time::Duration};

use tidings_core::{
    authority::{Refusal, Stream},
    code::Code,
    ids::{ConversationId, StreamId},
    model::Wish,
    wire::{Ask, Push, ServerFrame},
};

use super::Session;
use crate::{
    store::StoreError,
    stream::{Part, PushRequest, fanout},
    trace::{Step, TraceId, Traced},
    ws::{
        outgoing::{Ending, Frame},
        outsider,
        socket::FrameSocket,
    },
};

impl Session {
    /// Hands a push to its stream, which answers through the session's queue.
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
            let refused = self.rate_limited(push.request, push.stream, wait);
            self.node.metrics.push_refused(&refused);
            return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
        }
        if let Err(wait) = self.take_people(&push) {
            let refused = self.rate_limited(push.request, push.stream, wait);
            self.node.metrics.push_refused(&refused);
            return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
        }
        let trace = TraceId::draw(self.node.config.node.trace_share);
        if let Some(trace) = trace {
            let (tenant, stream, since) = (&self.identity.tenant, &push.stream, self.received_at);
            trace.step(Step::Received, Traced { tenant, stream, positions: None, refused: None, since });
        }
        if !self.may_write(&push.stream) {
            let refusal = Refusal::new(Code::NotTheOwner, "only the account itself may write this");
            return self.refuse(socket, push, refusal).await;
        }
        let part = match self.part_of(push.stream.conversation()).await {
            Ok(Part::Known) => Part::Known,
            Ok(Part::None) => match outsider::check_push(&self.node, &self.identity.session(self.handle.device), &push)
            {
                Ok(()) => Part::None,
                Err(refusal) => return self.refuse(socket, push, refusal).await,
            },
            Err(error) => return self.store_failed(socket, push, &error).await,
        };
        self.hand_over(push, None, part, trace).await
    }

    /// Whether an account's stream is its own, or its tenant's administrator writes: nothing of
    /// it is loaded for anybody else. Of a conversation its members' rows tell.
    fn may_write(&self, stream: &StreamId) -> bool {
        match stream {
            StreamId::Account(account) => *account == self.identity.account || self.identity.administrator,
            StreamId::Conversation(_) => true,
        }
    }

    /// Takes those whom a push brings in from the share of the account; an administrator brings in whom they will.
    fn take_people(&self, push: &Push) -> Result<(), Duration> {
        if self.identity.administrator {
            return Ok(());
        }
        let session = self.identity.session(self.handle.device);
        let brought_in = |pushed| Stream::people_brought_in(&session, pushed, &self.node.limits);
        match push.changes.iter().map(brought_in).sum() {
            0 => Ok(()),
            people => self.node.shares.people.take(&self.account, people),
        }
    }

    /// Hands a wish to its conversation's stream. Codes of invites can be
    /// guessed: wishes have a rate of their own.
    pub(super) async fn ask(&mut self, socket: &mut FrameSocket, ask: Ask) -> Result<(), Ending> {
        let push = Push { request: ask.request, stream: StreamId::Conversation(ask.conversation), changes: Vec::new() };
        if let Err(wait) = self.node.shares.wishes.take(&self.account, 1) {
            let refused = self.rate_limited(push.request, push.stream, wait);
            self.node.metrics.push_refused(&refused);
            return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
        }
        let checked = match self.part_of(Some(ask.conversation)).await {
            Ok(Part::Known) => Ok(Ok(Part::Known)),
            Ok(Part::None) => {
                let checked = outsider::check_wish(&self.node, &self.identity, ask.conversation, &ask.wish).await;
                checked.map(|checked| checked.map(|()| Part::None))
            }
            Err(error) => Err(error),
        };
        match checked {
            Ok(Ok(part)) => self.hand_over(push, Some(ask.wish), part, None).await,
            Ok(Err(refusal)) => self.refuse(socket, push, refusal).await,
            Err(error) => self.store_failed(socket, push, &error).await,
        }
    }

    /// The part of the account in a conversation; asked of the store until it has one, which it then has for good.
    async fn part_of(&mut self, conversation: Option<ConversationId>) -> Result<Part, StoreError> {
        let Some(conversation) = conversation.filter(|conversation| !self.parts.contains(conversation)) else {
            return Ok(Part::Known);
        };
        let part = outsider::part(&self.node, &self.identity, conversation).await?;
        if part == Part::Known {
            if self.parts.len() >= self.node.config.node.bounds.parts_max {
                // What is forgotten is asked again.
                self.parts.clear();
            }
            self.parts.insert(conversation);
        }
        Ok(part)
    }

    async fn refuse(&mut self, socket: &mut FrameSocket, push: Push, refusal: Refusal) -> Result<(), Ending> {
        let refused = refusal.answer(push.request, push.stream, 0);
        self.node.metrics.push_refused(&refused);
        self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await
    }

    async fn store_failed(&mut self, socket: &mut FrameSocket, push: Push, error: &StoreError) -> Result<(), Ending> {
        tracing::warn!(%error, stream = %push.stream, "a push was deferred");
        let again = self.node.clock.wall_now().plus(self.node.clock.retry_delay());
        let refusal = Refusal::deferred(fanout::store_code(error), "the server cannot store this now", again);
        self.refuse(socket, push, refusal).await
    }

    async fn hand_over(
        &mut self,
        push: Push,
        wish: Option<Wish>,
        part: Part,
        trace: Option<TraceId>,
    ) -> Result<(), Ending> {
        let request = PushRequest {
            session: Arc::clone(&self.handle),
            identity: self.identity.session(self.handle.device),
            push,
            wish,
            part,
            received_at: self.received_at,
            trace,
        };
        let ended = self.reader.ended();
        tokio::select! {
            biased;
            ending = ended => Err(ending),
            () = self.node.streams.push(&self.node, request) => Ok(()),
        }
    }
}
