//! From what was touched to what the screen is told: rows of open timelines,
//! the list, and counts. Nothing is told that did not change.

use core::time::Duration;
use std::borrow::Cow;

use crate::{
    api::{ConversationRow, LastMessageRow, MessageState, ReactionRow, ReplyRow, TimelineRow, UNREAD_MAX},
    command::Command,
    doc::Message,
    engine::{
        Engine, TimelineUpdate, Update,
        screen::{accounts::Renamed, inbox::Draw, open::OpenConversation, touched::Touched},
        store::record,
        streams::{
            loading::{Slot, Work},
            replica::Replica,
            threads::thread_row,
        },
        timers::Timer,
    },
    ids::{AccountId, ContactId, ConversationId, MessageId, PageNumber, StreamId, TimelineId},
    journal::Position,
    model::{Content, Member, MemberField, MemberStatus, NotificationLevel, PresenceKind, Role},
    sorted::SortedSet,
    wire::LastMessage,
};

/// How long after a change they are stored.
const ROWS_STORED_AFTER: Duration = Duration::from_secs(1);

impl Engine {
    pub(in crate::engine) fn open_conversation(&mut self, conversation: ConversationId) {
        if self.open.contains_key(&conversation) {
            return;
        }
        let stream = StreamId::Conversation(conversation);
        self.open.insert(conversation, OpenConversation::of(conversation));
        self.read_rows(&stream, conversation);
        self.with_stream(&stream, Work::Show(conversation));
        self.announce(conversation);
        self.watch(conversation);
    }

    pub(in crate::engine) fn close_conversation(&mut self, conversation: ConversationId) {
        if self.open.get(&conversation).is_some_and(|open| open.is_stale) {
            self.save_timeline(conversation);
        }
        self.requests.held.closed(conversation);
        let closed = self.open.remove(&conversation).map(|open| open.conversation);
        if let Some(parent) = closed.filter(|parent| *parent != conversation) {
            self.let_go(parent, conversation);
            return self.end_watch(parent);
        }
        self.send_presence(conversation, PresenceKind::Offline);
        self.presence.close(&mut self.ctx, conversation);
        self.end_watch(conversation);
    }

    /// Stores the newest rows of the list and of the timelines that changed, a
    /// while after they did or at the end, for the next first paint.
    pub(in crate::engine) fn save_timelines(&mut self) {
        self.ctx.timers.stop(Timer::Rows);
        if self.inbox.take_stale() {
            self.save_first_rows();
        }
        for conversation in self.open.take_stale() {
            self.save_timeline(conversation);
        }
    }

    fn save_timeline(&mut self, conversation: ConversationId) {
        let Some(open) = self.open.get(&conversation).filter(|open| open.live) else { return };
        if !self.inbox.contains_key(&open.conversation) {
            return;
        }
        let looked_at = open.newest().inspect(|_| self.ctx.counter.add(|counts| counts.stored += 1));
        let mut newest: Vec<TimelineRow> = looked_at.take(self.ctx.settings.rows_stored).cloned().collect();
        newest.reverse();
        self.ctx.store.write(record::put(record::rows_key(conversation), &newest));
    }

    /// What the last session showed, before any document is loaded.
    pub(in crate::engine) fn show_stored_rows(&mut self, conversation: ConversationId, rows: Vec<TimelineRow>) {
        let Some(open) = self.open.get_mut(&conversation).filter(|open| !open.live) else { return };
        open.clear();
        rows.iter().for_each(|row| open.put(row));
        let update = TimelineUpdate { conversation, restart: true, rows, removed: Vec::new(), has_older: true };
        self.ctx.update(Update::Timeline(update));
    }

    /// Shows a timeline anew: its newest rows.
    pub(in crate::engine) fn show_timeline(&mut self, conversation: ConversationId) {
        let Some((open, replica)) = self.shown(conversation) else { return };
        let stream = StreamId::Conversation(open.conversation);
        // A timeline that was scrolled back stays as long as it was.
        let count = open.rows.values().filter(|row| row.position.is_some()).count().max(self.ctx.settings.rows_step);
        let behind = replica.confirmed.position().next();
        let older = Older::than(replica, replica.timeline(conversation), behind, count);
        let lowest = replica.lowest_page(replica.timeline(conversation));
        let whole = replica.whole;
        if whole && !replica.has_timeline(conversation) {
            return self.load_thread(&stream, conversation);
        }
        let (floor, shown) = (older.floor(count, lowest, behind), older.messages.len());
        let has_older = older.has_more || lowest > 1;
        let Some(open) = self.open.get_mut(&conversation) else { return };
        open.floor = floor;
        open.live = whole;
        open.has_older = has_older;
        if let Some(replica) = self.replica(&stream) {
            replica.touched.all = true;
            replica.touched.detail = true;
            if stream.conversation() != Some(conversation) {
                replica.wanted.insert(conversation);
            }
        }
        if shown < self.ctx.settings.rows_step && lowest > 1 {
            self.load_older(conversation);
        }
    }

    pub(in crate::engine) fn load_older(&mut self, conversation: ConversationId) {
        if let Some(open) = self.open.get(&conversation).filter(|open| !open.loading_older) {
            let stream = StreamId::Conversation(open.conversation);
            self.with_stream(&stream, Work::LoadOlder(conversation));
        }
    }

    /// Shows one step more, from the pages that are loaded; if they have no
    /// more, the next older page is brought in first.
    pub(in crate::engine) fn extend_timeline(&mut self, conversation: ConversationId) {
        let Some((open, replica)) = self.shown(conversation) else { return };
        let stream = StreamId::Conversation(open.conversation);
        let older = Older::than(replica, replica.timeline(conversation), open.floor, self.ctx.settings.rows_step);
        let lowest = replica.lowest_page(replica.timeline(conversation));
        let Some(open) = self.open.get_mut(&conversation) else { return };
        if older.messages.is_empty() && lowest > 1 {
            if !open.loading_older {
                open.loading_older = true;
                open.wants_older = true;
                let page = TimelineId::within(open.conversation, conversation).page(lowest - 1);
                self.read_page(&page);
            }
            return;
        }
        open.loading_older = false;
        open.wants_older = false;
        open.floor = older.floor(self.ctx.settings.rows_step, lowest, open.floor);
        open.has_older = older.has_more || lowest > 1;
        if let Some(replica) = self.replica(&stream) {
            // The panel shows the words of what is pinned, which may be among these.
            let timeline = replica.view().timeline(replica.timeline(conversation));
            let is_pinned = |message: &MessageId| timeline.is_some_and(|timeline| timeline.pins.contains_key(message));
            let has_pinned = older.messages.iter().any(|(_, message)| is_pinned(message));
            replica.touched.detail |= has_pinned;
            replica.touched.messages.extend(older.messages.into_iter().map(|(_, message)| message));
            replica.touched.extended.insert(conversation);
        }
    }

    pub(in crate::engine) fn flush_screen(&mut self) {
        self.flush_accounts();
        self.flush_names();
        let changed = self.streams.take_changed();
        for stream in &changed {
            self.ctx.counter.add(|counts| counts.streams += 1);
            self.count_waiting(stream);
            if let (Some(conversation), Some(replica)) = (stream.conversation(), self.streams.quietly(stream)) {
                let touched = core::mem::take(&mut replica.touched);
                self.flush_conversation(conversation, touched);
            }
        }
        self.flush_inbox();
        self.let_go_unlisted(changed);
        let unsynced = self.unsynced();
        self.commands.show_unsynced(&mut self.ctx, unsynced);
    }

    /// What shows the name of somebody who is called otherwise now.
    fn flush_names(&mut self) {
        let renamed = self.accounts.take_renamed();
        if renamed.is_empty() {
            return;
        }
        let renamed = self.named_anew(renamed);
        for account in &renamed {
            let drawn = self.inbox.draw_naming(account);
            self.ctx.counter.add(|counts| counts.names += drawn);
        }
        for open in self.open.values() {
            let stream = StreamId::Conversation(open.conversation);
            let Some(Slot::Loaded(replica)) = self.streams.get(&stream) else { continue };
            let members = &replica.view().conversation().members;
            let is_member = renamed.iter().any(|account| members.contains_key(account));
            let rows = open.rows_naming(&renamed).inspect(|_| self.ctx.counter.add(|counts| counts.names += 1));
            let rows: Vec<MessageId> = rows.cloned().collect();
            if !is_member && rows.is_empty() {
                continue;
            }
            if let Some(Slot::Loaded(replica)) = self.streams.get_mut(&stream) {
                replica.touched.messages.extend(rows);
                replica.touched.detail |= is_member;
            }
        }
    }

    /// Who is called otherwise. Whom a contact stands for is known by looking at those that are
    /// named on the screen: the own address book has changed, which nobody else can bring about.
    fn named_anew(&self, renamed: Renamed) -> SortedSet<AccountId> {
        let Renamed { mut accounts, contacts } = renamed;
        if contacts.is_empty() {
            return accounts;
        }
        let shown =
            self.open.conversations().map(|conversation| self.streams.get(&StreamId::Conversation(*conversation)));
        let members = shown.filter_map(|slot| match slot? {
            Slot::Loaded(replica) => Some(replica.view().conversation().members.keys()),
            Slot::Loading(_) => None,
        });
        let authors = self.open.values().flat_map(OpenConversation::named);
        let named: SortedSet<&AccountId> = self.inbox.named().chain(members.flatten()).chain(authors).collect();
        let contacts = named.into_iter().filter(|account| contacts.contains(&ContactId::of_account(account)));
        accounts.extend(contacts.cloned());
        accounts
    }

    /// Accounts, before everything that shows what they are called.
    fn flush_accounts(&mut self) {
        let accounts = self.streams.changed().filter(|stream| matches!(stream, StreamId::Account(_)));
        for stream in accounts.cloned().collect::<Vec<_>>() {
            let Some(replica) = self.streams.quietly(&stream) else { continue };
            let touched = core::mem::take(&mut replica.touched);
            if touched.row || touched.all || touched.detail {
                self.read_account(&stream);
            }
        }
    }

    fn flush_conversation(&mut self, conversation: ConversationId, mut touched: Touched) {
        if touched.row || touched.all || touched.detail || !touched.members.is_empty() {
            self.inbox.draw(conversation, Draw::Changed);
        }
        for timeline in self.open.timelines_of(conversation) {
            self.ctx.counter.add(|counts| counts.timelines += 1);
            if let Some(open) = self.open.get(&timeline).filter(|_| !touched.named.is_empty()) {
                let naming =
                    open.rows_naming(&touched.named).inspect(|_| self.ctx.counter.add(|counts| counts.names += 1));
                touched.messages.extend(naming.cloned().collect::<Vec<_>>());
            }
            if touched.all || !touched.messages.is_empty() || touched.extended.contains(&timeline) {
                self.flush_timeline(timeline, &touched);
            }
            if touched.all || touched.detail {
                self.flush_detail(timeline);
            } else if touched.invites || !touched.members.is_empty() {
                self.flush_members(timeline, &touched);
            }
        }
        if touched.all {
            self.forget_uncreated(conversation);
        }
    }

    fn flush_timeline(&mut self, conversation: ConversationId, touched: &Touched) {
        let Some((open, replica)) = self.shown(conversation) else { return };
        let is_here = replica.whole && replica.has_timeline(conversation);
        if !open.live && !is_here {
            return;
        }
        let ids: SortedSet<MessageId> = if touched.all {
            let shown = open.rows.keys().cloned();
            shown
                .chain(shown_ids(replica, replica.timeline(conversation), &self.ctx.session.account, open.floor))
                .collect()
        } else {
            // A reply shows the words of what it answers.
            let answers = touched.messages.iter().flat_map(|message| open.replies_to(message));
            touched.messages.iter().chain(answers).cloned().collect()
        };
        let mut rows = Vec::new();
        let mut removed = Vec::new();
        self.ctx.counter.add(|counts| counts.rows += ids.len() as u64);
        for id in ids {
            match self.timeline_row(replica, replica.timeline(conversation), &id, open.floor) {
                Some(row) if open.rows.get(&id) != Some(&row) => rows.push(row),
                Some(_) => {}
                None if open.rows.contains_key(&id) => removed.push(id),
                None => {}
            }
        }
        rows.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
        let Some(open) = self.open.get_mut(&conversation) else { return };
        let restart = !open.live;
        open.live = true;
        let is_told = restart || touched.all || touched.extended.contains(&conversation);
        if rows.is_empty() && removed.is_empty() && !is_told {
            return;
        }
        open.is_stale = true;
        rows.iter().for_each(|row| open.put(row));
        removed.iter().for_each(|id| open.remove(id));
        let update = TimelineUpdate { conversation, restart: false, rows, removed, has_older: open.has_older };
        self.ctx.update(Update::Timeline(update));
        self.save_timelines_soon();
    }

    pub(in crate::engine) fn save_timelines_soon(&mut self) {
        self.ctx.timers.start(Timer::Rows, self.ctx.now.monotonic.plus(ROWS_STORED_AFTER));
    }

    /// One row; none for a message that is not shown.
    fn timeline_row(
        &self,
        replica: &Replica,
        timeline: TimelineId,
        id: &MessageId,
        floor: Position,
    ) -> Option<TimelineRow> {
        let page = replica.view().page_of(id).filter(|page| page.id().timeline() == Some(timeline))?;
        let admission = replica.confirmed.document(page.id()).and_then(|page| page.admissions().get(id)).copied();
        if admission.is_some_and(|admission| admission.position < floor) {
            return None;
        }
        let message = Message::read(page, id)?;
        let own = id.author == self.ctx.session.account;
        let position = admission.map(|admission| admission.position);
        let (state, read_by) = match message_state(replica, position, own) {
            // Whoever has read the conversation may not have read its threads.
            (MessageState::Read, _) if page.id().thread().is_some() => (MessageState::Delivered, 0),
            state => state,
        };
        let reactions = message.reactions.iter().map(|(emoji, accounts)| ReactionRow {
            emoji: emoji.clone(),
            accounts: accounts.clone(),
            own: accounts.contains(&self.ctx.session.account),
        });
        Some(TimelineRow {
            author: id.author.clone(),
            author_name: self.name_in(replica, &id.author),
            own,
            content: message.content().cloned(),
            deleted_by: message.deletion.as_ref().map(|deletion| deletion.by.clone()),
            edited_at: message.edit.as_ref().map(|edit| edit.at),
            reply_to: message.body.reply_to.as_ref().map(|reply| self.reply_row(replica, reply)),
            mentions: message.body.mentions.clone().unwrap_or_default(),
            reactions: reactions.collect(),
            created_at: id.created_at(),
            accepted_at: admission.map(|admission| admission.accepted_at),
            position,
            state,
            read_by,
            pinned: replica.view().timeline(timeline).is_some_and(|timeline| timeline.pins.contains_key(id)),
            thread: thread_row(replica, id),
            waits: position.is_none().then(|| replica.outbox.wait_of(id, &self.ctx.session.account)).flatten(),
            unsynced: replica.outbox.entries.touches(id),
            id: id.clone(),
        })
    }

    fn reply_row(&self, replica: &Replica, id: &MessageId) -> ReplyRow {
        ReplyRow {
            id: id.clone(),
            author: id.author.clone(),
            author_name: self.name_in(replica, &id.author),
            preview: preview_of(replica, id),
        }
    }

    fn flush_inbox(&mut self) {
        let mut rows = Vec::new();
        for (conversation, draw) in self.inbox.take_drawn() {
            let former = self.inbox.get(&conversation).map(|record| record.row.clone());
            let Some(mut row) = self.inbox_row(conversation).or_else(|| former.clone()) else { continue };
            self.accounts.complete(&mut row);
            if draw == Draw::Any || former.as_ref() != Some(&row) {
                self.inbox.set_row(conversation, row.clone());
                rows.push(row);
            }
        }
        if !rows.is_empty() {
            self.ctx.update(Update::Conversations(rows));
            self.save_timelines_soon();
        }
    }

    /// The row as the documents tell it; none if they are not here.
    fn inbox_row(&self, conversation: ConversationId) -> Option<ConversationRow> {
        let Some(Slot::Loaded(replica)) = self.streams.get(&StreamId::Conversation(conversation)) else {
            return None;
        };
        let me = &self.ctx.session.account;
        let state = replica.view().conversation();
        let created = state.created.as_ref()?;
        let member = self.own_member(replica, conversation)?;
        let former = self.inbox.get(&conversation).map(|record| &record.row);
        let last_message = last_message(replica, me);
        let activity_at = last_message.as_ref().map_or(created.at, |last| last.message.created_at());
        let others = state.active_members().map(|(account, _)| account).filter(|account| *account != me);
        let unread = replica.unread(me, self.read_to(conversation)).min(UNREAD_MAX);
        Some(ConversationRow {
            conversation,
            kind: created.kind,
            title: state.title().map(str::to_owned),
            name: String::new(),
            others: others.take(4).cloned().collect(),
            state: state.state(),
            role: member.role.clone(),
            status: replica.revoked.unwrap_or(member.status()),
            member_count: state.active,
            last_message: last_message.map(LastMessageRow::from),
            unread,
            pending: u32::try_from(replica.outbox.len()).unwrap_or(u32::MAX),
            activity_at,
            muted_until: None,
            pinned_at: None,
            archived_at: None,
            subscriber_count: former.map_or(0, |row| row.subscriber_count),
            notifications: NotificationLevel::All,
            blocked: false,
            resource: state.resource().map(|resource| resource.id.clone()),
            waits: replica.outbox.wait(),
        })
    }

    /// The own membership as the document has it; of one who subscribes or did,
    /// and is not on its list, as the server said.
    pub(in crate::engine) fn own_member<'a>(
        &self,
        replica: &'a Replica,
        conversation: ConversationId,
    ) -> Option<Cow<'a, Member>> {
        let listed = replica.view().conversation().members.get(&self.ctx.session.account);
        let row = self.inbox.get(&conversation).map(|record| &record.row);
        let row = row.filter(|row| row.role == Role::Subscriber);
        let is_listed = |status| listed.is_some_and(|member| member.is_active() || status != MemberStatus::Active);
        match row {
            Some(row) if !is_listed(row.status) => Some(Cow::Owned(Member::subscriber(&self.ctx.session.account))),
            Some(_) | None => listed.map(Cow::Borrowed),
        }
    }

    /// Whether the own account subscribes to a channel, as the server last said.
    pub(in crate::engine) fn subscribes(&self, conversation: ConversationId) -> bool {
        let row = self.inbox.get(&conversation).map(|record| &record.row);
        row.is_some_and(|row| row.role == Role::Subscriber && row.status == MemberStatus::Active)
    }

    /// The name for people in a conversation: the one they have there, or the
    /// one they have everywhere.
    pub(in crate::engine) fn name_in(&self, replica: &Replica, account: &AccountId) -> String {
        let member = replica.view().conversation().members.get(account);
        let name = member.and_then(|member| member.text(MemberField::DisplayName));
        name.map_or_else(|| self.accounts.name_of(account), str::to_owned)
    }
}

/// The newest row's message: the newest pending one, or the one admitted last.
fn last_message(replica: &Replica, me: &AccountId) -> Option<LastMessage> {
    let pending = replica.outbox.entries.last_message().and_then(|entry| entry.command.message(me));
    match pending.and_then(|id| replica.view().page_of(&id).and_then(|page| Message::read(page, &id))) {
        Some(message) => Some(LastMessage {
            preview: message.content().map(Content::preview),
            position: Position::ZERO,
            message: message.id,
        }),
        None => replica.view().last_message(),
    }
}

fn message_state(replica: &Replica, position: Option<Position>, own: bool) -> (MessageState, u32) {
    let Some(position) = position else { return (MessageState::Pending, 0) };
    if !own {
        return (MessageState::Sent, 0);
    }
    let read = replica.receipts.readers(position);
    let delivered = replica.receipts.is_delivered(position);
    let state = match (read, delivered) {
        (1.., _) => MessageState::Read,
        (0, true) => MessageState::Delivered,
        (0, false) => MessageState::Sent,
    };
    (state, u32::try_from(read).unwrap_or(u32::MAX))
}

pub(in crate::engine) fn preview_of(replica: &Replica, id: &MessageId) -> Option<Content> {
    let page = replica.view().page_of(id);
    page.and_then(|page| Message::read(page, id)).and_then(|message| message.content().map(Content::preview))
}

/// Some of the admitted messages before a position, on pages that are loaded.
struct Older {
    /// The newest of them, falling.
    messages: Vec<(Position, MessageId)>,
    /// Whether there are more before these.
    has_more: bool,
}

impl Older {
    /// At most so many of those before a position. Pages are runs of the journal.
    fn than(replica: &Replica, timeline: TimelineId, position: Position, count: usize) -> Self {
        let mut older = Self { messages: Vec::new(), has_more: false };
        let last = Position::new(position.number().saturating_sub(1));
        for page in replica.shown_pages_within(timeline, Position::ZERO, last) {
            let before = page.admissions().before(position);
            let taken = before.len().min(count - older.messages.len());
            older.messages.extend(before.iter().rev().take(taken).cloned());
            older.has_more |= taken < before.len();
            if older.messages.len() == count && older.has_more {
                break;
            }
        }
        older
    }

    /// The position from which on messages are shown: that of the last one of
    /// `count`; of all that are loaded if there are fewer; of all there are when
    /// no older page is left.
    fn floor(&self, count: usize, lowest_page: PageNumber, behind: Position) -> Position {
        let last = self.messages.last().map(|(position, _)| *position);
        match last {
            Some(last) if self.messages.len() >= count => last,
            last if lowest_page > 1 => last.unwrap_or(behind),
            _ => Position::ZERO,
        }
    }
}

/// Every message from a position on, and the own pending ones.
fn shown_ids(replica: &Replica, timeline: TimelineId, me: &AccountId, floor: Position) -> Vec<MessageId> {
    let pages = replica.confirmed.documents().filter(|document| document.id().timeline() == Some(timeline));
    let admitted = pages.flat_map(|page| page.admissions().since(floor)).map(|(_, id)| id.clone());
    let pending = replica.outbox.entries.iter().filter_map(|entry| match &entry.command {
        Command::SendMessage(command) if command.timeline() == timeline => Some(command.message(me)),
        _ => None,
    });
    admitted.chain(pending).collect()
}
