//! The live sessions of this node, by account: whom entries are fanned out to.

use std::{
    collections::{BTreeMap, HashSet, btree_map},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use tidings_core::{
    code::Code,
    ids::{AccountId, DeviceId, TenantId},
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
    /// What waits to be written to it.
    pub outgoing: Outgoing,
}

type ByAccount = BTreeMap<AccountId, Vec<Arc<SessionHandle>>>;

/// The live sessions of this node.
#[derive(Debug, Default)]
pub struct Sessions {
    by_tenant: RwLock<BTreeMap<TenantId, ByAccount>>,
    next_id: AtomicU64,
}

/// What waits to be written to sessions.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutgoingWaiting {
    /// Sessions, with nothing waiting too.
    pub sessions: usize,
    /// Frames, of all sessions.
    pub frames: usize,
    /// Frames of the session with the most of them.
    pub frames_largest: usize,
    /// Bytes, of all sessions.
    pub bytes: usize,
    /// Bytes of the session with the most of them.
    pub bytes_largest: usize,
}

impl Sessions {
    /// A number no other session of this node has.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds a session; an older one of the same device ends.
    pub(super) fn add(&self, session: Arc<SessionHandle>) {
        let mut by_tenant = self.write();
        let by_account = by_tenant.entry(session.tenant.clone()).or_default();
        let sessions = by_account.entry(session.account.clone()).or_default();
        sessions.retain(|other| {
            let replaced = other.device == session.device;
            if replaced {
                other.outgoing.end(Ending::closed(Code::SessionReplaced, "the same device opened another session"));
            }
            !replaced
        });
        sessions.push(session);
    }

    /// Takes a session out, if it is still there.
    pub(super) fn remove(&self, session: &SessionHandle) {
        let mut by_tenant = self.write();
        let btree_map::Entry::Occupied(mut by_account) = by_tenant.entry(session.tenant.clone()) else { return };
        if let btree_map::Entry::Occupied(mut sessions) = by_account.get_mut().entry(session.account.clone()) {
            sessions.get_mut().retain(|other| other.id != session.id);
            if sessions.get().is_empty() {
                sessions.remove();
            }
        }
        if by_account.get().is_empty() {
            by_account.remove();
        }
    }

    /// The live sessions of an account.
    pub fn of(&self, tenant: &TenantId, account: &AccountId) -> Vec<Arc<SessionHandle>> {
        let by_tenant = self.read();
        by_tenant.get(tenant).and_then(|by_account| by_account.get(account)).cloned().unwrap_or_default()
    }

    /// The accounts with a live session here, by tenant.
    pub fn accounts(&self) -> Vec<(TenantId, Vec<AccountId>)> {
        let by_tenant = self.read();
        by_tenant.iter().map(|(tenant, by_account)| (tenant.clone(), by_account.keys().cloned().collect())).collect()
    }

    /// How many sessions there are, and what waits to be written to them.
    pub fn waiting(&self) -> OutgoingWaiting {
        let mut waiting = OutgoingWaiting::default();
        for session in self.read().values().flat_map(|by_account| by_account.values()).flatten() {
            let (frames, bytes) = session.outgoing.waiting();
            waiting.sessions += 1;
            waiting.frames += frames;
            waiting.frames_largest = waiting.frames_largest.max(frames);
            waiting.bytes += bytes;
            waiting.bytes_largest = waiting.bytes_largest.max(bytes);
        }
        waiting
    }

    /// Whether an account has a live session here.
    pub fn has(&self, tenant: &TenantId, account: &AccountId) -> bool {
        self.read().get(tenant).is_some_and(|by_account| by_account.contains_key(account))
    }

    /// Whether anybody of a tenant has a live session here.
    pub fn has_tenant(&self, tenant: &TenantId) -> bool {
        self.read().contains_key(tenant)
    }

    /// Writes frames to every live session of these accounts, but not to the
    /// sessions with these ids. Waits for nobody.
    pub fn send<'a>(
        &self,
        tenant: &TenantId,
        accounts: impl IntoIterator<Item = &'a AccountId>,
        frames: &[Arc<Frame>],
        except: &HashSet<u64>,
    ) {
        let by_tenant = self.read();
        let Some(by_account) = by_tenant.get(tenant) else { return };
        for session in accounts.into_iter().filter_map(|account| by_account.get(account)).flatten() {
            if !except.contains(&session.id) {
                frames.iter().for_each(|frame| session.outgoing.send(frame));
            }
        }
    }

    // A panic while the lock is held leaves nothing half done that matters:
    // every write above is complete at each step.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<TenantId, ByAccount>> {
        self.by_tenant.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<TenantId, ByAccount>> {
        self.by_tenant.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::outgoing::{OutgoingReader, outgoing};

    fn session(sessions: &Sessions, account: &str, device: u8) -> (Arc<SessionHandle>, OutgoingReader) {
        let (outgoing, reader) = outgoing(8, 1_024);
        let handle = Arc::new(SessionHandle {
            id: sessions.next_id(),
            tenant: TenantId::parse("acme").unwrap(),
            account: AccountId::parse(account).unwrap(),
            device: DeviceId::from_bytes([device; 16]),
            outgoing,
        });
        sessions.add(Arc::clone(&handle));
        (handle, reader)
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
    fn nothing_is_left_of_a_tenant_whose_sessions_ended() {
        let sessions = Sessions::default();
        let (only, _reader) = session(&sessions, "ann", 1);
        assert!(sessions.has(&only.tenant, &only.account) && sessions.has_tenant(&only.tenant));
        sessions.remove(&only);
        assert!(!sessions.has(&only.tenant, &only.account) && !sessions.has_tenant(&only.tenant));
        assert!(sessions.read().is_empty());
    }
}
