//! The engine's side of the store: the writes of one input are one
//! transaction, transactions go out one after another, and one that failed is
//! tried again until it succeeds. Reads go out at once, or behind the writes.

use std::collections::{BTreeMap, VecDeque};

use core::time::Duration;

use crate::{
    ids::{ConversationId, DocumentId, StreamId},
    journal::Position,
    storage::{RecordKey, StorageError, StorageRequest, StorageTask, TaskId, Write},
    time::MonotonicTime,
};

const RETRY: Duration = Duration::from_secs(2);

/// What a read is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReadPurpose {
    /// The newest rows of the list as the last session showed them.
    FirstRows,
    /// Everything a start needs.
    Start,
    /// The rows of a timeline as the last session showed them.
    Rows(ConversationId),
    /// The documents of a stream.
    Stream(StreamId),
    /// An older page of a stream, which is at this position when it is asked for.
    Page(DocumentId, Position),
    /// A thread: its document and its newest page.
    Thread(StreamId, ConversationId, Position),
}

/// A transaction and the outbox entries that are durable with it.
#[derive(Debug, Default)]
struct Transaction {
    writes: Vec<Write>,
    commands: Vec<u64>,
}

/// What a finished task means.
#[derive(Debug)]
pub(super) enum Finished {
    /// A read, with what it is for.
    Read(ReadPurpose),
    /// The commands with these outbox numbers are durable.
    Written { commands: Vec<u64>, recovered: bool },
    /// The commands with these outbox numbers could not be stored and must be
    /// undone; everything else is kept and tried again.
    Failed { commands: Vec<u64> },
    /// Not a task of ours, or not any more.
    Unknown,
}

/// Tasks under way and waiting.
#[derive(Debug, Default)]
pub(super) struct Store {
    next_task: u64,
    reads: BTreeMap<TaskId, ReadPurpose>,
    later: Vec<(ReadPurpose, Vec<RecordKey>)>,
    open: Transaction,
    waiting: VecDeque<Transaction>,
    writing: Option<TaskId>,
    failing: bool,
    retry_at: Option<MonotonicTime>,
}

impl Store {
    /// Adds a write to the transaction of this input.
    pub(super) fn write(&mut self, write: Write) {
        self.open.writes.push(write);
    }

    /// Tells when this transaction is durable, for an outbox entry.
    pub(super) fn wait_for(&mut self, sequence: u64) {
        self.open.commands.push(sequence);
    }

    /// Whether the last transaction failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failing
    }

    /// Whether every write is durable.
    pub(super) fn is_idle(&self) -> bool {
        self.writing.is_none() && self.waiting.is_empty() && self.open.writes.is_empty()
    }

    /// When to try a failed transaction again.
    pub(super) fn retry_at(&self) -> Option<MonotonicTime> {
        self.retry_at
    }

    /// A read to be given out at once.
    pub(super) fn read(&mut self, purpose: ReadPurpose, prefixes: Vec<RecordKey>) -> StorageTask {
        let id = self.new_task();
        self.reads.insert(id, purpose);
        StorageTask { id, request: StorageRequest::Read(prefixes) }
    }

    /// A read to be given out when everything that was written is durable.
    pub(super) fn read_later(&mut self, purpose: ReadPurpose, prefixes: Vec<RecordKey>) {
        self.later.push((purpose, prefixes));
    }

    /// Closes the transaction of this input; the tasks to be given out: the
    /// next transaction if none is under way, or the reads that waited.
    pub(super) fn flush(&mut self, now: MonotonicTime) -> Vec<StorageTask> {
        match self.next_write(now) {
            Some(task) => vec![task],
            None if self.is_idle() => {
                let later = core::mem::take(&mut self.later);
                later.into_iter().map(|(purpose, prefixes)| self.read(purpose, prefixes)).collect()
            }
            None => Vec::new(),
        }
    }

    fn next_write(&mut self, now: MonotonicTime) -> Option<StorageTask> {
        if !self.open.writes.is_empty() || !self.open.commands.is_empty() {
            self.waiting.push_back(core::mem::take(&mut self.open));
        }
        if self.writing.is_some() || self.retry_at.is_some_and(|at| at > now) {
            return None;
        }
        self.retry_at = None;
        let writes = self.waiting.front()?.writes.clone();
        let id = self.new_task();
        self.writing = Some(id);
        Some(StorageTask { id, request: StorageRequest::Write(writes) })
    }

    /// Takes note of how a task ended.
    pub(super) fn finish(&mut self, id: TaskId, result: Result<(), StorageError>, now: MonotonicTime) -> Finished {
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
            return Finished::Written { commands, recovered: core::mem::take(&mut self.failing) };
        }
        self.failing = true;
        self.retry_at = Some(now.plus(RETRY));
        let mut commands = Vec::new();
        for transaction in &mut self.waiting {
            commands.append(&mut transaction.commands);
        }
        Finished::Failed { commands }
    }

    /// Forgets the writes of a record in transactions that are not done.
    pub(super) fn withdraw(&mut self, key: &str) {
        self.forget(|write| matches!(write, Write::Put(written, _) if written == key));
    }

    /// Forgets the deletions of a record in transactions that are not done.
    pub(super) fn keep(&mut self, key: &str) {
        self.forget(|write| matches!(write, Write::Delete(deleted) if deleted == key));
    }

    fn forget(&mut self, is_forgotten: impl Fn(&Write) -> bool) {
        for transaction in &mut self.waiting {
            transaction.writes.retain(|write| !is_forgotten(write));
        }
    }

    fn new_task(&mut self) -> TaskId {
        self.next_task += 1;
        TaskId(self.next_task)
    }
}
