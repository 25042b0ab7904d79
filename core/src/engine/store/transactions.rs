//! The engine's side of the store: the writes of one input are one transaction, transactions go out one
//! after another, and one that failed is tried again until it succeeds. Reads go out at once, or after
//! the writes.

use std::collections::VecDeque;

use core::time::Duration;

use crate::{
    engine::{
        streams::pages::AsOf,
        timers::{Timer, Timers},
    },
    ids::{ConversationId, DocumentId, StreamId},
    sorted::{SortedMap, SortedSet},
    storage::{RecordKey, StorageError, StorageRequest, StorageTask, TaskId, Write},
    time::MonotonicTime,
};

/// The most writes that waiting transactions are merged into.
const MERGED_MAX: usize = 2_000;

const RETRY: Duration = Duration::from_secs(2);

/// The purpose of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum ReadPurpose {
    /// The newest rows of the list as the last session showed them.
    FirstRows,
    /// Everything that a start needs.
    Start,
    /// The rows of a timeline as the last session showed them.
    Rows(ConversationId),
    /// The documents of a stream.
    Stream(StreamId),
    /// All that is stored of a stream of a former incarnation of the server's store.
    Former(StreamId),
    /// An older page of a stream, and what it has.
    Page(DocumentId, AsOf),
    /// The document and the newest page of a thread, and what they have.
    Thread(StreamId, ConversationId, AsOf),
}

/// A transaction and the outbox entries that are durable with it.
#[derive(Debug, Default)]
struct Transaction {
    writes: Vec<Write>,
    commands: Vec<u64>,
}

/// The result of a finished task.
#[derive(Debug)]
pub(in crate::engine) enum Finished {
    Read(ReadPurpose),
    /// The commands with these outbox numbers are durable.
    Written {
        commands: Vec<u64>,
        recovered: bool,
    },
    /// The commands with these outbox numbers could not be stored and must be
    /// undone; everything else is kept and tried again.
    Failed {
        commands: Vec<u64>,
    },
    /// No task of this engine, or no longer.
    Unknown,
}

/// Tasks in flight and waiting.
#[derive(Debug, Default)]
pub(in crate::engine) struct Store {
    next_task: u64,
    reads: SortedMap<TaskId, ReadPurpose>,
    later: Vec<(ReadPurpose, Vec<RecordKey>)>,
    open: Transaction,
    waiting: VecDeque<Transaction>,
    writing: Option<TaskId>,
    failing: bool,
    /// Whether damage was reported that the next write repairs.
    pub(in crate::engine) is_damaged: bool,
}

impl Store {
    /// Adds a write to the transaction of this input.
    pub(in crate::engine) fn write(&mut self, write: Write) {
        self.open.writes.push(write);
    }

    /// Reports, with an outbox entry's number, when this transaction is durable.
    pub(in crate::engine) fn wait_for(&mut self, sequence: u64) {
        self.open.commands.push(sequence);
    }

    /// Whether the last transaction failed.
    pub(in crate::engine) fn is_failing(&self) -> bool {
        self.failing
    }

    /// Whether every write is durable.
    pub(in crate::engine) fn is_idle(&self) -> bool {
        self.writing.is_none() && self.waiting.is_empty() && self.open.writes.is_empty()
    }

    /// A read that goes out at once.
    pub(in crate::engine) fn read(&mut self, purpose: ReadPurpose, prefixes: Vec<RecordKey>) -> StorageTask {
        let id = self.new_task();
        self.reads.insert(id, purpose);
        StorageTask { id, request: StorageRequest::Read(prefixes) }
    }

    /// A read that goes out when everything written before it is durable.
    pub(in crate::engine) fn read_later(&mut self, purpose: ReadPurpose, prefixes: Vec<RecordKey>) {
        self.later.push((purpose, prefixes));
    }

    /// Closes the transaction of this input. Returns the next transaction if none is in flight, or the
    /// reads that waited.
    pub(in crate::engine) fn flush(&mut self, now: MonotonicTime, timers: &mut Timers) -> Vec<StorageTask> {
        match self.next_write(now, timers) {
            Some(task) => vec![task],
            None if self.is_idle() => {
                let later = core::mem::take(&mut self.later);
                later.into_iter().map(|(purpose, prefixes)| self.read(purpose, prefixes)).collect()
            }
            None => Vec::new(),
        }
    }

    fn next_write(&mut self, now: MonotonicTime, timers: &mut Timers) -> Option<StorageTask> {
        if !self.open.writes.is_empty() || !self.open.commands.is_empty() {
            self.waiting.push_back(core::mem::take(&mut self.open));
        }
        if self.writing.is_some() || timers.get(Timer::Store).is_some_and(|at| at > now) {
            return None;
        }
        timers.stop(Timer::Store);
        self.merge_waiting();
        let writes = self.waiting.front()?.writes.clone();
        let id = self.new_task();
        self.writing = Some(id);
        Some(StorageTask { id, request: StorageRequest::Write(writes) })
    }

    /// Merges waiting transactions, without writes that a later one overwrites: a slow store is given
    /// more at a time.
    fn merge_waiting(&mut self) {
        let mut merged = self.waiting.pop_front().unwrap_or_default();
        while let Some(next) = self.waiting.front() {
            if merged.writes.len() + next.writes.len() > MERGED_MAX {
                break;
            }
            let next = self.waiting.pop_front().expect("it is the first that waits");
            merged.writes.extend(next.writes);
            merged.commands.extend(next.commands);
        }
        merged.writes = last_of_each(merged.writes);
        if !merged.writes.is_empty() || !merged.commands.is_empty() {
            self.waiting.push_front(merged);
        }
    }

    pub(in crate::engine) fn finish(
        &mut self,
        id: TaskId,
        result: Result<(), StorageError>,
        now: MonotonicTime,
        timers: &mut Timers,
    ) -> Finished {
        if let Some(purpose) = self.reads.remove(&id) {
            return Finished::Read(purpose);
        }
        if self.writing != Some(id) {
            return Finished::Unknown;
        }
        self.writing = None;
        let Some(transaction) = self.waiting.front_mut() else { return Finished::Unknown };
        if result.is_ok() {
            let commands = core::mem::take(&mut transaction.commands);
            self.waiting.pop_front();
            let recovered = core::mem::take(&mut self.failing) || core::mem::take(&mut self.is_damaged);
            return Finished::Written { commands, recovered };
        }
        self.failing = true;
        timers.set(Timer::Store, now.plus(RETRY));
        let mut commands = Vec::new();
        for transaction in &mut self.waiting {
            commands.append(&mut transaction.commands);
        }
        Finished::Failed { commands }
    }

    /// Removes the writes of a record from transactions that are not done.
    pub(in crate::engine) fn withdraw(&mut self, key: &str) {
        self.forget(|write| matches!(write, Write::Put(written, _) if written == key));
    }

    /// Removes the deletions of a record from transactions that are not done.
    pub(in crate::engine) fn keep(&mut self, key: &str) {
        self.forget(|write| matches!(write, Write::Delete(deleted) if deleted == key));
    }

    fn forget(&mut self, is_forgotten: impl Fn(&Write) -> bool) {
        for transaction in &mut self.waiting {
            transaction.writes.retain(|write| !is_forgotten(write));
        }
    }

    /// The writes that are not durable yet, in their order.
    #[cfg(any(test, feature = "testing"))]
    pub(in crate::engine) fn unwritten(&self) -> impl Iterator<Item = &Write> {
        self.waiting.iter().chain([&self.open]).flat_map(|transaction| &transaction.writes)
    }

    fn new_task(&mut self) -> TaskId {
        self.next_task += 1;
        TaskId(self.next_task)
    }
}

/// The writes that no later one undoes, in their order.
fn last_of_each(writes: Vec<Write>) -> Vec<Write> {
    if writes.len() < 2 {
        return writes;
    }
    let mut keys: SortedSet<RecordKey> = SortedSet::new();
    let mut prefixes: Vec<RecordKey> = Vec::new();
    let mut kept: Vec<Write> = Vec::with_capacity(writes.len());
    for write in writes.into_iter().rev() {
        let is_undone = match &write {
            Write::Put(key, _) | Write::Delete(key) => {
                prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())) || !keys.insert(key.clone())
            }
            Write::DeletePrefix(prefix) => {
                prefixes.push(prefix.clone());
                false
            }
        };
        if !is_undone {
            kept.push(write);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{MemoryStore, StorageAnswer};

    fn put(key: &str, value: u8) -> Write {
        Write::Put(key.to_owned(), vec![value])
    }

    #[test]
    fn e93_transactions_that_wait_are_one_that_leaves_the_store_as_all_of_them_do() {
        let delete = |key: &str| Write::Delete(key.to_owned());
        let inputs = [
            vec![put("head/a", 1), put("outbox/1", 1)],
            vec![put("head/a", 2), put("outbox/2", 2), put("tail/a/1", 1)],
            vec![Write::DeletePrefix("tail/a/".to_owned()), delete("outbox/1"), put("tail/a/2", 3)],
            vec![put("head/a", 3), put("outbox/1", 4)],
        ];
        let now = MonotonicTime::from_millis(1);
        let (mut store, mut singly, mut together) = (Store::default(), MemoryStore::default(), MemoryStore::default());
        let (mut tasks, mut timers) = (Vec::new(), Timers::default());
        for (sequence, writes) in inputs.into_iter().enumerate() {
            singly.run(&StorageRequest::Write(writes.clone())).unwrap();
            writes.into_iter().for_each(|write| store.write(write));
            store.wait_for(sequence as u64);
            tasks.extend(store.flush(now, &mut timers));
        }
        let mut stored = Vec::new();
        let mut sizes = Vec::new();
        while let Some(task) = tasks.pop() {
            let StorageRequest::Write(writes) = &task.request else { panic!("nothing is read") };
            sizes.push(writes.len());
            assert_eq!(together.run(&task.request), Ok(StorageAnswer::Written));
            let Finished::Written { commands, .. } = store.finish(task.id, Ok(()), now, &mut timers) else {
                panic!("it is written")
            };
            stored.extend(commands);
            tasks.extend(store.flush(now, &mut timers));
        }
        assert_eq!(sizes, [2, 5], "the first was under way when the others came");
        assert_eq!(stored, [0, 1, 2, 3]);
        assert_eq!(together.records(), singly.records());
        assert!(store.is_idle());
    }
}
