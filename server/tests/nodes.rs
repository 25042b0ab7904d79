//! Two nodes on one Postgres: neither holds state of its own, and what one
//! admits the sessions of the other hear of.

mod postgres {
    use std::{
        collections::BTreeSet,
        sync::{Arc, atomic::Ordering},
        time::Duration,
    };

    use tidings_core::{
        code::Code,
        ids::{StreamId, TenantId},
        journal::Position,
        model::{MemberStatus, PresenceKind},
        wire::{ClientFrame, FetchScope, PresenceNotice, PresentMember, PushedChange, ReceiptNotice, ServerFrame},
    };

    use tidings_server::store::{Store, Suspension};

    use crate::support::{
        author::{Author, account, boats},
        client::{Client, device, hello, stream},
        database::Database,
        faulty::{FaultyStore, UNAVAILABLE, WELL},
        proxy::Proxy,
        server::{TestServer, labelled_token},
    };

    async fn two_nodes(database: &Database) -> (TestServer, TestServer) {
        (TestServer::start(database, &[]).await, TestServer::start(database, &[]).await)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn entries_of_one_node_reach_the_sessions_of_the_other() {
        let database = Database::postgres().await;
        let (one, other) = two_nodes(&database).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut bob = Client::connect(&other, "bob", device(2)).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
        let summary = bob.wait("Summaries", |frame| match frame {
            ServerFrame::Summaries(mut summaries) => summaries.pop(),
            _ => None,
        });
        assert_eq!(summary.await.title.as_deref(), Some("Boats"));
        let mut bob_writes = Author::of("bob", device(2), boats());
        bob_writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
        bob.push_accepted(stream(boats()), vec![bob_writes.say("from the other node")]).await;
        let entries = ann.entries_to(&stream(boats()), 2).await;
        assert_eq!(entries.last().unwrap().account, account("bob"));
        author.apply(&entries);
        ann.push_accepted(stream(boats()), vec![author.remove("bob")]).await;
        let revoked = bob.wait("Revoked", |frame| match frame {
            ServerFrame::Revoked(revoked) => Some(revoked),
            _ => None,
        });
        assert_eq!(revoked.await.status, MemberStatus::Removed);
        let refused = bob.push_refused(stream(boats()), vec![bob_writes.say("still here?")]).await;
        assert_eq!(refused.code, Code::MemberRemoved);
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn s41_entries_of_one_node_reach_whoever_watches_on_the_other() {
        let database = Database::postgres().await;
        let (one, other) = two_nodes(&database).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&[])]).await;
        let mut root = Client::dial(other.address).await;
        let token = labelled_token("root", Duration::from_secs(600), &["admin"]);
        root.send(&ClientFrame::Hello(hello(token, device(9), None))).await;
        let fetched = root.fetch(&stream(boats()), FetchScope::Watch(Position::ZERO)).await.unwrap();
        ann.push_accepted(stream(boats()), vec![author.say("from the other node")]).await;
        let entries = root.entries_to(&stream(boats()), 2).await;
        assert_eq!((fetched.head, entries.last().unwrap().account.clone()), (Position::new(1), account("ann")));
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i2_of_two_copies_of_a_device_on_two_nodes_one_conflicts() {
        let database = Database::postgres().await;
        let (one, other) = two_nodes(&database).await;
        let mut original = Client::connect(&one, "ann", device(1)).await;
        let mut author = Author::of("ann", device(1), boats());
        original.push_accepted(stream(boats()), vec![author.create(&[])]).await;
        let mut copy = Client::connect(&other, "ann", device(1)).await;
        let mut copy_writes = Author::of("ann", device(1), boats());
        copy_writes.apply(&copy.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
        let (ours, theirs) = (author.say("from the original"), copy_writes.say("from the copy"));
        copy.push_accepted(stream(boats()), vec![theirs]).await;
        let refused = original.push_refused(stream(boats()), vec![ours]).await;
        assert_eq!(refused.code, Code::ActorConflict);
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_profile_written_on_one_node_reaches_the_other() {
        let database = Database::postgres().await;
        let (one, other) = two_nodes(&database).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
        let mut bob = Client::connect(&other, "bob", device(2)).await;
        let own = StreamId::Account(account("ann"));
        let mut author = Author::of_account("ann", device(1));
        ann.push_accepted(own, vec![author.call_themselves("Ann of Cove")]).await;
        let profile = bob.wait("Profiles", |frame| match frame {
            ServerFrame::Profiles(mut profiles) => profiles.pop(),
            _ => None,
        });
        assert_eq!(profile.await.profile.display_name.as_deref(), Some("Ann of Cove"));
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn receipts_and_presence_of_one_node_reach_the_other_at_once() {
        let database = Database::postgres().await;
        let (one, other) = two_nodes(&database).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&["bob"]), author.say("ahoy")]).await;
        let mut bob = Client::connect(&other, "bob", device(2)).await;
        let mut eve = Client::connect(&one, "eve", device(6)).await;
        database.listeners(2).await;
        // Long before any cursor is due, by which receipts come too.
        let (delivered, read) = (Position::new(2), Position::new(2));
        bob.send(&ClientFrame::Receipts(vec![ReceiptNotice { conversation: boats(), delivered, read }])).await;
        let receipts = ann.wait("Receipts", |frame| match frame {
            ServerFrame::Receipts(receipts) => Some(receipts),
            _ => None,
        });
        let receipts = receipts.await;
        assert_eq!((&receipts[0].account, receipts[0].receipt.read), (&account("bob"), read));
        bob.send(&ClientFrame::Presence(PresenceNotice { conversation: boats(), kind: PresenceKind::Typing })).await;
        let presence = |frame| match frame {
            ServerFrame::Presence(presence) => Some((presence.account, presence.kind)),
            _ => None,
        };
        assert_eq!(ann.wait("Presence", presence).await, (account("bob"), PresenceKind::Typing));
        // Whoever comes later is told by each node who is there.
        ann.send(&ClientFrame::Presence(PresenceNotice { conversation: boats(), kind: PresenceKind::Online })).await;
        let present = ann.wait("Present", |frame| match frame {
            ServerFrame::Present(present) => Some(present.members),
            _ => None,
        });
        assert_eq!(present.await, [PresentMember { account: account("bob"), kind: PresenceKind::Typing }]);
        drop(bob);
        assert_eq!(ann.wait("Presence", presence).await, (account("bob"), PresenceKind::Offline));
        assert!(eve.settle().await.is_empty());
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_suspension_ends_the_sessions_of_every_node_at_once() {
        let database = Database::postgres().await;
        let store = database.open().await;
        let one = TestServer::with_store(Arc::clone(&store), &["--store", "postgres:"]).await;
        let other = TestServer::start(&database, &[]).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut tablet = Client::connect(&other, "ann", device(3)).await;
        database.listeners(2).await;
        // By one of the nodes, long before the cursor interval is over.
        let tenant = TenantId::parse("acme").unwrap();
        store.set_suspension(&tenant, &account("ann"), Suspension::Suspended).await.unwrap();
        assert_eq!(ann.closed_code().await, Code::AccountSuspended);
        assert_eq!(tablet.closed_code().await, Code::AccountSuspended);
        one.stop().await;
        other.stop().await;
    }

    /// Pushes as a client does: what is deferred comes again at the time given.
    async fn push_until_accepted(client: &mut Client, change: PushedChange) -> Vec<Position> {
        loop {
            let request = client.push(&stream(boats()), vec![change.clone()]).await;
            let answer = client.wait("an answer", |frame| match frame {
                ServerFrame::Accepted(accepted) if accepted.request == request => Some(Ok(accepted.positions)),
                ServerFrame::Refused(refused) if refused.request == request => Some(Err(refused)),
                _ => None,
            });
            match answer.await {
                Ok(positions) => return positions,
                Err(refused) => {
                    assert_eq!(refused.code, Code::StoreUnavailable);
                    let retry_at = refused.retry_at.expect("only another node's writes defer it").as_millis();
                    let wait = retry_at.saturating_sub(tidings_server::clock::wall_now().as_millis());
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn both_nodes_admit_into_one_stream_without_a_gap_or_a_double() {
        let database = Database::postgres().await;
        let (one, other) = two_nodes(&database).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut author = Author::of("ann", device(1), boats());
        let names: Vec<String> = (0..6).map(|number| format!("member{number}")).collect();
        let members: Vec<&str> = names.iter().map(String::as_str).collect();
        ann.push_accepted(stream(boats()), vec![author.create(&members)]).await;
        let created = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries;
        let mut writing = tokio::task::JoinSet::new();
        for (number, name) in (100..).zip(names) {
            let node = if number % 2 == 0 { &one } else { &other };
            let mut client = Client::connect(node, &name, device(number)).await;
            let mut author = Author::of(&name, device(number), boats());
            author.apply(&created);
            writing.spawn(async move {
                let mut positions = Vec::new();
                for number in 0..15 {
                    let change = author.say(&format!("{number}"));
                    positions.extend(push_until_accepted(&mut client, change).await);
                }
                positions
            });
        }
        let mut positions = BTreeSet::new();
        while let Some(ended) = writing.join_next().await {
            for position in ended.unwrap() {
                assert!(positions.insert(position.number()), "{position} was given twice");
            }
        }
        assert_eq!(positions, (2..=91).collect());
        // Every entry reaches a session of the first node, from whichever node; order and doubles are free.
        let mut heard = BTreeSet::new();
        while heard.len() < 90 {
            let entries = ann.wait("Entries", |frame| match frame {
                ServerFrame::Entries(entries) => Some(entries.entries),
                _ => None,
            });
            heard.extend(entries.await.iter().map(|entry| entry.position.number()));
        }
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_refusal_is_judged_against_what_the_other_node_admitted() {
        let database = Database::postgres().await;
        let (one, other) = two_nodes(&database).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut bob = Client::connect(&other, "bob", device(2)).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&[])]).await;
        // The other node loads the stream and refuses; then bob is let in on the first one.
        let mut bob_writes = Author::of("bob", device(2), boats());
        let created = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries;
        bob_writes.apply(&created);
        let change = bob_writes.say("may I?");
        let refused = bob.push_refused(stream(boats()), vec![change.clone()]).await;
        assert_eq!(refused.code, Code::ConversationUnknown);
        ann.push_accepted(stream(boats()), vec![author.add("bob")]).await;
        bob.push_accepted(stream(boats()), vec![change]).await;
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_the_store_could_not_tell_when_it_was_noticed_is_told_when_it_can() {
        let database = Database::postgres().await;
        let one = TestServer::start(&database, &[]).await;
        let store = FaultyStore::new(database.open().await);
        let other = TestServer::with_store(Arc::clone(&store) as Arc<dyn Store>, &["--store", "postgres:"]).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
        // Long before his session looks for itself.
        let mut bob = Client::connect(&other, "bob", device(2)).await;
        store.entries.store(UNAVAILABLE, Ordering::SeqCst);
        ann.push_accepted(stream(boats()), vec![author.say("did you hear?")]).await;
        store.entries_failed(1).await;
        ann.push_accepted(stream(boats()), vec![author.say("and this?")]).await;
        store.entries_failed(2).await;
        store.entries.store(WELL, Ordering::SeqCst);
        let heard = bob.entries_to(&stream(boats()), 3).await;
        // What came before he did, and once more, is no matter.
        let heard: BTreeSet<u64> = heard.iter().map(|entry| entry.position.number()).filter(|at| *at > 1).collect();
        assert_eq!(heard, BTreeSet::from([2, 3]));
        one.stop().await;
        other.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_node_outlives_its_database_and_hears_again() {
        let database = Database::postgres().await;
        let mut line = Proxy::to(database.host().to_owned()).await;
        let store = database.open_by_way_of(line.address).await;
        let one = TestServer::with_store(store, &["--store", "postgres:"]).await;
        let other = TestServer::start(&database, &[]).await;
        let mut ann = Client::connect(&one, "ann", device(1)).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
        let mut bob = Client::connect(&other, "bob", device(2)).await;
        let mut bob_writes = Author::of("bob", device(2), boats());
        bob_writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);

        line.cut().await;
        let change = author.say("into the storm");
        let refused = ann.push_refused(stream(boats()), vec![change.clone()]).await;
        assert_eq!(refused.code, Code::StoreUnavailable);
        assert!(refused.retry_at.is_some());
        bob.push_accepted(stream(boats()), vec![bob_writes.say("are you there?")]).await;

        line.mend().await;
        // The session lived through it, hears what it missed, and what it pushes is admitted.
        assert_eq!(ann.entries_to(&stream(boats()), 2).await[0].account, account("bob"));
        assert_eq!(push_until_accepted(&mut ann, change).await, [Position::new(3)]);
        // What was lost on the line is read again from a cursor: that tells some of it twice.
        bob.entries_to(&stream(boats()), 3).await;
        one.stop().await;
        other.stop().await;
    }
}
