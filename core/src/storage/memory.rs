//! The store in memory: for tests, bots, and browsers without IndexedDB.

use std::collections::BTreeMap;

use crate::storage::{RecordKey, StorageAnswer, StorageError, StorageRequest, Write};

/// An ordered map that carries out requests at once.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    records: BTreeMap<RecordKey, Vec<u8>>,
    bytes_max: Option<usize>,
}

impl MemoryStore {
    /// A store that answers `Full` when its values would exceed this.
    pub fn with_bytes_max(bytes_max: usize) -> Self {
        Self { records: BTreeMap::new(), bytes_max: Some(bytes_max) }
    }

    /// Sets the available space; none for unlimited.
    pub fn set_bytes_max(&mut self, bytes_max: Option<usize>) {
        self.bytes_max = bytes_max;
    }

    /// The records, by key.
    pub fn records(&self) -> &BTreeMap<RecordKey, Vec<u8>> {
        &self.records
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// `StorageError::Full` when the bound would be exceeded; nothing is written.
    pub fn run(&mut self, request: &StorageRequest) -> Result<StorageAnswer, StorageError> {
        match request {
            StorageRequest::Read(prefixes) => {
                let matches = |key: &str| prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()));
                let records = self.records.iter().filter(|(key, _)| matches(key));
                Ok(StorageAnswer::Records(records.map(|(key, value)| (key.clone(), value.clone())).collect()))
            }
            StorageRequest::Write(writes) => {
                let before = self.bytes_max.is_some().then(|| self.records.clone());
                writes.iter().for_each(|write| self.write(write));
                let bytes: usize = self.bytes_max.map_or(0, |_| self.records.values().map(Vec::len).sum());
                match (before, self.bytes_max) {
                    (Some(before), Some(bytes_max)) if bytes > bytes_max => {
                        self.records = before;
                        Err(StorageError::Full)
                    }
                    _ => Ok(StorageAnswer::Written),
                }
            }
        }
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Put(key, value) => {
                self.records.insert(key.clone(), value.clone());
            }
            Write::Delete(key) => {
                self.records.remove(key);
            }
            Write::DeletePrefix(prefix) => self.records.retain(|key, _| !key.starts_with(prefix.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Contract, ContractStep};

    #[test]
    fn memory_keeps_the_contract() {
        let mut store = MemoryStore::default();
        let mut contract = Contract::new();
        while let Some(ContractStep { name, request }) = contract.next_step() {
            let answer = store.run(&request);
            contract.check(&answer).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn a_full_store_writes_nothing_of_a_transaction() {
        let mut store = MemoryStore::with_bytes_max(4);
        let writes = vec![Write::Put("a".into(), vec![0; 3]), Write::Put("b".into(), vec![0; 3])];
        assert_eq!(store.run(&StorageRequest::Write(writes)), Err(StorageError::Full));
        assert!(store.records().is_empty());
    }
}
