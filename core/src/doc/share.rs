//! Recent writing of each account in a document without pages, and so the rest of its share. Derived from the
//! entries alone, so it is the same on every replica and after any restart.
//!
//! Source: the generic cell rate algorithm, which stores one time per account.

use crate::{
    doc::{Change, Key},
    ids::{AccountId, DocumentId},
    journal::{DecodeAdmissionsError, read_varint, write_varint},
    limits::SHARE_UNIT_MS,
    sorted::SortedMap,
    time::WallTime,
};

/// Bytes of a change that cost one unit.
const UNIT_BYTES: usize = 512;
/// Number of accounts up to which those with a full share are not dropped.
const ACCOUNTS_MIN: usize = 64;

/// The shares of a document's writers. An account that is not listed has a full one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shares {
    /// When each account will have a full share again.
    whole_at: SortedMap<AccountId, WallTime>,
    /// The number of accounts at which the full shares are dropped next.
    forget_at: usize,
}

/// The units that a change costs.
pub(crate) fn cost(change_bytes: usize) -> u32 {
    u32::try_from(change_bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

/// The account whose share pays for a change of a document: its author or, if the system wrote it, the account
/// that it concerns. Pages cost nobody's share.
pub(crate) fn payer(document: &DocumentId, account: &AccountId, change: &Change) -> Option<AccountId> {
    if document.page().is_some() {
        return None;
    }
    if !account.is_system() {
        return Some(account.clone());
    }
    change.operations().iter().find_map(|operation| match Key::parse(document, operation.key.as_deref()?)? {
        Key::MemberRole(account) | Key::MemberStatus(account) => Some(account),
        Key::Held(message) => Some(message.author),
        _ => None,
    })
}

impl Shares {
    /// When an account with `units` in total can pay `cost` of them; at once if not after `at`. A cost beyond a
    /// full share takes a full share.
    pub fn payable_at(&self, account: &AccountId, cost: u32, units: u32) -> WallTime {
        let whole_at = self.whole_at.get(account).copied().unwrap_or_default();
        let left_over = units.saturating_sub(cost);
        WallTime::from_millis(whole_at.as_millis().saturating_sub(u64::from(left_over) * SHARE_UNIT_MS))
    }

    /// Charges a change to its payer's share.
    pub(super) fn pay(&mut self, account: AccountId, cost: u32, at: WallTime) {
        let whole_at = self.whole_at.get(&account).copied().unwrap_or_default().max(at);
        let whole_at = whole_at.as_millis().saturating_add(u64::from(cost) * SHARE_UNIT_MS);
        self.whole_at.insert(account, WallTime::from_millis(whole_at));
        if self.whole_at.len() >= self.forget_at.max(ACCOUNTS_MIN) {
            self.whole_at.retain(|_, whole_at| *whole_at > at);
            self.forget_at = self.whole_at.len() * 2;
        }
    }

    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        write_varint(bytes, self.whole_at.len() as u64);
        for (account, whole_at) in &self.whole_at {
            write_varint(bytes, account.as_str().len() as u64);
            bytes.extend(account.as_str().as_bytes());
            write_varint(bytes, whole_at.as_millis());
        }
    }

    pub(super) fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeAdmissionsError> {
        let mut whole_at = SortedMap::new();
        for _ in 0..read_varint(bytes)? {
            let length = usize::try_from(read_varint(bytes)?).map_err(|_| DecodeAdmissionsError::Share)?;
            let (text, rest) = bytes.split_at_checked(length).ok_or(DecodeAdmissionsError::Share)?;
            *bytes = rest;
            let text = core::str::from_utf8(text).map_err(|_| DecodeAdmissionsError::Share)?;
            let account = AccountId::parse(text).map_err(|_| DecodeAdmissionsError::Share)?;
            whole_at.insert(account, WallTime::from_millis(read_varint(bytes)?));
        }
        Ok(Self { whole_at, forget_at: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> AccountId {
        AccountId::parse(name).unwrap()
    }

    fn minutes(minutes: u64) -> WallTime {
        WallTime::from_millis(minutes * SHARE_UNIT_MS)
    }

    #[test]
    fn p20_a_share_is_spent_at_once_and_comes_back_by_the_minute() {
        let (ann, mut shares) = (account("ann"), Shares::default());
        for _ in 0..10 {
            assert!(shares.payable_at(&ann, 1, 10) <= minutes(1_000));
            shares.pay(ann.clone(), 1, minutes(1_000));
        }
        assert_eq!(shares.payable_at(&ann, 1, 10), minutes(1_001));
        assert_eq!(shares.payable_at(&ann, 4, 10), minutes(1_004));
        // A cost beyond the share takes all of it.
        assert_eq!(shares.payable_at(&ann, 99, 10), minutes(1_010));
        assert_eq!(shares.payable_at(&account("bob"), 10, 10), minutes(0));
        shares.pay(ann.clone(), 1, minutes(1_050));
        assert_eq!(shares.payable_at(&ann, 10, 10), minutes(1_051));
    }

    #[test]
    fn p20_accounts_with_a_whole_share_are_forgotten() {
        let mut shares = Shares::default();
        for number in 0..10_000 {
            shares.pay(account(&format!("account{number}")), 1, minutes(number * 2));
        }
        assert!(shares.whole_at.len() <= 2 * ACCOUNTS_MIN, "{}", shares.whole_at.len());
        let mut bytes = Vec::new();
        shares.encode(&mut bytes);
        assert_eq!(Shares::decode(&mut &bytes[..]).unwrap().whole_at, shares.whole_at);
        for end in 0..bytes.len() {
            assert!(Shares::decode(&mut &bytes[..end]).is_err());
        }
    }
}
