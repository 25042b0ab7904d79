//! When each message of a page was admitted; saved beside the page's snapshot, delta-coded in id order at two
//! to four bytes per message.

use crate::{
    ids::{AccountId, MessageId},
    journal::Position,
    sorted::SortedMap,
    time::WallTime,
};

/// Position and time of a message's admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admission {
    /// Its place in the stream.
    pub position: Position,
    /// When it was admitted, by the server's clock.
    pub accepted_at: WallTime,
}

/// The admissions of a page's messages: by message, by author, and in the order of positions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admissions {
    by_message: SortedMap<MessageId, Admission>,
    by_position: Vec<(Position, MessageId)>,
    /// The positions of each author's messages.
    by_author: Places,
    /// The same for deleted messages; the second list is all of them.
    deleted_by_author: Places,
    deleted: Vec<Position>,
}

/// The positions of each author's messages, rising.
type Places = SortedMap<AccountId, Vec<Position>>;

/// Why bytes are not the admissions of these messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeAdmissionsError {
    /// A number that does not end, or is over 64 bits.
    #[error("a number does not end within its ten bytes")]
    Number,
    /// Not exactly two numbers per message.
    #[error("the numbers are not two a message")]
    Count,
    /// An impossible share of an account.
    #[error("a share is not that of an account")]
    Share,
}

impl Admissions {
    /// The admission of a message.
    pub fn get(&self, message: &MessageId) -> Option<&Admission> {
        self.by_message.get(message)
    }

    /// All of them, in the order of messages.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&MessageId, &Admission)> {
        self.by_message.iter()
    }

    /// The messages admitted at or after a position, in that order.
    pub fn since(&self, position: Position) -> &[(Position, MessageId)] {
        &self.by_position[self.by_position.partition_point(|(at, _)| *at < position)..]
    }

    /// The messages admitted before a position, in order.
    pub fn before(&self, position: Position) -> &[(Position, MessageId)] {
        &self.by_position[..self.by_position.partition_point(|(at, _)| *at < position)]
    }

    /// The messages admitted after `behind`, up to and including `to`, in order.
    pub fn between(&self, behind: Position, to: Position) -> &[(Position, MessageId)] {
        let from = self.since(behind.next());
        &from[..from.partition_point(|(at, _)| *at <= to)]
    }

    /// The positions of an author's messages after `behind`, up to and including `to`.
    pub fn of_author(&self, author: &AccountId, behind: Position, to: Position) -> &[Position] {
        within(self.by_author.get(author).map_or(&[], Vec::as_slice), behind, to)
    }

    /// The number of undeleted messages by others than `account`, after `behind`, up to and including `to`.
    pub fn of_others(&self, account: &AccountId, behind: Position, to: Position) -> usize {
        let deleted = within(&self.deleted, behind, to).len();
        let own_deleted = self.deleted_by_author.get(account).map_or(&[][..], Vec::as_slice);
        let own_deleted = within(own_deleted, behind, to).len();
        let own = self.of_author(account, behind, to).len();
        self.between(behind, to).len() - own - (deleted - own_deleted)
    }

    /// Records that messages were deleted.
    pub fn delete(&mut self, messages: impl IntoIterator<Item = MessageId>) {
        for message in messages {
            let Some(Admission { position, .. }) = self.by_message.get(&message) else { continue };
            let own = self.deleted_by_author.entry(message.author).or_default();
            for deleted in [own, &mut self.deleted] {
                if let Err(index) = deleted.binary_search(position) {
                    deleted.insert(index, *position);
                }
            }
        }
    }

    /// The last admitted message, and its position.
    pub fn newest(&self) -> Option<&(Position, MessageId)> {
        self.by_position.last()
    }

    /// Records a message; a known one moves to the new position.
    pub fn insert(&mut self, message: MessageId, admission: Admission) {
        let own = self.by_author.entry(message.author.clone()).or_default();
        if let Some(former) = self.by_message.insert(message.clone(), admission) {
            self.by_position.retain(|(at, id)| *at != former.position || *id != message);
            own.remove(own.partition_point(|at| *at < former.position));
            let own_deleted = self.deleted_by_author.get_mut(&message.author);
            for deleted in own_deleted.into_iter().chain([&mut self.deleted]) {
                deleted.retain(|at| *at != former.position);
            }
        }
        own.insert(own.partition_point(|at| *at < admission.position), admission.position);
        let place = (admission.position, message);
        let index = self.by_position.partition_point(|other| *other < place);
        self.by_position.insert(index, place);
    }
}

impl FromIterator<(MessageId, Admission)> for Admissions {
    fn from_iter<I: IntoIterator<Item = (MessageId, Admission)>>(admissions: I) -> Self {
        let by_message: SortedMap<MessageId, Admission> = admissions.into_iter().collect();
        let mut by_position: Vec<_> = by_message.iter().map(|(id, at)| (at.position, id.clone())).collect();
        by_position.sort_unstable();
        let mut by_author = Places::new();
        for (at, message) in &by_position {
            by_author.entry(message.author.clone()).or_default().push(*at);
        }
        Self { by_message, by_position, by_author, ..Self::default() }
    }
}

/// The part of rising positions after `behind`, up to and including `to`.
fn within(positions: &[Position], behind: Position, to: Position) -> &[Position] {
    let from = &positions[positions.partition_point(|at| *at <= behind)..];
    &from[..from.partition_point(|at| *at <= to)]
}

impl Admission {
    /// Encodes the admissions of all messages, in order.
    pub fn encode_all(admissions: &Admissions) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(admissions.by_message.len() * 3);
        let mut previous = 0u64;
        for (message, admission) in &admissions.by_message {
            let position = admission.position.number();
            write_varint(&mut bytes, zigzag(position.wrapping_sub(previous).cast_signed()));
            previous = position;
            let late = admission.accepted_at.as_millis().wrapping_sub(message.created_at().as_millis());
            write_varint(&mut bytes, zigzag(late.cast_signed()));
        }
        bytes
    }

    /// Decodes the admissions of `messages`, which are in rising order.
    ///
    /// # Errors
    /// When the bytes are not exactly two numbers per message.
    pub fn decode_all(
        messages: impl IntoIterator<Item = MessageId>,
        mut bytes: &[u8],
    ) -> Result<Admissions, DecodeAdmissionsError> {
        let mut admissions = Vec::new();
        let mut previous = 0u64;
        for message in messages {
            let delta = unzigzag(read_varint(&mut bytes)?);
            let position = previous.wrapping_add(delta.cast_unsigned());
            previous = position;
            let late = unzigzag(read_varint(&mut bytes)?);
            let accepted_at = message.created_at().as_millis().wrapping_add(late.cast_unsigned());
            let admission =
                Admission { position: Position::new(position), accepted_at: WallTime::from_millis(accepted_at) };
            admissions.push((message, admission));
        }
        if bytes.is_empty() { Ok(admissions.into_iter().collect()) } else { Err(DecodeAdmissionsError::Count) }
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

pub(crate) fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

pub(crate) fn read_varint(bytes: &mut &[u8]) -> Result<u64, DecodeAdmissionsError> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(DecodeAdmissionsError::Count)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(DecodeAdmissionsError::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{AccountId, Stamp};

    fn admissions() -> impl Strategy<Value = Admissions> {
        proptest::collection::btree_map(any::<[u8; 16]>(), (any::<u64>(), any::<u64>()), 0..50).prop_map(|map| {
            map.into_iter()
                .map(|(stamp, (position, accepted_at))| {
                    let author = AccountId::parse("ann").unwrap();
                    let admission = Admission {
                        position: Position::new(position),
                        accepted_at: WallTime::from_millis(accepted_at),
                    };
                    (MessageId { stamp: Stamp::from_bytes(stamp), author }, admission)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn admissions_decode_to_what_was_encoded(admissions in admissions()) {
            let bytes = Admission::encode_all(&admissions);
            let messages: Vec<MessageId> = admissions.iter().map(|(id, _)| id.clone()).collect();
            prop_assert_eq!(Admission::decode_all(messages, &bytes), Ok(admissions));
        }

        #[test]
        fn arbitrary_bytes_are_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), admissions in admissions()) {
            let _ = Admission::decode_all(admissions.iter().map(|(id, _)| id.clone()), &bytes);
        }
    }

    #[test]
    fn messages_are_found_by_position_whatever_order_they_came_in() {
        let id =
            |number: u8| MessageId { stamp: Stamp::from_bytes([number; 16]), author: AccountId::parse("ann").unwrap() };
        let at = |position| Admission { position: Position::new(position), accepted_at: WallTime::from_millis(1) };
        let mut admissions = Admissions::default();
        for (message, position) in [(3, 10), (1, 12), (2, 7), (9, 12), (2, 11)] {
            admissions.insert(id(message), at(position));
        }
        let from = |position: u64| {
            admissions.since(Position::new(position)).iter().map(|(at, _)| at.number()).collect::<Vec<_>>()
        };
        assert_eq!((from(0), from(11), from(13)), (vec![10, 11, 12, 12], vec![11, 12, 12], vec![]));
        assert_eq!(admissions.newest(), Some(&(Position::new(12), id(9))));
        let [behind, to] = [10, 12].map(Position::new);
        let of = |name| admissions.of_author(&AccountId::parse(name).unwrap(), behind, to);
        assert_eq!((of("ann"), of("bob")), (&[11, 12, 12].map(Position::new)[..], &[][..]));
        assert_eq!((admissions.between(behind, to).len(), admissions.before(to).len()), (3, 2));
        let of_others =
            |admissions: &Admissions, name| admissions.of_others(&AccountId::parse(name).unwrap(), behind, to);
        assert_eq!((of_others(&admissions, "ann"), of_others(&admissions, "bob")), (0, 3));
        let mut rest = admissions.clone();
        // The one at 10 is out of range, and one is deleted twice.
        rest.delete([id(3), id(2), id(2)]);
        assert_eq!((of_others(&rest, "ann"), of_others(&rest, "bob")), (0, 2));
        assert_eq!(admissions.iter().map(|(id, at)| (id.clone(), *at)).collect::<Admissions>(), admissions);
    }

    #[test]
    fn a_plain_run_of_messages_takes_three_bytes_each() {
        let author = AccountId::parse("ann").unwrap();
        let admissions: Admissions = (0..1_000u64)
            .map(|index| {
                let wall = WallTime::from_millis(1_700_000_000_000 + index * 777);
                let accepted_at = WallTime::from_millis(wall.as_millis() + 43);
                let stamp = Stamp::new(wall, 0, [1; 8]);
                (
                    MessageId { stamp, author: author.clone() },
                    Admission { position: Position::new(index + 9), accepted_at },
                )
            })
            .collect();
        assert!(Admission::encode_all(&admissions).len() <= 3_000);
    }
}
