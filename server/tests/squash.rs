//! `tidings-server squash`: the document of a conversation is written anew beside the servers of
//! its store, and whoever is connected to them goes on.

use tidings_core::{
    authority::Stream,
    code::Code,
    command::{SetInfo, SetState},
    doc::Document,
    ids::{ConversationId, TimelineId},
    journal::Position,
    model::{ConversationState, InfoField},
    wire::{FetchScope, PushedChange},
};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    process::{Fleet, Process, program, verify},
};

on_each_store! {
    j64_a_document_that_is_written_anew_is_told_on_every_node,
    j64_what_is_not_there_is_not_written_anew,
    j65_what_was_admitted_before_a_generation_is_answered_with_its_place,
    j66_a_document_that_is_filled_is_written_anew_by_itself,
}

/// Nothing but fan-out tells sessions of entries: they do not look.
const FLAGS: [&str; 3] = ["--dev", "--cursor-interval", "1h"];

fn squash(database: &Database, conversation: ConversationId, more: &[&str]) -> (Option<i32>, String) {
    let conversation = conversation.to_string();
    let arguments = ["squash", "--tenant", "acme", "--conversation", &conversation, "--store", &database.address];
    let output = program(&[&arguments, more].concat()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    (output.status.code(), said.concat())
}

#[track_caller]
fn is_squashed(database: &Database, position: u64) {
    assert_eq!(squash(database, boats(), &[]), (Some(0), format!("written anew at position {position}\n")));
}

fn titled(author: &mut Author, title: &str) -> PushedChange {
    author.write(SetInfo { conversation: boats(), field: InfoField::Title, text: Some(title.into()) })
}

/// Ann's group with bob.
async fn begin(server: &Process) -> (Client, Author) {
    let mut ann = Client::at(server.address, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"]), author.say("one")]).await;
    (ann, author)
}

/// The stream as a device is sent it that holds nothing.
async fn fetched(client: &mut Client) -> Stream {
    let fetched = client.fetch(&stream(boats()), FetchScope::Anew).await.unwrap();
    let tenant = tidings_core::ids::TenantId::parse("acme").unwrap();
    let mut made = Stream::at(tenant, stream(boats()), fetched.at(), fetched.page);
    for snapshot in &fetched.documents {
        let tail: Vec<_> =
            fetched.entries.iter().filter(|entry| entry.document == snapshot.document).cloned().collect();
        let parts = Some((snapshot.position, &snapshot.data[..], &snapshot.admissions[..]));
        made.insert(Document::restore(snapshot.document.clone(), parts, &tail).unwrap());
    }
    made
}

async fn j64_a_document_that_is_written_anew_is_told_on_every_node(database: Database) {
    let nodes = if database.address.starts_with("sqlite:") { 1 } else { 2 };
    let fleet = Fleet::start(&database.address, nodes, &FLAGS);
    let (mut ann, mut author) = begin(&fleet.nodes[0]).await;
    let last = fleet.nodes.last().unwrap();
    let mut bob = Client::at(last.address, "bob", device(2)).await;
    let titles = vec![titled(&mut author, "Ships"), titled(&mut author, "Boats again")];
    ann.push_accepted(stream(boats()), titles).await;
    let before = author.stream.conversation().clone();
    is_squashed(&database, 5);
    let heard = ann.entries_to(&stream(boats()), 5).await;
    let [entry] = &heard[..] else { panic!("{heard:?}") };
    assert!(entry.account.is_system());
    // Whoever has the document makes the same generation.
    author.stream.receive_entry(entry).unwrap();
    assert_eq!(*author.stream.conversation(), before);
    bob.entries_to(&stream(boats()), 5).await;
    // The task that has the stream in memory goes on behind it.
    let changes = vec![titled(&mut author, "Masts"), author.say("two")];
    let accepted = ann.push_accepted(stream(boats()), changes).await;
    assert_eq!(accepted.positions, [6, 7].map(Position::new));
    is_squashed(&database, 8);
    let anew = fetched(&mut bob).await;
    assert_eq!(anew.conversation().info[&InfoField::Title], "Masts");
    let document = anew.document(&TimelineId::of(boats()).document()).unwrap();
    assert_eq!(document.generation().unwrap().position, Position::new(8));
    let counts = verify(&database.address);
    assert!(counts.contains("8 entries"), "{counts}");
}

async fn j64_what_is_not_there_is_not_written_anew(database: Database) {
    let server = Process::start(&database.address, &FLAGS);
    let (mut ann, mut author) = begin(&server).await;
    let check = |conversation, more: &[&str], expected: Code| {
        let (code, said) = squash(&database, conversation, more);
        assert!(code == Some(1) && said.starts_with(&format!("tidings-server: {expected}: ")), "{code:?} {said}");
    };
    check(ConversationId::from_bytes([1; 16]), &[], Code::ConversationUnknown);
    check(boats(), &["--thread", &ConversationId::from_bytes([1; 16]).to_string()], Code::DocumentUnknown);
    let deleted = author.write(SetState { conversation: boats(), state: ConversationState::Deleted });
    ann.push_accepted(stream(boats()), vec![deleted]).await;
    check(boats(), &[], Code::ConversationDeleted);
    verify(&database.address);
}

async fn j66_a_document_that_is_filled_is_written_anew_by_itself(database: Database) {
    // Ten changes.
    let limits = ["--document-changes-soft", "1000", "--squash-percent", "1"];
    let server = Process::start(&database.address, &[&FLAGS[..], &limits].concat());
    let (mut ann, mut author) = begin(&server).await;
    let mut squashed = Vec::new();
    for number in 0..24 {
        let named = titled(&mut author, &format!("title {number}, of which none is left but the last"));
        let accepted = ann.push_accepted(stream(boats()), vec![named]).await;
        let document = author.stream.document(&TimelineId::of(boats()).document()).unwrap();
        if document.changes() == 10 {
            let position = accepted.positions[0].next();
            let heard = ann.entries_to(&stream(boats()), position.number()).await;
            author.stream.receive_entry(heard.last().unwrap()).unwrap();
            squashed.push(position);
        }
    }
    // The first of ten changes beside what is said, the later ones of a generation and nine.
    assert_eq!(squashed, [12, 22].map(Position::new));
    let anew = fetched(&mut ann).await;
    assert_eq!(anew.conversation(), author.stream.conversation());
    verify(&database.address);
}

async fn j65_what_was_admitted_before_a_generation_is_answered_with_its_place(database: Database) {
    let server = Process::start(&database.address, &FLAGS);
    let (mut ann, mut author) = begin(&server).await;
    let admitted = titled(&mut author, "Ships");
    ann.push_accepted(stream(boats()), vec![admitted.clone()]).await;
    let late = titled(&mut author, "Boats");
    is_squashed(&database, 4);
    let refused = ann.push_refused(stream(boats()), vec![late]).await;
    assert_eq!((refused.code, refused.retry_at), (Code::Stale, None));
    let accepted = ann.push_accepted(stream(boats()), vec![admitted]).await;
    assert_eq!(accepted.positions, [Position::new(3)]);
}
