//! A device's disk: the memory store with transactions that take time, may fail, and are lost in a crash before
//! they complete; or even later, if the machine stops and the server has what they are about (V92).

use std::collections::VecDeque;

use tidings_core::{
    engine::IRREPLACEABLE,
    storage::{MemoryStore, RecordKey, StorageAnswer, StorageError, StorageRequest, StorageTask, TaskId, Write},
};

use super::{
    happened::{Happened, Tally},
    plant::Plant,
};
use crate::random::Random;

/// The result of a finished task.
pub type Finished = (TaskId, Result<StorageAnswer, StorageError>);

/// A disk.
#[derive(Debug)]
pub struct Disk {
    store: MemoryStore,
    waiting: VecDeque<(u64, StorageTask)>,
    random: Random,
    /// The longest duration of a task, ms; with 0 it is done at once.
    pub delay_ms_max: u64,
    /// The error with which every task fails.
    pub failure: Option<StorageError>,
    /// A fault that was planted.
    pub plant: Option<Plant>,
    /// Counters of what happens.
    pub tally: Tally,
    /// The state that a crash leaves if the disk lies about durability.
    durable: Option<MemoryStore>,
    /// Records that were replaced since the last write that must be on the disk, the latest last.
    replaced: Vec<(RecordKey, Option<Vec<u8>>)>,
}

impl Disk {
    /// A disk with these contents.
    pub fn new(store: MemoryStore, seed: u64) -> Self {
        Self {
            store,
            waiting: VecDeque::new(),
            random: Random::new(seed),
            delay_ms_max: 0,
            failure: None,
            plant: None,
            tally: Tally::default(),
            durable: None,
            replaced: Vec::new(),
        }
    }

    /// Queues a task given at this time.
    pub fn take(&mut self, time_ms: u64, task: StorageTask) {
        let due_ms = time_ms + self.random.below(self.delay_ms_max + 1);
        let due_ms = self.waiting.back().map_or(due_ms, |(before_ms, _)| due_ms.max(*before_ms));
        self.waiting.push_back((due_ms, task));
    }

    /// When the next task completes.
    pub fn due_ms(&self) -> Option<u64> {
        self.waiting.front().map(|(due_ms, _)| *due_ms)
    }

    /// Completes the next task that is due.
    pub fn finish_one(&mut self, time_ms: u64) -> Option<Finished> {
        let (_, task) = self.waiting.pop_front_if(|(due_ms, _)| *due_ms <= time_ms)?;
        if let Some(failure) = self.failure {
            self.tally.count(Happened::DiskBlocked);
            return Some((task.id, Err(failure)));
        }
        Some((task.id, self.run(task.request)))
    }

    fn run(&mut self, mut request: StorageRequest) -> Result<StorageAnswer, StorageError> {
        if let StorageRequest::Write(writes) = &mut request {
            match self.plant {
                // Reported complete, and not yet on the disk.
                Some(Plant::ClientSkipsFsync) if self.random.chance(30) => {
                    self.durable.get_or_insert_with(|| self.store.clone());
                }
                Some(Plant::ClientSkipsFsync) => self.durable = None,
                Some(Plant::ForgetRefused) => {
                    writes.retain(|write| !matches!(write, Write::Put(key, _) if key.starts_with("refused/")));
                }
                _ => {}
            }
        }
        let replaced = self.replaced_by(&request);
        let answer = self.store.run(&request);
        match &request {
            StorageRequest::Write(writes) if answer.is_ok() => {
                let is_own = |write: &Write| matches!(write, Write::Put(key, _) if is_irreplaceable(key));
                self.replaced.extend(replaced);
                if writes.iter().any(is_own) {
                    self.replaced.clear();
                }
            }
            _ => {}
        }
        self.tally.count_if(Happened::DiskFull, answer == Err(StorageError::Full));
        answer
    }

    /// The current values of the records that a request writes.
    fn replaced_by(&self, request: &StorageRequest) -> Vec<(RecordKey, Option<Vec<u8>>)> {
        let StorageRequest::Write(writes) = request else { return Vec::new() };
        let records = self.store.records();
        let of_write = |write: &Write| match write {
            Write::Put(key, _) | Write::Delete(key) => vec![(key.clone(), records.get(key).cloned())],
            Write::DeletePrefix(prefix) => {
                let former = records.iter().filter(|(key, _)| key.starts_with(prefix.as_str()));
                former.map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
            }
        };
        writes.iter().flat_map(of_write).collect()
    }

    /// The contents, without queued tasks.
    pub fn store(&mut self) -> &mut MemoryStore {
        &mut self.store
    }

    /// Returns true while a transaction is in progress.
    pub fn is_writing(&self) -> bool {
        self.waiting.iter().any(|(_, task)| matches!(task.request, StorageRequest::Write(_)))
    }

    /// The state after a crash at its worst, now and then: the machine stops before the system has written
    /// everything (V92); or the platform discards the store, and what was kept twice is left (E42).
    pub fn crash_badly(&mut self) -> MemoryStore {
        let mut left = self.crash();
        if self.random.chance(30) && self.durable.is_none() {
            self.tally.count_if(Happened::MachineStopped, !self.replaced.is_empty());
            let former = self.replaced.drain(..).rev().map(|(key, value)| match value {
                Some(value) => Write::Put(key, value),
                None => Write::Delete(key),
            });
            left.set_bytes_max(None);
            left.run(&StorageRequest::Write(former.collect())).expect("it has no bound");
        }
        if !self.random.chance(10) {
            return left;
        }
        self.tally.count(Happened::StoreThrownAway);
        second_copy(&left)
    }

    /// The state after a crash: nothing of queued tasks.
    pub fn crash(&self) -> MemoryStore {
        self.durable.as_ref().unwrap_or(&self.store).clone()
    }
}

fn is_irreplaceable(key: &RecordKey) -> bool {
    IRREPLACEABLE.iter().any(|kept| key.starts_with(kept))
}

/// The part of a store that is kept twice.
pub fn second_copy(store: &MemoryStore) -> MemoryStore {
    let kept = store.records().iter().filter(|(key, _)| is_irreplaceable(key));
    let kept = kept.map(|(key, value)| Write::Put(key.clone(), value.clone())).collect();
    let mut copy = MemoryStore::default();
    copy.run(&StorageRequest::Write(kept)).expect("it has no bound");
    copy
}
