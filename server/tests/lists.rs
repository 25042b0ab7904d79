//! Lists of conversations over real sockets, on both real stores: the own ones,
//! and the directory of what is public.

use tidings_core::{
    code::Code,
    command::{BanMember, CreateConversation, RemoveMember, SetInfo, SetPolicy, SetScope, SetState},
    ids::ConversationId,
    model::{
        ConversationKind, ConversationState, DirectoryQuery, DirectoryRow, InfoField, JoinPolicy, MemberStatus,
        MembershipAction, OwnQuery, Policy, Query, Role, Scope, WordKey,
    },
    wire::{ClientFrame, List, Listed, ListedRow, ListedRows, MembershipRequest, Refused, ServerFrame},
};

use crate::support::{
    author::{Author, account, boats, group},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    l1_a_message_moves_its_conversation_to_the_top_for_all_who_are_in_it,
    l3_who_was_put_out_is_told_where_they_stand_and_nothing_since,
    l4_who_hides_a_channel_takes_it_out_of_the_directory,
    l5_a_public_channel_is_found_by_its_title_and_its_name_and_joined,
    l6_a_search_that_cannot_be_is_refused_and_one_too_many_is_deferred,
}

/// Asks for a page; what the server answers.
async fn ask(client: &mut Client, query: Query) -> Result<ListedRows, Refused> {
    let request = 1_000 + u64::from(rand::random::<u32>());
    client.send(&ClientFrame::List(List { request, query })).await;
    let answer = client.wait("Listed", |frame| match frame {
        ServerFrame::Listed(Listed { request: answered, rows }) if answered == request => Some(Ok(rows)),
        ServerFrame::Refused(refused) if refused.request == request => Some(Err(refused)),
        _ => None,
    });
    answer.await
}

async fn own(client: &mut Client, query: OwnQuery) -> Vec<ListedRow> {
    match ask(client, Query::Own(query)).await.unwrap() {
        ListedRows::Own(rows, None) => rows,
        other => panic!("one page of own conversations, not {other:?}"),
    }
}

async fn found(client: &mut Client, words: &str) -> Vec<DirectoryRow> {
    let query = DirectoryQuery { words: words.into(), ..DirectoryQuery::default() };
    match ask(client, Query::Directory(query)).await.unwrap() {
        ListedRows::Directory(rows, None) => rows,
        other => panic!("one page of the directory, not {other:?}"),
    }
}

/// Ann's public channel, which anybody joins.
async fn public(server: &TestServer, name: &str, title: &str) -> (Client, Author) {
    let mut ann = Client::connect(server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    let group = CreateConversation::group(Some(title.into()), Vec::new());
    let channel = CreateConversation {
        conversation: boats(),
        kind: ConversationKind::Channel,
        name: Some(name.into()),
        scope: Some(Scope::Public),
        policies: vec![Policy::Join(JoinPolicy::Open)],
        ..group
    };
    ann.push_accepted(stream(boats()), vec![author.write(channel)]).await;
    (ann, author)
}

async fn l1_a_message_moves_its_conversation_to_the_top_for_all_who_are_in_it(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let other = ConversationId::from_bytes([0xb1; 16]);
    let mut second = Author::of("ann", device(1), other);
    let create = CreateConversation::group(Some("Other".into()), vec![account("bob")]);
    let create = second.write(CreateConversation { conversation: other, ..create });
    ann.push_accepted(stream(other), vec![create]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let order = |rows: Vec<ListedRow>| rows.into_iter().map(|row| row.summary.conversation).collect::<Vec<_>>();
    ann.push_accepted(stream(boats()), vec![author.say("one")]).await;
    assert_eq!(order(own(&mut bob, OwnQuery::default()).await), [boats(), other]);
    ann.push_accepted(stream(other), vec![second.say("two")]).await;
    let rows = own(&mut bob, OwnQuery::default()).await;
    assert_eq!(
        (rows[0].summary.unread, rows[0].summary.last_message.as_ref().unwrap().preview.clone()),
        (1, Some("two".into()))
    );
    assert_eq!(order(rows), [other, boats()]);
    server.stop().await;
}

async fn l3_who_was_put_out_is_told_where_they_stand_and_nothing_since(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let remove = author.write(RemoveMember { conversation: boats(), account: account("bob") });
    ann.push_accepted(stream(boats()), vec![remove]).await;
    let (field, text) = (InfoField::Title, Some("Without him".to_owned()));
    let rename = author.write(SetInfo { conversation: boats(), field, text });
    ann.push_accepted(stream(boats()), vec![rename, author.say("at last")]).await;
    // A device that never held it.
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    assert!(own(&mut bob, OwnQuery::default()).await.is_empty());
    let ended = OwnQuery { statuses: vec![MemberStatus::Removed, MemberStatus::Left], ..OwnQuery::default() };
    let rows = own(&mut bob, ended.clone()).await;
    let summary = &rows[0].summary;
    assert_eq!((rows.len(), summary.status, summary.kind), (1, MemberStatus::Removed, ConversationKind::Group));
    assert_eq!((summary.title.as_deref(), &summary.last_message, summary.member_count), (None, &None, 0));
    let removed_at = rows[0].activity_at;
    ann.push_accepted(stream(boats()), vec![author.say("and again")]).await;
    assert_eq!(own(&mut bob, ended.clone()).await[0].activity_at, removed_at, "nothing moves for them");
    let mut cid = Client::connect(&server, "cid", device(3)).await;
    assert!(own(&mut cid, ended).await.is_empty(), "it is nobody else's to know");
    server.stop().await;
}

async fn l5_a_public_channel_is_found_by_its_title_and_its_name_and_joined(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = public(&server, "old-boats", "Öld Boats & Harbours").await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    for words in ["öld", "ÖLD harb", "boats", "@old-boats", "@old", "@", "old-bo"] {
        let rows = found(&mut bob, words).await;
        assert_eq!(rows.len(), 1, "{words}");
        assert_eq!((rows[0].conversation, rows[0].status), (boats(), None));
        assert_eq!((rows[0].listing.name.as_deref(), rows[0].listing.join), (Some("old-boats"), JoinPolicy::Open));
    }
    for words in ["oats", "öld ships", "@boats", "@old-boats-2"] {
        assert!(found(&mut bob, words).await.is_empty(), "{words}");
    }
    let ask_to_join = MembershipRequest { request: 5, conversation: boats(), action: MembershipAction::Join(None) };
    bob.send(&ClientFrame::MembershipRequest(ask_to_join)).await;
    bob.wait("Accepted", |frame| matches!(frame, ServerFrame::Accepted(_)).then_some(())).await;
    let row = found(&mut bob, "boats").await.remove(0);
    assert_eq!((row.status, row.member_count, row.subscriber_count), (Some(MemberStatus::Subscribed), 1, 1));
    let subscribed = OwnQuery { statuses: vec![MemberStatus::Subscribed], ..OwnQuery::default() };
    assert_eq!(own(&mut bob, subscribed).await[0].summary.role, Role::Subscriber);
    // What the row tells changes with the entry that changes it, its words or not.
    let policy = Policy::JoinApproval(true);
    let approve = author.write(SetPolicy { conversation: boats(), policy });
    let ban = author.write(BanMember { conversation: boats(), account: account("bob") });
    ann.push_accepted(stream(boats()), vec![approve, ban]).await;
    let row = found(&mut bob, "boats").await.remove(0);
    assert_eq!((row.status, row.listing.join_approval, row.subscriber_count), (Some(MemberStatus::Banned), true, 0));
    server.stop().await;
}

async fn l4_who_hides_a_channel_takes_it_out_of_the_directory(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = public(&server, "boats", "Boats").await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let conversation = boats();
    assert_eq!(found(&mut bob, "boats").await.len(), 1);
    for hidden in [Scope::Private, Scope::Organization] {
        for (scope, count) in [(hidden, 0), (Scope::Public, 1)] {
            ann.push_accepted(stream(boats()), vec![author.write(SetScope { conversation, scope })]).await;
            assert_eq!(found(&mut bob, "boats").await.len(), count, "{scope}");
        }
    }
    let (field, text) = (InfoField::Title, Some("Ships".to_owned()));
    let (name, none) = (InfoField::Name, None);
    let renames = [SetInfo { conversation, field, text }, SetInfo { conversation, field: name, text: none }];
    let renames = renames.map(|rename| author.write(rename));
    ann.push_accepted(stream(boats()), renames.into()).await;
    assert!(found(&mut bob, "boats").await.is_empty());
    assert!(found(&mut bob, "@").await.is_empty());
    assert_eq!(found(&mut bob, "ships").await.len(), 1);
    for state in [ConversationState::Archived, ConversationState::Active, ConversationState::Deleted] {
        ann.push_accepted(stream(boats()), vec![author.write(SetState { conversation, state })]).await;
        let is_listed = state == ConversationState::Active;
        assert_eq!(found(&mut bob, "ships").await.len(), usize::from(is_listed), "{state}");
    }
    server.stop().await;
}

async fn l6_a_search_that_cannot_be_is_refused_and_one_too_many_is_deferred(database: Database) {
    let server = TestServer::start(&database, &["--account-fetches", "100+1/s"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let search = |words: &str| {
        let after = Some(WordKey { word: "\0".into(), conversation: boats() });
        Query::Directory(DirectoryQuery { words: words.into(), after, ..DirectoryQuery::default() })
    };
    let refused = [
        ("", Code::TextEmpty),
        ("- .", Code::TextEmpty),
        ("@no/name", Code::ValueInvalid),
        ("a b c d e f g h i", Code::TextTooLong),
    ];
    for (words, code) in refused {
        let refusal = ask(&mut bob, search(words)).await.unwrap_err();
        assert_eq!((refusal.code, refusal.retry_at), (code, None), "{words:?}");
    }
    let long = "x".repeat(100_000);
    assert_eq!(ask(&mut bob, search(&long)).await.unwrap_err().code, Code::TextTooLong);
    assert!(ask(&mut bob, search("fine")).await.is_ok());
    let mut deferred = None;
    for _ in 0..400 {
        if let Err(refusal) = ask(&mut bob, Query::Own(OwnQuery::default())).await {
            deferred = Some(refusal);
            break;
        }
    }
    let deferred = deferred.expect("there is a rate");
    assert_eq!(deferred.code, Code::RateLimited);
    assert!(deferred.retry_at.is_some());
    server.stop().await;
}
