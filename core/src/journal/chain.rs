//! The hash that ties an entry to everything admitted before it: equal hashes of a head mean equal histories.
//! It covers everything that an entry is judged by; the rest of an entry follows from its change and from
//! earlier entries.

use core::fmt;

use minicbor::{Decode, Encode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    api::write_as_text,
    ids::{ChangeHash, TenantId},
    journal::{Entry, Position},
};

/// Domain separator of every hash. Another form gets another number.
const DOMAIN: &[u8] = b"tidings chain 1\0";

/// The hash of a stream's journal up to an entry; zeros before the first one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct ChainHash(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl ChainHash {
    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash with one more entry, whose change has this hash. The change itself, which may have been erased,
    /// is not needed. Its hash also covers the device that wrote it.
    #[must_use]
    pub fn next(&self, tenant: &TenantId, entry: &Entry, change: ChangeHash) -> Self {
        let mut hasher = Sha256::new_with_prefix(DOMAIN);
        hasher.update(self.0);
        hasher.update(entry.position.number().to_be_bytes());
        hasher.update(entry.accepted_at.as_millis().to_be_bytes());
        hasher.update([u8::from(entry.administrator)]);
        hasher.update(change.as_bytes());
        // With their lengths, so that no two lists of words give the same bytes.
        for word in [tenant.as_str(), &entry.document.to_string(), entry.account.as_str()] {
            hasher.update((word.len() as u64).to_be_bytes());
            hasher.update(word);
        }
        Self(hasher.finalize().into())
    }
}

write_as_text! { ChainHash }

impl fmt::Display for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ChainHash({self})")
    }
}

/// The end of a stream, with the hash of its journal. Devices with equal hashes at a position were sent the
/// same entries; with different hashes, different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(rename = "HistoryHead"))]
pub struct Head {
    /// The last position; zero before the first entry.
    pub position: Position,
    /// The hash at it, in hexadecimal.
    #[serde(rename = "hash")]
    #[cfg_attr(feature = "ts", tsify(type = "string"))]
    pub chain: ChainHash,
}

impl Head {
    /// The head with one more entry, whose change has this hash.
    #[must_use]
    pub fn next(&self, tenant: &TenantId, entry: &Entry, change: ChangeHash) -> Self {
        Self { position: entry.position, chain: self.chain.next(tenant, entry, change) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{AccountId, ConversationId, TimelineId},
        time::WallTime,
    };

    fn tenant() -> TenantId {
        TenantId::parse("acme").unwrap()
    }

    fn entry(position: u64) -> Entry {
        Entry {
            position: Position::new(position),
            document: TimelineId::of(ConversationId::from_bytes([7; 16])).page(1),
            account: AccountId::parse("ann").unwrap(),
            administrator: false,
            accepted_at: WallTime::from_millis(1_767_225_600_000),
            change: vec![1, 2, 3],
            deletes: None,
        }
    }

    const CHANGE: ChangeHash = ChangeHash::from_bytes([5; 32]);

    #[test]
    fn j46_the_hash_of_an_entry_is_what_it_has_always_been() {
        let first = ChainHash::default().next(&tenant(), &entry(1), CHANGE);
        let second = first.next(&tenant(), &Entry { administrator: true, ..entry(2) }, CHANGE);
        assert_eq!(first.to_string(), "0755371bb2b9f81c53db58de45dd6cde7a6a3cdd5f80a568d2cf7d9210efd5d3");
        assert_eq!(second.to_string(), "c248f1fb501a99702eeb394ed8086ee17b63ccee00476ec42c5deb14bd24a5c6");
    }

    #[test]
    fn j46_the_hash_covers_all_that_an_entry_is_judged_by() {
        let before = ChainHash::from_bytes([1; 32]);
        let honest = before.next(&tenant(), &entry(2), CHANGE);
        let page = TimelineId::of(ConversationId::from_bytes([7; 16])).page(2);
        let eve = AccountId::parse("eve").unwrap();
        let others = [
            ChainHash::from_bytes([2; 32]).next(&tenant(), &entry(2), CHANGE),
            before.next(&TenantId::parse("acm").unwrap(), &entry(2), CHANGE),
            before.next(&tenant(), &entry(3), CHANGE),
            before.next(&tenant(), &Entry { document: page, ..entry(2) }, CHANGE),
            before.next(&tenant(), &Entry { account: eve, ..entry(2) }, CHANGE),
            before.next(&tenant(), &Entry { administrator: true, ..entry(2) }, CHANGE),
            before.next(&tenant(), &Entry { accepted_at: WallTime::from_millis(0), ..entry(2) }, CHANGE),
            before.next(&tenant(), &entry(2), ChangeHash::from_bytes([6; 32])),
        ];
        for (index, other) in others.iter().enumerate() {
            assert!(honest != *other && !others[..index].contains(other), "{index}");
        }
    }

    #[test]
    fn j47_the_hash_stays_where_the_content_of_a_change_is_erased() {
        let erased = Entry { change: Vec::new(), ..entry(1) };
        let before = ChainHash::default();
        assert_eq!(before.next(&tenant(), &erased, CHANGE), before.next(&tenant(), &entry(1), CHANGE));
    }
}
