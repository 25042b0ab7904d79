//! One Automerge change, decoded: header and operations, with panics of the decoder caught. `authority` decides
//! what a change may contain.

use std::{
    num::NonZeroU64,
    panic::{AssertUnwindSafe, catch_unwind},
};

use automerge::{ActorId, legacy};

use crate::{
    doc::{
        Key, Value,
        chunk::{Chunk, ChunkKind},
    },
    ids::{ChangeHash, DeviceId, DocumentId, MessageId},
    time::WallTime,
};

/// A change whose bytes decode.
#[derive(Clone)]
pub struct Change {
    inner: automerge::Change,
    device: DeviceId,
    operations: Vec<Operation>,
}

/// The header of a new change.
pub(super) struct Header<'a> {
    pub(super) device: DeviceId,
    pub(super) sequence: u64,
    pub(super) start_operation: NonZeroU64,
    pub(super) seconds: i64,
    /// In rising order.
    pub(super) dependencies: &'a [ChangeHash],
}

/// The decoded form of a change.
pub struct DecodedChange(automerge::ExpandedChange);

impl DecodedChange {
    /// Returns true if Automerge would encode the change as these bytes.
    pub fn encodes_to(self, bytes: &[u8]) -> bool {
        let encoded = catch_unwind(AssertUnwindSafe(|| automerge::Change::from(self.0)));
        encoded.is_ok_and(|encoded| encoded.raw_bytes() == bytes)
    }
}

/// Why bytes are not a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseChangeError {
    /// Automerge does not decode them, or panics.
    #[error("not a change: {0}")]
    Malformed(String),
    /// The actor id is not 16 bytes long.
    #[error("the actor id is not 16 bytes long")]
    Actor,
    /// They are not the bytes that were stored.
    #[error("the checksum is not that of the content")]
    Damaged,
}

/// One operation of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// True if it is on the root map.
    pub root: bool,
    /// The key; none for an operation on a list or text.
    pub key: Option<String>,
    /// Its effect.
    pub kind: OperationKind,
    /// The operations it replaces.
    pub predecessors: Vec<Predecessor>,
}

/// The effect of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationKind {
    /// Puts a scalar of a type that keys can have.
    Put(Value),
    /// Deletes the key.
    Delete,
    /// Anything else that Automerge knows.
    Other,
}

/// An operation that another one replaces: its number, and its author's device.
pub type Predecessor = (u64, Vec<u8>);

impl Change {
    /// Decodes one change.
    ///
    /// # Errors
    /// When the bytes are not one change; never panics. The caller must check the size first.
    pub fn parse(bytes: &[u8]) -> Result<Change, ParseChangeError> {
        Self::decode(bytes).map(|(change, _)| change)
    }

    /// Decodes one change, and keeps the decoded form.
    ///
    /// # Errors
    /// As `parse`.
    pub fn decode(bytes: &[u8]) -> Result<(Change, DecodedChange), ParseChangeError> {
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            let inner = automerge::Change::try_from(bytes).map_err(|error| error.to_string())?;
            let decoded = inner.decode();
            Ok::<_, String>((inner, decoded))
        }));
        let (inner, decoded) = match parsed {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(error)) => return Err(ParseChangeError::Malformed(error)),
            Err(_) => return Err(ParseChangeError::Malformed("the decoder failed".into())),
        };
        let device = inner.actor_id().to_bytes().try_into().map_err(|_| ParseChangeError::Actor)?;
        let operations = decoded.operations.iter().map(read_operation).collect();
        Ok((Change { inner, device, operations }, DecodedChange(decoded)))
    }

    /// Decodes one change that was admitted and stored: damage is detected before any decoder sees the bytes.
    ///
    /// # Errors
    /// When the bytes are not one change with its own checksum.
    pub fn restore(bytes: &[u8]) -> Result<Change, ParseChangeError> {
        match Chunk::read(bytes) {
            Ok(chunk) if chunk.kind == ChunkKind::Change && chunk.is_intact() => Self::parse(bytes),
            Ok(_) => Err(ParseChangeError::Damaged),
            Err(error) => Err(ParseChangeError::Malformed(error.to_string())),
        }
    }

    #[cfg(test)]
    pub(super) fn from_automerge(inner: automerge::Change, device: DeviceId) -> Change {
        let operations = inner.decode().operations.iter().map(read_operation).collect();
        Change { inner, device, operations }
    }

    /// A new change with these operations, in Automerge's encoding.
    pub(super) fn compose(header: Header<'_>, operations: Vec<Operation>) -> Change {
        let written = operations.iter().map(|operation| legacy::Op {
            action: match &operation.kind {
                OperationKind::Put(value) => legacy::OpType::Put(value.to_scalar()),
                OperationKind::Delete | OperationKind::Other => legacy::OpType::Delete,
            },
            obj: legacy::ObjectId::Root,
            key: legacy::Key::Map(operation.key.as_deref().unwrap_or_default().into()),
            pred: operation
                .predecessors
                .iter()
                .map(|(number, actor)| legacy::OpId::new(*number, &ActorId::from(actor.as_slice())))
                .collect(),
            insert: false,
        });
        let expanded = automerge::ExpandedChange {
            operations: written.collect(),
            actor_id: ActorId::from(*header.device.as_bytes()),
            hash: None,
            seq: header.sequence,
            start_op: header.start_operation,
            time: header.seconds,
            message: None,
            deps: header.dependencies.iter().map(|hash| automerge::ChangeHash(*hash.as_bytes())).collect(),
            extra_bytes: Vec::new(),
            author: None,
        };
        Change { inner: expanded.into(), device: header.device, operations }
    }

    pub(super) fn inner(&self) -> &automerge::Change {
        &self.inner
    }

    /// The device that wrote it.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Its number among the changes of its device in this document, from 1.
    pub fn sequence(&self) -> u64 {
        self.inner.seq()
    }

    /// Its hash.
    pub fn hash(&self) -> ChangeHash {
        ChangeHash::from_bytes(self.inner.hash().0)
    }

    /// The changes it was written on top of.
    pub fn dependencies(&self) -> Vec<ChangeHash> {
        self.inner.deps().iter().map(|hash| ChangeHash::from_bytes(hash.0)).collect()
    }

    /// The number of its first operation.
    pub fn start_operation(&self) -> u64 {
        self.inner.start_op().get()
    }

    /// The number of its last operation.
    pub(super) fn last_operation(&self) -> u64 {
        self.start_operation() + (self.operations.len() as u64).saturating_sub(1)
    }

    /// Its author's clock, whole seconds since 1970; 0 if missing.
    pub fn seconds(&self) -> i64 {
        self.inner.timestamp()
    }

    /// When it was written, by its author's clock, to the second; 1970 if missing.
    pub fn at(&self) -> WallTime {
        WallTime::from_millis(u64::try_from(self.seconds()).unwrap_or(0).saturating_mul(1_000))
    }

    /// The actors it lists, other than its own.
    pub fn other_actors(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.inner.other_actor_ids().iter().map(|actor| actor.to_bytes())
    }

    /// Its operations.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The messages that it writes, as a change of `document`.
    pub fn messages(&self, document: &DocumentId) -> impl Iterator<Item = MessageId> {
        self.keys(document).filter_map(|key| match key {
            Key::Message(message) => Some(message),
            _ => None,
        })
    }

    /// The messages that it deletes, as a change of `document`.
    pub fn deletions(&self, document: &DocumentId) -> impl Iterator<Item = MessageId> {
        self.keys(document).filter_map(|key| match key {
            Key::Deleted(message) => Some(message),
            _ => None,
        })
    }

    fn keys(&self, document: &DocumentId) -> impl Iterator<Item = Key> {
        let keys = self.operations.iter().filter_map(|operation| operation.key.as_deref());
        keys.filter_map(|key| Key::parse(document, key))
    }

    /// The uncompressed bytes.
    pub fn bytes(&self) -> &[u8] {
        self.inner.raw_bytes()
    }
}

impl core::fmt::Debug for Change {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Change({} by {:?}, number {})", self.hash(), self.device, self.sequence())
    }
}

fn read_operation(operation: &legacy::Op) -> Operation {
    let kind = match &operation.action {
        legacy::OpType::Put(scalar) => Value::from_scalar(scalar).map_or(OperationKind::Other, OperationKind::Put),
        legacy::OpType::Delete => OperationKind::Delete,
        legacy::OpType::Make(_)
        | legacy::OpType::Increment(_)
        | legacy::OpType::MarkBegin(_)
        | legacy::OpType::MarkEnd(_) => OperationKind::Other,
    };
    Operation {
        root: operation.obj == legacy::ObjectId::Root && !operation.insert,
        key: match &operation.key {
            legacy::Key::Map(key) => Some(key.to_string()),
            legacy::Key::Seq(_) => None,
        },
        kind,
        predecessors: operation.pred.iter().map(|op| (op.0, op.1.to_bytes().to_vec())).collect(),
    }
}
