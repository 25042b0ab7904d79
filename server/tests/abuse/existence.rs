//! M1: ids of directs and of resource conversations can be derived by anybody, so
//! an account once found out who talks to whom, and about what.

use std::{collections::BTreeMap, time::Duration};

use tidings_core::{
    code::Code,
    command::{CreateConversation, CreateDirect, CreateResource, SetState},
    ids::{ConversationId, DeviceId, InviteCode, MessageId, Stamp, TenantId},
    journal::Position,
    model::{ConversationState, HeldMessage, MembershipAction, MessageBody, PresenceKind},
    wire::{
        ClientFrame, Fetch, FetchScope, ListHeld, ListSubscribers, MembershipRequest, PresenceNotice, Push,
        PushedChange, ReceiptNotice, Refused, ServerFrame,
    },
};

use super::setup::{Author, Client, Database, Scrape, TestServer, account, device, on_each_store, stream};

on_each_store! {
    p36_what_exists_is_answered_to_a_stranger_like_what_does_not,
    p36_nobody_begins_a_conversation_under_an_id_that_others_derive,
}

/// Nothing is asked of the store but what the frames ask for, and no share is used up.
const QUIET: [&str; 6] =
    ["--metrics-listen", "127.0.0.1:0", "--cursor-interval", "1h", "--account-membership-requests", "1000+1000/s"];
const EVE: DeviceId = DeviceId::from_bytes([66; 16]);

fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

fn direct(other: &str) -> ConversationId {
    ConversationId::direct(&tenant(), &account("ann"), &account(other))
}

fn flat(number: &str) -> ConversationId {
    ConversationId::resource(&tenant(), number, &account("ann"))
}

fn numbered(number: u8) -> ConversationId {
    ConversationId::from_bytes([number; 16])
}

/// What is there, each beside an id of its kind where nothing is.
fn pairs() -> Vec<(&'static str, ConversationId, ConversationId)> {
    vec![
        ("a direct of two others", direct("bob"), direct("cid")),
        ("a conversation about a resource", flat("flat 7"), flat("flat 8")),
        ("a group", numbered(1), numbered(101)),
        ("a closed group", numbered(2), numbered(102)),
        ("a deleted group", numbered(3), numbered(103)),
    ]
}

async fn begin_all(ann: &mut Client) {
    let author = |conversation| Author::of("ann", device(1), conversation);
    let mut begun = author(direct("bob"));
    let changes = vec![begun.write(CreateDirect { peer: account("bob") }), begun.say("a secret")];
    ann.push_accepted(stream(direct("bob")), changes).await;
    let asks = CreateResource::new("flat 7", account("bob"));
    let created = author(flat("flat 7")).write(asks);
    ann.push_accepted(stream(flat("flat 7")), vec![created]).await;
    for (number, state) in [(1, None), (2, Some(ConversationState::Closed)), (3, Some(ConversationState::Deleted))] {
        let mut begun = author(numbered(number));
        let mut changes = vec![begun.create(&["bob"])];
        changes.extend(state.map(|state| begun.write(SetState { conversation: numbered(number), state })));
        ann.push_accepted(stream(numbered(number)), changes).await;
    }
}

/// Everything that a client can say of a conversation that it knows nothing of.
fn questions(conversation: ConversationId) -> Vec<(String, ClientFrame)> {
    let eve = || Author::of("eve", EVE, conversation);
    let push =
        |changes: Vec<PushedChange>| ClientFrame::Push(Push { request: 1, stream: stream(conversation), changes });
    let mut begun = eve();
    let group = CreateConversation::group(None, Vec::new());
    let begins = begun.write(CreateConversation { conversation, ..group });
    let (says, adds) = (begun.say("let me in"), begun.add("bob"));
    let begins_direct = eve().write(CreateDirect { peer: account("bob") });
    let stamp = Stamp::new(tidings_server::clock::wall_now(), 1, [7; 8]);
    let message = MessageId { stamp, author: account("eve") };
    let late = HeldMessage {
        message,
        body: MessageBody { content: "late".into(), reply_to: None, mentions: None },
        thread: None,
        base: Position::new(1),
    };
    let mut frames = vec![
        ("pushes nothing", push(vec![])),
        ("says something", push(vec![says])),
        ("adds somebody", push(vec![adds])),
        ("begins a direct", push(vec![begins_direct])),
        ("sends what is no change", push(vec![PushedChange { change: vec![1, 2, 3], ..begins.clone() }])),
    ];
    if conversation.is_derived() {
        // Elsewhere she would have begun a conversation of her own.
        frames.push(("begins a group", push(vec![begins])));
    }
    let code = InviteCode::from_bytes([9; 16]);
    let actions = [
        MembershipAction::Join(None),
        MembershipAction::Join(Some(code)),
        MembershipAction::Accept,
        MembershipAction::Decline,
        MembershipAction::Leave,
        MembershipAction::SubmitHeld(late),
    ];
    let mut frames: Vec<(String, ClientFrame)> =
        frames.into_iter().map(|(name, frame)| (name.to_owned(), frame)).collect();
    for action in actions {
        frames.push((
            format!("{action:?}"),
            ClientFrame::MembershipRequest(MembershipRequest { request: 1, conversation, action }),
        ));
    }
    let scopes = [
        FetchScope::After(Position::ZERO),
        FetchScope::Page(1),
        FetchScope::Thread(numbered(9)),
        FetchScope::ThreadPage(numbered(9), 1),
        FetchScope::Watch(Position::ZERO),
    ];
    for scope in scopes {
        let fetch = Fetch { request: 1, stream: stream(conversation), scope, held: Vec::new(), chain: None };
        frames.push((format!("{scope:?}"), ClientFrame::Fetch(fetch)));
    }
    frames.push(("late messages".into(), ClientFrame::ListHeld(ListHeld { request: 1, conversation })));
    let list = ListSubscribers { request: 1, conversation, after: None, count_max: 10, position: Position::ZERO };
    frames.push(("subscribers".into(), ClientFrame::ListSubscribers(list)));
    let receipts = ReceiptNotice { conversation, delivered: Position::new(1), read: Position::new(1) };
    frames.push(("the end of a watch".into(), ClientFrame::Unwatch(conversation)));
    frames.push(("receipts".into(), ClientFrame::Receipts(vec![receipts])));
    for kind in [PresenceKind::Typing, PresenceKind::Online, PresenceKind::Offline] {
        frames.push((format!("{kind:?}"), ClientFrame::Presence(PresenceNotice { conversation, kind })));
    }
    frames
}

/// The calls of the store that answering can take; those of jobs are none of them.
const CALLS: [&str; 13] = [
    "member",
    "active_members",
    "stream_head",
    "head_since",
    "document",
    "find_changes",
    "entries_after",
    "summaries",
    "profiles",
    "receipts",
    "threads",
    "held_messages",
    "moved_at",
];

async fn calls(server: &TestServer) -> BTreeMap<&'static str, u64> {
    let scrape = Scrape::of(server.metrics.unwrap()).await;
    let count = |call: &str| scrape.value(&format!("tidings_store_call_seconds_count{{call=\"{call}\"}}"));
    CALLS.into_iter().map(|call| (call, count(call) as u64)).collect()
}

/// The codes of the answers to a frame, with their details, and the calls of the store that it took.
async fn asked(
    server: &TestServer,
    eve: &mut Client,
    frame: &ClientFrame,
) -> (Vec<(Code, String)>, BTreeMap<&'static str, u64>) {
    let before = calls(server).await;
    eve.send(frame).await;
    let answers = eve.settle().await;
    let mut after = calls(server).await;
    after.iter_mut().for_each(|(call, count)| *count -= before[call]);
    let answer = |frame| match frame {
        ServerFrame::Refused(Refused { code, detail, retry_at: None, index: 0, .. }) => (code, detail),
        frame => panic!("{frame:?}"),
    };
    (answers.into_iter().map(answer).collect(), after)
}

/// Waits until what was begun before calls the store no more.
async fn rest(server: &TestServer) {
    let mut before = calls(server).await;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = calls(server).await;
        if now == before {
            return;
        }
        before = now;
    }
}

async fn p36_what_exists_is_answered_to_a_stranger_like_what_does_not(database: Database) {
    let server = TestServer::start(&database, &QUIET).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    begin_all(&mut ann).await;
    let mut eve = Client::connect(&server, "eve", EVE).await;
    rest(&server).await;
    let mut refused = 0;
    for (what, there, absent) in pairs() {
        for ((name, of_there), (_, of_absent)) in questions(there).into_iter().zip(questions(absent)) {
            // A second time too: what was looked at is not kept.
            for _ in 0..2 {
                let of_there = asked(&server, &mut eve, &of_there).await;
                let of_absent = asked(&server, &mut eve, &of_absent).await;
                assert_eq!(of_there, of_absent, "{name}, of {what}");
                refused += of_there.0.len();
            }
        }
    }
    // Each but receipts, presence and the end of a watch has an answer, and there are two of derived ids that have one more.
    assert_eq!(refused, 2 * (5 * (5 + 6 + 5 + 2) + 2));
    server.stop().await;
}

async fn p36_nobody_begins_a_conversation_under_an_id_that_others_derive(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut eve = Client::connect(&server, "eve", EVE).await;
    for conversation in [direct("bob"), flat("flat 7")] {
        let begins = Author::of("eve", EVE, conversation).create(&[]);
        assert_eq!(eve.push_refused(stream(conversation), vec![begins]).await.code, Code::IdInvalid);
    }
    // Not even one of those who derive it takes it for something else.
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let begins = Author::of("ann", device(1), direct("bob")).create(&["bob"]);
    assert_eq!(ann.push_refused(stream(direct("bob")), vec![begins]).await.code, Code::IdInvalid);
    begin_all(&mut ann).await;
    // Of an id that she was told of, she hears that it is taken.
    let begins = Author::of("eve", EVE, numbered(2)).create(&[]);
    assert_eq!(eve.push_refused(stream(numbered(2)), vec![begins]).await.code, Code::ConversationExists);
    server.stop().await;
}
