//! Several things in one change, where the rates, slow mode and the length of a
//! page count changes; and documents under names that no document has.

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

/// Characters of a message that is as long as it may be, four bytes each.
const LONGEST: usize = 4_000;

pub(super) fn add(cases: &mut Cases<'_>) {
    several(cases);
    ghosts(cases);
}

fn several(cases: &mut Cases<'_>) {
    cases.class("several");
    let scene = cases.scene;
    let message = |number: u16, text: &str| scene.message(&scene.attacker, number, text);
    let deletion = |number: u16| {
        let by = scene.attacker.account.clone();
        Fact::Deleted(scene.message_id(&scene.victim, number), Deletion { by, at: scene.now })
    };
    let long = "🐋".repeat(LONGEST);
    let page = scene.page();
    for (name, facts) in [
        ("two messages", vec![message(98, "one"), message(99, "two")]),
        ("fifteen of the longest messages", (0..15).map(|number| message(200 + number, &long)).collect()),
        ("a thousand messages", (0..1_000).map(|number| message(200 + number, "w")).collect()),
        ("a message and an edit", vec![message(99, "one"), scene.edits("two")]),
        ("a message and a reaction", vec![message(99, "one"), scene.reacts("🍇", true)]),
        ("two deletions", vec![deletion(1), deletion(4)]),
        ("an edit and a reaction", vec![scene.edits("two"), scene.reacts("🍇", true)]),
        ("reactions put and taken back", vec![scene.reacts("🍇", true), scene.reacts("👍", false)]),
    ] {
        let draft = cases.honest(&page, &facts);
        cases.push(name, Expected::Refused(Code::OperationIllegal), draft.pushed());
    }
    let colored =
        |number: u8| Fact::MemberText(account(&format!("x{number}")), MemberField::Color, Some("#000000".into()));
    let facts: Vec<Fact> = (0..100).map(colored).collect();
    let draft = cases.honest(&scene.conversation(), &facts);
    cases.push("a hundred facts of the conversation", Expected::Refused(Code::TooManyOperations), draft.pushed());
}

fn ghosts(cases: &mut Cases<'_>) {
    cases.class("ghost");
    let scene = cases.scene;
    let conversation = scene.conversation_id();
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
        let draft = cases.honest(&document, &[fact.unwrap_or_else(|| scene.says("is anybody here?"))]);
        cases.push(name, Expected::Refused(Code::DocumentUnknown), draft.pushed());
    }
}
