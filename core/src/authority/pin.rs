//! Pinned messages must exist. A pin is stated in the document of the conversation or thread, and names the
//! page of the same timeline that its message is on.

use crate::{
    authority::{Context, Refusal, Stream, refuse, shape, stream::facts_of},
    code::Code,
    doc::{Fact, Key},
    ids::{ConversationId, DocumentId, MessageId},
    limits::Limits,
    model::Pin,
    sorted::SortedSet,
};

/// The prefix of a pin's key in the bytes of a change.
const KEY: &[u8] = b"pin/";

/// The existing pages that a change pins messages of. The bytes are a stranger's, and not checked yet.
pub(super) fn pages_in(stream: &Stream, document: &DocumentId, change: &[u8]) -> SortedSet<DocumentId> {
    let is_timeline = matches!(document, DocumentId::Timeline(_));
    // Decoded only if there may be one: the columns of a change are not deflated.
    if !is_timeline || !change.windows(KEY.len()).any(|window| window == KEY) {
        return SortedSet::new();
    }
    let Ok((change, _)) = shape::read(change, &Limits::WIDEST) else { return SortedSet::new() };
    let facts = facts_of(document, &change);
    facts.iter().filter_map(pinned).filter_map(|(_, pin)| page_of(stream, document, pin)).collect()
}

/// Checks that each pinned message exists and is not deleted.
pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    for (message, pin) in facts.iter().filter_map(pinned) {
        let page = page_of(context.stream, context.document, pin).and_then(|page| context.stream.document(&page));
        if page.is_none_or(|page| page.fact(&Key::Message(message.clone())).is_none()) {
            return refuse(Code::MessageUnknown, "no such message on this page");
        }
        if page.is_some_and(|page| page.fact(&Key::Deleted(message.clone())).is_some()) {
            return refuse(Code::MessageDeleted, "the message is deleted");
        }
    }
    Ok(())
}

fn pinned(fact: &Fact) -> Option<(&MessageId, &Pin)> {
    match fact {
        Fact::Pin(message, Some(pin)) => Some((message, pin)),
        _ => None,
    }
}

/// The page that a pin names, if it exists.
fn page_of(stream: &Stream, document: &DocumentId, pin: &Pin) -> Option<DocumentId> {
    let _conversation: ConversationId = stream.id().conversation()?;
    let timeline = document.timeline()?;
    let begun = (1..=stream.newest_page(timeline)).contains(&pin.page);
    begun.then(|| timeline.page(pin.page))
}
