//! Several accounts that write for as long as they have something to say, each
//! on a socket of its own, and others who only read. Whoever loses the
//! connection finds a server again, and pushes once more what was not
//! answered: what a client does, with every answer kept for the end.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tidings_core::{
    code::Code,
    ids::{AccountId, ConversationId, DeviceId, StreamId, TenantId},
    journal::{Cursor, Entry, Position},
    wire::{ClientFrame, Fetch, FetchScope, PushedChange, Refused, ServerFrame},
};
use tidings_server::store::Store;
use tokio::{sync::watch, task::JoinSet};

use super::{
    author::{Author, account},
    client::{Client, device, stream},
    process::Addresses,
};

/// The longest that anybody waits for a server, or for an answer, whatever is done to the servers.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest pause before a deferred push, or a connection, is tried again: shorter than servers ask for.
const PAUSE_MAX: Duration = Duration::from_millis(60);
/// Changes of one push at most.
const PUSH_CHANGES_MAX: usize = 4;

/// The flags of a server whose conversations are read as a whole.
pub const FLAGS: [&str; 3] = ["--dev", "--catch-up-entries-max", "100000"];

/// The dice of one test. A failure prints the seed; `SEED` repeats it, as far as real processes repeat.
pub fn dice() -> StdRng {
    let seed = std::env::var("SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// What one of them pushed and was told of it.
pub struct Written {
    pub account: AccountId,
    pub stream: StreamId,
    pub accepted: Vec<(Position, PushedChange)>,
    /// The answer that ended it, for something else than that the moment is wrong.
    pub refused: Option<Refused>,
}

/// What all of them were answered so far.
#[derive(Default)]
struct Tally {
    accepted: AtomicUsize,
    deferred: Mutex<Vec<Code>>,
}

/// Those who write and read.
pub struct Crowd {
    pub conversations: Vec<ConversationId>,
    addresses: Addresses,
    writing: JoinSet<Written>,
    reading: JoinSet<(StreamId, Vec<Entry>)>,
    tally: Arc<Tally>,
    heads: watch::Sender<BTreeMap<StreamId, Position>>,
    dice: StdRng,
    devices: u8,
}

impl Crowd {
    /// Ann makes so many groups, in each of which so many begin to write that many messages each, and one reads.
    pub async fn gather(
        addresses: &Addresses,
        dice: &mut StdRng,
        conversations: u8,
        writers: usize,
        messages: usize,
    ) -> Self {
        let mut crowd = Self {
            conversations: (0..conversations).map(|number| ConversationId::from_bytes([0xc0 + number; 16])).collect(),
            addresses: addresses.clone(),
            writing: JoinSet::new(),
            reading: JoinSet::new(),
            tally: Arc::default(),
            heads: watch::Sender::default(),
            dice: StdRng::from_rng(dice),
            devices: 10,
        };
        for conversation in crowd.conversations.clone() {
            let names: Vec<String> = (0..writers).map(|number| format!("writer{number}")).collect();
            let members: Vec<&str> = names.iter().map(String::as_str).chain(["reader"]).collect();
            let entries = found(addresses, conversation, &members, dice).await;
            for name in &names {
                crowd.write(conversation, name, &entries, messages);
            }
            crowd.read(conversation, "reader");
        }
        crowd
    }

    /// Lets a member write messages, on a new device.
    pub fn write(&mut self, conversation: ConversationId, name: &str, entries: &[Entry], messages: usize) {
        let place = self.place(name);
        let mut author = Author::of(name, place.device, conversation);
        author.apply(entries);
        let tally = Arc::clone(&self.tally);
        self.writing.spawn(Writer { place, author, messages, tally }.write());
    }

    /// Lets a member read all of a conversation, on a new device.
    pub fn read(&mut self, conversation: ConversationId, name: &str) {
        let (place, heads) = (self.place(name), self.heads.subscribe());
        self.reading
            .spawn(Reader { place, stream: stream(conversation), entries: Vec::new(), cursor: None }.read(heads));
    }

    fn place(&mut self, name: &str) -> Place {
        self.devices += 1;
        let dice = StdRng::from_rng(&mut self.dice);
        Place { addresses: self.addresses.clone(), name: name.to_owned(), device: device(self.devices), dice }
    }

    /// How many changes were accepted so far.
    pub fn accepted(&self) -> usize {
        self.tally.accepted.load(Ordering::SeqCst)
    }

    /// The codes with which pushes were deferred so far.
    pub fn deferred(&self) -> Vec<Code> {
        self.tally.deferred.lock().unwrap().clone()
    }

    /// Waits until so many more are accepted, and a moment that the dice choose.
    pub async fn writes(&mut self, more: usize) {
        let goal = self.accepted() + more;
        self.until("changes are accepted", |crowd| crowd.accepted() >= goal || crowd.writing.is_empty()).await;
        tokio::time::sleep(self.dice.random_range(Duration::ZERO..Duration::from_millis(15))).await;
    }

    /// Waits until so many more pushes are deferred.
    pub async fn waits(&self, more: usize) {
        let goal = self.deferred().len() + more;
        self.until("pushes are deferred", |crowd| crowd.deferred().len() >= goal).await;
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        reached.await.expect(what);
    }

    /// Waits until all have written and read everything, and compares what they were told with the store: what was
    /// accepted is there once, where it was said to be; nothing else is; and who reads has all of it, in order.
    pub async fn finish(mut self, store: &dyn Store) -> Vec<Written> {
        let mut written = Vec::new();
        while let Some(ended) = self.writing.join_next().await {
            written.push(ended.expect("who writes gets through"));
        }
        let mut journals = BTreeMap::new();
        for conversation in &self.conversations {
            let stream = stream(*conversation);
            let journal = journal(store, &stream).await;
            assert_written_once(&journal, written.iter().filter(|written| written.stream == stream));
            journals.insert(stream, journal);
        }
        let heads = journals.iter().map(|(stream, journal)| (stream.clone(), journal.last().unwrap().position));
        self.heads.send_replace(heads.collect());
        for conversation in self.conversations.clone() {
            // A device that holds nothing reads what the store has, too.
            self.read(conversation, "ann");
        }
        while let Some(read) = self.reading.join_next().await {
            let (stream, entries) = read.expect("who reads gets through");
            assert!(entries == journals[&stream], "who reads {stream} has what is stored");
        }
        written
    }
}

/// The whole journal of a stream.
async fn journal(store: &dyn Store, stream: &StreamId) -> Vec<Entry> {
    let tenant = TenantId::parse("acme").unwrap();
    store.entries_after(&tenant, stream, Position::ZERO, u32::MAX).await.unwrap()
}

fn assert_written_once<'a>(journal: &[Entry], written: impl Iterator<Item = &'a Written>) {
    let positions = journal.iter().map(|entry| entry.position.number());
    assert!(positions.eq(1..=journal.len() as u64), "positions have no gap and no double");
    let changes: BTreeSet<&[u8]> = journal.iter().map(|entry| entry.change.as_slice()).collect();
    assert_eq!(changes.len(), journal.len(), "no change is there twice");
    let mut count = 0;
    for (position, change) in written.flat_map(|written| &written.accepted) {
        let entry = usize::try_from(position.number() - 1).ok().and_then(|index| journal.get(index));
        assert!(entry.is_some_and(|entry| entry.change == change.change), "{position} has what was accepted there");
        count += 1;
    }
    let others = journal.iter().filter(|entry| entry.account == account("ann")).count();
    assert_eq!(journal.len(), count + others, "nothing is there that nobody was told of");
}

/// Ann makes a group; its entries.
pub async fn found(
    addresses: &Addresses,
    conversation: ConversationId,
    members: &[&str],
    dice: &mut StdRng,
) -> Vec<Entry> {
    let dice = StdRng::from_rng(dice);
    let mut place = Place { addresses: addresses.clone(), name: "ann".to_owned(), device: device(1), dice };
    let mut client = place.connect(None).await.0;
    let mut author = Author::of("ann", device(1), conversation);
    client.push_accepted(stream(conversation), vec![author.create(members)]).await;
    client.fetch(&stream(conversation), FetchScope::After(Position::ZERO)).await.unwrap().entries
}

/// A device, and where it finds servers.
struct Place {
    addresses: Addresses,
    name: String,
    device: DeviceId,
    dice: StdRng,
}

impl Place {
    /// A session with any server, as soon as there is one.
    async fn connect(&mut self, cursor: Option<Cursor>) -> (Client, Vec<ServerFrame>) {
        let connected = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(address) = self.addresses.any(&mut self.dice)
                    && let Some(opened) = Client::try_resume(address, &self.name, self.device, cursor).await
                {
                    return opened;
                }
                tokio::time::sleep(self.dice.random_range(Duration::ZERO..PAUSE_MAX)).await;
            }
        });
        connected.await.unwrap_or_else(|_| panic!("{} finds a server", self.name))
    }
}

/// The next frame, within the bound; none when the socket is closed.
async fn next(client: &mut Client) -> Option<ServerFrame> {
    tokio::time::timeout(PATIENCE, client.try_next()).await.expect("a frame comes, or the socket ends")
}

/// Who writes.
struct Writer {
    place: Place,
    author: Author,
    messages: usize,
    tally: Arc<Tally>,
}

impl Writer {
    async fn write(mut self) -> Written {
        let (account, stream) = (self.author.session.account.clone(), self.author.stream.id().clone());
        let mut written = Written { account, stream, accepted: Vec::new(), refused: None };
        let mut waiting = VecDeque::new();
        while written.refused.is_none() && written.accepted.len() < self.messages {
            let mut client = self.place.connect(None).await.0;
            while self.push(&mut client, &mut waiting, &mut written).await {}
        }
        written
    }

    /// Pushes what waits, or something new; tells whether there is more to do on this socket.
    async fn push(&mut self, client: &mut Client, waiting: &mut VecDeque<PushedChange>, written: &mut Written) -> bool {
        let left = self.messages - written.accepted.len();
        if left == 0 {
            return false;
        }
        if waiting.is_empty() {
            let count = self.place.dice.random_range(1..=PUSH_CHANGES_MAX).min(left);
            waiting.extend((0..count).map(|_| self.author.say("hear, hear")));
        }
        let request = client.push(&written.stream, waiting.iter().cloned().collect()).await;
        while !waiting.is_empty() {
            match next(client).await {
                Some(ServerFrame::Accepted(accepted)) if accepted.request == request => {
                    let count = accepted.positions.len();
                    written.accepted.extend(accepted.positions.into_iter().zip(waiting.drain(..count)));
                    self.tally.accepted.fetch_add(count, Ordering::SeqCst);
                }
                Some(ServerFrame::Refused(refused)) if refused.request == request => {
                    if refused.retry_at.is_none() {
                        written.refused = Some(refused);
                        return false;
                    }
                    self.tally.deferred.lock().unwrap().push(refused.code);
                    tokio::time::sleep(self.place.dice.random_range(Duration::ZERO..PAUSE_MAX)).await;
                    return true;
                }
                Some(_) => {}
                None => return false,
            }
        }
        true
    }
}

/// Who reads: takes what comes next, drops what comes twice, and fetches what is missing.
struct Reader {
    place: Place,
    stream: StreamId,
    entries: Vec<Entry>,
    cursor: Option<Cursor>,
}

impl Reader {
    /// Reads until it has everything up to the head that it is told in the end.
    async fn read(mut self, mut heads: watch::Receiver<BTreeMap<StreamId, Position>>) -> (StreamId, Vec<Entry>) {
        loop {
            let (mut client, frames) = self.place.connect(self.cursor).await;
            if self.cursor.is_none() {
                self.fetch(&mut client).await;
            }
            for frame in frames {
                self.take(&mut client, frame).await;
            }
            let ended = loop {
                let head = heads.borrow_and_update().get(&self.stream).copied();
                if head.is_some_and(|head| head <= self.head()) {
                    break true;
                }
                tokio::select! {
                    told = heads.changed() => told.expect("the crowd ends its readers"),
                    frame = client.try_next() => match frame {
                        Some(frame) => self.take(&mut client, frame).await,
                        None => break false,
                    },
                    () = tokio::time::sleep(PATIENCE), if head.is_some() => panic!("{} of {head:?} came", self.head()),
                }
            };
            if ended {
                return (self.stream, self.entries);
            }
        }
    }

    fn head(&self) -> Position {
        self.entries.last().map_or(Position::ZERO, |entry| entry.position)
    }

    async fn take(&mut self, client: &mut Client, frame: ServerFrame) {
        match frame {
            ServerFrame::CaughtUp(cursor) => self.cursor = Some(cursor),
            ServerFrame::Entries(more) if more.stream == self.stream => self.append(client, more.entries).await,
            ServerFrame::Fetched(fetched) if fetched.stream == self.stream => {
                assert!(!fetched.restart, "the flags let everything be fetched");
                self.append(client, fetched.entries).await;
            }
            ServerFrame::Refused(refused) => {
                assert!(refused.retry_at.is_some(), "{refused:?}");
                tokio::time::sleep(self.place.dice.random_range(Duration::ZERO..PAUSE_MAX)).await;
                self.fetch(client).await;
            }
            _ => {}
        }
    }

    async fn fetch(&mut self, client: &mut Client) {
        let scope = FetchScope::After(self.head());
        client.send(&ClientFrame::Fetch(Fetch { request: 0, stream: self.stream.clone(), scope })).await;
    }

    async fn append(&mut self, client: &mut Client, entries: Vec<Entry>) {
        let head = self.head();
        for entry in entries.into_iter().skip_while(|entry| entry.position <= head) {
            if entry.position != self.head().next() {
                return self.fetch(client).await;
            }
            self.entries.push(entry);
        }
    }
}
