//! How far the others have come in a conversation, so that the state of a
//! message, and what a moved register changes, is found without asking everybody.

use crate::{ids::AccountId, journal::Position, model::Receipt, sorted::SortedMap};

/// The registers of everybody else in a conversation.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Registers {
    of: SortedMap<AccountId, Receipt>,
    /// How far each of them has read, rising.
    read: Vec<Position>,
    /// How far whoever is furthest was delivered to.
    delivered: Position,
}

/// The positions between which messages look otherwise since a register moved:
/// behind the first, up to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Moved {
    /// One more has read them.
    pub(in crate::engine) read: (Position, Position),
    /// Somebody has them, and nobody had before.
    pub(in crate::engine) delivered: (Position, Position),
}

impl Registers {
    /// How far somebody has come, as far as that is known.
    pub(in crate::engine) fn get(&self, account: &AccountId) -> Option<Receipt> {
        self.of.get(account).copied()
    }

    /// How many have read what is at a position.
    pub(in crate::engine) fn readers(&self, position: Position) -> usize {
        self.read.len() - self.read.partition_point(|read| *read < position)
    }

    /// Whether somebody was delivered what is at a position.
    pub(in crate::engine) fn is_delivered(&self, position: Position) -> bool {
        self.delivered >= position
    }

    /// Merges somebody's registers in; none if they stay where they were.
    pub(in crate::engine) fn merge(&mut self, account: &AccountId, receipt: Receipt) -> Option<Moved> {
        let known = self.of.get(account).copied();
        let former = known.unwrap_or_default();
        let merged = former.merge(receipt);
        if merged == former {
            return None;
        }
        self.of.insert(account.clone(), merged);
        let moved = Moved { read: (former.read, merged.read), delivered: (self.delivered, merged.delivered) };
        if known.is_some() {
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
