//! A document rewritten as one change that states only its current contents, and when and by which device each was said.
//! Its history is left out: the way on for a document that has grown, and for erasure.

use core::num::NonZeroU64;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::{ApplyChangeError, Document, statements::Origin};
use crate::{
    doc::{Change, Operation, OperationKind, Value, change::Header},
    ids::{DeviceId, DocumentId},
    journal::Position,
    limits::Limits,
    sorted::SortedSet,
    time::WallTime,
    wire::{decode, encode},
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
    fn write(self, origins: &Origins) -> Value {
        Value::Bytes([&self.position.number().to_be_bytes()[..], &self.replaces, &encode(origins)].concat())
    }

    fn read(value: &Value) -> Option<(Self, Origins)> {
        let Value::Bytes(bytes) = value else { return None };
        let (position, rest) = bytes.split_first_chunk()?;
        let (replaces, origins) = rest.split_first_chunk()?;
        let generation = Self { position: Position::new(u64::from_be_bytes(*position)), replaces: *replaces };
        Some((generation, decode(origins).unwrap_or_default()))
    }
}

/// Where the statements of a generation come from.
#[derive(Debug, Default, Encode, Decode)]
#[cbor(array)]
struct Origins {
    /// The devices that said them, in order.
    #[n(0)]
    devices: Vec<DeviceId>,
    /// For each, in the order of the keys: the index of its device, and its age.
    #[n(1)]
    said: Vec<(u32, Age)>,
}

impl Origins {
    /// Of statements in the order of their keys, in a generation that is made at a time.
    fn of(origins: &[Origin], at: WallTime) -> Self {
        let devices: SortedSet<DeviceId> = origins.iter().map(|origin| origin.device).collect();
        let devices: Vec<DeviceId> = devices.into_iter().collect();
        let index = |device| devices.binary_search(&device).ok().and_then(|index| u32::try_from(index).ok());
        let seconds = |at: WallTime| i64::try_from(at.as_seconds()).unwrap_or(i64::MAX);
        let age = |origin: &Origin| seconds(at).saturating_sub(seconds(origin.at));
        let said = origins.iter().map(|origin| (index(origin.device).unwrap_or(u32::MAX), age(origin))).collect();
        Self { devices, said }
    }
}

/// How many seconds before its generation something was said, by its author's clock; less than none if that was fast.
type Age = i64;

impl Change {
    /// Returns true if it claims to begin a generation. `authority` decides whether it may.
    pub(crate) fn is_generation(&self) -> bool {
        self.operations().iter().any(|operation| operation.key.as_deref() == Some(KEY))
    }

    /// Where what each of its operations says comes from.
    pub(super) fn origins(&self) -> Vec<Origin> {
        let value = |operation: &Operation| match &operation.kind {
            OperationKind::Put(value) if operation.key.as_deref() == Some(KEY) => Generation::read(value),
            _ => None,
        };
        let generation = self.operations().iter().find_map(value);
        let Origins { devices, said } = generation.map(|(_, origins)| origins).unwrap_or_default();
        let mut said = said.into_iter().peekable();
        let own = Origin { device: self.device(), at: self.at() };
        let mut origin = |operation: &Operation| {
            let (device, age) = said.next_if(|_| operation.key.as_deref() != Some(KEY))?;
            Some(Origin { device: *devices.get(device as usize)?, at: before(self.at(), age) })
        };
        self.operations().iter().map(|operation| origin(operation).unwrap_or(own)).collect()
    }
}

fn before(at: WallTime, age: Age) -> WallTime {
    WallTime::from_millis(at.as_seconds().saturating_add_signed(age.saturating_neg()).saturating_mul(1_000))
}

impl Document {
    /// Its generation; none for the first.
    pub fn generation(&self) -> Option<Generation> {
        Generation::read(self.contents.get(KEY)?).map(|(generation, _)| generation)
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
        let said = self.said_last();
        let (mut operations, mut origins) = (Vec::new(), Vec::new());
        for (key, value) in self.contents.range("").filter(|(key, _)| *key != KEY) {
            operations.push(put(key, value?.clone()));
            origins.push(said.get(key).map_or(Origin { device: system, at }, |said| said.origin));
        }
        operations.insert(0, put(KEY, generation.write(&Origins::of(&origins, at))));
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
