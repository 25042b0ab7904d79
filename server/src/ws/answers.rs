//! The memory budget for answers: bytes of answers to fetches that are being made for an account, or that its
//! sessions have not read. A session that asks without reading delays only its own account's sessions.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rate::AccountKey;

/// Bytes in a unit of the budget.
const UNIT_BYTES: usize = 1_024;

/// The budgets of the accounts that use some.
#[derive(Debug)]
pub struct AnswerRoom {
    accounts: Mutex<HashMap<AccountKey, Weak<Semaphore>>>,
    /// Units of an account, and of an answer whose size is not known yet.
    units: u32,
    answer_units: u32,
    /// Units used by all accounts.
    used: Arc<AtomicUsize>,
}

/// Part of the budget that an answer uses until it is read.
#[derive(Debug)]
pub(super) struct Room {
    permit: OwnedSemaphorePermit,
    used: Arc<AtomicUsize>,
}

impl AnswerRoom {
    /// A budget of `bytes` for each account, of which a single answer may take `answer_bytes`; there is always
    /// room for one.
    pub fn new(bytes: usize, answer_bytes: usize) -> Self {
        let (units, answer_units) = (units(bytes), units(answer_bytes));
        Self { accounts: Mutex::default(), units: units.max(answer_units), answer_units, used: Arc::default() }
    }

    /// Waits for room for the longest answer.
    pub(super) async fn enter(&self, account: &AccountKey) -> Room {
        let permit = self.of(account).acquire_many_owned(self.answer_units).await;
        let permit = permit.expect("the room of an account is never closed");
        self.used.fetch_add(permit.num_permits(), Ordering::Relaxed);
        Room { permit, used: Arc::clone(&self.used) }
    }

    /// Bytes used by all accounts.
    pub fn bytes(&self) -> usize {
        self.used.load(Ordering::Relaxed) * UNIT_BYTES
    }

    fn of(&self, account: &AccountKey) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = accounts.get(account).and_then(Weak::upgrade) {
            return room;
        }
        // Accounts come and go: those that use nothing do not take memory for long.
        if accounts.len() == accounts.capacity() {
            accounts.retain(|_, room| room.strong_count() > 0);
        }
        let room = Arc::new(Semaphore::new(self.units as usize));
        accounts.insert(account.clone(), Arc::downgrade(&room));
        room
    }
}

impl Room {
    /// Returns what an answer of this size does not need.
    pub(super) fn keep(&mut self, bytes: usize) {
        let unused = self.permit.num_permits().saturating_sub(units(bytes) as usize);
        self.used.fetch_sub(unused, Ordering::Relaxed);
        drop(self.permit.split(unused));
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.used.fetch_sub(self.permit.num_permits(), Ordering::Relaxed);
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).clamp(1, u32::MAX >> 3)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tidings_core::ids::{AccountId, TenantId};

    use super::*;

    fn account(name: &str) -> AccountKey {
        (TenantId::parse("acme").unwrap(), AccountId::parse(name).unwrap())
    }

    #[test]
    fn p21_unread_answers_of_an_account_have_room_for_so_many_bytes() {
        let room = AnswerRoom::new(10 * UNIT_BYTES, 4 * UNIT_BYTES);
        let enter = |name: &str| room.enter(&account(name)).now_or_never();
        let (first, second) = (enter("ann").unwrap(), enter("ann").unwrap());
        assert!(enter("ann").is_none());
        assert!(enter("bob").is_some(), "the room is each account's own");
        drop(first);
        let mut third = enter("ann").unwrap();
        third.keep(1);
        assert!(enter("ann").is_some(), "what an answer does not take is free");
        assert_eq!(room.bytes(), 5 * UNIT_BYTES);
        drop((second, third));
        assert_eq!(room.bytes(), 0);
        // An account has room for one answer, however small its budget.
        let room = AnswerRoom::new(1, 4 * UNIT_BYTES);
        assert!(room.enter(&account("ann")).now_or_never().is_some());
    }
}
