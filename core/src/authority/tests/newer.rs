//! What a newer version has admitted, and what is asked of this one on top of it.

use super::*;
use crate::{
    doc::Message,
    model::{
        AccountKind, Contact, ContactKind, Held, HeldState, Invite, JoinPolicy, LateWrites, Link, LinkKind,
        NotificationLevel, Reachability, Scope, SubroomPolicy, WhoPolicy,
    },
};

impl Fixture {
    /// Admits what this version would refuse, as a server of the next version would.
    fn take(&mut self, name: &str, page: Option<u32>, facts: &[Fact]) {
        let document = self.document(page);
        let pushed = self.write(&session(name), &document, facts);
        let entry = Entry {
            position: self.stream.position().next(),
            document,
            account: account(name),
            administrator: false,
            accepted_at: NOW,
            change: pushed.change,
            deletes: None,
        };
        self.stream.receive_entry(&entry).unwrap();
        self.admitted.push(entry);
    }
}

/// What states a name that nobody knows yet, of each enum of names that a document holds, and how it is refused.
fn newer_facts(conversation: ConversationId) -> Vec<(&'static str, Fact, Code)> {
    let mut linked = Created::new(ConversationKind::Group, account("ow"), NOW);
    linked.link = Some(Link { kind: LinkKind::Unknown, id: "7".into() });
    let held = Held { state: HeldState::Unknown, thread: None, by: account("mo"), at: NOW };
    let by = account("ow");
    let invite = Invite { role: Role::Unknown, by, at: NOW, until: None, uses_max: None, enabled: true };
    let contact = Contact::new(ContactKind::Unknown);
    vec![
        ("ConversationKind", created(ConversationKind::Unknown, "ow"), Code::KindUnknown),
        ("LinkKind", Fact::Created(linked), Code::KindUnknown),
        ("Scope", Fact::Scope(Scope::Unknown), Code::OperationIllegal),
        ("ConversationState", Fact::State(ConversationState::Unknown), Code::OperationIllegal),
        ("SendPolicy", Fact::Policy(Policy::Send(SendPolicy::Unknown)), Code::PolicyUnknown),
        ("JoinPolicy", Fact::Policy(Policy::Join(JoinPolicy::Unknown)), Code::PolicyUnknown),
        ("WhoPolicy", Fact::Policy(Policy::AddMembers(WhoPolicy::Unknown)), Code::PolicyUnknown),
        ("SubroomPolicy", Fact::Policy(Policy::Subrooms(SubroomPolicy::Unknown)), Code::PolicyUnknown),
        ("LateWrites", Fact::Policy(Policy::LateWrites(LateWrites::Unknown)), Code::PolicyUnknown),
        ("Role", role("me", Role::Unknown), Code::OperationIllegal),
        ("Role", Fact::Invite(crate::ids::InviteId::from_bytes([1; 16]), Some(invite)), Code::OperationIllegal),
        ("MemberStatus", status("me", MemberStatus::Unknown), Code::OperationIllegal),
        ("HeldState", Fact::Held(message(9, "me"), held), Code::OperationIllegal),
        ("AccountKind", Fact::ProfileKind(AccountKind::Unknown), Code::OperationIllegal),
        ("ContactKind", Fact::Contact(ContactId::from_bytes([1; 16]), Some(contact)), Code::OperationIllegal),
        ("Reachability", Fact::Reachability(Some(Reachability::Unknown)), Code::OperationIllegal),
        (
            "NotificationLevel",
            Fact::Notifications(conversation, Some(NotificationLevel::Unknown)),
            Code::OperationIllegal,
        ),
    ]
}

#[test]
fn w62_no_name_of_a_newer_version_is_admitted() {
    let fixture = Fixture::group();
    let administrator = Session { administrator: true, ..session("ow") };
    let own = StreamId::Account(account("me"));
    let stream = Stream::new(TenantId::parse("acme").unwrap(), own);
    for (_, fact, code) in newer_facts(fixture.conversation()) {
        let document = match &fact {
            Fact::ProfileKind(_) => DocumentId::Account(account("me")),
            Fact::Contact(..) | Fact::Reachability(_) | Fact::Notifications(..) => DocumentId::Home(account("me")),
            _ => {
                let got = fixture.clone().push_as(&administrator, None, std::slice::from_ref(&fact)).map(drop);
                assert_eq!(got, Err(code), "{fact:?}");
                continue;
            }
        };
        let mut writer = Document::new(document.clone());
        let change = writer.write(session("me").device, NOW, std::slice::from_ref(&fact)).unwrap().bytes().to_vec();
        let pushed = PushedChange { document, change };
        let mut stream = stream.clone();
        stream.insert_missing_for(&pushed.document, &pushed.change);
        let got = stream.admit(&session("me"), &pushed, NOW, &Limits::default()).map_err(code_of);
        assert_eq!(got.err(), Some(code), "{fact:?}");
    }
}

/// The enums that `named!` declares here with a variant for names of a newer version, as the sources spell them.
#[expect(clippy::disallowed_methods, reason = "sources are files")]
fn declared(folder: &std::path::Path, found: &mut Vec<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            declared(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let behind = text.split("named! {\n").skip(1).filter_map(|behind| {
                let line = |line: &&str| !line.starts_with("///") && !line.starts_with("#[");
                behind.lines().map(str::trim).find(line)?.strip_suffix(" {")
            });
            let is_name = |name: &&str| name.chars().all(|letter| letter.is_ascii_alphanumeric());
            found.extend(behind.filter(is_name).map(str::to_owned));
        }
    }
}

#[test]
fn w62_every_enum_of_names_is_tried_or_stands_in_no_document() {
    let mut found = Vec::new();
    declared(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // What somebody does, how far a message is and why something was refused is told, and stated nowhere.
    let told = ["Code", "MessageState", "PresenceKind"];
    let conversation = ConversationId::from_bytes([7; 16]);
    let stated = newer_facts(conversation).into_iter().map(|(name, ..)| name).filter(|name| *name != "Role");
    // Those of proposals are within content, and within what the system alone states: `tests/proposal.rs`.
    let of_proposals = ["MeetingKind", "Party", "ProposalKind", "ProposalStatus", "ResponseKind"];
    let mut expected: Vec<&str> = stated.chain(told).chain(of_proposals).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn w62_nobody_verifies_what_takes_names_of_a_newer_version() {
    let fixture = Fixture::group();
    let entry_of = |fixture: &Fixture, name: &str, page: Option<u32>, facts: &[Fact]| {
        let mut then = fixture.clone();
        then.take(name, page, facts);
        then.admitted.pop().unwrap()
    };
    let verify = |fixture: &Fixture, entry: &Entry| {
        fixture.stream.verify_entry(entry, &fixture.limits).map_err(|error| error.code)
    };
    // A guest sends a message, which no version allows.
    let wrong = entry_of(&fixture, "gu", Some(1), &[says(9, "gu")]);
    assert_eq!(verify(&fixture, &wrong), Err(Code::PermissionDenied));
    let policy = [Fact::Policy(Policy::Send(SendPolicy::Unknown))];
    assert_eq!(verify(&fixture, &entry_of(&fixture, "ow", None, &policy)), Ok(()));
    for (fact, by) in [
        (policy[0].clone(), "gu"),
        (Fact::State(ConversationState::Unknown), "gu"),
        (created(ConversationKind::Unknown, "ow"), "gu"),
        (role("gu", Role::Unknown), "gu"),
        (status("gu", MemberStatus::Unknown), "gu"),
    ] {
        let mut fixture = fixture.clone();
        fixture.take("ow", None, std::slice::from_ref(&fact));
        assert_eq!(verify(&fixture, &entry_of(&fixture, by, Some(1), &[says(9, by)])), Ok(()), "{fact:?}");
        let by_another = entry_of(&fixture, "me", None, &[Fact::Info(InfoField::Title, Some("x".into()))]);
        let told = verify(&fixture, &by_another).is_err();
        assert_eq!(told, matches!(fact, Fact::MemberRole(..) | Fact::MemberStatus(..)), "{fact:?}");
    }
}

#[test]
fn w60_w62_what_a_newer_version_admitted_is_read_and_decided_about_where_it_is_known() {
    let fixture = Fixture::group();
    let says_more = [says(9, "me")];
    // A state, a policy and a kind: nobody can write; whoever may change it can change it; and anybody
    // may leave.
    for (fact, code) in [
        (Fact::State(ConversationState::Unknown), Code::ConversationClosed),
        (Fact::Policy(Policy::Send(SendPolicy::Unknown)), Code::PolicyUnknown),
        (created(ConversationKind::Unknown, "ow"), Code::KindUnknown),
    ] {
        let mut fixture = fixture.clone();
        fixture.take("ow", None, &[fact]);
        fixture.check("me", Some(1), &says_more, Err(code));
        fixture.check("me", None, &[status("me", MemberStatus::Left)], Ok(()));
    }
    let mut closed = fixture.clone();
    closed.take("ow", None, &[Fact::State(ConversationState::Unknown)]);
    assert_eq!(closed.stream.conversation().state(), ConversationState::Unknown);
    closed.check("ad", None, &[Fact::State(ConversationState::Active)], Ok(()));
    let mut silent = fixture.clone();
    silent.take("ow", None, &[Fact::Policy(Policy::Send(SendPolicy::Unknown))]);
    silent.check("ad", None, &[Fact::Policy(Policy::Send(SendPolicy::AllMembers))], Ok(()));
    // In threads only, if the policy concerns them.
    let mut threads = fixture.clone();
    threads.take("ow", None, &[Fact::Policy(Policy::Subrooms(SubroomPolicy::Unknown))]);
    threads.check("me", Some(1), &says_more, Ok(()));
    // An unknown status or role concerns only that member: the others can go on.
    let mut moved = fixture.clone();
    moved.take("ow", None, &[status("me", MemberStatus::Unknown)]);
    moved.check("me", Some(1), &says_more, Err(Code::NotAMember));
    moved.check("mo", Some(1), &[says(9, "mo")], Ok(()));
    let mut renamed = fixture.clone();
    renamed.take("ow", None, &[role("me", Role::Unknown)]);
    assert_eq!(renamed.stream.conversation().members[&account("me")].role, Role::Unknown);
    renamed.check("me", Some(1), &says_more, Err(Code::PermissionDenied));
    renamed.check("ow", None, &[role("me", Role::Member)], Ok(()));
}

/// A conversation's journal as written by the next version: `golden/next_version.hex`. In it a join
/// policy is called `by_riddle`, a description is a `topic`, a message contains a `sticker`, and a text
/// has one more field.
fn of_the_next_version() -> Vec<Entry> {
    let hex = include_str!("golden/next_version.hex").trim_end();
    let digits = hex.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let bytes: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    crate::wire::decode(&bytes).unwrap()
}

#[test]
fn w60_d26_a_conversation_of_the_next_version_is_read_kept_and_gone_on_with() {
    let mut fixture = Fixture::new(ConversationId::from_bytes([7; 16]));
    for entry in of_the_next_version() {
        fixture.stream.insert_missing_for(&entry.document, &entry.change);
        fixture.stream.receive_entry(&entry).unwrap();
    }
    let conversation = fixture.stream.conversation();
    assert_eq!(conversation.text(InfoField::Title), Some("Trip"));
    assert_eq!(conversation.text(InfoField::Description), None, "nobody here knows a topic");
    assert_eq!(conversation.policies.join, JoinPolicy::Unknown);
    let page = fixture.stream.document(&fixture.document(Some(1))).unwrap();
    let said =
        |page: &Document, number| Message::read(page, &message(number, "me")).unwrap().content().cloned().unwrap();
    assert_eq!(said(page, 2), "words".into());
    assert_eq!((said(page, 3).kind(), said(page, 3).text()), ("sticker", Some("a whale")));

    // Unknown content is kept to the byte.
    for document in fixture.stream.documents() {
        let (position, data, admissions) = document.save();
        let restored = Document::restore(document.id().clone(), Some((position, &data, &admissions)), &[]).unwrap();
        assert_eq!((restored.save(), restored.heads()), ((position, data, admissions), document.heads()));
    }
    fixture.push("me", Some(1), &[says(9, "me")]).unwrap();
    fixture.check("me", Some(1), &[edit(3, "me")], Err(Code::WrongKind));
    fixture.check("me", Some(1), &[deletion(3, "me", "me")], Ok(()));
    fixture.check("ow", None, &[Fact::Policy(Policy::Join(JoinPolicy::Open))], Ok(()));
}
