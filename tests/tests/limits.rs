//! Every bound on a length, at its edge: what is exactly as long as it may be is
//! admitted, and what is one longer is refused with the code of the bound.

use tidings_core::{
    authority::AdmitError,
    code::Code,
    doc::{Document, Fact, ProfileField},
    ids::{AccountId, ContactId, DocumentId, MessageId, Stamp, TimelineId},
    limits::Limits,
    model::{Contact, ContactKind, Edit, InfoField, MemberField, MessageBody},
    wire::{Closed, DecodeFrameError, PushedChange, ServerFrame, decode_frame, encode, encode_frame},
};
use tidings_tests::fuzz::room::{Room, RoomKind, account};

/// The devices of the owner of the group, and of `me`.
const OWNER: usize = 0;
const ME: usize = 3;

/// What a device of a room pushes when it states facts.
fn written(room: &Room, device: usize, document: &DocumentId, facts: &[Fact]) -> PushedChange {
    let mut room = room.clone();
    room.sync(device);
    room.write(device, document, facts).expect("something new is said").0
}

/// What is answered to a change by these limits.
fn answer(room: &Room, device: usize, pushed: &PushedChange, limits: &Limits) -> Result<(), Code> {
    let mut stream = room.stream().clone();
    stream.insert_missing_for(&pushed.document, &pushed.change);
    match stream.admit(&room.devices()[device].session, pushed, room.now(), limits) {
        Ok(_) => Ok(()),
        Err(AdmitError::Refused(refusal)) => Err(refusal.code),
        Err(AdmitError::AlreadyAdmitted(_)) => panic!("it is new"),
    }
}

/// A fact with a text.
type Says = fn(&Room, String) -> Fact;

fn message(room: &Room, text: String) -> Fact {
    let id = MessageId { stamp: Stamp::new(room.now(), 999, [9; 8]), author: account("me") };
    Fact::Message(id, MessageBody { content: text.into(), reply_to: None, mentions: None })
}

/// The oldest message of the group, which is by `me`.
fn first(room: &Room) -> MessageId {
    let page = room.stream().documents().find(|document| document.id().page() == Some(1)).unwrap();
    let by_me = page.admissions().iter().map(|(id, _)| id.clone()).find(|id| id.author == account("me"));
    by_me.unwrap()
}

fn nickname(_: &Room, text: String) -> Fact {
    let contact = Contact { nickname: Some(text), ..Contact::new(ContactKind::Person) };
    Fact::Contact(ContactId::from_bytes([9; 16]), Some(contact))
}

#[test]
fn a19_a_text_is_as_long_as_it_may_be_and_no_longer() {
    let [group, home] = [RoomKind::Group, RoomKind::Account].map(Room::begun);
    let limits = Limits::default();
    let conversation = TimelineId::of(group.stream().id().conversation().unwrap()).document();
    let page = TimelineId::of(group.stream().id().conversation().unwrap()).page(1);
    let me: AccountId = account("me");
    let (public, private) = (DocumentId::Account(me.clone()), DocumentId::Home(me));
    let words = limits.message_characters_max as usize;
    let table: [(&str, &Room, usize, &DocumentId, usize, char, Says); 13] = [
        ("a message", &group, ME, &page, words, 'ß', message),
        ("an edit", &group, ME, &page, words, '🐋', |room, text| {
            Fact::Edit(first(room), Edit { content: text.into(), at: room.now() })
        }),
        ("a title", &group, OWNER, &conversation, 200, 'ß', |_, text| Fact::Info(InfoField::Title, Some(text))),
        ("a description", &group, OWNER, &conversation, 2_000, '🐋', |_, text| {
            Fact::Info(InfoField::Description, Some(text))
        }),
        ("a public name", &group, OWNER, &conversation, 64, 'x', |_, text| Fact::Info(InfoField::Name, Some(text))),
        ("a picture", &group, OWNER, &conversation, 2_048, 'x', |_, text| {
            Fact::Info(InfoField::AvatarUrl, Some(address(&text)))
        }),
        ("a name in a conversation", &group, ME, &conversation, 120, 'ß', |_, text| {
            Fact::MemberText(account("me"), MemberField::DisplayName, Some(text))
        }),
        ("a name", &home, ME, &public, 120, 'ß', |_, text| Fact::Profile(ProfileField::DisplayName, Some(text))),
        ("a bio", &home, ME, &public, 160, '🐋', |_, text| Fact::Profile(ProfileField::Bio, Some(text))),
        ("a status", &home, ME, &public, 80, 'ß', |_, text| Fact::Profile(ProfileField::Status, Some(text))),
        ("a reference", &home, ME, &public, 64, 'ß', |_, text| Fact::Profile(ProfileField::Reference, Some(text))),
        ("an avatar", &home, ME, &public, 2_048, 'x', |_, text| {
            Fact::Profile(ProfileField::AvatarUrl, Some(address(&text)))
        }),
        ("a nickname", &home, ME, &private, 120, 'ß', nickname),
    ];
    for (name, room, device, document, most, character, says) in table {
        let of = |length: usize| {
            let text = core::iter::repeat_n(character, length).collect();
            answer(room, device, &written(room, device, document, &[says(room, text)]), &limits)
        };
        assert_eq!(of(most), Ok(()), "{name} of {most}");
        assert_eq!(of(most + 1), Err(Code::TextTooLong), "{name} of {}", most + 1);
    }
}

/// An address of as many bytes as a text.
fn address(text: &str) -> String {
    let start = "https://a.example/";
    format!("{start}{}", &text[start.len()..])
}

/// By the least bound that lets a change pass, and by one less.
#[track_caller]
fn check_edge(room: &Room, device: usize, pushed: &PushedChange, least: usize, code: Code, set: fn(&mut Limits, u32)) {
    let by = |bound: usize| {
        let mut limits = Limits::default();
        set(&mut limits, u32::try_from(bound).unwrap());
        answer(room, device, pushed, &limits)
    };
    assert_eq!((by(least), by(least - 1)), (Ok(()), Err(code)), "{least}");
}

#[test]
fn b1_b4_a_change_is_as_large_as_it_may_be_and_no_larger() {
    let room = Room::begun(RoomKind::Group);
    let page = TimelineId::of(room.stream().id().conversation().unwrap()).page(1);
    let pushed = written(&room, ME, &page, &[message(&room, "words".into())]);
    check_edge(&room, ME, &pushed, pushed.change.len(), Code::ChangeTooLarge, |limits, bound| {
        limits.change_bytes_max = bound;
    });
    // Two concurrent edits are replaced, of which this one depends on both.
    let edit = Fact::Edit(first(&room), Edit { content: "who else?".into(), at: room.now() });
    let pushed = written(&room, ME, &page, &[edit]);
    check_edge(&room, ME, &pushed, 2, Code::TooManyPredecessors, |limits, bound| {
        limits.change_predecessors_max = bound;
    });
    let conversation = TimelineId::of(room.stream().id().conversation().unwrap()).document();
    let text = |field| Fact::Info(field, Some("words".into()));
    let pushed = written(&room, OWNER, &conversation, &[text(InfoField::Title), text(InfoField::Description)]);
    check_edge(&room, OWNER, &pushed, 2, Code::TooManyOperations, |limits, bound| limits.change_facts_max = bound);
    check_edge(&room, OWNER, &pushed, 2, Code::TooManyOperations, |limits, bound| {
        limits.change_operations_max = bound;
    });
}

#[test]
fn d6_d20_d22_a_document_is_filled_to_its_last_byte() {
    let room = Room::begun(RoomKind::Group);
    let id = room.stream().id().conversation().unwrap();
    let (page, conversation) = (TimelineId::of(id).page(1), TimelineId::of(id).document());
    let bytes = |document: &DocumentId| {
        let bytes = room.stream().document(document).map_or(0, Document::change_bytes);
        usize::try_from(bytes).unwrap()
    };
    let edit = Fact::Edit(first(&room), Edit { content: "who else?".into(), at: room.now() });
    let edit = written(&room, ME, &page, &[edit]);
    check_edge(&room, ME, &edit, bytes(&page) + edit.change.len(), Code::PageFull, |limits, bound| {
        limits.page_bytes_max = bound;
    });
    // A page that has come to its bound is closed.
    let words = written(&room, ME, &page, &[message(&room, "words".into())]);
    check_edge(&room, ME, &words, bytes(&page) + 1, Code::PageClosed, |limits, bound| limits.page_bytes_soft = bound);
    let named = Fact::MemberText(account("me"), MemberField::DisplayName, Some("Me".into()));
    let named = written(&room, ME, &conversation, &[named]);
    let most = bytes(&conversation) + named.change.len();
    check_edge(&room, ME, &named, most, Code::DocumentFull, |limits, bound| limits.document_bytes_soft = bound);
    let titled = Fact::Info(InfoField::Title, Some("A trip".into()));
    let titled = written(&room, OWNER, &conversation, &[titled]);
    let most = bytes(&conversation) + titled.change.len();
    check_edge(&room, OWNER, &titled, most, Code::DocumentFull, |limits, bound| {
        (limits.document_bytes_soft, limits.document_bytes_max) = (0, bound);
    });
}

#[test]
fn s1_a_deflated_frame_is_as_long_as_it_may_be_and_no_longer() {
    let detail: String = (0..500).map(|number| format!("{number} ")).collect();
    let frame = ServerFrame::Closed(Closed { code: Code::Draining, detail, retry_after_ms: None });
    let (plain, deflated) = (encode(&frame), encode_frame(&frame));
    assert!(deflated.len() < plain.len());
    assert!(matches!(decode_frame::<ServerFrame>(&deflated, plain.len()), Ok(decoded) if decoded == frame));
    let beyond = decode_frame::<ServerFrame>(&deflated, plain.len() - 1);
    assert!(matches!(beyond, Err(DecodeFrameError::Packed)), "{beyond:?}");
}
