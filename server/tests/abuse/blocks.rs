//! M7: typing, read marks and the profile of who is blocked once reached whoever
//! blocks them.

use tidings_core::{
    code::Code,
    command::{BlockAccount, CreateDirect},
    ids::{ConversationId, StreamId, TenantId},
    journal::Position,
    model::PresenceKind,
    wire::{ClientFrame, Fetch, FetchScope, PresenceNotice, ReceiptNotice, ServerFrame},
};

use super::setup::{Author, Client, Database, TestServer, account, boats, device, on_each_store, stream};

on_each_store! {
    c20_presence_of_who_is_blocked_reaches_the_others_only,
    c20_receipts_of_who_is_blocked_do_not_reach_the_direct,
    c20_the_profile_of_who_is_blocked_stays_as_it_was,
    c5_who_is_blocked_is_not_told_so,
}

fn direct() -> ConversationId {
    ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("ann"), &account("bob"))
}

/// Ann, who blocks Bob, Bob, and Cid; the direct of the first two, and a group of all.
struct Setup {
    server: TestServer,
    ann: Client,
    home: Author,
    bob: Client,
    cid: Client,
    directs: Author,
    groups: Author,
}

impl Setup {
    async fn new(database: &Database) -> Self {
        let server = TestServer::start(database, &["--cursor-interval", "1h"]).await;
        let mut ann = Client::connect(&server, "ann", device(1)).await;
        let mut directs = Author::of("ann", device(1), direct());
        let begun = vec![directs.write(CreateDirect { peer: account("bob") }), directs.say("hello")];
        ann.push_accepted(stream(direct()), begun).await;
        let mut groups = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![groups.create(&["bob", "cid"]), groups.say("hello")]).await;
        let bob = Client::connect(&server, "bob", device(2)).await;
        let cid = Client::connect(&server, "cid", device(3)).await;
        let mut setup = Self { server, ann, home: Author::of_account("ann", device(1)), bob, cid, directs, groups };
        setup.block(true).await;
        setup
    }

    async fn block(&mut self, blocked: bool) {
        let change = self.home.write(BlockAccount { account: account("bob"), blocked });
        self.ann.push_accepted(StreamId::Account(account("ann")), vec![change]).await;
    }

    /// What each hears of what Bob did: Ann, and Cid.
    async fn heard(&mut self) -> (Vec<ServerFrame>, Vec<ServerFrame>) {
        // What Bob did is done when he is answered; what follows for others is behind it in their queues.
        self.bob.settle().await;
        (self.ann.settle().await, self.cid.settle().await)
    }
}

async fn c20_presence_of_who_is_blocked_reaches_the_others_only(database: Database) {
    let mut setup = Setup::new(&database).await;
    for conversation in [direct(), boats()] {
        for kind in [PresenceKind::Online, PresenceKind::Typing, PresenceKind::Idle, PresenceKind::Offline] {
            setup.bob.send(&ClientFrame::Presence(PresenceNotice { conversation, kind })).await;
        }
    }
    let (ann, cid) = setup.heard().await;
    assert_eq!((ann.len(), cid.len()), (0, 4), "{ann:?}");
    setup.block(false).await;
    let typing = PresenceNotice { conversation: direct(), kind: PresenceKind::Typing };
    setup.bob.send(&ClientFrame::Presence(typing)).await;
    let (ann, _) = setup.heard().await;
    assert!(ann.iter().any(|frame| matches!(frame, ServerFrame::Presence(_))), "{ann:?}");
    setup.server.stop().await;
}

fn receipts_of_bob(frames: &[ServerFrame]) -> Vec<ConversationId> {
    let receipts = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Receipts(receipts) => Some(receipts),
        _ => None,
    });
    let bobs = receipts.flatten().filter(|receipt| receipt.account == account("bob"));
    bobs.map(|receipt| receipt.conversation).collect()
}

async fn c20_receipts_of_who_is_blocked_do_not_reach_the_direct(database: Database) {
    let mut setup = Setup::new(&database).await;
    let (_, cursor) = (setup.ann.settle().await, setup.ann.cursor);
    let upto =
        |conversation, read| ReceiptNotice { conversation, delivered: Position::new(2), read: Position::new(read) };
    setup.bob.send(&ClientFrame::Receipts(vec![upto(direct(), 2), upto(boats(), 1)])).await;
    // Receipts are told in rounds: the next one of the group says that all of the first round was.
    let mut heard = Vec::new();
    for read in [1, 2] {
        setup.bob.send(&ClientFrame::Receipts(vec![upto(boats(), read)])).await;
        let told = setup.ann.wait("a receipt of the group", |frame| {
            heard.extend(receipts_of_bob(std::slice::from_ref(&frame)));
            let ServerFrame::Receipts(receipts) = frame else { return None };
            receipts.iter().any(|told| told.conversation == boats() && told.receipt.read.number() == read).then_some(())
        });
        told.await;
    }
    assert!(!heard.contains(&direct()), "{heard:?}");
    let (mut again, frames) = Client::resume(&setup.server, "ann", device(1), cursor).await;
    assert_eq!(receipts_of_bob(&frames), [boats()]);
    let fetched = again.fetch(&stream(direct()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert!(fetched.receipts.iter().all(|receipt| receipt.account != account("bob")), "{:?}", fetched.receipts);
    setup.server.stop().await;
}

fn names_of_bob(frames: &[ServerFrame]) -> Vec<String> {
    let profiles = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Profiles(profiles) => Some(profiles),
        _ => None,
    });
    let bobs = profiles.flatten().filter(|notice| notice.account == account("bob"));
    bobs.filter_map(|notice| notice.profile.display_name.clone()).collect()
}

/// What Bob is called now, by the next one that a client hears.
async fn name_of_bob(client: &mut Client) -> String {
    client.wait("a profile of Bob", |frame| names_of_bob(&[frame]).pop()).await
}

async fn c20_the_profile_of_who_is_blocked_stays_as_it_was(database: Database) {
    let mut setup = Setup::new(&database).await;
    let (other, _) = Client::resume(&setup.server, "ann", device(9), None).await;
    let cursor = other.cursor;
    drop(other);
    let shout = Author::of_account("bob", device(2)).call_themselves("ANN ANSWER ME");
    setup.bob.push_accepted(StreamId::Account(account("bob")), vec![shout]).await;
    // Whoever hears of it hears of it at once: what has not come to Ann by then will not.
    assert_eq!(name_of_bob(&mut setup.cid).await, "ANN ANSWER ME");
    assert_eq!(names_of_bob(&setup.ann.settle().await), [""; 0]);
    // Nor does it come to a device that was away, to a new one, or with a conversation.
    for (number, cursor) in [(9, cursor), (10, None)] {
        let (mut device, frames) = Client::resume(&setup.server, "ann", device(number), cursor).await;
        assert_eq!(names_of_bob(&frames), [""; 0]);
        let fetch = Fetch {
            request: 1,
            stream: stream(boats()),
            scope: FetchScope::After(Position::ZERO),
            held: Vec::new(),
            chain: None,
        };
        device.send(&ClientFrame::Fetch(fetch)).await;
        let answer = device.settle().await;
        assert!(answer.iter().any(|frame| matches!(frame, ServerFrame::Fetched(_))), "{answer:?}");
        assert_eq!(names_of_bob(&answer), [""; 0]);
    }
    // New in a group of hers, he is as he was, too: she hears of that before she hears what is said there.
    let later = ConversationId::from_bytes([0xb1; 16]);
    let mut author = Author::of("cid", device(3), later);
    let begun = vec![author.create(&["ann"]), author.add("bob")];
    setup.cid.push_accepted(stream(later), begun).await;
    setup.cid.push_accepted(stream(later), vec![author.say("welcome")]).await;
    let mut told = Vec::new();
    let said = setup.ann.wait("what is said", |frame| {
        told.extend(names_of_bob(std::slice::from_ref(&frame)));
        matches!(&frame, ServerFrame::Entries(entries) if entries.stream == stream(later)).then_some(())
    });
    said.await;
    assert_eq!(told, [""; 0]);
    setup.block(false).await;
    assert_eq!(name_of_bob(&mut setup.ann).await, "ANN ANSWER ME");
    let (_, frames) = Client::resume(&setup.server, "ann", device(9), cursor).await;
    assert_eq!(names_of_bob(&frames), ["ANN ANSWER ME"]);
    setup.server.stop().await;
}

async fn c5_who_is_blocked_is_not_told_so(database: Database) {
    let mut setup = Setup::new(&database).await;
    let mut bobs = Author::of("bob", device(2), direct());
    bobs.apply(&setup.bob.fetch(&stream(direct()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let refused = setup.bob.push_refused(stream(direct()), vec![bobs.say("are you there?")]).await;
    assert_eq!((refused.code, refused.detail.as_str()), (Code::NotDeliverable, "not delivered"));
    let mut others = Author::of("bob", device(2), ConversationId::from_bytes([0xb2; 16]));
    let added = others.create(&["ann"]);
    let refused = setup.bob.push_refused(others.stream.id().clone(), vec![added]).await;
    assert_eq!(refused.code, Code::AccountUnavailable);
    assert!(!refused.detail.contains("block"), "{}", refused.detail);
    // Messages in what both are in go on in both ways.
    let said = setup.groups.say("to all of you");
    setup.ann.push_accepted(stream(boats()), vec![said]).await;
    setup.bob.entries_to(&stream(boats()), 3).await;
    let said = setup.directs.say("to you");
    setup.ann.push_accepted(stream(direct()), vec![said]).await;
    setup.server.stop().await;
}
