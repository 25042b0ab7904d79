//! An account that may not send cannot say anything new in another way.

use super::*;
use crate::{
    doc::Key,
    model::{Grant, MemberField, Parent, WhoPolicy},
};

fn title(text: &str) -> Fact {
    Fact::Info(InfoField::Title, Some(text.into()))
}

/// `me` opens the thread of message 1.
fn opening(fixture: &Fixture, by: &str, its_title: Option<&str>) -> (DocumentId, Vec<Fact>) {
    let first = message(1, "mo");
    let thread = ConversationId::thread(fixture.stream.tenant(), fixture.conversation(), &first);
    let parent = Parent { conversation: fixture.conversation(), message: first, page: 1, depth: 1 };
    let created = Created { parent: Some(parent), ..Created::new(ConversationKind::Thread, account(by), NOW) };
    let facts = [Fact::Created(created)].into_iter().chain(its_title.map(title)).collect();
    (TimelineId::of_thread(fixture.conversation(), thread).document(), facts)
}

fn open(fixture: &Fixture, by: &str, its_title: Option<&str>) -> Result<(), Code> {
    let mut fixture = fixture.clone();
    let (document, facts) = opening(&fixture, by, its_title);
    let pushed = fixture.write(&session(by), &document, &facts);
    fixture.admit(&session(by), &pushed).map(drop).map_err(code_of)
}

fn muted() -> Fixture {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::Policy(Policy::InfoEdit(WhoPolicy::AllMembers))]).unwrap();
    let named = Fact::MemberText(account("me"), MemberField::DisplayName, Some("Me".into()));
    fixture.push("me", None, &[named]).unwrap();
    let denied = Grant { allowed: false, by: account("mo"), at: NOW, until: None };
    fixture.push("mo", None, &[Fact::MemberGrant(account("me"), Permission::MessageSend, Some(denied))]).unwrap();
    fixture
}

#[test]
fn a74_a_mute_withholds_new_words_in_every_form() {
    let fixture = muted();
    let denied = Err(Code::PermissionDenied);
    let name = |text: Option<&str>| [Fact::MemberText(account("me"), MemberField::DisplayName, text.map(Into::into))];
    fixture.check("me", Some(1), &[says(9, "me")], denied);
    fixture.check("me", Some(1), &[edit(2, "me")], denied);
    fixture.check("me", None, &[title("words")], denied);
    fixture.check("me", None, &[Fact::Info(InfoField::Description, Some("words".into()))], denied);
    fixture.check("me", None, &name(Some("words")), denied);
    assert_eq!(open(&fixture, "me", Some("words")), denied);
    assert_eq!(open(&fixture, "me", None), denied);
    // The titles of threads that others opened.
    let mut fixture = fixture;
    let (thread, facts) = opening(&fixture, "mo", None);
    let pushed = fixture.write(&session("mo"), &thread, &facts);
    fixture.admit(&session("mo"), &pushed).unwrap();
    let pushed = fixture.write(&session("me"), &thread, &[title("words")]);
    assert_eq!(fixture.admit(&session("me"), &pushed).map(drop).map_err(code_of), denied);
    assert!(fixture.stream.document(&thread).unwrap().get(&Key::Info(InfoField::Title)).is_none());
}

#[test]
fn a74_what_is_no_words_of_ones_own_stays() {
    let fixture = muted();
    let reaction = Fact::Reaction(message(1, "mo"), "👍".into(), account("me"), true);
    fixture.check("me", Some(1), &[reaction], Ok(()));
    fixture.check("me", Some(1), &[deletion(2, "me", "me")], Ok(()));
    fixture.check("me", None, &[Fact::Info(InfoField::Title, None)], Ok(()));
    fixture.check("me", None, &[Fact::MemberText(account("me"), MemberField::DisplayName, None)], Ok(()));
    fixture.check("me", None, &[status("me", MemberStatus::Left)], Ok(()));
}

#[test]
fn a74_a_mute_ends_when_it_ends() {
    let mut fixture = Fixture::group();
    let (at, until) = (WallTime::from_millis(NOW.as_millis() - 2_000), WallTime::from_millis(NOW.as_millis() - 1_000));
    let over = Grant { allowed: false, by: account("mo"), at, until: Some(until) };
    fixture.push("mo", None, &[Fact::MemberGrant(account("me"), Permission::MessageSend, Some(over))]).unwrap();
    fixture.check("me", Some(1), &[edit(2, "me")], Ok(()));
    assert_eq!(open(&fixture, "me", Some("words")), Ok(()));
}

#[test]
fn a74_who_may_send_by_policy_may_edit_and_open_threads() {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::Policy(Policy::Send(SendPolicy::Moderators))]).unwrap();
    fixture.check("me", Some(1), &[edit(2, "me")], Err(Code::PolicyForbids));
    fixture.check("mo", Some(1), &[edit(1, "mo")], Ok(()));
    assert_eq!(open(&fixture, "me", None), Err(Code::PolicyForbids));
    assert_eq!(open(&fixture, "mo", None), Ok(()));
    let root = Session { administrator: true, ..session("root") };
    let (thread, facts) = opening(&fixture, "root", None);
    let pushed = fixture.write(&root, &thread, &facts);
    fixture.admit(&root, &pushed).unwrap();
}
