//! Receipts: the positions up to which an account has been delivered to and has read. Max-registers kept beside
//! the documents.

use minicbor::{Decode, Encode};

use crate::journal::Position;

/// The receipts of one account in one conversation; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// Delivered up to this position.
    #[n(0)]
    pub delivered: Position,
    /// Read up to this position; what is read counts as delivered.
    #[n(1)]
    pub read: Position,
}

impl Receipt {
    /// The greater of each register.
    #[must_use]
    pub fn merge(self, other: Receipt) -> Receipt {
        let read = self.read.max(other.read);
        Receipt { delivered: self.delivered.max(other.delivered).max(read), read }
    }

    /// Messages after this position are unread for an account that last became a member at `joined`: neither read, nor
    /// written before that.
    #[must_use]
    pub fn unread_from(self, joined: Position) -> Position {
        self.read.max(joined)
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
