//! Receipts of the other members of a conversation, indexed so that the state of a message, and the
//! messages that a receipt affects, are found without a pass over all members.

use crate::{ids::AccountId, journal::Position, model::Receipt, sorted::SortedMap};

/// The registers of the other members.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Registers {
    of: SortedMap<AccountId, Receipt>,
    /// How far each of them has read, ascending.
    read: Vec<Position>,
    /// The greatest position delivered to any of them.
    delivered: Position,
}

/// The ranges of positions whose messages look different after a register moved: after the first
/// position, up to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Moved {
    /// One more member has read these.
    pub(in crate::engine) read: (Position, Position),
    /// These are delivered to a first member.
    pub(in crate::engine) delivered: (Position, Position),
}

impl Registers {
    pub(in crate::engine) fn get(&self, account: &AccountId) -> Option<Receipt> {
        self.of.get(account).copied()
    }

    /// How many members have read a position.
    pub(in crate::engine) fn readers(&self, position: Position) -> usize {
        self.read.len() - self.read.partition_point(|read| *read < position)
    }

    pub(in crate::engine) fn is_delivered(&self, position: Position) -> bool {
        self.delivered >= position
    }

    /// None if the registers did not move.
    pub(in crate::engine) fn merge(&mut self, account: &AccountId, receipt: Receipt) -> Option<Moved> {
        let current = self.of.get(account).copied();
        let former = current.unwrap_or_default();
        let merged = former.merge(receipt);
        if merged == former {
            return None;
        }
        self.of.insert(account.clone(), merged);
        let moved = Moved { read: (former.read, merged.read), delivered: (self.delivered, merged.delivered) };
        if current.is_some() {
            self.read.remove(self.read.partition_point(|read| *read < former.read));
        }
        self.read.insert(self.read.partition_point(|read| *read < merged.read), merged.read);
        self.delivered = self.delivered.max(merged.delivered);
        Some(moved)
    }
}

impl FromIterator<(AccountId, Receipt)> for Registers {
    fn from_iter<I: IntoIterator<Item = (AccountId, Receipt)>>(registers: I) -> Self {
        let mut all = Self::default();
        for (account, receipt) in registers {
            all.merge(&account, receipt);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(delivered: u64, read: u64) -> Receipt {
        Receipt { delivered: Position::new(delivered), read: Position::new(read) }
    }

    #[test]
    fn e90_what_a_register_changes_lies_between_where_it_was_and_where_it_is() {
        let [bob, cat] = ["bob", "cat"].map(|name| AccountId::parse(name).unwrap());
        let position = Position::new;
        let mut registers = Registers::default();
        let moved = registers.merge(&bob, receipt(900, 0)).unwrap();
        assert_eq!(moved.delivered, (position(0), position(900)));
        assert_eq!(moved.read, (position(0), position(0)));
        // Bob had them: what Cat is delivered changes no more than is new to everybody.
        let moved = registers.merge(&cat, receipt(901, 0)).unwrap();
        assert_eq!(moved.delivered, (position(900), position(901)));
        let moved = registers.merge(&cat, receipt(901, 899)).unwrap();
        assert_eq!(moved.read, (position(0), position(899)));
        assert_eq!(registers.merge(&cat, receipt(5, 7)), None);
        registers.merge(&bob, receipt(900, 10));
        let readers = [1, 10, 11, 899, 900].map(|at| registers.readers(position(at)));
        assert_eq!(readers, [2, 2, 1, 1, 0]);
        assert!(registers.is_delivered(position(901)) && !registers.is_delivered(position(902)));
    }
}
