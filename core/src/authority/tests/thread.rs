//! Threads: opened from a message, and judged by their conversation's rules.

use super::*;
use crate::model::{Parent, SubroomPolicy};

impl Fixture {
    fn thread_of(&self, message: &MessageId) -> ConversationId {
        ConversationId::thread(self.stream.tenant(), self.conversation(), message)
    }

    fn push_to(&mut self, name: &str, document: &DocumentId, facts: &[Fact]) -> Result<Admitted, Code> {
        let pushed = self.write(&session(name), document, facts);
        self.admit(&session(name), &pushed).map_err(code_of)
    }

    /// Opens the thread of a message in a timeline, at the given depth.
    fn open(
        &mut self,
        name: &str,
        fixture: ConversationId,
        message: &MessageId,
        depth: u32,
    ) -> Result<ConversationId, Code> {
        let thread = self.thread_of(message);
        let document = TimelineId::of_thread(self.conversation(), thread).document();
        self.push_to(name, &document, &[opened(name, fixture, message, depth)])?;
        Ok(thread)
    }

    pub(super) fn say_in(
        &mut self,
        name: &str,
        thread: ConversationId,
        page: u32,
        number: u8,
    ) -> Result<Admitted, Code> {
        let document = TimelineId::of_thread(self.conversation(), thread).page(page);
        self.push_to(name, &document, &[says(number, name)])
    }

    /// A group with a thread of `me`'s message 2, opened by `me`.
    pub(super) fn with_thread() -> (Fixture, ConversationId) {
        let mut fixture = Fixture::group();
        let conversation = fixture.conversation();
        let thread = fixture.open("me", conversation, &message(2, "me"), 1).unwrap();
        (fixture, thread)
    }
}

fn opened(by: &str, fixture: ConversationId, message: &MessageId, depth: u32) -> Fact {
    let parent = Parent { conversation: fixture, message: message.clone(), page: 1, depth };
    let created = Created::new(ConversationKind::Thread, account(by), NOW);
    Fact::Created(Created { parent: Some(parent), ..created })
}

#[test]
fn a40_a_thread_starts_from_a_message_that_is_there() {
    let fixture = Fixture::group();
    let (conversation, first) = (fixture.conversation(), message(1, "mo"));
    let open = |name, message: &MessageId, depth| fixture.clone().open(name, conversation, message, depth).map(drop);
    assert_eq!(open("me", &first, 1), Ok(()));
    assert_eq!(open("me", &message(9, "mo"), 1), Err(Code::MessageUnknown));
    assert_eq!(open("me", &first, 2), Err(Code::ValueInvalid));
    let mut deleted = fixture.clone();
    deleted.push("mo", Some(1), &[deletion(1, "mo", "mo")]).unwrap();
    assert_eq!(deleted.open("me", conversation, &first, 1), Err(Code::MessageDeleted));
    // With another id, in another's name, with more facts than allowed, or outside of the stream.
    let write = |document: DocumentId, facts: &[Fact]| fixture.clone().push_to("me", &document, facts).map(drop);
    let thread = TimelineId::of_thread(conversation, fixture.thread_of(&first)).document();
    let elsewhere = TimelineId::of_thread(conversation, ConversationId::from_bytes([3; 16])).document();
    assert_eq!(write(elsewhere, &[opened("me", conversation, &first, 1)]), Err(Code::IdInvalid));
    assert_eq!(write(thread.clone(), &[opened("mo", conversation, &first, 1)]), Err(Code::NotTheAuthor));
    let more = [opened("me", conversation, &first, 1), role("me", Role::Owner)];
    assert_eq!(write(thread.clone(), &more), Err(Code::OperationIllegal));
    assert_eq!(write(thread.clone(), &[created(ConversationKind::Thread, "me")]), Err(Code::WrongKind));
    assert_eq!(write(thread.clone(), &[Fact::Locked(true)]), Err(Code::ConversationUnknown));
    let page = TimelineId::of_thread(conversation, fixture.thread_of(&first)).page(1);
    assert_eq!(write(page, &[says(3, "me")]), Err(Code::ConversationUnknown));
    let mut alone = Fixture::new(ConversationId::from_bytes([8; 16]));
    let begun = [created(ConversationKind::Thread, "me"), role("me", Role::Owner), status("me", MemberStatus::Active)];
    assert_eq!(alone.push("me", None, &begun).map(drop), Err(Code::WrongKind));
    let titled = [opened("me", conversation, &first, 1), Fact::Info(InfoField::Title, Some("About it".into()))];
    assert_eq!(write(thread, &titled), Ok(()));
}

#[test]
fn a40_threads_of_threads_go_as_deep_as_the_policy() {
    let (mut fixture, thread) = Fixture::with_thread();
    fixture.push("ow", None, &[Fact::Policy(Policy::SubroomDepthMax(2))]).unwrap();
    fixture.say_in("mo", thread, 1, 3).unwrap();
    let second = fixture.open("me", thread, &message(3, "mo"), 2).unwrap();
    assert_eq!(fixture.stream.thread(second).unwrap().parent.depth, 2);
    fixture.say_in("me", second, 1, 4).unwrap();
    assert_eq!(fixture.open("me", second, &message(4, "me"), 3), Err(Code::ThreadTooDeep));
    // It states the place and the depth of the message.
    assert_eq!(fixture.open("me", thread, &message(4, "me"), 2), Err(Code::MessageUnknown));
    let conversation = fixture.conversation();
    assert_eq!(fixture.open("me", conversation, &message(4, "me"), 1), Err(Code::MessageUnknown));
    let nowhere = ConversationId::from_bytes([9; 16]);
    assert_eq!(fixture.open("me", nowhere, &message(4, "me"), 1), Err(Code::ConversationUnknown));
}

#[test]
fn a41_who_opens_a_thread_is_let_by_permission_and_policy() {
    let fixture = Fixture::group();
    let (conversation, first) = (fixture.conversation(), message(1, "mo"));
    let open = |fixture: &Fixture, name| fixture.clone().open(name, conversation, &first, 1).map(drop);
    assert_eq!(open(&fixture, "gu"), Err(Code::PermissionDenied));
    assert_eq!(open(&fixture, "eve"), Err(Code::NotAMember));
    for (policy, me, ad) in [
        (SubroomPolicy::AdminsOnly, Err(Code::PolicyForbids), Ok(())),
        (SubroomPolicy::Nobody, Err(Code::PolicyForbids), Err(Code::PolicyForbids)),
    ] {
        let mut fixture = fixture.clone();
        fixture.push("ow", None, &[Fact::Policy(Policy::Subrooms(policy))]).unwrap();
        assert_eq!((open(&fixture, "me"), open(&fixture, "ad")), (me, ad), "{policy}");
    }
    let mut locked = fixture.clone();
    locked.push("ow", None, &[Fact::Locked(true)]).unwrap();
    assert_eq!((open(&locked, "me"), open(&locked, "mo")), (Err(Code::ConversationLocked), Ok(())));
    let mut archived = fixture.clone();
    archived.push("ow", None, &[Fact::State(ConversationState::Archived)]).unwrap();
    assert_eq!(open(&archived, "ow"), Err(Code::ConversationArchived));
    // Opened twice at once: nothing is left to do for the second.
    let (mut fixture, thread) = Fixture::with_thread();
    let first = TimelineId::of_thread(conversation, thread).document();
    let again = fixture.push_to("mo", &first, &[opened("mo", conversation, &message(2, "me"), 1)]);
    assert_eq!(again.map(drop), Err(Code::Stale));
    // In a thread that is locked to them.
    fixture.say_in("me", thread, 1, 3).unwrap();
    fixture.push_to("ow", &first, &[Fact::Locked(true)]).unwrap();
    assert_eq!(fixture.open("me", thread, &message(3, "me"), 2), Err(Code::ConversationLocked));
}

#[test]
fn a42_removed_from_the_conversation_is_removed_from_its_threads() {
    let (mut fixture, thread) = Fixture::with_thread();
    fixture.say_in("me", thread, 1, 3).unwrap();
    assert_eq!(fixture.say_in("gu", thread, 1, 4).map(drop), Err(Code::PermissionDenied));
    fixture.push("ow", None, &[status("me", MemberStatus::Removed)]).unwrap();
    assert_eq!(fixture.say_in("me", thread, 1, 5).map(drop), Err(Code::MemberRemoved));
    let page = TimelineId::of_thread(fixture.conversation(), thread).page(1);
    assert_eq!(fixture.push_to("me", &page, &[edit(3, "me")]).map(drop), Err(Code::MemberRemoved));
    fixture.push("ow", None, &[Fact::Policy(Policy::Send(SendPolicy::AdminsOnly))]).unwrap();
    assert_eq!(fixture.say_in("mo", thread, 1, 6).map(drop), Err(Code::PolicyForbids));
    let document = TimelineId::of_thread(fixture.conversation(), thread).document();
    for fact in [
        role("mo", Role::Owner),
        status("gu", MemberStatus::Removed),
        Fact::Policy(Policy::Reactions(false)),
        Fact::Info(InfoField::Name, Some("name".into())),
        Fact::State(ConversationState::Deleted),
    ] {
        assert_eq!(fixture.push_to("ow", &document, &[fact]).map(drop), Err(Code::WrongKind));
    }
}

#[test]
fn a43_state_and_lock_of_the_conversation_hold_then_those_of_the_thread() {
    let (fixture, thread) = Fixture::with_thread();
    let document = TimelineId::of_thread(fixture.conversation(), thread).document();
    let say = |fixture: &Fixture, name| fixture.clone().say_in(name, thread, 1, 9).map(drop);
    let mut locked = fixture.clone();
    locked.push_to("ow", &document, &[Fact::Locked(true)]).unwrap();
    assert_eq!((say(&locked, "me"), say(&locked, "mo")), (Err(Code::ConversationLocked), Ok(())));
    let mut locked = fixture.clone();
    locked.push("ow", None, &[Fact::Locked(true)]).unwrap();
    assert_eq!((say(&locked, "me"), say(&locked, "mo")), (Err(Code::ConversationLocked), Ok(())));
    let mut closed = fixture.clone();
    closed.push_to("ow", &document, &[Fact::State(ConversationState::Closed)]).unwrap();
    assert_eq!(say(&closed, "me"), Err(Code::ConversationClosed));
    closed.push("me", Some(1), &[says(8, "me")]).unwrap();
    // A thread cannot be reopened while the conversation is closed.
    closed.push("ow", None, &[Fact::State(ConversationState::Closed)]).unwrap();
    let open = [Fact::State(ConversationState::Active)];
    assert_eq!(closed.push_to("ow", &document, &open).map(drop), Err(Code::ConversationClosed));
    closed.push("ow", None, &open).unwrap();
    closed.push_to("ow", &document, &open).unwrap();
    assert_eq!(say(&closed, "me"), Ok(()));
}

#[test]
fn a43_a_thread_has_pages_and_pins_of_its_own() {
    let (mut fixture, thread) = Fixture::with_thread();
    fixture.limits.page_changes_soft = 2;
    assert_eq!(fixture.say_in("me", thread, 2, 3).map(drop), Err(Code::PageNotOpen));
    fixture.say_in("me", thread, 1, 3).unwrap();
    fixture.say_in("mo", thread, 1, 4).unwrap();
    assert_eq!(fixture.say_in("me", thread, 1, 5).map(drop), Err(Code::PageClosed));
    fixture.say_in("me", thread, 2, 5).unwrap();
    assert_eq!(
        (fixture.stream.newest_page(TimelineId::of_thread(fixture.conversation(), thread)), fixture.stream.page()),
        (2, 1)
    );
    let document = TimelineId::of_thread(fixture.conversation(), thread).document();
    assert_eq!(fixture.push_to("me", &document, &[pin(4, "me")]).map(drop), Err(Code::PermissionDenied));
    fixture.push_to("mo", &document, &[pin(4, "mo")]).unwrap();
    assert!(fixture.stream.conversation().pins.is_empty());
    assert_eq!(fixture.stream.timeline(TimelineId::of_thread(fixture.conversation(), thread)).unwrap().pins.len(), 1);
    let known = fixture.stream.thread(thread).unwrap();
    assert_eq!((known.replies, known.page, known.position), (3, 2, fixture.stream.position()));
    assert_eq!(known.last_reply.as_ref().map(|last| &last.message), Some(&message(5, "me")));
    assert_eq!(known.participants, [account("me"), account("mo")]);
    assert_eq!(fixture.stream.last_message().map(|last| last.message), Some(message(2, "me")));
}
