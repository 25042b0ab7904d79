//! An admin's facts about threads that start nowhere, are too deep, or are opened in another's name; about
//! things that only a conversation has; and about held messages.

use tidings_core::{
    code::Code,
    doc::Fact,
    ids::{ConversationId, DocumentId, MessageId, TimelineId},
    model::{
        ConversationKind, ConversationState, Created, Held, HeldState, InfoField, MemberStatus, Membership, Parent,
        Policy, Role,
    },
};

use super::{
    account,
    case::{Cases, Expected},
};

pub(super) fn add(cases: &mut Cases<'_>) {
    openings(cases);
    strangers(cases);
    held(cases);
}

/// Adds the change with which the attacker's device would state this of a document.
fn says(cases: &mut Cases<'_>, name: &'static str, code: Code, document: &DocumentId, facts: &[Fact]) {
    let draft = cases.honest(document, facts);
    cases.push(name, Expected::Refused(code), draft.pushed());
}

/// The thread of a message, whether the message exists or not.
fn thread_of(cases: &Cases<'_>, message: &MessageId) -> DocumentId {
    let conversation = conversation(cases);
    let thread = ConversationId::thread(cases.setup.stream.tenant(), conversation, message);
    TimelineId::of_thread(conversation, thread).document()
}

fn conversation(cases: &Cases<'_>) -> ConversationId {
    cases.setup.stream.id().conversation().expect("the stream is a conversation's")
}

fn openings(cases: &mut Cases<'_>) {
    cases.class("thread");
    let setup = cases.setup;
    let (root, message) = (conversation(cases), setup.message_id(&setup.victim, 1));
    let nowhere = ConversationId::from_bytes([9; 16]);
    let unsaid = setup.message_id(&setup.victim, 77);
    let parent = Parent { conversation: root, message: message.clone(), page: 1, depth: 1 };
    let created = Created {
        parent: Some(parent.clone()),
        ..Created::new(ConversationKind::Thread, setup.attacker.account.clone(), setup.now)
    };
    let from = |parent: Parent| Created { parent: Some(parent), ..created.clone() };
    let document = thread_of(cases, &message);
    let of_unsaid = thread_of(cases, &unsaid);
    for (name, code, document, created) in [
        (
            "of a message that nobody wrote",
            Code::MessageUnknown,
            &of_unsaid,
            from(Parent { message: unsaid, ..parent.clone() }),
        ),
        (
            "of a message that is on another page",
            Code::MessageUnknown,
            &document,
            from(Parent { page: 7, ..parent.clone() }),
        ),
        ("under the id of another message", Code::IdInvalid, &of_unsaid, created.clone()),
        (
            "of a thread that there is none of",
            Code::ConversationUnknown,
            &document,
            from(Parent { conversation: nowhere, ..parent.clone() }),
        ),
        ("that is not as deep as it is", Code::ValueInvalid, &document, from(Parent { depth: 0, ..parent.clone() })),
        ("that is deeper than it is", Code::ValueInvalid, &document, from(Parent { depth: u32::MAX, ..parent })),
        (
            "opened in the owner's name",
            Code::NotTheAuthor,
            &document,
            Created { by: account("ann"), ..created.clone() },
        ),
        ("that is a group", Code::WrongKind, &document, Created { kind: ConversationKind::Group, ..created.clone() }),
        ("that starts nowhere", Code::WrongKind, &document, Created { parent: None, ..created.clone() }),
        (
            "that belongs to an account",
            Code::WrongKind,
            &document,
            Created { account: Some(account("eve")), ..created.clone() },
        ),
    ] {
        says(cases, name, code, document, &[Fact::Created(created)]);
    }
    for (name, fact) in [
        ("with a policy of its own", Fact::Policy(Policy::SubroomDepthMax(32))),
        ("with an owner of its own", Fact::MemberRole(account("eve"), Role::Owner)),
        ("that is locked as it opens", Fact::Locked(true)),
    ] {
        says(cases, name, Code::OperationIllegal, &document, &[Fact::Created(created.clone()), fact]);
    }
}

/// Facts about a thread that nobody opened, and about the conversation as if it were one.
fn strangers(cases: &mut Cases<'_>) {
    let setup = cases.setup;
    let message = setup.message_id(&setup.victim, 1);
    let document = thread_of(cases, &message);
    let thread = document.thread().expect("it is a thread's");
    let page = TimelineId::of_thread(conversation(cases), thread).page(1);
    let unknown = Code::ConversationUnknown;
    says(cases, "named, that nobody opened", unknown, &document, &[Fact::Info(InfoField::Title, Some("Mine".into()))]);
    says(cases, "closed, that nobody opened", unknown, &document, &[Fact::State(ConversationState::Closed)]);
    says(cases, "written in, that nobody opened", unknown, &page, &[setup.says("is anybody here?")]);
    let joined = Membership::next(None, MemberStatus::Active, &setup.attacker.account, setup.now);
    let joined = Fact::MemberStatus(account("zoe"), joined);
    says(cases, "joined, that nobody opened", unknown, &document, &[joined]);
}

fn held(cases: &mut Cases<'_>) {
    cases.class("held");
    let setup = cases.setup;
    let (conversation, message) = (setup.conversation(), setup.message_id(&setup.victim, 1));
    let held = |state, by: &str| {
        let held = Held { state, thread: None, by: account(by), at: setup.now };
        [Fact::Held(message.clone(), held)]
    };
    let unknown = Code::MessageUnknown;
    says(cases, "held by a member", unknown, &conversation, &held(HeldState::Held, "eve"));
    says(cases, "let in, that is not held", unknown, &conversation, &held(HeldState::Admitted, "eve"));
    says(cases, "discarded, that is not held", unknown, &conversation, &held(HeldState::Discarded, "eve"));
    says(cases, "let in by the owner", Code::NotTheAuthor, &conversation, &held(HeldState::Admitted, "ann"));
    let words = setup.message(&setup.victim, 78, "words in another's mouth");
    says(cases, "written for somebody else", Code::NotTheAuthor, &setup.page(), &[words]);
}
