//! Recomputes what a store holds, stream by stream, while servers run or not: every decision of a journal, the
//! snapshots, and the rows derived from it. Writes nothing; `mend` does. It judges by the limits it is given,
//! which should be those the journal was written under.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use tidings_core::{
    authority::{Aspect, Difference, Verifier},
    ids::{DeviceId, DocumentId, StreamId, TenantId},
    journal::Position,
    limits::Limits,
};

use crate::{
    mend,
    store::{NewEntry, OddRow, Records, Store, StoreError, StreamRecord},
};

/// Entries read at once.
const ENTRIES_MAX: u32 = 500;
/// Devices looked up at once.
const DEVICES_MAX: usize = 500;

/// Counts of what was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Streams checked.
    pub streams: u64,
    /// Entries checked.
    pub entries: u64,
    /// Snapshots checked.
    pub snapshots: u64,
    /// Streams with a difference.
    pub differing: u64,
}

/// A difference between the store and what follows from its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The first entry, or snapshot, that does not follow from the entries before it.
    Journal(Difference),
    /// A row that differs from what the entries state.
    Row(OddRow),
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(Difference { position, aspect, expected, found }) => {
                write!(formatter, "position {position}: {aspect}\n  expected: {expected}\n  found: {found}")
            }
            Self::Row(row) => write!(formatter, "row {row}"),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { streams, entries, snapshots, differing } = self;
        write!(formatter, "{streams} streams, {entries} entries, {snapshots} snapshots: ")?;
        match differing {
            0 => formatter.write_str("all as they must be"),
            _ => write!(formatter, "{differing} streams differ"),
        }
    }
}

/// Verifies every stream, of one tenant or of all, and reports every finding: the first difference of each
/// journal, and every row that differs.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify_all(
    store: &dyn Store,
    tenant: Option<&TenantId>,
    limits: &Limits,
    mut differs: impl FnMut(&TenantId, &StreamId, &Finding),
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let mut last: Option<(TenantId, StreamId)> = None;
    while let Some(next) = store.records().next_stream(tenant, last.as_ref()).await? {
        let (tenant, stream) = &next;
        for finding in verify_stream(store, tenant, stream, limits, &mut counts).await? {
            differs(tenant, stream, &finding);
        }
        last = Some(next);
    }
    Ok(counts)
}

/// Verifies one stream and returns the findings. Rows that do not decode are findings too.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify_stream(
    store: &dyn Store,
    tenant: &TenantId,
    stream: &StreamId,
    limits: &Limits,
    counts: &mut Counts,
) -> Result<Vec<Finding>, StoreError> {
    let verifier = Verifier::new(tenant.clone(), stream.clone(), limits.clone());
    let mut verifying = Verifying { records: store.records(), tenant, stream, verifier, entries: 0, snapshots: 0 };
    let mut outcome = verifying.run().await;
    if outcome.is_err()
        && store.records().stream_record(tenant, stream).await.is_ok_and(|record| record.is_being_erased)
    {
        // The erasure began while the stream was read.
        outcome = Ok(());
    }
    counts.streams += 1;
    counts.entries += verifying.entries;
    counts.snapshots += verifying.snapshots;
    let difference = match outcome {
        Ok(()) => None,
        Err(VerifyError::Differs(difference)) => Some(difference),
        Err(VerifyError::Store(error)) => Some(undecodable(error, verifying.position())?),
    };
    let mut findings: Vec<Finding> = difference.into_iter().map(Finding::Journal).collect();
    match mend::odd_rows(store, tenant, stream).await {
        Ok(rows) => findings.extend(rows.into_iter().map(Finding::Row)),
        // The damage was already reported as a finding.
        Err(StoreError::Damaged { .. }) if !findings.is_empty() => {}
        Err(error) => findings.push(Finding::Journal(undecodable(error, Position::ZERO)?)),
    }
    counts.differing += u64::from(!findings.is_empty());
    Ok(findings)
}

/// Turns a row that does not decode into a difference; any other failure stays an error.
fn undecodable(error: StoreError, at: Position) -> Result<Difference, StoreError> {
    match error {
        StoreError::Damaged { position, detail, .. } => {
            Ok(Difference::new(position, Aspect::Entry, "an entry that decodes", detail))
        }
        StoreError::Corrupt { table, detail } => {
            let aspect = match table {
                "journal" => Aspect::Entry,
                "snapshots" => Aspect::Snapshot,
                "devices" => Aspect::Device,
                _ => Aspect::Head,
            };
            Ok(Difference::new(at, aspect, format!("a row of {table} that decodes"), detail))
        }
        other => Err(other),
    }
}

enum VerifyError {
    Differs(Difference),
    Store(StoreError),
}

impl From<Difference> for VerifyError {
    fn from(difference: Difference) -> Self {
        Self::Differs(difference)
    }
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Verifying<'a> {
    records: &'a dyn Records,
    tenant: &'a TenantId,
    stream: &'a StreamId,
    verifier: Verifier,
    entries: u64,
    snapshots: u64,
}

impl Verifying<'_> {
    /// Replays everything up to the head at one moment. Entries admitted later are ignored, and what was read
    /// at that moment is compared at the end.
    async fn run(&mut self) -> Result<(), VerifyError> {
        let record = self.records.stream_record(self.tenant, self.stream).await?;
        if record.is_erased {
            return Ok(check_tombstone(&record)?);
        }
        let mut snapshots: VecDeque<(DocumentId, Position)> = record.snapshots.iter().cloned().collect();
        let end = record.head.position.max(record.last);
        while self.position() < end {
            let entries = self.records.entries(self.tenant, self.stream, self.position(), ENTRIES_MAX).await?;
            let known = self.verifier.owners().count();
            let read: Vec<NewEntry> = entries.into_iter().take_while(|new| new.entry.position <= end).collect();
            if read.is_empty() {
                break;
            }
            for new in &read {
                self.feed(new)?;
                // In order: each snapshot is compared once the entries up to its position are replayed.
                while let Some((document, at)) = snapshots.pop_front_if(|(_, at)| *at <= new.entry.position) {
                    self.check_snapshot(&document, at).await?;
                }
            }
            if self.verifier.owners().count() > known {
                self.check_devices().await?;
            }
            tokio::task::yield_now().await;
        }
        self.check_head(&record)?;
        for (document, at) in snapshots {
            self.check_snapshot(&document, at).await?;
        }
        Ok(())
    }

    fn position(&self) -> Position {
        self.verifier.stream().position()
    }

    fn feed(&mut self, new: &NewEntry) -> Result<(), VerifyError> {
        let admitted = self.verifier.feed(&new.entry, new.hash, new.chain)?;
        self.entries += 1;
        if admitted.effects.author == new.author {
            return Ok(());
        }
        let [expected, found] = [&admitted.effects.author, &new.author].map(|author| match author {
            Some(author) => format!("it holds a message of {author}"),
            None => "it holds no message".to_owned(),
        });
        Err(Difference::new(new.entry.position, Aspect::Entry, expected, found).into())
    }

    /// Compares the snapshot listed at a position. One that a server has replaced since is left for the
    /// next run.
    async fn check_snapshot(&mut self, id: &DocumentId, at: Position) -> Result<(), VerifyError> {
        let Some(stored) = self.records.snapshot(self.tenant, id).await? else { return Ok(()) };
        let snapshot = stored.snapshot;
        if !stored.intact {
            let expected = format!("{id}: a snapshot with its checksum");
            return Err(Difference::new(snapshot.position, Aspect::Snapshot, expected, "another checksum").into());
        }
        if snapshot.position != at {
            return Ok(());
        }
        self.verifier.check_snapshot(id, snapshot.position, &snapshot.data, &snapshot.admissions)?;
        self.snapshots += 1;
        Ok(())
    }

    /// Checks that each device is registered to the account it wrote for. The system's device follows
    /// from its stream.
    async fn check_devices(&self) -> Result<(), VerifyError> {
        let owners = self.verifier.owners().filter(|(_, account)| !account.is_system());
        let owners: BTreeMap<DeviceId, _> = owners.collect();
        let devices: Vec<DeviceId> = owners.keys().copied().collect();
        for devices in devices.chunks(DEVICES_MAX) {
            let registered: BTreeMap<_, _> =
                self.records.device_owners(self.tenant, devices).await?.into_iter().collect();
            for device in devices {
                let (account, found) = (owners[device], registered.get(device));
                if found != Some(account) {
                    let expected = format!("device {device} is registered to account {account}, who wrote with it");
                    let found = found.map_or_else(|| "to nobody".to_owned(), |found| format!("to account {found}"));
                    return Err(Difference::new(self.position(), Aspect::Device, expected, found).into());
                }
            }
        }
        Ok(())
    }

    /// Checks that the stream's row ends where its entries do and names the same page.
    fn check_head(&self, record: &StreamRecord) -> Result<(), Difference> {
        if record.head.position <= self.position() {
            return Ok(());
        }
        let [expected, found] = [self.position(), record.head.position].map(|position| format!("head {position}"));
        Err(Difference::new(self.position(), Aspect::Head, expected, found))
    }
}

/// Checks that of an erased conversation only the deletion and the list of accounts to notify are left, and of an
/// erased account nothing.
fn check_tombstone(record: &StreamRecord) -> Result<(), Difference> {
    let StreamRecord { last, rows_left, snapshots, .. } = record;
    if record.is_being_erased || (*last == Position::ZERO && *rows_left == 0 && snapshots.is_empty()) {
        return Ok(());
    }
    let found = format!("entries up to {last}, {rows_left} rows, {} snapshots", snapshots.len());
    Err(Difference::new(*last, Aspect::Head, "nothing left of what was erased", found))
}
