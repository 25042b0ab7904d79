//! Several facts in one change, where the rates, slow mode and the length of a page count changes; and
//! documents under non-canonical ids.

use tidings_core::{
    code::Code,
    doc::Fact,
    ids::{ConversationId, TimelineId},
    model::{Deletion, InfoField, MemberField},
};

use super::{
    account,
    case::{Cases, Expected},
};

/// Characters of a message of maximum length, four bytes each.
const LONGEST: usize = 4_000;

pub(super) fn add(cases: &mut Cases<'_>) {
    several(cases);
    ghosts(cases);
}

fn several(cases: &mut Cases<'_>) {
    cases.class("several");
    let setup = cases.setup;
    let message = |number: u16, text: &str| setup.message(&setup.attacker, number, text);
    let deletion = |number: u16| {
        let by = setup.attacker.account.clone();
        Fact::Deleted(setup.message_id(&setup.victim, number), Deletion { by, at: setup.now })
    };
    let long = "🐋".repeat(LONGEST);
    let page = setup.page();
    for (name, facts) in [
        ("two messages", vec![message(98, "one"), message(99, "two")]),
        ("fifteen of the longest messages", (0..15).map(|number| message(200 + number, &long)).collect()),
        ("a thousand messages", (0..1_000).map(|number| message(200 + number, "w")).collect()),
        ("a message and an edit", vec![message(99, "one"), setup.edits("two")]),
        ("a message and a reaction", vec![message(99, "one"), setup.reacts("🍇", true)]),
        ("two deletions", vec![deletion(1), deletion(4)]),
        ("an edit and a reaction", vec![setup.edits("two"), setup.reacts("🍇", true)]),
        ("reactions put and taken back", vec![setup.reacts("🍇", true), setup.reacts("👍", false)]),
    ] {
        let draft = cases.honest(&page, &facts);
        cases.push(name, Expected::Refused(Code::OperationIllegal), draft.pushed());
    }
    let colored =
        |number: u8| Fact::MemberText(account(&format!("x{number}")), MemberField::Color, Some("#000000".into()));
    let facts: Vec<Fact> = (0..100).map(colored).collect();
    let draft = cases.honest(&setup.conversation(), &facts);
    cases.push("a hundred facts of the conversation", Expected::Refused(Code::TooManyOperations), draft.pushed());
}

fn ghosts(cases: &mut Cases<'_>) {
    cases.class("ghost");
    let setup = cases.setup;
    let conversation = setup.conversation_id();
    let thread = ConversationId::from_bytes([9; 16]);
    let title = Fact::Info(InfoField::Title, Some("x".into()));
    for (name, document, fact) in [
        (
            "a page of the conversation as a thread of its own",
            TimelineId::of_thread(conversation, conversation).page(1),
            None,
        ),
        ("another one", TimelineId::of_thread(conversation, conversation).page(7), None),
        (
            "the conversation as a thread of its own",
            TimelineId::of_thread(conversation, conversation).document(),
            Some(title),
        ),
        ("page 0", TimelineId::of(conversation).page(0), None),
        ("page 0 of a thread", TimelineId::of_thread(conversation, thread).page(0), None),
    ] {
        let draft = cases.honest(&document, &[fact.unwrap_or_else(|| setup.says("is anybody here?"))]);
        cases.push(name, Expected::Refused(Code::DocumentUnknown), draft.pushed());
    }
}
