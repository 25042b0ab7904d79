//! Documents from a server's answer, checked like anything from a stranger.

use crate::{
    authority::Stream,
    doc::Document,
    engine::streams::{
        fault::{ReceiveEntryError, RestoreFetchedError},
        replica::Replica,
    },
    ids::{ConversationId, PageNumber},
    journal::{Entry, Position},
    wire::{DocumentSnapshot, Fetched},
};

impl Replica {
    /// The documents of an answer, each with the entries after its snapshot.
    pub(in crate::engine) fn restore_fetched(&self, fetched: &Fetched) -> Result<Stream, RestoreFetchedError> {
        let tenant = self.confirmed.tenant().clone();
        let mut stream = Stream::at(tenant, fetched.stream.clone(), fetched.at(), fetched.page);
        for thread in &fetched.threads {
            let Some(conversation) = fetched.stream.conversation() else { return Err(RestoreFetchedError::Foreign) };
            if ConversationId::thread(stream.tenant(), conversation, &thread.parent.message) != thread.id {
                return Err(RestoreFetchedError::Foreign);
            }
            stream.set_thread(thread.clone());
        }
        for snapshot in &fetched.documents {
            let newest = snapshot.document.timeline().map_or(0, |timeline| stream.newest_page(timeline));
            stream.insert(restore_snapshot(snapshot, newest, fetched)?);
        }
        for entry in &fetched.entries {
            apply_later_entry(&mut stream, entry, fetched)
                .map_err(|source| RestoreFetchedError::Entry { position: entry.position, source })?;
        }
        stream.flush().map_err(|error| RestoreFetchedError::Entry { position: fetched.head, source: error.into() })?;
        // A page begins with a message, a conversation with its creation.
        let has_begun = fetched.stream.conversation().is_some() && fetched.head > Position::ZERO;
        if has_begun && stream.documents().any(|document| document.changes() == 0) {
            return Err(RestoreFetchedError::Cleared);
        }
        Ok(stream)
    }
}

/// A document as of a position of the answer it came with.
fn restore_snapshot(
    snapshot: &DocumentSnapshot,
    newest: PageNumber,
    fetched: &Fetched,
) -> Result<Document, RestoreFetchedError> {
    let page = snapshot.document.page();
    if snapshot.document.stream() != fetched.stream || page.is_some_and(|page| page == 0 || page > newest) {
        return Err(RestoreFetchedError::Foreign);
    }
    // A snapshot with content has a position, and an empty one has none.
    let is_bare = snapshot.data.is_empty();
    if is_bare != (snapshot.position == Position::ZERO) || (is_bare && !snapshot.admissions.is_empty()) {
        return Err(RestoreFetchedError::Cleared);
    }
    let parts = (snapshot.position, snapshot.data.as_slice(), snapshot.admissions.as_slice());
    let document = Document::restore(snapshot.document.clone(), Some(parts), &[])?;
    let is_reached = |position: Position| position > Position::ZERO && position <= snapshot.position;
    let fits = document.admissions().iter().all(|(_, admission)| is_reached(admission.position));
    if !fits || snapshot.position > fetched.head {
        return Err(RestoreFetchedError::Position);
    }
    Ok(document)
}

/// Applies an entry after its document's snapshot. One that the snapshot contains is skipped.
fn apply_later_entry(stream: &mut Stream, entry: &Entry, fetched: &Fetched) -> Result<(), ReceiveEntryError> {
    let Some(document) = stream.document(&entry.document) else { return Err(ReceiveEntryError::Foreign) };
    if entry.position > document.position() && entry.position <= fetched.head {
        stream.queue_entry(entry)?;
    }
    Ok(())
}
