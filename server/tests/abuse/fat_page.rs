//! One member fills a page: with the longest messages, with edits of one of them. It
//! once went on to 141 MiB, which the server could not load again and nobody could open.

use rand::Rng as _;
use tidings_core::{
    code::Code,
    command::EditMessage,
    doc::Document,
    journal::Entry,
    limits::Limits,
    wire::{ClientFrame, Fetch, FetchScope, Fetched, ServerFrame, decode_frame},
};
use tokio_tungstenite::tungstenite::Message;

use futures_util::StreamExt as _;

use super::setup::{
    Author, Client, Database, Scrape, TestServer, boats, device, group, on_each_store, read_by, stream,
};

on_each_store! {
    d20_a_page_ends_with_its_bytes_and_opens,
    p23_no_answer_is_longer_than_a_frame,
}

const SOFT: u32 = 64 * 1024;
const MAX: u32 = 128 * 1024;

/// Words of three bytes each that do not deflate to nothing.
fn words(characters: usize) -> String {
    let mut random = rand::rng();
    (0..characters).map(|_| char::from_u32(random.random_range(0x4e00..0x9fa5)).unwrap()).collect()
}

/// Bob in a group with Ann, who judges by these limits.
async fn bob(server: &TestServer, limits: Limits) -> (Client, Author, Client) {
    let mut bob = Client::connect(server, "bob", device(2)).await;
    let (ann, _) = group(server, &["bob"]).await;
    let mut his = read_by(&mut bob, "bob", 2).await;
    his.limits = limits;
    (bob, his, ann)
}

async fn d20_a_page_ends_with_its_bytes_and_opens(database: Database) {
    let (soft, max) = (SOFT.to_string(), MAX.to_string());
    let flags = ["--page-bytes-soft", &soft, "--page-bytes-max", &max, "--snapshot-entries", "1"];
    let flags = [&flags[..], &["--snapshot-interval", "20ms", "--metrics-listen", "127.0.0.1:0"]].concat();
    let server = TestServer::start(&database, &flags).await;
    let limits = Limits { page_bytes_soft: SOFT, page_bytes_max: MAX, ..Limits::default() };
    let (mut bob, mut his, _ann) = bob(&server, limits).await;
    while his.stream.page() < 4 {
        let said = his.say(&words(4_000));
        bob.push_accepted(stream(boats()), vec![said]).await;
    }
    // Edits go on where messages do not, to the end.
    let message = his.newest_message(1);
    let mut edits = 0;
    let full = loop {
        let mut ahead = his.clone();
        let edit =
            ahead.write(EditMessage { conversation: boats(), message: message.clone(), content: words(4_000).into() });
        let request = bob.push(&stream(boats()), vec![edit]).await;
        let answer = bob.wait("an answer", |frame| match frame {
            ServerFrame::Accepted(accepted) if accepted.request == request => Some(None),
            ServerFrame::Refused(refused) if refused.request == request => Some(Some(refused.code)),
            _ => None,
        });
        match answer.await {
            None => (his, edits) = (ahead, edits + 1),
            Some(code) => break code,
        }
    };
    assert_eq!(full, Code::PageFull);
    assert!((1..=MAX / 12_000).contains(&edits), "{edits} edits");
    // What the node holds is counted as what it is.
    let counted = Scrape::of(server.metrics.unwrap()).await.value("tidings_cache_bytes");
    assert!(counted >= f64::from(MAX), "{counted} bytes");
    // A device that has nothing opens each of them.
    let mut phone = Client::connect(&server, "bob", device(9)).await;
    for number in 1..=4 {
        let fetched = phone.fetch(&stream(boats()), FetchScope::Page(number)).await.unwrap();
        let page = open(&fetched);
        assert!(page.change_bytes() <= u64::from(MAX), "{page:?}: {} bytes", page.change_bytes());
        assert_eq!(Some(page.change_bytes()), his.stream.document(page.id()).map(Document::change_bytes));
    }
    server.stop().await;
}

/// The one document of an answer.
fn open(fetched: &Fetched) -> Document {
    let [snapshot] = &fetched.documents[..] else { panic!("{fetched:?}") };
    let is_of = |entry: &&Entry| entry.position > snapshot.position;
    let tail: Vec<Entry> = fetched.entries.iter().filter(is_of).cloned().collect();
    let parts = (snapshot.position, &snapshot.data[..], &snapshot.admissions[..]);
    Document::restore(snapshot.document.clone(), Some(parts), &tail).unwrap()
}

async fn p23_no_answer_is_longer_than_a_frame(database: Database) {
    const FRAME: usize = 20_000;
    let server = TestServer::start(&database, &["--frame-bytes-max", &FRAME.to_string()]).await;
    let (mut bob, mut his, mut ann) = bob(&server, Limits::default()).await;
    for _ in 0..6 {
        let said = his.say(&words(4_000));
        bob.push_accepted(stream(boats()), vec![said]).await;
    }
    ann.settle().await;
    ann.send(&ClientFrame::Fetch(Fetch {
        request: 77,
        stream: stream(boats()),
        scope: FetchScope::Page(1),
        held: Vec::new(),
        chain: None,
    }))
    .await;
    let (mut whole, mut pieces) = (Vec::new(), 0);
    loop {
        let Some(Ok(Message::Binary(bytes))) = ann.socket.next().await else { panic!("the socket is open") };
        assert!(bytes.len() <= FRAME, "a frame of {} bytes", bytes.len());
        if let ServerFrame::Piece(piece) = decode_frame(&bytes, usize::MAX).unwrap() {
            whole.extend(piece.bytes);
            pieces += 1;
            if piece.last {
                break;
            }
        }
    }
    let ServerFrame::Fetched(fetched) = decode_frame(&whole, usize::MAX).unwrap() else { panic!("not Fetched") };
    assert!(fetched.request == 77 && pieces > 2);
    assert_eq!(open(&fetched).changes(), 6);
    server.stop().await;
}
