//! References in a change of a page: a new message needs the open page, and anything about a message needs that
//! message's own page.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::{Fact, Key, Message},
    ids::{MessageId, PageNumber},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let Some(number) = context.document.page() else { return Ok(()) };
    if number > context.open_page() {
        return refuse(Code::PageNotOpen, format!("page {number} is not open yet"));
    }
    let page = context.stream.document(context.document).expect("the page judged is loaded");
    if page.changes() >= context.limits.page_changes_max {
        return refuse(Code::PageFull, format!("page {number} takes no more changes"));
    }
    facts.iter().try_for_each(|fact| check_fact(context, number, fact))
}

fn check_fact(context: &Context<'_>, number: PageNumber, fact: &Fact) -> Result<(), Refusal> {
    let page = context.stream.document(context.document).expect("the page judged is loaded");
    let exists = |message: &MessageId| match page.fact(&Key::Message(message.clone())) {
        Some(_) => Ok(()),
        None => refuse(Code::MessageUnknown, "no such message on this page"),
    };
    let lives = |message: &MessageId, code| match page.fact(&Key::Deleted(message.clone())) {
        None => Ok(()),
        Some(_) => refuse(code, "the message is deleted"),
    };
    match fact {
        Fact::Message(message, _) => {
            let before = context.stream.page_before(context.document);
            let before = before.and_then(|before| context.stream.document(&before));
            if [page].into_iter().chain(before).any(|page| page.fact(&Key::Message(message.clone())).is_some()) {
                return refuse(Code::AlreadyWritten, "the message is written already");
            }
            match number < context.open_page() {
                true => refuse(Code::PageClosed, format!("page {number} is closed")),
                false => Ok(()),
            }
        }
        Fact::Edit(message, edit) => {
            exists(message)?;
            lives(message, Code::MessageDeleted)?;
            let former = Message::read(page, message).map(|message| message.body.content);
            match former.is_some_and(|former| former.kind() == edit.content.kind()) {
                true => Ok(()),
                false => refuse(Code::WrongKind, "an edit is of the kind of its message"),
            }
        }
        // Deleted twice at once: nothing is left to do for the second deletion.
        Fact::Deleted(message, _) => exists(message).and_then(|()| lives(message, Code::Stale)),
        Fact::Reaction(message, _, account, on) => {
            exists(message)?;
            lives(message, Code::MessageDeleted)?;
            let reactions = Message::read(page, message).map_or(0, |message| message.reactions_of(account));
            if *on && reactions >= context.limits.reactions_max as usize {
                return refuse(Code::TooManyReactions, format!("at most {}", context.limits.reactions_max));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
