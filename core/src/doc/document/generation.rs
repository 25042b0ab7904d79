//! A document rewritten as one change that states only its current contents. Its history, and who wrote it, is
//! left out: the way on for a document that has grown, and for erasure.

use core::num::NonZeroU64;

use sha2::{Digest, Sha256};

use super::{ApplyChangeError, Document};
use crate::{
    doc::{Change, Operation, OperationKind, Value, change::Header},
    ids::{DeviceId, DocumentId},
    journal::Position,
    limits::Limits,
    time::WallTime,
};

/// The key under which a document states its generation. It is outside the grammar, so no session can write it.
const KEY: &str = "generation";

/// Domain separator of the hash of what a generation replaces.
const DOMAIN: &[u8] = b"tidings generation 1\0";

/// The generation of a document. The first one, which was written from nothing, has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// The position of its entry.
    pub position: Position,
    /// The hash over the heads of the document that it replaces, and so over its entire history.
    pub replaces: [u8; 32],
}

impl Generation {
    fn write(self) -> Value {
        Value::Bytes([&self.position.number().to_be_bytes()[..], &self.replaces].concat())
    }

    fn read(value: &Value) -> Option<Self> {
        let Value::Bytes(bytes) = value else { return None };
        let (position, replaces) = bytes.split_first_chunk()?;
        Some(Self { position: Position::new(u64::from_be_bytes(*position)), replaces: replaces.try_into().ok()? })
    }
}

impl Change {
    /// Returns true if it claims to begin a generation. `authority` decides whether it may.
    pub(crate) fn is_generation(&self) -> bool {
        self.operations().iter().any(|operation| operation.key.as_deref() == Some(KEY))
    }
}

impl Document {
    /// Its generation; none for the first.
    pub fn generation(&self) -> Option<Generation> {
        Generation::read(self.contents.get(KEY)?)
    }

    /// The single change of the generation that replaces it with the entry at a position, identical on every
    /// replica. None for a document without generations or without a change, one that a newer version wrote to,
    /// or one with more contents than a client accepts in one change.
    pub(crate) fn squash(&self, system: DeviceId, position: Position, at: WallTime) -> Option<Change> {
        let has_generations = matches!(self.id, DocumentId::Timeline(_));
        if !has_generations || self.changes == 0 {
            return None;
        }
        let mut hasher = Sha256::new_with_prefix(DOMAIN);
        self.heads.iter().for_each(|head| hasher.update(head.as_bytes()));
        let generation = Generation { position, replaces: hasher.finalize().into() };
        let mut operations = vec![put(KEY, generation.write())];
        for (key, value) in self.contents.range("").filter(|(key, _)| *key != KEY) {
            operations.push(put(key, value?.clone()));
        }
        if operations.len() > Limits::WIDEST.change_operations_max as usize {
            return None;
        }
        let header = Header {
            device: system,
            sequence: 1,
            start_operation: NonZeroU64::MIN,
            seconds: i64::try_from(at.as_seconds()).unwrap_or(0),
            dependencies: &[],
        };
        let change = Change::compose(header, operations);
        (change.bytes().len() <= Limits::WIDEST.change_bytes_max as usize).then_some(change)
    }

    /// Bytes of the keys and values that its generation would state.
    pub(crate) fn live_bytes(&self) -> u64 {
        let value_bytes = |value: &Value| match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Uint(_) | Value::Bool(_) => 0,
        };
        let stated = self.contents.range("").map(|(key, value)| key.len() + value.map_or(0, value_bytes));
        stated.sum::<usize>() as u64
    }

    /// Replaces the contents with the generation that a change begins. The data beside the changes stays: when
    /// it was last changed, and the remaining shares.
    ///
    /// # Errors
    /// When the change does not apply; the document is unchanged.
    pub(crate) fn begin_generation(&mut self, change: &Change, position: Position) -> Result<(), ApplyChangeError> {
        let mut begun = Document {
            position,
            updated_at: self.updated_at,
            shares: self.shares.clone(),
            admissions: self.admissions.clone(),
            ..Document::new(self.id.clone())
        };
        begun.apply(change)?;
        begun.drop_fallback();
        *self = begun;
        Ok(())
    }
}

fn put(key: &str, value: Value) -> Operation {
    Operation { root: true, key: Some(key.to_owned()), kind: OperationKind::Put(value), predecessors: Vec::new() }
}
