//! Several accounts that write for as long as they have something to say, each
//! on a socket of its own, and others who only read. Whoever loses the
//! connection finds a server again, and pushes once more what was not
//! answered: what a client does, with every answer kept for the end.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
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
    client::{Client, stream},
    process::{Addresses, PAGE_LIMITS},
};

/// The longest that anybody waits for a server, or for an answer, whatever is done to the servers.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest pause before a deferred push, or a connection, is tried again: shorter than servers ask for.
const PAUSE_MAX: Duration = Duration::from_millis(60);
/// Changes of one push at most, and the longest pause before the next.
const PUSH_CHANGES_MAX: usize = 4;
const THOUGHT_MAX: Duration = Duration::from_millis(50);

/// The flags of a server whose conversations have one page and are read as a whole, and which lets everybody write a
/// lot, on many devices.
pub const FLAGS: [&str; 15] = [
    "--dev",
    "--catch-up-entries-max",
    "50000",
    "--changes-burst",
    "100000",
    "--account-devices",
    "100000+1/s",
    "--account-hellos",
    "100000+1/s",
    "--account-sessions-max",
    "1000",
    PAGE_LIMITS[0],
    PAGE_LIMITS[1],
    PAGE_LIMITS[2],
    PAGE_LIMITS[3],
];

/// The messages of those who write until the crowd is over.
pub const WITHOUT_END: usize = usize::MAX;

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
    deferred: AtomicUsize,
    refused: AtomicUsize,
    codes: Mutex<BTreeSet<Code>>,
}

/// A conversation, and the entries that made it.
pub struct Group {
    pub conversation: ConversationId,
    pub stream: StreamId,
    pub created: Vec<Entry>,
}

/// Those who write and read.
pub struct Crowd {
    streams: Vec<StreamId>,
    addresses: Addresses,
    writing: JoinSet<Written>,
    written: Vec<Written>,
    reading: JoinSet<(StreamId, Vec<Entry>)>,
    tally: Arc<Tally>,
    is_over: Arc<AtomicBool>,
    heads: watch::Sender<BTreeMap<StreamId, Position>>,
    dice: StdRng,
}

impl Crowd {
    /// Nobody yet; who comes finds servers there.
    pub fn new(addresses: &Addresses, dice: &mut StdRng) -> Self {
        Self {
            streams: Vec::new(),
            addresses: addresses.clone(),
            writing: JoinSet::new(),
            written: Vec::new(),
            reading: JoinSet::new(),
            tally: Arc::default(),
            is_over: Arc::default(),
            heads: watch::Sender::default(),
            dice: StdRng::from_rng(dice),
        }
    }

    /// Three groups, in each of which three write without end and one reads.
    pub async fn gather(addresses: &Addresses, dice: &mut StdRng) -> Self {
        let mut crowd = Self::new(addresses, dice);
        for _ in 0..3 {
            let group = crowd.found(&["bob", "cat", "dan", "eve"]).await;
            for name in ["bob", "cat", "dan"] {
                crowd.write(addresses, &group, name, WITHOUT_END);
            }
            crowd.read(addresses, &group.stream, "eve");
        }
        crowd
    }

    /// Ann makes a group.
    pub async fn found(&mut self, members: &[&str]) -> Group {
        let conversation = ConversationId::from_bytes(self.dice.random());
        let mut place = self.place(&self.addresses.clone(), "ann");
        let (mut client, _) = place.connect(None).await;
        let mut author = Author::of("ann", place.device, conversation);
        let stream = stream(conversation);
        client.push_accepted(stream.clone(), vec![author.create(members)]).await;
        let created = client.fetch(&stream, FetchScope::After(Position::ZERO)).await.unwrap().entries;
        self.streams.push(stream.clone());
        Group { conversation, stream, created }
    }

    /// Lets a member write messages, on a new device, until the crowd is over.
    pub fn write(&mut self, addresses: &Addresses, group: &Group, name: &str, messages: usize) {
        let place = self.place(addresses, name);
        let mut author = Author::of(name, place.device, group.conversation);
        author.apply(&group.created);
        let (tally, is_over) = (Arc::clone(&self.tally), Arc::clone(&self.is_over));
        self.writing.spawn(Writer { place, author, waiting: VecDeque::new(), messages, tally, is_over }.write());
    }

    /// Lets a member read all of a conversation, on a new device.
    pub fn read(&mut self, addresses: &Addresses, stream: &StreamId, name: &str) {
        let reader =
            Reader { place: self.place(addresses, name), stream: stream.clone(), entries: Vec::new(), cursor: None };
        self.reading.spawn(reader.read(self.heads.subscribe()));
    }

    /// Ann removes a member, on a new device; where that stands.
    pub async fn remove(&mut self, addresses: &Addresses, group: &Group, name: &str) -> Position {
        let place = self.place(addresses, "ann");
        let mut author = Author::of("ann", place.device, group.conversation);
        author.apply(&group.created);
        let waiting = VecDeque::from([author.remove(name)]);
        let (tally, is_over) = (Arc::default(), Arc::default());
        let written = Writer { place, author, waiting, messages: 1, tally, is_over }.write().await;
        written.accepted.first().expect("the owner removes a member").0
    }

    fn place(&mut self, addresses: &Addresses, name: &str) -> Place {
        let device = DeviceId::from_bytes(self.dice.random());
        let dice = StdRng::from_rng(&mut self.dice);
        Place { addresses: addresses.clone(), name: name.to_owned(), device, dice }
    }

    /// How many changes were accepted so far.
    pub fn accepted(&self) -> usize {
        self.tally.accepted.load(Ordering::SeqCst)
    }

    /// The codes with which pushes were deferred so far.
    pub fn deferred(&self) -> BTreeSet<Code> {
        self.tally.codes.lock().unwrap().clone()
    }

    /// Waits until so many more are accepted, and a moment that the dice choose.
    pub async fn writes(&mut self, more: usize) {
        let goal = self.accepted() + more;
        self.until("changes are accepted", |crowd| crowd.accepted() >= goal).await;
        tokio::time::sleep(self.dice.random_range(Duration::ZERO..Duration::from_millis(15))).await;
    }

    /// Waits until so many more pushes are deferred.
    pub async fn waits(&self, more: usize) {
        let deferred = |crowd: &Self| crowd.tally.deferred.load(Ordering::SeqCst);
        let goal = deferred(self) + more;
        self.until("pushes are deferred", |crowd| deferred(crowd) >= goal).await;
    }

    /// Waits until so many were refused for good.
    pub async fn loses(&self, count: usize) {
        self.until("who writes is refused", |crowd| crowd.tally.refused.load(Ordering::SeqCst) >= count).await;
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        reached.await.expect(what);
    }

    /// Lets all say what they have begun to say, and no more.
    pub async fn quiet(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        while let Some(ended) = self.writing.join_next().await {
            self.written.push(ended.expect("who writes gets through"));
        }
    }

    /// Waits until all have written and read everything, and compares what they were told with the store: what was
    /// accepted is there once, where it was said to be; nothing else is; and who reads has all of it, in order. Nobody
    /// was refused for anything but a removal.
    pub async fn finish(mut self, store: &dyn Store) -> Vec<Written> {
        self.quiet().await;
        let written = std::mem::take(&mut self.written);
        let refused = written.iter().filter_map(|written| written.refused.as_ref());
        let refused: Vec<&Refused> = refused.filter(|refused| refused.code != Code::MemberRemoved).collect();
        assert!(refused.is_empty(), "{refused:?}");
        let mut journals = BTreeMap::new();
        for stream in &self.streams {
            let journal = journal(store, stream).await;
            assert_written_once(&journal, written.iter().filter(|written| written.stream == *stream));
            journals.insert(stream.clone(), journal);
        }
        let heads = journals.iter().map(|(stream, journal)| (stream.clone(), journal.last().unwrap().position));
        self.heads.send_replace(heads.collect());
        for stream in journals.keys() {
            // A device that holds nothing reads what the store has, too.
            self.read(&self.addresses.clone(), stream, "ann");
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
    /// What was not answered yet.
    waiting: VecDeque<PushedChange>,
    messages: usize,
    tally: Arc<Tally>,
    is_over: Arc<AtomicBool>,
}

impl Writer {
    async fn write(mut self) -> Written {
        let (account, stream) = (self.author.session.account.clone(), self.author.stream.id().clone());
        let mut written = Written { account, stream, accepted: Vec::new(), refused: None };
        while written.refused.is_none() && !self.is_done(&written) {
            let mut client = self.place.connect(None).await.0;
            while self.push(&mut client, &mut written).await {}
        }
        written
    }

    fn is_done(&self, written: &Written) -> bool {
        let is_over = self.is_over.load(Ordering::SeqCst) && self.waiting.is_empty();
        is_over || written.accepted.len() >= self.messages
    }

    /// Pushes what waits, or something new; tells whether there is more to do on this socket.
    async fn push(&mut self, client: &mut Client, written: &mut Written) -> bool {
        if self.is_done(written) {
            return false;
        }
        if self.waiting.is_empty() {
            let left = self.messages - written.accepted.len();
            let count = self.place.dice.random_range(1..=PUSH_CHANGES_MAX).min(left);
            self.waiting.extend(std::iter::repeat_with(|| self.author.say("hear, hear")).take(count));
        }
        let request = client.push(&written.stream, self.waiting.iter().cloned().collect()).await;
        while !self.waiting.is_empty() {
            match next(client).await {
                Some(ServerFrame::Accepted(accepted)) if accepted.request == request => {
                    let count = accepted.positions.len();
                    written.accepted.extend(accepted.positions.into_iter().zip(self.waiting.drain(..count)));
                    self.tally.accepted.fetch_add(count, Ordering::SeqCst);
                }
                Some(ServerFrame::Refused(refused)) if refused.request == request => {
                    if refused.retry_at.is_none() {
                        written.refused = Some(refused);
                        self.tally.refused.fetch_add(1, Ordering::SeqCst);
                        return false;
                    }
                    self.tally.codes.lock().unwrap().insert(refused.code);
                    self.tally.deferred.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(self.place.dice.random_range(Duration::ZERO..PAUSE_MAX)).await;
                    return true;
                }
                Some(_) => {}
                None => return false,
            }
        }
        tokio::time::sleep(self.place.dice.random_range(Duration::ZERO..THOUGHT_MAX)).await;
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
        client
            .send(&ClientFrame::Fetch(Fetch {
                request: 0,
                stream: self.stream.clone(),
                scope,
                held: Vec::new(),
                chain: None,
            }))
            .await;
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
