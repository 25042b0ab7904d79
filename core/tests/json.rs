//! The product's JSON of what apps see and write.

use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};
use tidings_core::{
    api::{ContactRow, LastMessageRow, refusal},
    code::Code,
    command::Command,
    engine::Update,
    ids::{AccountId, ContactId, ConversationId, MessageId, Stamp},
    journal::Position,
    model::{
        Contact, ContactKind, Content, MembershipAction, OwnQuery, Permissions, Policies, Policy, PolicyName, Profile,
        SendPolicy,
    },
    time::WallTime,
    wire::{LastMessage, decode},
};

#[track_caller]
fn check_refused<T: DeserializeOwned>(value: Value, code: Code) {
    let error = from_value::<T>(value.clone()).err().unwrap_or_else(|| panic!("{value} is read")).to_string();
    assert_eq!(refusal(&error).0, code, "{value}: {error}");
}

#[test]
fn a_policy_is_an_object_with_its_one_name() {
    for &name in PolicyName::ALL {
        let value = to_value(Policies::default()).unwrap()[name.as_str()].clone();
        let policy: Policy = from_value(json!({ name.as_str(): value })).unwrap();
        assert_eq!(policy, Policies::default().get(name));
    }
    let send: Policy = from_value(json!({ "send": "moderators" })).unwrap();
    assert_eq!(send, Policy::Send(SendPolicy::Moderators));
}

#[test]
fn what_no_policy_says_is_refused_as_unknown() {
    for value in [
        json!({ "sending": "moderators" }),
        json!({ "add_members": "moderators" }),
        json!({ "send": "unknown" }),
        json!({ "send": true }),
    ] {
        check_refused::<Policy>(value, Code::PolicyUnknown);
    }
    let not_one = [json!({}), json!({ "reactions": true, "stickers": true })];
    for value in [json!({ "slow_mode_seconds": -1 }), json!({ "slow_mode_seconds": 0.5 })].into_iter().chain(not_one) {
        check_refused::<Policy>(value, Code::ValueInvalid);
    }
}

#[test]
fn a_row_shows_what_is_written_beside_its_id() {
    let bob = Contact { account: Some(AccountId::parse("bob").unwrap()), ..Contact::new(ContactKind::Person) };
    let row = ContactRow { id: ContactId::from_bytes([0; 16]), contact: bob };
    let written = json!({
        "id": "00000000000000000000000000", "kind": "person", "account": "bob",
        "favorite": false,
    });
    assert_eq!(to_value(row).unwrap(), written);
}

#[test]
fn a_profile_says_only_what_is_written() {
    let profile = Profile { display_name: Some("Ada".into()), ..Profile::default() };
    assert_eq!(to_value(&profile).unwrap(), json!({ "displayName": "Ada" }));
    assert_eq!(from_value::<Profile>(json!({ "displayName": "Ada" })).unwrap(), profile);
}

#[test]
fn what_a_question_leaves_out_is_not_asked_for() {
    let query: OwnQuery =
        from_value(json!({ "limit": 3, "after": { "at": 5, "conversation": "0".repeat(26) } })).unwrap();
    assert_eq!((query.count_max, query.after.map(|key| key.at)), (3, Some(WallTime::from_millis(5))));
    assert_eq!(query.kinds, []);
    check_refused::<OwnQuery>(json!({ "kinds": ["party"] }), Code::ValueInvalid);
    check_refused::<OwnQuery>(json!({ "after": { "at": 5, "conversation": "short" } }), Code::IdInvalid);
}

#[test]
fn an_app_asks_for_no_more_than_to_come_in_or_not() {
    assert_eq!(from_value::<MembershipAction>(json!({ "join": null })).unwrap(), MembershipAction::Join(None));
    assert_eq!(from_value::<MembershipAction>(json!("accept")).unwrap(), MembershipAction::Accept);
    for engine_only in [json!("leave"), json!({ "late": {} })] {
        check_refused::<MembershipAction>(engine_only, Code::ValueInvalid);
    }
}

#[test]
fn permissions_are_a_list_of_their_names() {
    let names = json!(["message:send", "pin:add"]);
    assert_eq!(to_value(from_value::<Permissions>(names.clone()).unwrap()).unwrap(), names);
    check_refused::<Permissions>(json!(["moon:paint"]), Code::ValueInvalid);
}

#[test]
fn numbers_are_those_that_javascript_can_hold() {
    assert_eq!(to_value(Position::new(u64::MAX)).unwrap(), json!((1_u64 << 53) - 1));
    assert_eq!(to_value(WallTime::from_millis(u64::MAX)).unwrap(), json!(8_640_000_000_000_000_u64));
}

#[test]
fn content_is_written_as_it_is_read() {
    for value in [
        json!({ "kind": "text", "text": "hello" }),
        json!({ "kind": "location", "latitude": 52.1234567, "longitude": -179.9999999 }),
        json!({ "kind": "custom", "type": "demo.dice", "text": "rolled a 4", "payload": "{\"pips\":4}" }),
    ] {
        let content: Content = from_value(value.clone()).unwrap();
        assert_eq!(to_value(&content).unwrap(), value);
    }
    let preview =
        from_value::<Content>(json!({ "kind": "custom", "type": "demo.dice", "payload": "4" })).unwrap().preview();
    assert_eq!(to_value(preview).unwrap(), json!({ "kind": "custom", "type": "demo.dice" }));
    let unknown: Content = decode(b"\x82\x68hologram\xa2\x00\x67a whale\x07\x83\x01\x02\x03").unwrap();
    assert_eq!(to_value(unknown).unwrap(), json!({ "kind": "unknown", "name": "hologram", "text": "a whale" }));
    for wrong in [
        json!({ "kind": "hologram", "text": "a whale" }),
        json!({ "kind": "text" }),
        json!({ "kind": "location", "latitude": 1 }),
        json!({ "kind": "location", "latitude": 215, "longitude": 0 }),
        json!({ "kind": "custom", "type": "demo.dice" }),
    ] {
        check_refused::<Content>(wrong, Code::ValueInvalid);
    }
}

#[test]
fn a_command_is_an_object_with_its_one_name() {
    let conversation = "0".repeat(26);
    let send = json!({ "send_message": { "conversation": conversation, "content": { "kind": "text", "text": "hi" } } });
    let command: Command = from_value(send).unwrap();
    assert_eq!((command.name(), command.words()), ("send_message", Some("hi")));
}

#[test]
fn a_command_with_a_bad_id_or_name_is_refused_with_its_code() {
    let conversation = "0".repeat(26);
    for (command, code) in [
        (json!({ "create_direct": { "peer": "no spaces" } }), Code::IdInvalid),
        (json!({ "leave": { "conversation": "short" } }), Code::IdInvalid),
        (json!({ "delete_message": { "conversation": conversation, "message": "x.ada" } }), Code::IdInvalid),
        (json!({ "remove_contact": { "id": "" } }), Code::IdInvalid),
        (json!({ "create_conversation": { "kind": "group", "members": ["ada", "not an id"] } }), Code::IdInvalid),
        (json!({ "create_conversation": { "kind": "party" } }), Code::KindUnknown),
        (json!({ "define_role": { "conversation": conversation, "name": "a/b" } }), Code::RoleUnknown),
        (json!({ "dance": {} }), Code::ValueInvalid),
    ] {
        check_refused::<Command>(command, code);
    }
}

#[test]
fn a_row_says_who_wrote_and_only_what_there_is() {
    let message = MessageId { stamp: Stamp::from_bytes([0; 16]), author: AccountId::parse("bob").unwrap() };
    let last = LastMessage { message, preview: None, position: Position::new(3) };
    let written = json!({ "message": "00000000000000000000000000.bob", "author": "bob", "position": 3 });
    assert_eq!(to_value(LastMessageRow::from(last)).unwrap(), written);
    let told = Update::Members {
        conversation: ConversationId::from_bytes([0; 16]),
        changes: Vec::new(),
        updated_at: WallTime::from_millis(7),
    };
    let value = json!({ "conversation": "0".repeat(26), "changes": [], "updatedAt": 7 });
    assert_eq!(to_value(told).unwrap(), json!({ "type": "members", "value": value }));
}
