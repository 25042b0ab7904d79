//! References must exist: pinned messages, replies, emoji; and nobody can add the system's account.

use super::*;
use crate::model::Parent;

fn pin_of(message: MessageId, page: u32) -> Fact {
    Fact::Pin(message, Some(Pin { by: account("mo"), at: NOW, page }))
}

#[test]
fn a77_a_pin_names_a_message_that_is_there() {
    let mut fixture = Fixture::group();
    let unknown = Err(Code::MessageUnknown);
    fixture.check("mo", None, &[pin_of(message(1, "mo"), 1)], Ok(()));
    fixture.check("mo", None, &[pin_of(message(9, "mo"), 1)], unknown);
    for page in [0, 2, u32::MAX] {
        fixture.check("mo", None, &[pin_of(message(1, "mo"), page)], unknown);
    }
    fixture.check("mo", None, &[pin_of(message(1, "mo"), 1), pin_of(message(9, "mo"), 1)], unknown);
    fixture.push("mo", Some(1), &[deletion(1, "mo", "mo")]).unwrap();
    fixture.check("mo", None, &[pin_of(message(1, "mo"), 1)], Err(Code::MessageDeleted));
    // An existing pin stays, and can be removed.
    fixture.push("mo", None, &[pin_of(message(2, "me"), 1)]).unwrap();
    fixture.push("me", Some(1), &[deletion(2, "me", "me")]).unwrap();
    fixture.check("mo", None, &[Fact::Pin(message(2, "me"), None)], Ok(()));
}

#[test]
fn a77_whoever_decides_loads_the_page_that_a_pin_names() {
    let mut fixture = Fixture::group();
    fixture.limits.page_changes_soft = 2;
    fixture.push("me", Some(2), &[says(3, "me")]).unwrap();
    let page = fixture.document(Some(1));
    fixture.stream.remove(&page);
    let document = fixture.document(None);
    let pushed = fixture.write(&session("mo"), &document, &[pin_of(message(1, "mo"), 1)]);
    assert_eq!(fixture.stream.missing_for(&document, &pushed.change), [page]);
    // A page that does not exist is not asked for.
    let pushed = fixture.write(&session("mo"), &document, &[pin_of(message(1, "mo"), 3)]);
    assert_eq!(fixture.stream.missing_for(&document, &pushed.change), []);
}

#[test]
fn a77_a_thread_pins_what_was_said_in_it() {
    let mut fixture = Fixture::group();
    let (conversation, first) = (fixture.conversation(), message(1, "mo"));
    let thread = ConversationId::thread(fixture.stream.tenant(), conversation, &first);
    let document = TimelineId::of_thread(conversation, thread).document();
    let mut push = |document: &DocumentId, fact: Fact| {
        let pushed = fixture.write(&session("mo"), document, &[fact]);
        fixture.admit(&session("mo"), &pushed).map(drop).map_err(code_of)
    };
    let parent = Parent { conversation, message: first.clone(), page: 1, depth: 1 };
    let created = Created { parent: Some(parent), ..Created::new(ConversationKind::Thread, account("mo"), NOW) };
    assert_eq!(push(&document, Fact::Created(created)), Ok(()));
    assert_eq!(push(&document, pin_of(first, 1)), Err(Code::MessageUnknown));
    assert_eq!(push(&TimelineId::of_thread(conversation, thread).page(1), says(4, "mo")), Ok(()));
    assert_eq!(push(&TimelineId::of(conversation).document(), pin_of(message(4, "mo"), 1)), Err(Code::MessageUnknown));
    assert_eq!(push(&document, pin_of(message(4, "mo"), 1)), Ok(()));
}

#[test]
fn a78_a_reply_answers_something_that_can_have_been_said() {
    let fixture = Fixture::group();
    let reply = |answered: MessageId| {
        let body = MessageBody { content: "x".into(), reply_to: Some(answered), mentions: None };
        [Fact::Message(message(9, "me"), body)]
    };
    fixture.check("me", Some(1), &reply(message(1, "mo")), Ok(()));
    fixture.check("me", Some(1), &reply(message(9, "me")), Err(Code::MessageUnknown));
    let ahead = Stamp::new(NOW.plus(core::time::Duration::from_secs(301)), 0, [0; 8]);
    fixture.check("me", Some(1), &reply(MessageId { stamp: ahead, author: account("mo") }), Err(Code::ClockAhead));
}

#[test]
fn a79_a_reaction_is_one_emoji() {
    let fixture = Fixture::group();
    let reaction = |emoji: &str, on| [Fact::Reaction(message(1, "mo"), emoji.into(), account("me"), on)];
    for words in ["abc", "<b>", "you-are-all-stupid", "👍👍", "é"] {
        fixture.check("me", Some(1), &reaction(words, true), Err(Code::EmojiInvalid));
    }
    fixture.check("me", Some(1), &reaction("👩‍👩‍👧", true), Ok(()));
}

#[test]
fn a80_the_account_of_the_system_is_nobodys_member() {
    let fixture = Fixture::group();
    let system = AccountId::system();
    let in_it = [role(system.as_str(), Role::Member), status(system.as_str(), MemberStatus::Active)];
    fixture.check("ow", None, &in_it, Err(Code::ValueInvalid));
    let invited = [role(system.as_str(), Role::Member), status(system.as_str(), MemberStatus::Invited)];
    fixture.check("ow", None, &invited, Err(Code::ValueInvalid));
    // Nor can anybody have a direct conversation with it.
    let tenant = TenantId::parse("acme").unwrap();
    let direct = Fixture::new(ConversationId::direct(&tenant, &account("ann"), &system));
    let mut facts = vec![created(ConversationKind::Direct, "ann")];
    for name in ["ann", system.as_str()] {
        facts.extend([role(name, Role::Member), status(name, MemberStatus::Active)]);
    }
    direct.check("ann", None, &facts, Err(Code::ValueInvalid));
}
