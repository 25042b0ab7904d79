//! The frames' bytes. Each kind has a golden file, hexadecimal, in `golden/`;
//! changing one is a deliberate act that comes with another version of the
//! protocol: `GOLDEN=write cargo test -p tidings-core --test frames`. It is long because each kind of frame is written out.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fmt::Debug, fs, path::PathBuf};

use minicbor::{Decode, Encode};
use proptest::prelude::*;
use tidings_core::{
    code::Code,
    ids::{
        AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, EpochId, IncarnationId, InviteCode, MessageId,
        Stamp, StreamId, TenantId, TimelineId,
    },
    journal::{ChainHash, Cursor, Entry, Position},
    limits::{Limits, frame_items},
    model::{
        AccountKind, ActivityKey, ConversationKind, ConversationState, DirectoryQuery, DirectoryRow, HeldMessage,
        JoinPolicy, Listing, MemberStatus, MembershipAction, MessageBody, OwnQuery, Parent, PresenceKind, Profile,
        Query, Receipt, Role, Thread, WordKey,
    },
    time::WallTime,
    wire::{
        Accepted, ClientFrame, Closed, ContactMatch, ContactMatches, ConversationSummary, DecodeFrameError,
        DocumentSnapshot, Entries, Fetch, FetchScope, Fetched, HeldMessages, Hello, LastMessage, List, ListHeld,
        ListSubscribers, Listed, ListedRow, ListedRows, MatchContacts, MemberPresence, MemberReceipt,
        MembershipRequest, Piece, Pong, PresenceNotice, Present, PresentMember, ProfileNotice, Push, PushedChange,
        ReceiptNotice, Refused, Revoked, ServerFrame, Subscriber, SubscriberCount, Subscribers, Unread, Versions,
        WaitingChange, Welcome, decode, encode, encode_frame,
    },
};

const AT: WallTime = WallTime::from_millis(1_767_225_600_123);

fn account() -> AccountId {
    AccountId::parse("ann").unwrap()
}

fn conversation() -> ConversationId {
    ConversationId::from_bytes(*b"a conversation !")
}

fn stream() -> StreamId {
    StreamId::Conversation(conversation())
}

fn receipt() -> Receipt {
    Receipt { delivered: Position::new(300), read: Position::new(17) }
}

fn chain() -> ChainHash {
    ChainHash::from_bytes([5; 32])
}

fn entry() -> Entry {
    Entry {
        position: Position::new(18),
        document: TimelineId::of(conversation()).page(1),
        account: account(),
        administrator: false,
        accepted_at: AT,
        change: b"the bytes of a change".to_vec(),
        deletes: Some(Position::new(2)),
    }
}

fn summary() -> ConversationSummary {
    ConversationSummary {
        subscriber_count: 100_000,
        resource: Some("flat 7".into()),
        conversation: conversation(),
        kind: ConversationKind::Group,
        title: Some("Trip".into()),
        state: ConversationState::Active,
        role: Role::Moderator,
        status: MemberStatus::Active,
        member_count: 3,
        others: vec![AccountId::parse("bob").unwrap()],
        last_message: Some(LastMessage {
            message: MessageId { stamp: Stamp::new(AT, 1, [9; 8]), author: account() },
            preview: Some("hello".into()),
            position: Position::new(18),
        }),
        position: Position::new(18),
        page: 1,
        receipt: receipt(),
        unread: 1,
        created_at: AT,
        joined: Position::new(4),
        chain: chain(),
    }
}

fn client_frames() -> Vec<(&'static str, ClientFrame)> {
    vec![
        (
            "hello",
            ClientFrame::Hello(Hello {
                versions: Versions::OWN,
                token: "a token".into(),
                device: DeviceId::from_bytes(*b"device of Ann's!"),
                cursor: Some(Cursor { tick: 41, epoch: Some(EpochId::from_bytes([8; 16])), newest_entry: 40 }),
                incarnation: Some(IncarnationId::from_bytes([9; 16])),
            }),
        ),
        (
            "push",
            ClientFrame::Push(Push {
                request: 7,
                stream: stream(),
                changes: vec![PushedChange {
                    document: TimelineId::of(conversation()).document(),
                    change: b"bytes".to_vec(),
                }],
            }),
        ),
        (
            "fetch_after",
            ClientFrame::Fetch(Fetch {
                request: 8,
                stream: stream(),
                scope: FetchScope::After(Position::new(3)),
                held: Vec::new(),
                chain: Some(chain()),
            }),
        ),
        (
            "fetch_page",
            ClientFrame::Fetch(Fetch {
                request: 9,
                stream: stream(),
                scope: FetchScope::Page(2),
                held: Vec::new(),
                chain: None,
            }),
        ),
        (
            "fetch_thread",
            ClientFrame::Fetch(Fetch {
                request: 11,
                stream: stream(),
                scope: FetchScope::Thread(thread().id),
                held: Vec::new(),
                chain: None,
            }),
        ),
        (
            "fetch_thread_page",
            ClientFrame::Fetch(Fetch {
                request: 12,
                stream: stream(),
                scope: FetchScope::ThreadPage(thread().id, 2),
                held: Vec::new(),
                chain: None,
            }),
        ),
        (
            "fetch_anew",
            ClientFrame::Fetch(Fetch {
                request: 13,
                stream: stream(),
                scope: FetchScope::Anew,
                held: vec![WaitingChange { hash: ChangeHash::from_bytes([3; 32]), message: None, accepted_at: None }],
                chain: None,
            }),
        ),
        (
            "fetch_watch",
            ClientFrame::Fetch(Fetch {
                request: 14,
                stream: stream(),
                scope: FetchScope::Watch(Position::new(3)),
                held: Vec::new(),
                chain: None,
            }),
        ),
        ("unwatch", ClientFrame::Unwatch(conversation())),
        (
            "receipt_notices",
            ClientFrame::Receipts(vec![ReceiptNotice {
                conversation: conversation(),
                delivered: Position::new(300),
                read: Position::new(17),
            }]),
        ),
        (
            "presence_notice",
            ClientFrame::Presence(PresenceNotice { conversation: conversation(), kind: PresenceKind::Typing }),
        ),
        ("ping", ClientFrame::Ping(5)),
        (
            "match_contacts",
            ClientFrame::MatchContacts(MatchContacts {
                request: 12,
                points: vec!["030 123456".into(), "bob@example.org".into()],
                region: Some("DE".into()),
            }),
        ),
        (
            "list_subscribers",
            ClientFrame::ListSubscribers(ListSubscribers {
                request: 11,
                conversation: conversation(),
                after: Some(account()),
                count_max: 100,
                position: Position::new(18),
            }),
        ),
        ("list_held", ClientFrame::ListHeld(ListHeld { request: 12, conversation: conversation() })),
        (
            "membership_request_held",
            ClientFrame::MembershipRequest(MembershipRequest {
                request: 13,
                conversation: conversation(),
                action: MembershipAction::SubmitHeld(late()),
            }),
        ),
        (
            "list_own",
            ClientFrame::List(List {
                request: 13,
                query: Query::Own(OwnQuery {
                    kinds: vec![ConversationKind::Group],
                    statuses: vec![MemberStatus::Left, MemberStatus::Subscribed],
                    states: vec![ConversationState::Archived],
                    after: Some(ActivityKey { at: AT, conversation: conversation() }),
                    count_max: 20,
                    resource: Some("flat 7".into()),
                    words: String::new(),
                }),
            }),
        ),
        (
            "list_directory",
            ClientFrame::List(List {
                request: 14,
                query: Query::Directory(DirectoryQuery {
                    words: "green @bo".into(),
                    kinds: vec![],
                    after: Some(WordKey { word: "green".into(), conversation: conversation() }),
                    count_max: 0,
                }),
            }),
        ),
        (
            "membership_request",
            ClientFrame::MembershipRequest(MembershipRequest {
                request: 10,
                conversation: conversation(),
                action: MembershipAction::Join(Some(InviteCode::from_bytes(*b"a code of a link"))),
            }),
        ),
    ]
}

fn server_frames() -> Vec<(&'static str, ServerFrame)> {
    let profile = Profile {
        kind: Some(AccountKind::Personal),
        display_name: Some("Ann".into()),
        avatar_url: None,
        bio: None,
        status: Some("🍵".into()),
        reference: Some("crm-7".into()),
        created_at: Some(AT),
        updated_at: Some(AT),
    };
    let own = StreamId::Account(account());
    vec![
        (
            "welcome",
            ServerFrame::Welcome(Box::new(Welcome {
                version: Versions::OWN.newest,
                tenant: TenantId::parse("acme").unwrap(),
                account: account(),
                administrator: true,
                server_time: AT,
                limits: Limits::default(),
                incarnation: IncarnationId::from_bytes([9; 16]),
            })),
        ),
        ("summaries", ServerFrame::Summaries(vec![summary()])),
        ("profiles", ServerFrame::Profiles(vec![ProfileNotice { account: account(), profile }])),
        ("entries", ServerFrame::Entries(Entries { stream: stream(), entries: vec![entry()] })),
        (
            "caught_up",
            ServerFrame::CaughtUp(Cursor { tick: 42, epoch: Some(EpochId::from_bytes([8; 16])), newest_entry: 40 }),
        ),
        (
            "accepted",
            ServerFrame::Accepted(Accepted {
                request: 7,
                stream: own.clone(),
                positions: vec![Position::new(18)],
                accepted_at: vec![AT],
                administrators: vec![Position::new(18)],
            }),
        ),
        (
            "refused",
            ServerFrame::Refused(Refused {
                request: 7,
                stream: own,
                index: 2,
                code: Code::SlowMode,
                detail: "one in ten seconds".into(),
                retry_at: Some(AT),
                lacks: Vec::new(),
            }),
        ),
        (
            "fetched",
            ServerFrame::Fetched(Fetched {
                request: 8,
                stream: stream(),
                head: Position::new(18),
                page: 1,
                restart: true,
                documents: vec![DocumentSnapshot {
                    document: DocumentId::Home(account()),
                    position: Position::new(17),
                    data: b"saved".to_vec(),
                    admissions: vec![2, 4],
                }],
                entries: vec![entry()],
                receipts: vec![MemberReceipt { conversation: conversation(), account: account(), receipt: receipt() }],
                threads: Vec::new(),
                lacks: Vec::new(),
                unread: Some(Unread { count: 7, read: Position::new(4) }),
                chain: chain(),
            }),
        ),
        (
            "fetched_threads",
            ServerFrame::Fetched(Fetched {
                request: 11,
                stream: stream(),
                head: Position::new(18),
                page: 1,
                restart: false,
                documents: vec![DocumentSnapshot {
                    document: TimelineId::of_thread(conversation(), thread().id).page(1),
                    position: Position::new(17),
                    data: b"saved".to_vec(),
                    admissions: vec![2, 4],
                }],
                entries: Vec::new(),
                receipts: Vec::new(),
                threads: vec![thread()],
                lacks: vec![ChangeHash::from_bytes([3; 32])],
                unread: None,
                chain: chain(),
            }),
        ),
        (
            "receipts",
            ServerFrame::Receipts(vec![MemberReceipt {
                conversation: conversation(),
                account: account(),
                receipt: receipt(),
            }]),
        ),
        (
            "presence",
            ServerFrame::Presence(MemberPresence {
                conversation: conversation(),
                account: account(),
                kind: PresenceKind::Online,
            }),
        ),
        (
            "present",
            ServerFrame::Present(Present {
                conversation: conversation(),
                members: vec![PresentMember { account: account(), kind: PresenceKind::Typing }],
            }),
        ),
        (
            "subscriber_count",
            ServerFrame::SubscriberCount(SubscriberCount { conversation: conversation(), count: 100_000 }),
        ),
        (
            "revoked",
            ServerFrame::Revoked(Revoked {
                conversation: conversation(),
                status: MemberStatus::Removed,
                position: Position::new(19),
            }),
        ),
        (
            "closed",
            ServerFrame::Closed(Closed {
                code: Code::TokenExpired,
                detail: "the token's time is over".into(),
                retry_after_ms: Some(1_000),
            }),
        ),
        ("pong", ServerFrame::Pong(pong())),
        ("piece", ServerFrame::Piece(Piece { bytes: vec![1, 2, 3], last: true })),
        (
            "contact_matches",
            ServerFrame::ContactMatches(ContactMatches {
                request: 12,
                matches: vec![ContactMatch { index: 1, point: "bob@example.org".into(), account: account() }],
            }),
        ),
        (
            "subscribers",
            ServerFrame::Subscribers(Subscribers {
                request: 11,
                conversation: conversation(),
                count: 100_000,
                delivered: 90_000,
                read: 80_000,
                subscribers: vec![Subscriber { account: account(), joined_at: AT }],
            }),
        ),
        (
            "held_messages",
            ServerFrame::HeldMessages(HeldMessages {
                request: 12,
                conversation: conversation(),
                messages: vec![late()],
            }),
        ),
        (
            "listed_own",
            ServerFrame::Listed(Listed {
                request: 13,
                rows: ListedRows::Own(
                    vec![ListedRow { summary: summary(), activity_at: AT }],
                    Some(ActivityKey { at: AT, conversation: conversation() }),
                ),
            }),
        ),
        (
            "listed_directory",
            ServerFrame::Listed(Listed {
                request: 14,
                rows: ListedRows::Directory(
                    vec![DirectoryRow {
                        conversation: conversation(),
                        kind: ConversationKind::Channel,
                        title: Some("Boats".into()),
                        listing: Listing {
                            name: Some("boats".into()),
                            description: None,
                            avatar_url: None,
                            join: JoinPolicy::Open,
                            join_approval: true,
                        },
                        member_count: 3,
                        subscriber_count: 100_000,
                        status: Some(MemberStatus::Banned),
                    }],
                    Some(WordKey { word: "@boats".into(), conversation: conversation() }),
                ),
            }),
        ),
    ]
}

fn late() -> HeldMessage {
    HeldMessage {
        message: MessageId { stamp: Stamp::from_bytes([7; 16]), author: account() },
        body: MessageBody { content: "late".into(), reply_to: None, mentions: None },
        thread: None,
        base: Position::new(17),
    }
}

fn thread() -> Thread {
    let message = MessageId { stamp: Stamp::from_bytes([6; 16]), author: account() };
    let parent = Parent { conversation: conversation(), message: message.clone(), page: 1, depth: 1 };
    let mut thread = Thread::new(ConversationId::from_bytes([4; 16]), parent);
    thread.page = 1;
    thread.count(Position::new(17), AT, [&message]);
    thread
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "golden frames are files, and written anew on request")]
fn check<T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug>(name: &str, frame: &T) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.hex"));
    let bytes = encode(frame);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if std::env::var("GOLDEN").as_deref() == Ok("write") {
        fs::write(&path, format!("{hex}\n")).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(golden.trim_end(), hex, "{name}");
    assert_eq!(&decode::<T>(&bytes).unwrap(), frame, "{name}");
}

fn pong() -> Pong {
    Pong { number: 5, server_time: WallTime::from_millis(99) }
}

#[test]
fn s1_frames_have_the_bytes_of_their_golden_files() {
    client_frames().iter().for_each(|(name, frame)| check(name, frame));
    server_frames().iter().for_each(|(name, frame)| check(name, frame));
}

#[test]
fn s1_unknown_keys_are_ignored_and_unknown_kinds_are_told() {
    // A Pong, with a field more than it has.
    let more = [0x82, 0x0c, 0x82, 0xa2, 0x00, 0x05, 0x01, 0x18, 99, 0x63, b'n', b'e', b'w'];
    assert_eq!(decode::<ServerFrame>(&more).unwrap(), ServerFrame::Pong(pong()));
    // A Closed with a key that nobody knows.
    let map = [
        0x82, 0x0b, 0x81, 0xa3, 0x00, 0x68, b'd', b'r', b'a', b'i', b'n', b'i', b'n', b'g', 0x01, 0x60, 0x18, 99, 0x05,
    ];
    let closed = Closed { code: Code::Draining, detail: String::new(), retry_after_ms: None };
    assert_eq!(decode::<ServerFrame>(&map).unwrap(), ServerFrame::Closed(closed));
    let unknown = [0x82, 0x18, 200, 0x81, 0x05];
    assert!(matches!(decode::<ServerFrame>(&unknown), Err(tidings_core::wire::DecodeFrameError::Unknown)));
}

type OfCount<'a> = &'a dyn Fn(usize) -> ClientFrame;

#[test]
fn i27_a_vector_with_more_items_than_it_may_have_is_no_frame() {
    let change = PushedChange { document: TimelineId::of(conversation()).document(), change: Vec::new() };
    let push = |count| ClientFrame::Push(Push { request: 1, stream: stream(), changes: vec![change.clone(); count] });
    let notice = ReceiptNotice { conversation: conversation(), delivered: Position::new(1), read: Position::new(1) };
    let receipts = |count| ClientFrame::Receipts(vec![notice; count]);
    let points = |count| {
        ClientFrame::MatchContacts(MatchContacts { request: 1, points: vec![String::new(); count], region: None })
    };
    let own = |query| ClientFrame::List(List { request: 1, query: Query::Own(query) });
    let kinds = |count| own(OwnQuery { kinds: vec![ConversationKind::Group; count], ..OwnQuery::default() });
    let statuses = |count| own(OwnQuery { statuses: vec![MemberStatus::Left; count], ..OwnQuery::default() });
    let states = |count| own(OwnQuery { states: vec![ConversationState::Closed; count], ..OwnQuery::default() });
    let found = |count| {
        let query = DirectoryQuery { kinds: vec![ConversationKind::Group; count], ..DirectoryQuery::default() };
        ClientFrame::List(List { request: 1, query: Query::Directory(query) })
    };
    let mentions = |count| {
        let mut message = late();
        message.body.mentions = Some(vec![account(); count]);
        ClientFrame::MembershipRequest(MembershipRequest {
            request: 1,
            conversation: conversation(),
            action: MembershipAction::SubmitHeld(message),
        })
    };
    let cases: [(OfCount<'_>, usize); 8] = [
        (&push, frame_items::CHANGES),
        (&receipts, frame_items::RECEIPTS),
        (&points, frame_items::POINTS),
        (&kinds, frame_items::CHOICES),
        (&statuses, frame_items::CHOICES),
        (&states, frame_items::CHOICES),
        (&found, frame_items::CHOICES),
        (&mentions, frame_items::MENTIONS),
    ];
    for (of, max) in cases {
        assert_eq!(decode::<ClientFrame>(&encode(&of(max))).unwrap(), of(max));
        assert!(decode::<ClientFrame>(&encode(&of(max + 1))).is_err(), "{max} and one more");
    }
}

#[test]
fn i27_a_vector_that_does_not_say_how_long_it_is_is_counted_too() {
    // [9, [{0: 1, 1: [_ "", "" …]}]]: contact points without end, one byte each.
    let points =
        |count: usize| [&[0x82, 0x09, 0x81, 0xa2, 0x00, 0x01, 0x01, 0x9f][..], &vec![0x60; count], &[0xff]].concat();
    let Ok(ClientFrame::MatchContacts(most)) = decode(&points(frame_items::POINTS)) else {
        panic!("as many as may be")
    };
    assert_eq!(most.points.len(), frame_items::POINTS);
    assert!(decode::<ClientFrame>(&points(frame_items::POINTS + 1)).is_err());
    // And one that announces what does not come.
    let announced = [0x82, 0x09, 0x81, 0xa2, 0x00, 0x01, 0x01, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert!(decode::<ClientFrame>(&announced).is_err());
}

#[test]
fn i25_nothing_but_a_hello_is_decoded_first() {
    for (name, frame) in client_frames() {
        let first = Hello::decode_first(&encode(&frame));
        match frame {
            ClientFrame::Hello(hello) => assert_eq!(first.unwrap(), hello),
            _ => assert!(matches!(first, Err(DecodeFrameError::Unexpected)), "{name}: {first:?}"),
        }
    }
    let token = (0..1_000).map(|number| number.to_string()).collect();
    let hello = Hello {
        versions: Versions::OWN,
        token,
        device: DeviceId::from_bytes([1; 16]),
        cursor: None,
        incarnation: None,
    };
    // Said as it is, whatever deflating would save.
    let frame = ClientFrame::Hello(hello.clone());
    assert_eq!(Hello::decode_first(&frame.to_bytes()).unwrap(), hello);
    assert!(matches!(Hello::decode_first(&encode_frame(&frame)), Err(DecodeFrameError::Unexpected)));
}

fn frame_bytes() -> impl Strategy<Value = Vec<u8>> {
    let frames: Vec<Vec<u8>> = client_frames()
        .iter()
        .map(|(_, frame)| encode(frame))
        .chain(server_frames().iter().map(|(_, frame)| encode(frame)))
        .collect();
    let mutated = (proptest::sample::select(frames), any::<prop::sample::Index>(), any::<u8>(), any::<bool>())
        .prop_map(|(mut bytes, index, byte, cut)| {
            let at = index.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.truncate(at + 1);
            }
            bytes
        });
    prop_oneof![mutated, proptest::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn s2_arbitrary_bytes_are_never_a_panic(bytes in frame_bytes()) {
        if let Ok(hello) = Hello::decode_first(&bytes) {
            prop_assert_eq!(decode::<ClientFrame>(&bytes).unwrap(), ClientFrame::Hello(hello));
        }
        if let Ok(frame) = decode::<ClientFrame>(&bytes) {
            prop_assert_eq!(decode::<ClientFrame>(&encode(&frame)).unwrap(), frame);
        }
        if let Ok(frame) = decode::<ServerFrame>(&bytes) {
            prop_assert_eq!(decode::<ServerFrame>(&encode(&frame)).unwrap(), frame);
        }
    }
}
