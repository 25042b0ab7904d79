//! A server in memory around the real authority: journal, sessions, fan-out
//! and catch-up as the protocol says. What it has answered is durable; a
//! crash ends its sessions and what was not answered yet.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    authority::{AdmitError, Session, Stream},
    code::Code,
    doc::Document,
    ids::{AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, PageNumber, StreamId, TenantId},
    journal::{Cursor, Entry, Position},
    limits::Limits,
    model::{MemberStatus, Profile, Receipt},
    time::WallTime,
    wire::{
        Accepted, ClientFrame, Closed, ConversationSummary, DocumentSnapshot, Entries, Fetch, FetchScope, Fetched,
        Hello, MemberPresence, MemberReceipt, ProfileNotice, Push, Refused, Revoked, ServerFrame, Welcome,
    },
};

/// Names a session; never used again.
pub type SessionId = u64;

struct StreamState {
    stream: Stream,
    journal: Vec<(Entry, ChangeHash, u64, bool)>,
    tick: u64,
}

/// The server.
pub struct Server {
    tenant: TenantId,
    limits: Limits,
    streams: BTreeMap<StreamId, StreamState>,
    receipts: BTreeMap<(ConversationId, AccountId), Receipt>,
    profiles: BTreeMap<AccountId, Profile>,
    devices: BTreeMap<DeviceId, AccountId>,
    member_ticks: BTreeMap<(AccountId, ConversationId), u64>,
    sessions: BTreeMap<SessionId, Session>,
    tick: u64,
    outgoing: Vec<(SessionId, ServerFrame)>,
    /// Pushes that were refused, by code, to show that refusals happened.
    pub refusals: BTreeMap<Code, u32>,
    /// Whether it lets in what membership and roles forbid.
    pub is_lax: bool,
    /// What it does to every frame that it sends.
    pub lie: Option<fn(&mut ServerFrame)>,
}

impl Server {
    /// A server without a journal.
    pub fn new(tenant: TenantId, limits: Limits) -> Self {
        Self {
            tenant,
            limits,
            streams: BTreeMap::new(),
            receipts: BTreeMap::new(),
            profiles: BTreeMap::new(),
            devices: BTreeMap::new(),
            member_ticks: BTreeMap::new(),
            sessions: BTreeMap::new(),
            tick: 1,
            outgoing: Vec::new(),
            refusals: BTreeMap::new(),
            is_lax: false,
            lie: None,
        }
    }

    /// The frames to be delivered, in order.
    pub fn take_outgoing(&mut self) -> Vec<(SessionId, ServerFrame)> {
        let mut outgoing = std::mem::take(&mut self.outgoing);
        if let Some(lie) = self.lie {
            outgoing.iter_mut().for_each(|(_, frame)| lie(frame));
        }
        outgoing
    }

    /// The state of a stream.
    pub fn stream(&self, stream: &StreamId) -> Option<&Stream> {
        self.streams.get(stream).map(|state| &state.stream)
    }

    /// The entries of a stream.
    pub fn journal(&self, stream: &StreamId) -> Vec<Entry> {
        let state = self.streams.get(stream);
        state.map(|state| state.journal.iter().map(|(entry, ..)| entry.clone()).collect()).unwrap_or_default()
    }

    /// How many sessions of an account are open.
    pub fn session_count(&self, account: &AccountId) -> usize {
        self.sessions.values().filter(|session| session.account == *account).count()
    }

    /// The streams that have an entry.
    pub fn stream_ids(&self) -> impl Iterator<Item = &StreamId> {
        self.streams.keys()
    }

    /// Every session ends; the journal stays.
    pub fn crash(&mut self) {
        self.sessions.clear();
        self.outgoing.clear();
    }

    /// A link is gone.
    pub fn close(&mut self, session: SessionId) {
        self.sessions.remove(&session);
    }

    /// Takes a frame. The token is the account's name.
    pub fn receive(&mut self, id: SessionId, frame: ClientFrame, wall: WallTime) {
        match (self.sessions.get(&id).cloned(), frame) {
            (None, ClientFrame::Hello(hello)) => self.hello(id, &hello, wall),
            (None, _) => self.end(id, Code::FrameUnexpected),
            (Some(_), ClientFrame::Hello(_)) => self.end(id, Code::FrameUnexpected),
            (Some(session), ClientFrame::Push(push)) => self.push(id, &session, &push, wall),
            (Some(session), ClientFrame::Fetch(fetch)) => self.fetch(id, &session, &fetch),
            (Some(session), ClientFrame::Receipts(notices)) => {
                for notice in notices {
                    let receipt = Receipt { delivered: notice.delivered, read: notice.read };
                    self.merge_receipt(&session, notice.conversation, receipt);
                }
            }
            (Some(session), ClientFrame::Presence(notice)) => {
                let presence = MemberPresence {
                    conversation: notice.conversation,
                    account: session.account.clone(),
                    kind: notice.kind,
                };
                for account in self.active_members(notice.conversation) {
                    self.tell(&account, Some(id), &ServerFrame::Presence(presence.clone()));
                }
            }
            (Some(_), ClientFrame::Ping(number)) => self.outgoing.push((id, ServerFrame::Pong(number))),
        }
    }

    fn end(&mut self, id: SessionId, code: Code) {
        let closed = Closed { code, detail: String::new(), retry_after_ms: None };
        self.outgoing.push((id, ServerFrame::Closed(closed)));
        self.sessions.remove(&id);
    }

    fn hello(&mut self, id: SessionId, hello: &Hello, wall: WallTime) {
        let account = AccountId::parse(&hello.token).expect("worlds give legal tokens");
        if *self.devices.entry(hello.device).or_insert_with(|| account.clone()) != account {
            return self.end(id, Code::ActorConflict);
        }
        let session = Session {
            tenant: self.tenant.clone(),
            account: account.clone(),
            device: hello.device,
            administrator: false,
        };
        let former: Vec<SessionId> =
            self.sessions.iter().filter(|(_, other)| other.device == hello.device).map(|(id, _)| *id).collect();
        for former in former {
            self.end(former, Code::SessionReplaced);
        }
        self.sessions.insert(id, session);
        let welcome = Welcome {
            version: hello.version,
            tenant: self.tenant.clone(),
            account: account.clone(),
            administrator: false,
            server_time: wall,
            limits: self.limits.clone(),
        };
        self.outgoing.push((id, ServerFrame::Welcome(Box::new(welcome))));
        self.catch_up(id, &account, hello.cursor);
        self.outgoing.push((id, ServerFrame::CaughtUp(Cursor::new(self.tick))));
    }

    fn catch_up(&mut self, id: SessionId, account: &AccountId, cursor: Option<Cursor>) {
        let since = cursor.map_or(0, Cursor::number);
        let mut summaries = Vec::new();
        let mut frames = Vec::new();
        for (stream, state) in &self.streams {
            let joined = stream
                .conversation()
                .and_then(|conversation| self.member_ticks.get(&(account.clone(), conversation)))
                .is_some_and(|tick| *tick >= since);
            let own = matches!(stream, StreamId::Account(owner) if owner == account);
            let member = state.stream.conversation().members.get(account);
            if state.tick < since && !joined {
                continue;
            }
            match member.map(|member| member.status) {
                Some(MemberStatus::Active) => summaries.push(self.summary(account, state)),
                Some(status) if joined => {
                    let conversation = stream.conversation().expect("members are of conversations");
                    let position = state.stream.position();
                    frames.push(ServerFrame::Revoked(Revoked { conversation, status, position }));
                    continue;
                }
                _ if own => {}
                _ => continue,
            }
            let missed: Vec<Entry> = state
                .journal
                .iter()
                .filter(|(_, _, tick, _)| cursor.is_some() && *tick >= since)
                .map(|(entry, ..)| entry.clone())
                .collect();
            if !missed.is_empty() && missed.len() <= self.limits.catch_up_entries_max as usize {
                frames.push(ServerFrame::Entries(Entries { stream: stream.clone(), entries: missed }));
            }
        }
        let receipts: Vec<MemberReceipt> = self
            .receipts
            .iter()
            .filter(|((conversation, _), _)| summaries.iter().any(|summary| summary.conversation == *conversation))
            .map(|((conversation, account), receipt)| MemberReceipt {
                conversation: *conversation,
                account: account.clone(),
                receipt: *receipt,
            })
            .collect();
        let profiles = self
            .profiles
            .iter()
            .map(|(account, profile)| ProfileNotice { account: account.clone(), profile: profile.clone() });
        let profiles: Vec<ProfileNotice> = profiles.collect();
        self.outgoing.push((id, ServerFrame::Summaries(summaries)));
        self.outgoing.push((id, ServerFrame::Profiles(profiles)));
        self.outgoing.extend(frames.into_iter().map(|frame| (id, frame)));
        self.outgoing.push((id, ServerFrame::Receipts(receipts)));
    }

    fn summary(&self, account: &AccountId, state: &StreamState) -> ConversationSummary {
        let conversation = state.stream.conversation();
        let id = state.stream.id().conversation().expect("summaries are of conversations");
        let created = conversation.created.as_ref().expect("a stream with members is created");
        let receipt = self.receipts.get(&(id, account.clone())).copied().unwrap_or_default();
        let unread = state
            .journal
            .iter()
            .filter(|(entry, _, _, message)| *message && entry.position > receipt.read && entry.account != *account);
        ConversationSummary {
            conversation: id,
            kind: created.kind,
            title: conversation.title.clone(),
            state: conversation.state(),
            role: conversation.members[account].role,
            status: conversation.members[account].status,
            member_count: u32::try_from(conversation.active_members().count()).expect("rosters are small"),
            others: conversation
                .active_members()
                .map(|(other, _)| other.clone())
                .filter(|o| o != account)
                .take(4)
                .collect(),
            last_message: state.stream.last_message(),
            position: state.stream.position(),
            page: state.stream.page(),
            receipt,
            unread: u32::try_from(unread.count()).expect("journals are small"),
            created_at: created.at,
        }
    }

    fn push(&mut self, id: SessionId, session: &Session, push: &Push, wall: WallTime) {
        let mut accepted = Accepted {
            request: push.request,
            stream: push.stream.clone(),
            positions: Vec::new(),
            accepted_at: Vec::new(),
        };
        let mut refused = None;
        let (limits, is_lax) = (self.limits.clone(), self.is_lax);
        for (index, pushed) in push.changes.iter().enumerate() {
            let state = self.state(&push.stream);
            for missing in state.stream.missing(&pushed.document) {
                state.stream.insert(Document::new(missing));
            }
            let judged = Session { administrator: session.administrator || is_lax, ..session.clone() };
            match state.stream.admit(&judged, pushed, wall, &limits) {
                Ok(mut admitted) => {
                    admitted.entry.administrator = session.administrator;
                    accepted.positions.push(admitted.entry.position);
                    accepted.accepted_at.push(wall);
                    self.admitted(id, push, admitted);
                }
                Err(AdmitError::AlreadyAdmitted(hash)) => {
                    let known = state.journal.iter().find(|(_, known, ..)| *known == hash);
                    let (entry, ..) = known.expect("what a document holds is in the journal");
                    accepted.positions.push(entry.position);
                    accepted.accepted_at.push(entry.accepted_at);
                }
                Err(AdmitError::Refused(refusal)) => {
                    *self.refusals.entry(refusal.code).or_default() += 1;
                    refused = Some(Refused {
                        request: push.request,
                        stream: push.stream.clone(),
                        index: u32::try_from(index).expect("pushes are small"),
                        code: refusal.code,
                        detail: refusal.detail,
                        retry_at: refusal.retry_at,
                    });
                    break;
                }
            }
        }
        if !accepted.positions.is_empty() {
            self.outgoing.push((id, ServerFrame::Accepted(accepted)));
        }
        self.outgoing.extend(refused.map(|refused| (id, ServerFrame::Refused(refused))));
    }

    fn state(&mut self, stream: &StreamId) -> &mut StreamState {
        let tenant = self.tenant.clone();
        self.streams.entry(stream.clone()).or_insert_with(|| StreamState {
            stream: Stream::new(tenant, stream.clone(), Position::ZERO, 0),
            journal: Vec::new(),
            tick: 0,
        })
    }

    fn admitted(&mut self, id: SessionId, push: &Push, admitted: tidings_core::authority::Admitted) {
        self.tick += 1;
        let tick = self.tick;
        let entry = admitted.entry.clone();
        let state = self.state(&push.stream);
        state.tick = tick;
        state.journal.push((entry.clone(), admitted.hash, tick, admitted.effects.message));
        let frame = ServerFrame::Entries(Entries { stream: push.stream.clone(), entries: vec![entry.clone()] });
        match push.stream.conversation() {
            Some(conversation) => {
                for account in &admitted.effects.members {
                    self.member_ticks.insert((account.clone(), conversation), tick);
                    self.member_changed(id, conversation, account, entry.position);
                }
                for account in self.active_members(conversation) {
                    self.tell(&account, Some(id), &frame);
                }
            }
            None => self.tell(&entry.account, Some(id), &frame),
        }
        if let Some(profile) = admitted.effects.profile {
            self.profiles.insert(entry.account.clone(), profile.clone());
            let notice = vec![ProfileNotice { account: entry.account, profile }];
            let accounts: BTreeSet<AccountId> = self.sessions.values().map(|session| session.account.clone()).collect();
            for account in accounts {
                self.tell(&account, None, &ServerFrame::Profiles(notice.clone()));
            }
        }
    }

    fn member_changed(&mut self, id: SessionId, conversation: ConversationId, account: &AccountId, position: Position) {
        let state = &self.streams[&StreamId::Conversation(conversation)];
        let status = state.stream.conversation().members[account].status;
        if status == MemberStatus::Active {
            let summary = self.summary(account, state);
            self.tell(account, Some(id), &ServerFrame::Summaries(vec![summary]));
        } else {
            self.tell(account, None, &ServerFrame::Revoked(Revoked { conversation, status, position }));
        }
    }

    fn active_members(&self, conversation: ConversationId) -> Vec<AccountId> {
        let state = self.streams.get(&StreamId::Conversation(conversation));
        let members = state.into_iter().flat_map(|state| state.stream.conversation().active_members());
        members.map(|(account, _)| account.clone()).collect()
    }

    fn tell(&mut self, account: &AccountId, except: Option<SessionId>, frame: &ServerFrame) {
        for (id, session) in &self.sessions {
            if session.account == *account && Some(*id) != except {
                self.outgoing.push((*id, frame.clone()));
            }
        }
    }

    fn merge_receipt(&mut self, session: &Session, conversation: ConversationId, receipt: Receipt) {
        let members = self.active_members(conversation);
        if !members.contains(&session.account) {
            return;
        }
        let head = self.streams[&StreamId::Conversation(conversation)].stream.position();
        let receipt = Receipt { delivered: receipt.delivered.min(head), read: receipt.read.min(head) };
        let former = self.receipts.entry((conversation, session.account.clone())).or_default();
        let merged = former.merge(receipt);
        *former = merged;
        self.tick += 1;
        let moved = vec![MemberReceipt { conversation, account: session.account.clone(), receipt: merged }];
        for account in members {
            self.tell(&account, None, &ServerFrame::Receipts(moved.clone()));
        }
    }

    fn fetch(&mut self, id: SessionId, session: &Session, fetch: &Fetch) {
        let readable = match &fetch.stream {
            StreamId::Conversation(conversation) => self.active_members(*conversation).contains(&session.account),
            StreamId::Account(account) => *account == session.account,
        };
        let frame = if readable { self.fetched(fetch) } else { refused_fetch(fetch) };
        self.outgoing.push((id, frame));
    }

    fn fetched(&mut self, fetch: &Fetch) -> ServerFrame {
        let entries_max = self.limits.catch_up_entries_max;
        let receipts =
            self.receipts.iter().filter(|((conversation, _), _)| Some(*conversation) == fetch.stream.conversation());
        let receipts: Vec<MemberReceipt> = receipts
            .map(|((conversation, account), receipt)| MemberReceipt {
                conversation: *conversation,
                account: account.clone(),
                receipt: *receipt,
            })
            .collect();
        let state = self.state(&fetch.stream);
        let head = state.stream.position();
        let page = state.stream.page();
        let snapshot = |id: &DocumentId| {
            let (_, data, admissions) = state.stream.document(id)?.save();
            Some(DocumentSnapshot { document: id.clone(), position: head, data, admissions })
        };
        let mut fetched = Fetched {
            request: fetch.request,
            stream: fetch.stream.clone(),
            head,
            page,
            restart: false,
            documents: Vec::new(),
            entries: Vec::new(),
            receipts,
        };
        match fetch.scope {
            FetchScope::After(after) if head.number() - after.number().min(head.number()) <= u64::from(entries_max) => {
                let entries = state.journal.iter().map(|(entry, ..)| entry);
                fetched.entries = entries.filter(|entry| entry.position > after).cloned().collect();
            }
            FetchScope::After(_) => {
                fetched.restart = true;
                fetched.documents = base_documents(&fetch.stream, page).iter().filter_map(snapshot).collect();
            }
            FetchScope::Page(number) => {
                let conversation = fetch.stream.conversation().expect("pages are of conversations");
                fetched.documents = snapshot(&DocumentId::Page(conversation, number)).into_iter().collect();
            }
        }
        ServerFrame::Fetched(fetched)
    }
}

fn refused_fetch(fetch: &Fetch) -> ServerFrame {
    ServerFrame::Refused(Refused {
        request: fetch.request,
        stream: fetch.stream.clone(),
        index: 0,
        code: Code::NotAMember,
        detail: String::new(),
        retry_at: None,
    })
}

fn base_documents(stream: &StreamId, page: PageNumber) -> Vec<DocumentId> {
    match stream {
        StreamId::Conversation(conversation) => {
            vec![DocumentId::Conversation(*conversation), DocumentId::Page(*conversation, page)]
        }
        StreamId::Account(account) => vec![DocumentId::Account(account.clone()), DocumentId::Home(account.clone())],
    }
}
