//! The contents of a document, maintained from the decoded changes beside the library, which provides the
//! format, the merge rule and the proof. Reading and judging use this, because reading from the library decodes
//! its columns each time.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use automerge::{Automerge, ObjId, ROOT, ReadDoc, Value as AutomergeValue};

use crate::{
    doc::{Change, OperationKind, Predecessor, Value},
    ids::DeviceId,
};

/// An operation that no other one has replaced. The greatest one under a key is the key's value: the one with
/// the later number or, if equal, the greater device.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Visible {
    number: u64,
    device: DeviceId,
    /// None for a type that keys cannot have.
    value: Option<Value>,
}

/// The visible operations under each key, in rising order. Cloning copies neither texts nor values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Contents {
    keys: BTreeMap<Arc<str>, Arc<[Visible]>>,
    /// Approximate memory use in total.
    bytes: usize,
}

/// Memory use of a key and its visible operations, in bytes.
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
    /// The contents of a loaded document; none if one of its actors is not a device.
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

    /// Applies a change whose dependencies have all been applied.
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

    /// Approximate memory use in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The operations visible under a key, rising.
    pub(super) fn visible(&self, key: &str) -> Vec<Predecessor> {
        let all = self.keys.get(key).into_iter().flat_map(|all| all.iter());
        all.map(|visible| (visible.number, visible.device.as_bytes().to_vec())).collect()
    }

    /// Returns true if there is a value under a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Returns true if a key lies between the first and last one.
    pub(super) fn spans(&self, key: &str) -> bool {
        let ends = self.keys.first_key_value().zip(self.keys.last_key_value());
        ends.is_some_and(|((first, _), (last, _))| (&**first..=&**last).contains(&key))
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.keys.get(key)?.last()?.value.as_ref()
    }

    /// The keys in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(|key| &**key)
    }

    /// The values under keys with a prefix, in key order; none for a type that keys cannot have.
    pub(super) fn range<'c>(&'c self, prefix: &'c str) -> impl Iterator<Item = (&'c str, Option<&'c Value>)> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let keys = self.keys.range::<str, _>(from).take_while(move |(key, _)| key.starts_with(prefix));
        keys.map(|(key, all)| (&**key, all.last().and_then(|visible| visible.value.as_ref())))
    }
}
