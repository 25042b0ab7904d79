//! How far an account has been delivered to, and has read: max-registers of
//! journal positions, kept beside the documents.

use minicbor::{Decode, Encode};

use crate::journal::Position;

/// The registers of one account in one conversation; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// Delivered up to here.
    #[n(0)]
    pub delivered: Position,
    /// Read up to here; what is read is delivered.
    #[n(1)]
    pub read: Position,
}

impl Receipt {
    /// Takes the greater of each register.
    #[must_use]
    pub fn merge(self, other: Receipt) -> Receipt {
        let read = self.read.max(other.read);
        Receipt { delivered: self.delivered.max(other.delivered).max(read), read }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn receipts() -> impl Strategy<Value = Receipt> {
        (0..50u64, 0..50u64)
            .prop_map(|(delivered, read)| Receipt { delivered: Position::new(delivered), read: Position::new(read) })
    }

    proptest! {
        #[test]
        fn r1_receipts_merge_in_any_order_and_never_go_back(a in receipts(), b in receipts(), c in receipts()) {
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
            prop_assert_eq!(a.merge(b).merge(b), a.merge(b));
            prop_assert!(a.merge(b).read >= a.read && a.merge(b).delivered >= a.merge(b).read);
        }
    }
}
