//! Fetches of what a stream lacks, and their answers.

use crate::{
    code::Code,
    engine::{
        Engine,
        screen::open::OpenConversation,
        store::record::{self},
        streams::{fault::RestoreFetchedError, loading::Slot, received_entries::Misfit, replica::Replica},
    },
    ids::{ConversationId, DocumentId, StreamId},
    journal::Position,
    storage::Write,
    time::{MonotonicTime, WallTime},
    wire::{ClientFrame, Fetch, FetchScope, Fetched, Refused},
};

impl Engine {
    pub(in crate::engine) fn fetch_stream(&mut self, stream: &StreamId) {
        let request = self.ctx.new_request();
        if !self.link.is_online() {
            return;
        }
        let Some(replica) = self.replica(stream) else { return };
        replica.only_compares = false;
        if replica.fetch.is_some() {
            return;
        }
        let Some((scope, held)) = self.fetch_scope(stream) else { return };
        let Some(replica) = self.replica(stream) else { return };
        (replica.fetch, replica.fetch_at) = (Some(request), None);
        let chain = match scope {
            FetchScope::After(position) | FetchScope::Watch(position) if position > Position::ZERO => {
                Some(replica.confirmed.head().chain)
            }
            _ => None,
        };
        if matches!(scope, FetchScope::Watch(_)) {
            stream.conversation().into_iter().for_each(|conversation| self.requests.watched.add(conversation));
        }
        self.ctx.send(&ClientFrame::Fetch(Fetch { request, stream: stream.clone(), scope, held, chain }));
    }

    /// Asks what follows on what is held, where a refusal as not a member is not to be believed yet.
    pub(in crate::engine) fn compare_stream(&mut self, stream: &StreamId) {
        if self.streams.loaded(stream).is_none_or(Replica::is_fetching) {
            return;
        }
        self.fetch_stream(stream);
        if let Some(replica) = self.replica(stream) {
            replica.only_compares = true;
        }
    }

    pub(in crate::engine) fn receive_fetched(&mut self, stream: &StreamId, fetched: &Fetched) {
        let Some(replica) = self.replica(stream) else { return };
        if replica.fetch != Some(fetched.request) {
            return self.receive_page(stream, fetched);
        }
        replica.fetch = None;
        if replica.is_unread_former() {
            return self.fetch_stream(stream);
        }
        if self.asks_on(stream, fetched) {
            return self.fetch_stream(stream);
        }
        let Some(replica) = self.replica(stream) else { return };
        if replica.former.is_none() && fetched.head < replica.confirmed.position() {
            // The server's store was restored without a new incarnation.
            self.make_former(stream);
            return self.fetch_stream(stream);
        }
        if fetched.restart {
            if replica.former.is_none() && !self.remove_asked(stream, fetched) {
                return self.fetch_stream(stream);
            }
            let admitted = match self.restart_former(stream, fetched) {
                Ok(admitted) => admitted,
                Err(RestoreFetchedError::Another) => return self.start_over(stream),
                Err(error) => {
                    // The server's state does not load: the replica stays as it is.
                    self.report_documents(fetched, &error);
                    return self.link_failed(Some(Code::SnapshotInvalid), None);
                }
            };
            self.save_restart(stream, fetched);
            for entry in admitted {
                self.delete_entry(entry.sequence);
            }
        } else {
            replica.whole = true;
            replica.may_be_admitted = false;
            // What was fetched does not fit either: fetching again at once would never end.
            if let Err((entry, misfit)) = self.apply_entries(stream, &fetched.entries) {
                match misfit {
                    Misfit::Gap => self.report_gap(stream, entry),
                    Misfit::Refused(error) => self.report_refused(stream, entry, &error),
                }
                self.make_former(stream);
                return self.link_failed(Some(Code::Internal), None);
            }
            if self.has_another_history(stream, fetched.at()) {
                return self.fetch_stream(stream);
            }
        }
        self.after_fetch(stream, fetched);
    }

    fn after_fetch(&mut self, stream: &StreamId, fetched: &Fetched) {
        let me = self.ctx.session.account.clone();
        self.stream_heads.told(stream);
        let Some(replica) = self.replica(stream) else { return };
        if fetched.restart {
            replica.set_older_unread(fetched.unread, &me);
        }
        replica.note_return(fetched.head, &me);
        self.receive_receipts(stream, &fetched.receipts);
        self.stream_heads.change(stream);
        if let Some(accepted) = self.drain_answer(stream) {
            self.receive_accepted(stream, &accepted);
        }
        if self.replica(stream).is_some_and(|replica| replica.rewrite_due) {
            self.rewrite(stream);
        }
        self.after_entries(stream);
        for (request, command) in self.commands.of_whole(stream) {
            self.execute(stream, request, command);
        }
        let is_live = |timeline: &ConversationId| self.open.get(timeline).is_some_and(OpenConversation::is_live);
        let timelines = self.open.timelines_of_stream(stream);
        for timeline in
            timelines.into_iter().filter(|timeline| fetched.restart || !is_live(timeline)).collect::<Vec<_>>()
        {
            self.show_timeline(timeline);
        }
        stream.conversation().into_iter().for_each(|conversation| self.watch(conversation));
    }

    fn save_restart(&mut self, stream: &StreamId, fetched: &Fetched) {
        self.ctx.store.write(Write::DeletePrefix(record::documents_prefix(stream)));
        self.ctx.store.write(Write::DeletePrefix(record::tail_prefix(stream)));
        let Some(Slot::Loaded(replica)) = self.streams.get(stream) else { return };
        for document in replica.confirmed.documents() {
            self.ctx.store.write(record::put_fetched(document, fetched));
        }
    }

    fn receive_page(&mut self, stream: &StreamId, fetched: &Fetched) {
        for timeline in fetched.documents.iter().filter_map(|snapshot| snapshot.document.timeline()) {
            if let Some(open) = self.open.get_mut(&timeline.id()) {
                open.set_loading_older(false);
            }
        }
        let Some(replica) = self.replica(stream) else { return };
        let since = replica.as_of(fetched.head);
        let pages = match replica.restore_fetched(fetched) {
            Ok(pages) => pages,
            Err(error) => {
                self.report_documents(fetched, &error);
                return self.link_failed(Some(Code::SnapshotInvalid), None);
            }
        };
        let is_opened = pages
            .documents()
            .any(|document| matches!(document.id(), DocumentId::Timeline(timeline) if timeline.thread.is_some()));
        let of_thread = if is_opened { pages.documents().cloned().collect() } else { Vec::new() };
        self.receive_threads(stream, fetched, of_thread);
        for page in pages.documents().filter(|page| !is_opened && page.id().page().is_some()) {
            self.ctx.store.write(record::put_fetched(page, fetched));
            self.add_page(stream, page.clone(), since);
        }
    }

    /// The replica does not fit what the server sends: the stream is fetched anew, as from a restored
    /// store, so that nothing the account wrote is lost.
    pub(in crate::engine) fn start_over(&mut self, stream: &StreamId) {
        self.make_former(stream);
        self.fetch_stream(stream);
    }

    /// A deferred fetch is sent again later. One that is not allowed fails the commands that waited for it.
    pub(in crate::engine) fn fetch_refused(&mut self, stream: &StreamId, refused: &Refused) {
        let Some(replica) = self.replica(stream) else { return };
        replica.fetch = None;
        let only_compared = core::mem::take(&mut replica.only_compares);
        let asked_before = replica.is_unread_former();
        stream
            .conversation()
            .into_iter()
            .for_each(|conversation| self.requests.watched.end(&mut self.ctx, conversation));
        if let Some(retry_at) = refused.retry_at {
            return self.streams.fetch_later(&self.ctx, stream, retry_at);
        }
        if asked_before {
            return self.fetch_stream(stream);
        }
        if only_compared && refused.code == Code::NotAMember {
            return;
        }
        let was_untold = self.stream_heads.told(stream);
        if refused.code == Code::HistoryDiffers && self.journal_head(stream).is_some() {
            self.meet_another_history(stream);
            return self.fetch_stream(stream);
        }
        if let (Code::ConversationDeleted, Some(conversation)) = (refused.code, stream.conversation()) {
            if self.deleted_since(stream, refused) {
                self.delete_conversation(conversation);
            }
            return;
        }
        if self.is_unlisted(stream) {
            if self.replica(stream).is_some_and(|replica| replica.outbox.awaits_answer()) {
                // What of it was admitted is not given back: the stream is asked for again after the answer. A
                // time that is over makes that the shortest deferral.
                return self.streams.fetch_later(&self.ctx, stream, WallTime::default());
            }
            self.remove_accepted(stream);
            return self.delete_unlisted(stream, refused.code, &refused.detail);
        }
        if was_untold && self.is_uncompared(stream, refused) {
            return self.start_over(stream);
        }
        if self.was_put_back(stream, refused) {
            return;
        }
        self.remove_accepted(stream);
        let Some(replica) = self.replica(stream) else { return };
        if replica.rewrite_due {
            // Where nothing is held, nothing more is to be had.
            let holds_nothing = replica.confirmed.position() == Position::ZERO;
            replica.whole |= holds_nothing;
            self.rewrite(stream);
            if holds_nothing && refused.code == Code::NotAMember {
                self.drop_foreign(stream);
            }
        }
        for (request, _) in self.commands.of_whole(stream) {
            self.fail(request, refused.code, &refused.detail);
        }
    }

    /// Sends deferred fetches again, and marks streams with deferred pushes as changed.
    pub(in crate::engine) fn retry_fetches(&mut self) {
        let now = self.ctx.now.monotonic;
        let is_due = |at: Option<MonotonicTime>| at.is_some_and(|at| at <= now);
        for stream in self.streams.deferred() {
            let Some(replica) = self.streams.quietly(&stream) else { continue };
            let (fetch, push) = (is_due(replica.fetch_at), is_due(replica.outbox.retry_at));
            if let Some(replica) = self.replica(&stream).filter(|_| fetch || push) {
                replica.fetch_at = replica.fetch_at.filter(|_| !fetch);
            }
            if fetch {
                self.fetch_stream(&stream);
            }
            self.load_deferred(&stream);
            self.load_lost_rows(&stream);
        }
    }

    /// Goes on loading what timelines showed before, once that is not deferred any more.
    fn load_lost_rows(&mut self, stream: &StreamId) {
        let now = self.ctx.now.monotonic;
        let Some(replica) = self.streams.quietly(stream) else { return };
        if replica.older_at.take_if(|at| *at <= now).is_none() {
            return;
        }
        for timeline in self.open.timelines_of_stream(stream) {
            if self.open.get(&timeline).is_some_and(OpenConversation::has_lost_rows) {
                self.load_older(timeline);
            }
        }
    }
}
