//! What a document says, kept from the decoded changes beside the library, which
//! is the format, the merge rule and the proof. Reading and judging ask this: to
//! ask the library is to read its columns again, each time.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use automerge::{Automerge, ObjId, ROOT, ReadDoc, Value as AutomergeValue};

use crate::{
    doc::{Change, OperationKind, Predecessor, Value},
    ids::DeviceId,
};

/// An operation that no other one has replaced. The greatest under a key is what
/// the key says: the later number and, of the same number, the greater device.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Visible {
    number: u64,
    device: DeviceId,
    /// None for what no key takes.
    value: Option<Value>,
}

/// The visible operations under each key, rising. To copy it copies no text and no value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Contents {
    keys: BTreeMap<Arc<str>, Arc<[Visible]>>,
    /// What all of it takes in memory, about.
    bytes: usize,
}

/// What a key and what is visible under it take in memory, bytes.
fn bytes_of(key: &str, all: &[Visible]) -> usize {
    const KEY: usize = 100;
    let value = |visible: &Visible| match &visible.value {
        Some(Value::Text(text)) => text.len(),
        Some(Value::Bytes(bytes)) => bytes.len(),
        Some(Value::Uint(_) | Value::Bool(_)) | None => 0,
    };
    let values: usize = all.iter().map(|visible| size_of::<Visible>() + value(visible)).sum();
    KEY + key.len() + values
}

impl Contents {
    /// What a loaded document says; none if an actor in it is no device.
    pub(super) fn of(automerge: &Automerge) -> Option<Self> {
        let visible = |(value, id): (AutomergeValue<'_>, ObjId)| {
            let ObjId::Id(number, actor, _) = id else { return None };
            let device = DeviceId::try_from(actor.to_bytes()).ok()?;
            let value = match value {
                AutomergeValue::Scalar(scalar) => Value::from_scalar(&scalar),
                AutomergeValue::Object(_) => None,
            };
            Some(Visible { number, device, value })
        };
        let (mut keys, mut bytes) = (BTreeMap::new(), 0);
        for item in automerge.map_range(ROOT, ..) {
            let key: Arc<str> = Arc::from(&*item.key);
            let mut all: Vec<Visible> = if item.conflict {
                automerge.get_all(ROOT, &*key).ok()?.into_iter().map(visible).collect::<Option<_>>()?
            } else {
                let id = item.id();
                vec![visible((item.value.into_value(), id))?]
            };
            all.sort_unstable_by_key(|visible| (visible.number, visible.device));
            bytes += bytes_of(&key, &all);
            keys.insert(key, Arc::from(all));
        }
        Some(Self { keys, bytes })
    }

    /// Takes in what a change does on top of all that it depends on.
    pub(super) fn take(&mut self, change: &Change) {
        for (number, operation) in (change.start_operation()..).zip(change.operations()) {
            let Some(key) = operation.key.as_deref().filter(|_| operation.root) else { continue };
            let is_replaced = |visible: &Visible| {
                let mut replaced = operation.predecessors.iter();
                replaced.any(|(number, actor)| *number == visible.number && actor == visible.device.as_bytes())
            };
            let former = self.keys.get(key).into_iter().flat_map(|all| all.iter());
            let mut all: Vec<Visible> = former.filter(|visible| !is_replaced(visible)).cloned().collect();
            let value = match &operation.kind {
                OperationKind::Put(value) => Some(Some(value.clone())),
                OperationKind::Other => Some(None),
                OperationKind::Delete => None,
            };
            if let Some(value) = value {
                let own = Visible { number, device: change.device(), value };
                let place = (own.number, own.device);
                all.insert(all.partition_point(|visible| (visible.number, visible.device) < place), own);
            }
            let former = match all.is_empty() {
                true => self.keys.remove(key),
                false => {
                    self.bytes += bytes_of(key, &all);
                    self.keys.insert(Arc::from(key), Arc::from(all))
                }
            };
            self.bytes -= former.map_or(0, |former| bytes_of(key, &former));
        }
    }

    /// What all of it takes in memory, bytes, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The operations visible under a key, rising.
    pub(super) fn visible(&self, key: &str) -> Vec<Predecessor> {
        let all = self.keys.get(key).into_iter().flat_map(|all| all.iter());
        all.map(|visible| (visible.number, visible.device.as_bytes().to_vec())).collect()
    }

    /// Whether the document says anything under a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Whether a key lies between those that it has.
    pub(super) fn spans(&self, key: &str) -> bool {
        let ends = self.keys.first_key_value().zip(self.keys.last_key_value());
        ends.is_some_and(|((first, _), (last, _))| (&**first..=&**last).contains(&key))
    }

    /// What it says under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.keys.get(key)?.last()?.value.as_ref()
    }

    /// The keys in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(|key| &**key)
    }

    /// What it says under keys that begin so, in the order of the keys; none for what no key takes.
    pub(super) fn range<'c>(&'c self, prefix: &'c str) -> impl Iterator<Item = (&'c str, Option<&'c Value>)> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let keys = self.keys.range::<str, _>(from).take_while(move |(key, _)| key.starts_with(prefix));
        keys.map(|(key, all)| (&**key, all.last().and_then(|visible| visible.value.as_ref())))
    }
}
