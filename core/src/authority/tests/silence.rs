//! Whoever may not send says nothing new in another way.

use super::*;
use crate::{
    doc::Key,
    model::{Grant, MemberField, Parent, WhoPolicy},
};

fn title(text: &str) -> Fact {
    Fact::Info(InfoField::Title, Some(text.into()))
}

/// `me` opens the thread of message 1.
fn opening(room: &Room, by: &str, its_title: Option<&str>) -> (DocumentId, Vec<Fact>) {
    let first = message(1, "mo");
    let thread = ConversationId::thread(room.stream.tenant(), room.conversation(), &first);
    let parent = Parent { conversation: room.conversation(), message: first, page: 1, depth: 1 };
    let created = Created { parent: Some(parent), ..Created::new(ConversationKind::Thread, account(by), NOW) };
    let facts = [Fact::Created(created)].into_iter().chain(its_title.map(title)).collect();
    (TimelineId::of_thread(room.conversation(), thread).document(), facts)
}

fn open(room: &Room, by: &str, its_title: Option<&str>) -> Result<(), Code> {
    let mut room = room.clone();
    let (document, facts) = opening(&room, by, its_title);
    let pushed = room.write(&session(by), &document, &facts);
    room.admit(&session(by), &pushed).map(drop).map_err(code_of)
}

fn muted() -> Room {
    let mut room = Room::group();
    room.push("ow", None, &[Fact::Policy(Policy::InfoEdit(WhoPolicy::AllMembers))]).unwrap();
    let named = Fact::MemberText(account("me"), MemberField::DisplayName, Some("Me".into()));
    room.push("me", None, &[named]).unwrap();
    let denied = Grant { allowed: false, by: account("mo"), at: NOW, until: None };
    room.push("mo", None, &[Fact::MemberGrant(account("me"), Permission::MessageSend, Some(denied))]).unwrap();
    room
}

#[test]
fn a74_a_mute_withholds_new_words_in_every_form() {
    let room = muted();
    let denied = Err(Code::PermissionDenied);
    let name = |text: Option<&str>| [Fact::MemberText(account("me"), MemberField::DisplayName, text.map(Into::into))];
    room.check("me", Some(1), &[says(9, "me")], denied);
    room.check("me", Some(1), &[edit(2, "me")], denied);
    room.check("me", None, &[title("words")], denied);
    room.check("me", None, &[Fact::Info(InfoField::Description, Some("words".into()))], denied);
    room.check("me", None, &name(Some("words")), denied);
    assert_eq!(open(&room, "me", Some("words")), denied);
    assert_eq!(open(&room, "me", None), denied);
    // The titles of threads that others opened.
    let mut room = room;
    let (thread, facts) = opening(&room, "mo", None);
    let pushed = room.write(&session("mo"), &thread, &facts);
    room.admit(&session("mo"), &pushed).unwrap();
    let pushed = room.write(&session("me"), &thread, &[title("words")]);
    assert_eq!(room.admit(&session("me"), &pushed).map(drop).map_err(code_of), denied);
    assert!(room.stream.document(&thread).unwrap().get(&Key::Info(InfoField::Title)).is_none());
}

#[test]
fn a74_what_is_no_words_of_ones_own_stays() {
    let room = muted();
    let reaction = Fact::Reaction(message(1, "mo"), "👍".into(), account("me"), true);
    room.check("me", Some(1), &[reaction], Ok(()));
    room.check("me", Some(1), &[deletion(2, "me", "me")], Ok(()));
    room.check("me", None, &[Fact::Info(InfoField::Title, None)], Ok(()));
    room.check("me", None, &[Fact::MemberText(account("me"), MemberField::DisplayName, None)], Ok(()));
    room.check("me", None, &[status("me", MemberStatus::Left)], Ok(()));
}

#[test]
fn a74_a_mute_ends_when_it_ends() {
    let mut room = Room::group();
    let (at, until) = (WallTime::from_millis(NOW.as_millis() - 2_000), WallTime::from_millis(NOW.as_millis() - 1_000));
    let over = Grant { allowed: false, by: account("mo"), at, until: Some(until) };
    room.push("mo", None, &[Fact::MemberGrant(account("me"), Permission::MessageSend, Some(over))]).unwrap();
    room.check("me", Some(1), &[edit(2, "me")], Ok(()));
    assert_eq!(open(&room, "me", Some("words")), Ok(()));
}

#[test]
fn a74_who_may_send_by_policy_may_edit_and_open_threads() {
    let mut room = Room::group();
    room.push("ow", None, &[Fact::Policy(Policy::Send(SendPolicy::Moderators))]).unwrap();
    room.check("me", Some(1), &[edit(2, "me")], Err(Code::PolicyForbids));
    room.check("mo", Some(1), &[edit(1, "mo")], Ok(()));
    assert_eq!(open(&room, "me", None), Err(Code::PolicyForbids));
    assert_eq!(open(&room, "mo", None), Ok(()));
    let root = Session { administrator: true, ..session("root") };
    let (thread, facts) = opening(&room, "root", None);
    let pushed = room.write(&root, &thread, &facts);
    room.admit(&root, &pushed).unwrap();
}
