//! Limits on the number of facts in one change.

use super::*;

fn reaction(emoji: &str) -> Fact {
    Fact::Reaction(message(2, "me"), emoji.into(), account("me"), true)
}

#[test]
fn a70_a_change_states_one_message_and_nothing_beside_it() {
    let fixture = Fixture::group();
    let illegal = Err(Code::OperationIllegal);
    fixture.check("me", Some(1), &[says(8, "me"), says(9, "me")], illegal);
    fixture.check("me", Some(1), &[says(9, "me"), edit(2, "me")], illegal);
    fixture.check("me", Some(1), &[says(9, "me")], Ok(()));
}

#[test]
fn a70_so_does_what_is_said_about_messages() {
    let fixture = Fixture::group();
    let illegal = Err(Code::OperationIllegal);
    fixture.check("mo", Some(1), &[deletion(1, "mo", "mo"), deletion(2, "me", "mo")], illegal);
    fixture.check("me", Some(1), &[reaction("👍"), reaction("🌊")], illegal);
    fixture.check("me", Some(1), &[edit(2, "me"), reaction("🌊")], illegal);
    fixture.check("me", Some(1), &[reaction("🌊")], Ok(()));
}

#[test]
fn a70_an_administrator_says_one_thing_at_a_time_too() {
    let mut fixture = Fixture::group();
    let root = Session { administrator: true, ..session("root") };
    let both = fixture.push_as(&root, Some(1), &[deletion(1, "mo", "root"), deletion(2, "me", "root")]);
    assert_eq!(both.err(), Some(Code::OperationIllegal));
    fixture.push_as(&root, Some(1), &[deletion(1, "mo", "root")]).unwrap();
}

#[test]
fn a71_a_change_states_a_bounded_number_of_facts() {
    let mut fixture = Fixture::group();
    fixture.limits.change_facts_max = 2;
    let facts = [
        Fact::Info(InfoField::Title, Some("x".into())),
        Fact::Info(InfoField::Description, Some("y".into())),
        Fact::Locked(true),
    ];
    fixture.check("ow", None, &facts[..2], Ok(()));
    fixture.check("ow", None, &facts, Err(Code::TooManyOperations));
}

#[test]
fn a72_a_conversation_is_not_a_thread_of_its_own() {
    let mut fixture = Fixture::group();
    let conversation = fixture.conversation();
    for (document, fact) in [
        (TimelineId::of_thread(conversation, conversation).page(1), says(9, "me")),
        (TimelineId::of_thread(conversation, conversation).document(), Fact::Info(InfoField::Title, Some("x".into()))),
        (TimelineId::of(conversation).page(0), says(9, "me")),
    ] {
        let pushed = fixture.write(&session("me"), &document, &[fact]);
        assert_eq!(fixture.admit(&session("me"), &pushed).map_err(code_of).err(), Some(Code::DocumentUnknown));
    }
}
