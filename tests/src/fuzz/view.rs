//! Screens over whatever is admitted. One engine is given every entry as it
//! comes, another one everything at once, a third is the first one started
//! again on what it stored, a fourth is the first one as it was before a
//! document was written anew: all of them must show the same.

use std::collections::BTreeMap;

use tidings_core::{
    api::{ConversationDetail, ConversationRow, TimelineRow},
    code::Code,
    engine::Input,
    ids::{AccountId, ConversationId, DocumentId, IncarnationId, MessageId, StreamId},
    journal::{ChainHash, Cursor, Entry, Position},
    limits::Limits,
    model::{InfoField, MemberStatus, Receipt},
    storage::MemoryStore,
    time::{MonotonicTime, Now, WallTime},
    wire::{
        ClientFrame, ConversationSummary, Entries, Fetch, FetchScope, Fetched, Pong, Push, Refused, ServerFrame,
        Versions, Welcome, decode_frame, encode,
    },
};

use crate::{
    fuzz::{
        Verdict, authority,
        room::{Room, RoomKind, account, config, states_generation, tenant},
        script::Script,
    },
    sim::{client::Client, disk::Disk},
};

/// The account that looks.
const VIEWER: &str = "me";

/// Plays one of the authority's scripts and shows what was admitted.
///
/// # Panics
/// When two screens of the same state differ.
pub fn run(input: &[u8]) -> Verdict {
    let mut script = Script::new(input);
    let kind = if script.below(8) == 7 { RoomKind::Direct } else { RoomKind::Group };
    let mut room = Room::begun(kind);
    let conversation = room.stream().id().conversation().expect("a conversation");
    let begun = room.journal().len();
    let mut link = Link::new(&room, &account(VIEWER));
    let mut first = start([1; 32], MemoryStore::default(), 0, conversation);
    link.open(&mut first, at(0));
    let mut away = None;
    let mut verdict = authority::play(&mut script, &mut room, |room, admitted| {
        if states_generation(&admitted.entry.change) {
            away.get_or_insert_with(|| first.store().clone());
        }
        if room.stream().conversation().active_member(&account(VIEWER)).is_some() {
            link.send_entry(room, &mut first, &admitted.entry);
        }
    });
    if room.stream().conversation().active_member(&account(VIEWER)).is_none() {
        verdict.refuse("not_a_member", "nothing to be shown");
        return verdict;
    }
    if room.journal().len() == begun {
        return verdict;
    }
    // What was said while the viewer was out arrives when they are back.
    link = Link::new(&room, &account(VIEWER));
    first.handle(at(1_000), Input::LinkLost);
    first.handle(at(120_000), Input::ConnectNow);
    link.open(&mut first, at(120_000));
    let shown = Shown::of(&first, conversation);
    let mut second = start([2; 32], MemoryStore::default(), 120_000, conversation);
    Link::new(&room, &account(VIEWER)).open(&mut second, at(120_000));
    Shown::of(&second, conversation).check(&shown, "a new device");
    first.handle(at(125_000), Input::TimerDue);
    let mut third = start([3; 32], first.store().clone(), 240_000, conversation);
    Link::new(&room, &account(VIEWER)).open(&mut third, at(240_000));
    Shown::of(&third, conversation).check(&shown, "the device started again");
    if let Some(store) = away {
        let mut fourth = start([4; 32], store, 300_000, conversation);
        Link::new(&room, &account(VIEWER)).open(&mut fourth, at(300_000));
        Shown::of(&fourth, conversation).check(&shown, "the device that was away");
        verdict.accept("a device over a generation");
        check_no_faults(&fourth);
    }
    [&first, &second, &third].into_iter().for_each(check_no_faults);
    check_rows(&room, &shown);
    verdict.accept(format!("{} rows", shown.rows.len()));
    verdict
}

/// The authority's scripts.
pub fn seeds() -> Vec<Vec<u8>> {
    authority::seeds()
}

/// What a screen shows of a conversation.
#[derive(Debug, PartialEq)]
struct Shown {
    rows: BTreeMap<MessageId, TimelineRow>,
    detail: Option<ConversationDetail>,
    inbox: Option<ConversationRow>,
}

impl Shown {
    fn of(client: &Client, conversation: ConversationId) -> Self {
        Self {
            rows: client.screen.timelines.get(&conversation).cloned().unwrap_or_default(),
            detail: client.screen.details.get(&conversation).cloned(),
            inbox: client.screen.inbox.get(&conversation).cloned(),
        }
    }
}

impl Shown {
    /// Checks that both are equal; an error names the parts that differ, without printing rows, whose
    /// text is a person's.
    fn check(&self, first: &Shown, who: &str) {
        for (id, row) in &self.rows {
            let Some(other) = first.rows.get(id) else { panic!("{who} shows {id}, the first one does not") };
            let differs = [
                ("content", row.content != other.content),
                ("edit", row.edited_at != other.edited_at || row.deleted_by != other.deleted_by),
                ("reply", row.reply_to != other.reply_to),
                ("reactions", row.reactions != other.reactions || row.mentions != other.mentions),
                ("pin", row.pinned != other.pinned),
                ("something else", row != other),
            ];
            if let Some((name, _)) = differs.iter().find(|(_, differs)| *differs) {
                panic!("{who} shows another {name} in {id}");
            }
        }
        assert_eq!(self.rows.len(), first.rows.len(), "{who} shows fewer rows");
        assert_eq!(self.detail, first.detail, "{who} shows another detail");
        assert_eq!(self.inbox, first.inbox, "{who} shows another row of the list");
    }
}

/// Checks that the rows are the messages of the pages, which are few enough to be shown.
fn check_rows(room: &Room, shown: &Shown) {
    let is_shown = |id: &DocumentId| id.page().is_some() && id.thread().is_none();
    let pages = room.stream().documents().filter(|document| is_shown(document.id()));
    let admitted: BTreeMap<MessageId, Position> =
        pages.flat_map(|page| page.admissions().iter().map(|(id, at)| (id.clone(), at.position))).collect();
    let rows: BTreeMap<MessageId, Position> =
        shown.rows.iter().map(|(id, row)| (id.clone(), row.position.expect("nothing is pending"))).collect();
    assert_eq!(rows, admitted, "the rows are not what was admitted");
    let detail = shown.detail.as_ref().expect("an open conversation has a detail");
    assert_eq!(detail.pins.len(), room.stream().conversation().pins.len());
    assert_eq!(detail.members.len(), room.stream().conversation().active_members().count());
}

/// A server that tells what the authority admitted is blamed for nothing.
fn check_no_faults(client: &Client) {
    assert!(client.screen.faults.is_empty(), "{:?}", client.screen.faults);
}

fn start(seed: [u8; 32], store: MemoryStore, time_ms: u64, conversation: ConversationId) -> Client {
    let mut client = Client::start(config(VIEWER, seed), Disk::new(store, 0), at(time_ms));
    client.handle(at(time_ms), Input::OpenConversation(conversation));
    client
}

fn at(time_ms: u64) -> Now {
    Now { monotonic: MonotonicTime::from_millis(time_ms), wall: WallTime::from_millis(1_767_225_700_000 + time_ms) }
}

/// The server's end of one device's link, as far as a screen needs one: it sends the room's journal, and
/// admits nothing.
#[derive(Debug)]
pub struct Link {
    account: AccountId,
    summary: Option<ConversationSummary>,
    journal: Vec<Entry>,
    chain: ChainHash,
    stream: StreamId,
    /// The limits in Welcome.
    pub limits: Limits,
    unanswered: Vec<Push>,
}

impl Link {
    /// A link to a server that holds the room's journal.
    pub fn new(room: &Room, account: &AccountId) -> Self {
        Self {
            account: account.clone(),
            summary: summary(room, account),
            journal: room.journal().to_vec(),
            chain: room.stream().head().chain,
            stream: room.stream().id().clone(),
            limits: room.limits().clone(),
            unanswered: Vec::new(),
        }
    }

    /// Opens the link that a device requests, and serves it.
    pub fn open(&mut self, client: &mut Client, now: Now) {
        if core::mem::take(&mut client.wanted.token) {
            client.handle(now, Input::Token(client.account.to_string()));
        }
        client.wanted.connect = false;
        client.handle(now, Input::LinkOpened);
        self.serve(client, now);
    }

    /// Sends a device an entry that was just admitted.
    pub fn send_entry(&mut self, room: &Room, client: &mut Client, entry: &Entry) {
        (self.journal, self.summary) = (room.journal().to_vec(), summary(room, &self.account));
        self.chain = room.stream().head().chain;
        let entries = Entries { stream: self.stream.clone(), entries: vec![entry.clone()] };
        let now = at(self.journal.len() as u64);
        client.handle(now, Input::FrameReceived(encode(&ServerFrame::Entries(entries))));
        self.serve(client, now);
    }

    /// Answers everything that a device sends.
    pub fn serve(&mut self, client: &mut Client, now: Now) {
        while let Some(frame) = client.wanted.frames.pop_front() {
            let frame: ClientFrame = decode_frame(&frame, usize::MAX).expect("an engine sends frames");
            for answer in self.answer(frame, now) {
                client.handle(now, Input::FrameReceived(encode(&answer)));
            }
        }
    }

    /// Refuses the pushed changes, citing rank.
    pub fn refuse(&mut self, client: &mut Client, now: Now) {
        self.serve(client, now);
        for push in core::mem::take(&mut self.unanswered) {
            let refused = Refused {
                request: push.request,
                stream: push.stream,
                index: 0,
                code: Code::RankTooLow,
                detail: "for the test".into(),
                retry_at: None,
                lacks: Vec::new(),
            };
            client.handle(now, Input::FrameReceived(encode(&ServerFrame::Refused(refused))));
        }
        self.serve(client, now);
    }

    fn answer(&mut self, frame: ClientFrame, now: Now) -> Vec<ServerFrame> {
        match frame {
            ClientFrame::Hello(_) => {
                let welcome = Welcome {
                    version: Versions::OWN.newest,
                    tenant: tenant(),
                    account: self.account.clone(),
                    administrator: false,
                    server_time: now.wall,
                    limits: self.limits.clone(),
                    incarnation: IncarnationId::from_bytes([9; 16]),
                };
                let summaries = self.summary.clone().into_iter().collect();
                let cursor = Cursor::new(self.journal.len() as u64);
                vec![
                    ServerFrame::Welcome(Box::new(welcome)),
                    ServerFrame::Summaries(summaries),
                    ServerFrame::CaughtUp(cursor),
                ]
            }
            ClientFrame::Fetch(fetch) => vec![ServerFrame::Fetched(self.fetched(&fetch))],
            ClientFrame::Push(push) => {
                self.unanswered.push(push);
                Vec::new()
            }
            ClientFrame::Ping(number) => vec![ServerFrame::Pong(Pong { number, server_time: now.wall })],
            ClientFrame::MembershipRequest(_)
            | ClientFrame::ListHeld(_)
            | ClientFrame::List(_)
            | ClientFrame::Unwatch(_)
            | ClientFrame::ListSubscribers(_)
            | ClientFrame::MatchContacts(_)
            | ClientFrame::Receipts(_)
            | ClientFrame::Presence(_) => Vec::new(),
        }
    }

    fn fetched(&self, fetch: &Fetch) -> Fetched {
        let mine = |entry: &&Entry| match fetch.scope {
            FetchScope::Anew => true,
            FetchScope::After(position) | FetchScope::Watch(position) => entry.position > position,
            FetchScope::Page(number) => entry.document.thread().is_none() && entry.document.page() == Some(number),
            FetchScope::Thread(thread) => entry.document.thread() == Some(thread),
            FetchScope::ThreadPage(thread, number) => {
                entry.document.thread() == Some(thread) && entry.document.page() == Some(number)
            }
        };
        let known = fetch.stream == self.stream;
        let entries: Vec<Entry> = self.journal.iter().filter(|_| known).filter(mine).cloned().collect();
        Fetched {
            request: fetch.request,
            stream: fetch.stream.clone(),
            head: Position::new(if known { self.journal.len() as u64 } else { 0 }),
            page: if known { self.summary.as_ref().map_or(0, |summary| summary.page) } else { 0 },
            restart: false,
            documents: Vec::new(),
            entries,
            receipts: Vec::new(),
            threads: Vec::new(),
            lacks: Vec::new(),
            unread: None,
            chain: if known { self.chain } else { ChainHash::default() },
        }
    }
}

/// The conversation's summary for an account; none if it is not a member.
fn summary(room: &Room, account: &AccountId) -> Option<ConversationSummary> {
    let stream = room.stream();
    let conversation = stream.conversation();
    let member = conversation.active_member(account)?;
    let others = conversation.active_members().map(|(other, _)| other.clone()).filter(|other| other != account);
    Some(ConversationSummary {
        subscriber_count: 0,
        conversation: stream.id().conversation()?,
        kind: conversation.kind()?,
        title: conversation.text(InfoField::Title).map(str::to_owned),
        state: conversation.state(),
        role: member.role.clone(),
        status: MemberStatus::Active,
        member_count: u32::try_from(conversation.active_members().count()).expect("rosters are small"),
        others: others.take(4).collect(),
        last_message: stream.last_message(),
        position: stream.position(),
        page: stream.page(),
        receipt: Receipt::default(),
        unread: 0,
        created_at: conversation.created.as_ref()?.at,
        resource: None,
        joined: Position::ZERO,
        chain: stream.head().chain,
    })
}
