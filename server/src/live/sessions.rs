//! The live sessions of this node by account: the targets of fan-out.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, btree_map},
    ops::Bound,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tidings_core::{
    code::Code,
    ids::{AccountId, ConversationId, DeviceId, TenantId},
};

use super::outgoing::{Ending, Frame, Outgoing};

/// A live session, as the rest of the node sees it.
#[derive(Debug)]
pub struct SessionHandle {
    /// Its number on this node.
    pub id: u64,
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// Frames to be written to it.
    pub outgoing: Outgoing,
    /// Sequence number of its last activity, across all sessions of the node.
    pub(crate) active: AtomicU64,
}

/// An account with live sessions.
#[derive(Debug, Default)]
struct Live {
    sessions: Vec<Arc<SessionHandle>>,
    /// The channels it subscribes to.
    channels: BTreeSet<ConversationId>,
    /// The conversations that its sessions watch, by their numbers.
    watched: BTreeSet<(u64, ConversationId)>,
}

/// The accounts of a tenant with live sessions.
#[derive(Debug, Default)]
struct LiveTenant {
    by_account: BTreeMap<AccountId, Live>,
    /// Live accounts that subscribe to a channel. Fan-out to subscribers therefore costs what is live, not what
    /// is subscribed.
    subscribers: BTreeMap<ConversationId, BTreeSet<AccountId>>,
    /// Administrators' sessions that watch a conversation.
    watchers: BTreeMap<ConversationId, Vec<Arc<SessionHandle>>>,
    /// Administrators' sessions that get every conversation.
    followers: Vec<Arc<SessionHandle>>,
}

impl LiveTenant {
    fn subscribe(&mut self, account: &AccountId, channel: ConversationId) {
        // An account without a session would never be removed again.
        let Some(live) = self.by_account.get_mut(account) else { return };
        if live.channels.insert(channel) {
            self.subscribers.entry(channel).or_default().insert(account.clone());
        }
    }

    fn unsubscribe(&mut self, account: &AccountId, channel: ConversationId) {
        if let Some(live) = self.by_account.get_mut(account) {
            live.channels.remove(&channel);
        }
        if let btree_map::Entry::Occupied(mut subscribers) = self.subscribers.entry(channel) {
            subscribers.get_mut().remove(account);
            if subscribers.get().is_empty() {
                subscribers.remove();
            }
        }
    }

    fn unwatch(&mut self, account: &AccountId, session: u64, conversation: ConversationId) {
        if let Some(live) = self.by_account.get_mut(account) {
            live.watched.remove(&(session, conversation));
        }
        if let btree_map::Entry::Occupied(mut watchers) = self.watchers.entry(conversation) {
            watchers.get_mut().retain(|watcher| watcher.id != session);
            if watchers.get().is_empty() {
                watchers.remove();
            }
        }
    }

    fn send<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a AccountId>,
        frames: &[Arc<Frame>],
        except: &HashSet<u64>,
    ) {
        let live = accounts.into_iter().filter_map(|account| self.by_account.get(account));
        send_each(live.flat_map(|live| &live.sessions), frames, except);
    }
}

fn send_each<'a>(
    sessions: impl IntoIterator<Item = &'a Arc<SessionHandle>>,
    frames: &[Arc<Frame>],
    except: &HashSet<u64>,
) {
    for session in sessions.into_iter().filter(|session| !except.contains(&session.id)) {
        frames.iter().for_each(|frame| session.outgoing.send(frame));
    }
}

/// The live sessions of this node.
#[derive(Debug, Default)]
pub struct Sessions {
    by_tenant: RwLock<BTreeMap<TenantId, LiveTenant>>,
    next_id: AtomicU64,
    activity: AtomicU64,
}

/// Totals of what is queued for sessions.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutgoingWaiting {
    /// Sessions, including those with nothing queued.
    pub sessions: usize,
    /// Frames, over all sessions.
    pub frames: usize,
    /// Frames of the session with the longest queue.
    pub frames_largest: usize,
    /// Bytes, over all sessions.
    pub bytes: usize,
    /// Bytes of the session with the most bytes queued.
    pub bytes_largest: usize,
}

impl Sessions {
    /// A number no other session of this node has.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Records activity that only a person or their program causes.
    pub(crate) fn note_active(&self, session: &SessionHandle) {
        session.active.store(self.activity.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Adds a session. An older session of the same device ends and, if the account then exceeds
    /// `sessions_max`, so does its longest idle one, which may come back after `retry_after`.
    pub(crate) fn add(&self, session: Arc<SessionHandle>, sessions_max: usize, retry_after: Duration) {
        self.note_active(&session);
        let mut by_tenant = self.write();
        let tenant = by_tenant.entry(session.tenant.clone()).or_default();
        let sessions = &mut tenant.by_account.entry(session.account.clone()).or_default().sessions;
        sessions.retain(|other| {
            let replaced = other.device == session.device;
            if replaced {
                other.outgoing.end(Ending::closed(Code::SessionReplaced, "the same device opened another session"));
            }
            !replaced
        });
        while sessions.len() >= sessions_max.max(1)
            && let Some(idle) = (0..sessions.len()).min_by_key(|index| sessions[*index].active.load(Ordering::Relaxed))
        {
            sessions.remove(idle).outgoing.end(Ending::Closed {
                code: Code::TooManySessions,
                detail: format!("the account has {sessions_max} sessions that are busier"),
                retry_after: Some(retry_after),
            });
        }
        sessions.push(session);
    }

    /// Removes a session, if it is still present.
    pub(crate) fn remove(&self, session: &SessionHandle) {
        let mut by_tenant = self.write();
        let btree_map::Entry::Occupied(mut tenant) = by_tenant.entry(session.tenant.clone()) else { return };
        let Some(live) = tenant.get_mut().by_account.get_mut(&session.account) else { return };
        live.sessions.retain(|other| other.id != session.id);
        tenant.get_mut().followers.retain(|other| other.id != session.id);
        let Some(live) = tenant.get_mut().by_account.get_mut(&session.account) else { return };
        let is_last = live.sessions.is_empty();
        // A replaced session that ends later no longer has anything here.
        let ended = live.watched.iter().filter(|(watcher, _)| is_last || *watcher == session.id);
        for (watcher, conversation) in ended.copied().collect::<Vec<_>>() {
            tenant.get_mut().unwatch(&session.account, watcher, conversation);
        }
        let Some(live) = tenant.get_mut().by_account.get_mut(&session.account) else { return };
        if is_last {
            for channel in std::mem::take(&mut live.channels) {
                tenant.get_mut().unsubscribe(&session.account, channel);
            }
            tenant.get_mut().by_account.remove(&session.account);
        }
        if tenant.get().by_account.is_empty() {
            tenant.remove();
        }
    }

    /// Starts delivery of a channel to an account's sessions, if it has any.
    pub fn subscribe(&self, tenant: &TenantId, account: &AccountId, channel: ConversationId) {
        if let Some(tenant) = self.write().get_mut(tenant) {
            tenant.subscribe(account, channel);
        }
    }

    /// Stops delivery of a channel to an account as a subscriber.
    pub fn unsubscribe(&self, tenant: &TenantId, account: &AccountId, channel: ConversationId) {
        if self.subscribes(tenant, account, channel)
            && let Some(tenant) = self.write().get_mut(tenant)
        {
            tenant.unsubscribe(account, channel);
        }
    }

    /// Replaces the set of channels that an account subscribes to.
    pub fn set_subscriptions(&self, tenant: &TenantId, account: &AccountId, channels: &[ConversationId]) {
        let mut by_tenant = self.write();
        let Some(tenant) = by_tenant.get_mut(tenant) else { return };
        let former = tenant.by_account.get(account).map(|live| live.channels.clone()).unwrap_or_default();
        for channel in former.into_iter().filter(|channel| !channels.contains(channel)) {
            tenant.unsubscribe(account, channel);
        }
        channels.iter().for_each(|channel| tenant.subscribe(account, *channel));
    }

    /// Returns true if a channel is delivered to an account as a subscriber.
    pub fn subscribes(&self, tenant: &TenantId, account: &AccountId, channel: ConversationId) -> bool {
        let by_tenant = self.read();
        let live = by_tenant.get(tenant).and_then(|tenant| tenant.by_account.get(account));
        live.is_some_and(|live| live.channels.contains(&channel))
    }

    /// Starts delivery of a conversation to the session. Returns false if the sessions of its account already
    /// watch `watches_max`.
    pub(crate) fn watch(&self, session: &Arc<SessionHandle>, conversation: ConversationId, watches_max: usize) -> bool {
        let mut by_tenant = self.write();
        let Some(tenant) = by_tenant.get_mut(&session.tenant) else { return true };
        // A session that has ended gets nothing in any case.
        let Some(live) = tenant.by_account.get_mut(&session.account) else { return true };
        let watch = (session.id, conversation);
        if live.watched.contains(&watch) {
            return true;
        }
        let has_room = live.watched.len() < watches_max;
        if has_room {
            live.watched.insert(watch);
            tenant.watchers.entry(conversation).or_default().push(Arc::clone(session));
        }
        has_room
    }

    /// Starts delivery of every conversation of the tenant to the session, until that is removed.
    pub(crate) fn follow(&self, session: &Arc<SessionHandle>) {
        if let Some(tenant) = self.write().get_mut(&session.tenant) {
            tenant.followers.push(Arc::clone(session));
        }
    }

    /// Stops delivery of a conversation that the session watches.
    pub(crate) fn unwatch(&self, session: &SessionHandle, conversation: ConversationId) {
        if let Some(tenant) = self.write().get_mut(&session.tenant) {
            tenant.unwatch(&session.account, session.id, conversation);
        }
    }

    /// Returns true if the session watches a conversation.
    pub fn watches(&self, session: &SessionHandle, conversation: ConversationId) -> bool {
        let by_tenant = self.read();
        let live = by_tenant.get(&session.tenant).and_then(|tenant| tenant.by_account.get(&session.account));
        live.is_some_and(|live| live.watched.contains(&(session.id, conversation)))
    }

    /// Queues frames for every live session that gets a conversation without its account being a member, as a
    /// subscriber, as a watcher or as one that follows the whole tenant, except for the sessions with these ids. Never waits.
    pub fn send_beside_members(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        frames: &[Arc<Frame>],
        except: &HashSet<u64>,
    ) {
        let by_tenant = self.read();
        let Some(tenant) = by_tenant.get(tenant) else { return };
        if let Some(subscribers) = tenant.subscribers.get(&conversation) {
            tenant.send(subscribers, frames, except);
        }
        send_each(tenant.watchers.get(&conversation).into_iter().flatten(), frames, except);
        send_each(&tenant.followers, frames, except);
    }

    /// The live sessions of an account.
    pub fn of(&self, tenant: &TenantId, account: &AccountId) -> Vec<Arc<SessionHandle>> {
        let by_tenant = self.read();
        let live = by_tenant.get(tenant).and_then(|tenant| tenant.by_account.get(account));
        live.map(|live| live.sessions.clone()).unwrap_or_default()
    }

    /// The accounts with a live session here, by tenant.
    pub fn accounts(&self) -> Vec<(TenantId, Vec<AccountId>)> {
        let by_tenant = self.read();
        by_tenant.iter().map(|(tenant, live)| (tenant.clone(), live.by_account.keys().cloned().collect())).collect()
    }

    /// The number of sessions, and totals of what is queued for them.
    pub fn waiting(&self) -> OutgoingWaiting {
        let mut waiting = OutgoingWaiting::default();
        let by_tenant = self.read();
        let live = by_tenant.values().flat_map(|tenant| tenant.by_account.values());
        for session in live.flat_map(|live| &live.sessions) {
            let (frames, bytes) = session.outgoing.waiting();
            waiting.sessions += 1;
            waiting.frames += frames;
            waiting.frames_largest = waiting.frames_largest.max(frames);
            waiting.bytes += bytes;
            waiting.bytes_largest = waiting.bytes_largest.max(bytes);
        }
        waiting
    }

    /// The sessions of at most `accounts_max` accounts behind one, in the order of tenants and accounts.
    pub fn page(&self, after: Option<(&TenantId, &AccountId)>, accounts_max: usize) -> Vec<Arc<SessionHandle>> {
        let by_tenant = self.read();
        let from = after.map_or(Bound::Unbounded, |(tenant, _)| Bound::Included(tenant));
        let accounts = by_tenant.range::<TenantId, _>((from, Bound::Unbounded)).flat_map(|(tenant, live)| {
            let last = after.filter(|(last, _)| *last == tenant);
            let from = last.map_or(Bound::Unbounded, |(_, account)| Bound::Excluded(account));
            live.by_account.range::<AccountId, _>((from, Bound::Unbounded)).map(|(_, live)| live)
        });
        accounts.take(accounts_max).flat_map(|live| live.sessions.iter().cloned()).collect()
    }

    /// Returns true if an account has a live session here.
    pub fn has(&self, tenant: &TenantId, account: &AccountId) -> bool {
        self.read().get(tenant).is_some_and(|tenant| tenant.by_account.contains_key(account))
    }

    /// Returns true if any account of a tenant has a live session here.
    pub fn has_tenant(&self, tenant: &TenantId) -> bool {
        self.read().contains_key(tenant)
    }

    /// Queues frames for every live session of these accounts, except for the sessions with these ids.
    /// Never waits.
    pub fn send<'a>(
        &self,
        tenant: &TenantId,
        accounts: impl IntoIterator<Item = &'a AccountId>,
        frames: &[Arc<Frame>],
        except: &HashSet<u64>,
    ) {
        if let Some(tenant) = self.read().get(tenant) {
            tenant.send(accounts, frames, except);
        }
    }

    // A panic while the lock is held leaves the map usable: every write above is complete at each step.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<TenantId, LiveTenant>> {
        self.by_tenant.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<TenantId, LiveTenant>> {
        self.by_tenant.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::outgoing::{OutgoingReader, outgoing};

    fn session(sessions: &Sessions, account: &str, device: u8) -> (Arc<SessionHandle>, OutgoingReader) {
        let (outgoing, reader) = outgoing(8, 1_024);
        let handle = Arc::new(SessionHandle {
            id: sessions.next_id(),
            tenant: TenantId::parse("acme").unwrap(),
            account: AccountId::parse(account).unwrap(),
            device: DeviceId::from_bytes([device; 16]),
            outgoing,
            active: AtomicU64::default(),
        });
        sessions.add(Arc::clone(&handle), 3, Duration::from_secs(60));
        (handle, reader)
    }

    #[tokio::test]
    async fn p31_one_session_too_many_ends_the_one_that_was_idle_longest() {
        let sessions = Sessions::default();
        let (first, first_reader) = session(&sessions, "ann", 1);
        let (_second, second_reader) = session(&sessions, "ann", 2);
        let (_third, _third_reader) = session(&sessions, "ann", 3);
        let (_bob, _bob_reader) = session(&sessions, "bob", 9);
        sessions.note_active(&first);
        let (fourth, fourth_reader) = session(&sessions, "ann", 4);
        assert_eq!(second_reader.ended().await.code(), "too_many_sessions");
        let live: Vec<DeviceId> = sessions.of(&first.tenant, &first.account).iter().map(|live| live.device).collect();
        assert_eq!(live, [1, 3, 4].map(|number| DeviceId::from_bytes([number; 16])));
        // A session of the same device replaces only that one.
        let (_again, _again_reader) = session(&sessions, "ann", 4);
        assert_eq!(fourth_reader.ended().await.code(), "session_replaced");
        assert_eq!(sessions.of(&fourth.tenant, &fourth.account).len(), 3);
        drop(first_reader);
    }

    #[tokio::test]
    async fn a_second_session_of_a_device_ends_the_first() {
        let sessions = Sessions::default();
        let (first, first_reader) = session(&sessions, "ann", 1);
        let (_other, _other_reader) = session(&sessions, "ann", 2);
        let (second, _second_reader) = session(&sessions, "ann", 1);
        assert_eq!(first_reader.ended().await.code(), "session_replaced");
        assert_eq!(sessions.of(&first.tenant, &first.account).len(), 2);
        sessions.remove(&first);
        assert_eq!(sessions.of(&second.tenant, &second.account).len(), 2);
    }

    #[test]
    fn subscribers_hear_while_they_subscribe_and_have_a_session() {
        let sessions = Sessions::default();
        let (ann, mut heard) = session(&sessions, "ann", 1);
        let (tenant, account) = (&ann.tenant, &ann.account);
        let channel = |number| ConversationId::from_bytes([number; 16]);
        let frame = Frame::new(&tidings_core::wire::ServerFrame::CaughtUp(tidings_core::journal::Cursor::new(1)));
        let mut hears = |number| {
            sessions.send_beside_members(tenant, channel(number), &[Arc::clone(&frame)], &HashSet::new());
            heard.try_next().is_some()
        };
        assert!(!hears(1));
        sessions.set_subscriptions(tenant, account, &[channel(1), channel(2)]);
        assert!(hears(1) && hears(2));
        sessions.set_subscriptions(tenant, account, &[channel(2)]);
        sessions.subscribe(tenant, account, channel(3));
        assert!(!hears(1) && hears(2) && hears(3));
        sessions.unsubscribe(tenant, account, channel(2));
        assert!(!hears(2));
        sessions.remove(&ann);
        sessions.subscribe(tenant, account, channel(1));
        assert!(!hears(1) && !hears(3));
        assert!(sessions.read().is_empty());
    }

    #[test]
    fn s41_a_watch_ends_with_its_session_also_of_one_that_was_replaced() {
        let sessions = Sessions::default();
        let (first, _first_reader) = session(&sessions, "root", 1);
        let watched = [1, 2].map(|number| ConversationId::from_bytes([number; 16]));
        assert!(watched.iter().all(|conversation| sessions.watch(&first, *conversation, 2)));
        let (second, mut heard) = session(&sessions, "root", 1);
        assert!(!sessions.watch(&second, watched[0], 2), "the first one has not ended yet");
        sessions.remove(&first);
        assert!(sessions.watch(&second, watched[0], 2));
        let frame = Frame::new(&tidings_core::wire::ServerFrame::CaughtUp(tidings_core::journal::Cursor::new(1)));
        let mut hears = |conversation| {
            sessions.send_beside_members(&second.tenant, conversation, &[Arc::clone(&frame)], &HashSet::new());
            heard.try_next().is_some()
        };
        assert!(hears(watched[0]) && !hears(watched[1]));
        sessions.unwatch(&second, watched[0]);
        assert!(!hears(watched[0]));
        assert!(sessions.watch(&second, watched[1], 2));
        sessions.remove(&second);
        assert!(sessions.read().is_empty());
        // A session that has ended watches nothing, even while it is still being served.
        assert!(sessions.watch(&first, watched[0], 2) && !sessions.watches(&first, watched[0]));
        // A replaced session ends with the last session of its account, if that ends first.
        let (_ann, _ann_reader) = session(&sessions, "ann", 2);
        let (first, _first_reader) = session(&sessions, "root", 1);
        assert!(sessions.watch(&first, watched[0], 2));
        let (second, _second_reader) = session(&sessions, "root", 1);
        sessions.remove(&second);
        assert!(sessions.read().values().all(|tenant| tenant.watchers.is_empty()));
    }

    #[test]
    fn nothing_is_left_of_a_tenant_whose_sessions_ended() {
        let sessions = Sessions::default();
        let (only, _reader) = session(&sessions, "ann", 1);
        assert!(sessions.has(&only.tenant, &only.account) && sessions.has_tenant(&only.tenant));
        sessions.remove(&only);
        assert!(!sessions.has(&only.tenant, &only.account) && !sessions.has_tenant(&only.tenant));
        assert!(sessions.read().is_empty());
    }
}
