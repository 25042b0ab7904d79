//! Recomputes what a store holds: every decision of a journal, the snapshots
//! and the projections, stream by stream, while servers run or not. Writes
//! nothing. Judges by the limits it is given, which should be those the
//! journal was written under.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use tidings_core::{
    authority::{Aspect, Difference, Verifier},
    doc::Home,
    ids::{DeviceId, DocumentId, StreamId, TenantId},
    journal::Position,
    limits::Limits,
    model::{MemberStatus, Profile, Reachability, Thread},
    time::WallTime,
};

use crate::{
    store::{ConversationRow, MemberRow, NewEntry, Records, StoreError, StreamHead, StreamRecord},
    stream::conversation_row,
};

/// Entries read at once.
const ENTRIES_MAX: u32 = 500;
/// Devices asked about at once.
const DEVICES_MAX: usize = 500;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Streams.
    pub streams: u64,
    /// Entries.
    pub entries: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Streams with a difference.
    pub differing: u64,
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

/// Verifies every stream, of a tenant or of all, and passes on the first
/// difference of each that has one.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify_all(
    records: &dyn Records,
    tenant: Option<&TenantId>,
    limits: &Limits,
    mut differs: impl FnMut(&TenantId, &StreamId, &Difference),
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let mut last: Option<(TenantId, StreamId)> = None;
    while let Some(next) = records.next_stream(tenant, last.as_ref()).await? {
        let (tenant, stream) = &next;
        if let Some(difference) = verify_stream(records, tenant, stream, limits, &mut counts).await? {
            differs(tenant, stream, &difference);
        }
        last = Some(next);
    }
    Ok(counts)
}

/// Verifies one stream; the first difference, if there is one. Rows that do
/// not decode are differences too.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify_stream(
    records: &dyn Records,
    tenant: &TenantId,
    stream: &StreamId,
    limits: &Limits,
    counts: &mut Counts,
) -> Result<Option<Difference>, StoreError> {
    let verifier = Verifier::new(tenant.clone(), stream.clone(), limits.clone());
    let mut verifying = Verifying { records, tenant, stream, verifier, profile_times: None, entries: 0, snapshots: 0 };
    let mut outcome = verifying.run().await;
    if outcome.is_err() && records.stream_record(tenant, stream).await.is_ok_and(|record| record.is_being_erased) {
        // The erasure began while it was read.
        outcome = Ok(());
    }
    counts.streams += 1;
    counts.entries += verifying.entries;
    counts.snapshots += verifying.snapshots;
    let difference = match outcome {
        Ok(()) => return Ok(None),
        Err(VerifyError::Differs(difference)) => difference,
        Err(VerifyError::Store(error)) => undecodable(error, verifying.verifier.stream().position())?,
    };
    counts.differing += 1;
    Ok(Some(difference))
}

/// A row that does not decode, as a difference; any other failure is one.
fn undecodable(error: StoreError, at: Position) -> Result<Difference, StoreError> {
    match error {
        StoreError::Damaged { position, detail, .. } => {
            Ok(Difference::new(position, Aspect::Entry, "an entry that decodes", detail))
        }
        StoreError::Corrupt { table, detail } => {
            let aspect = match table {
                "journal" => Aspect::Entry,
                "conversations" => Aspect::Conversation,
                "members" => Aspect::Members,
                "accounts" => Aspect::Profile,
                "blocks" => Aspect::Blocks,
                "reachability" => Aspect::Reachability,
                "contact_accounts" => Aspect::Contacts,
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
    /// When the first and the last entry of the account's profile were accepted.
    profile_times: Option<(WallTime, WallTime)>,
    entries: u64,
    snapshots: u64,
}

impl Verifying<'_> {
    /// Everything up to the head of one moment: what is admitted meanwhile is
    /// not looked at, and what was read at that moment is compared there.
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
                // In order: each is compared when the entries up to it were fed.
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
        self.check_projections(&record)
    }

    fn position(&self) -> Position {
        self.verifier.stream().position()
    }

    fn feed(&mut self, new: &NewEntry) -> Result<(), VerifyError> {
        let admitted = self.verifier.feed(&new.entry, new.hash)?;
        self.entries += 1;
        if let DocumentId::Account(_) = new.entry.document {
            let accepted_at = new.entry.accepted_at;
            let (first, _) = self.profile_times.unwrap_or((accepted_at, accepted_at));
            self.profile_times = Some((first, accepted_at));
        }
        if admitted.effects.author == new.author {
            return Ok(());
        }
        let [expected, found] = [&admitted.effects.author, &new.author].map(|author| match author {
            Some(author) => format!("it holds a message of {author}"),
            None => "it holds no message".to_owned(),
        });
        Err(Difference::new(new.entry.position, Aspect::Entry, expected, found).into())
    }

    /// Compares the snapshot that was listed at a position; one that a server
    /// replaced since then is left to the next time.
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

    /// Whose the devices are, by their registration. That of the system follows from its stream.
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

    fn check_head(&self, record: &StreamRecord) -> Result<(), Difference> {
        let page = self.verifier.stream().page();
        let expected = StreamHead { position: self.position(), page };
        if record.head == expected && record.last == self.position() {
            return Ok(());
        }
        let text = |head: StreamHead| format!("head {}, newest page {}", head.position, head.page);
        let found = format!("{}; the last entry at {}", text(record.head), record.last);
        Err(Difference::new(self.position(), Aspect::Head, text(expected), found))
    }

    fn check_projections(&self, record: &StreamRecord) -> Result<(), VerifyError> {
        let stream = self.verifier.stream();
        let differs = |aspect, expected: String, found: String| {
            Err(VerifyError::Differs(Difference::new(self.position(), aspect, expected, found)))
        };
        if let StreamId::Account(account) = self.stream {
            // Whoever wrote only their home has no profile.
            let expected = self.profile_times.map(|(created_at, updated_at)| {
                let written = stream.document(&DocumentId::Account(account.clone())).map(Profile::read);
                let (created_at, updated_at) = (Some(created_at), Some(updated_at));
                Profile { created_at, updated_at, ..written.unwrap_or_default() }
            });
            if expected != record.profile {
                return differs(Aspect::Profile, "the profile that the entries state".into(), "another one".into());
            }
            let home = stream.document(&DocumentId::Home(account.clone())).map(Home::read).unwrap_or_default();
            let reachability = home.reachability.unwrap_or(Reachability::Everybody);
            if record.reachability.is_some_and(|found| found != reachability) {
                let found = record.reachability.map_or_else(String::new, |found| found.to_string());
                return differs(Aspect::Reachability, reachability.to_string(), found);
            }
            let linked = home.contacts.into_iter().filter_map(|(id, contact)| Some((id, contact.account?)));
            if !linked.eq(record.contacts.iter().map(|(id, account)| (*id, account.clone()))) {
                return differs(Aspect::Contacts, "the contacts that the entries state".into(), "others".into());
            }
            return match home.blocked.into_keys().eq(record.blocks.iter().cloned()) {
                true => Ok(()),
                false => differs(Aspect::Blocks, "the blocks that the entries state".into(), "others".into()),
            };
        }
        let expected: Vec<_> = stream
            .conversation()
            .members
            .iter()
            // Whether they still subscribe is in no journal.
            .filter(|(_, member)| member.status() != MemberStatus::Subscribed)
            .map(|(account, member)| (account.clone(), MemberRow::of(member)))
            .collect();
        if let Some((account, member)) = expected.iter().find(|member| !record.members.contains(member)) {
            let found = record.members.iter().find(|(other, _)| other == account);
            return differs(
                Aspect::Members,
                format!("{account} {member:?}"),
                format!("{:?}", found.map(|found| &found.1)),
            );
        }
        if record.members.len() != expected.len() {
            return differs(Aspect::Members, expected.len().to_string(), record.members.len().to_string());
        }
        let expected: Vec<&Thread> = stream.threads().collect();
        if !expected.iter().copied().eq(&record.threads) {
            let odd = expected.iter().find(|thread| !record.threads.contains(thread));
            let found = record.threads.iter().find(|thread| odd.is_none_or(|odd| odd.id == thread.id));
            return differs(Aspect::Threads, format!("{odd:?}"), format!("{found:?} among {}", record.threads.len()));
        }
        let expected: Vec<String> = stream.conversation().directory_words().into_iter().collect();
        if expected != record.words {
            return differs(Aspect::Conversation, "words as the entries state them".into(), "others".into());
        }
        let expected = conversation_row(stream).map(as_stored);
        match differing_column(expected.as_ref(), record.conversation.as_ref()) {
            None => Ok(()),
            // A title is people's words.
            Some(column) => {
                differs(Aspect::Conversation, format!("{column} as the entries state it"), "another".into())
            }
        }
    }
}

/// Of what was erased nothing is left but that it was deleted, and who is to be told.
fn check_tombstone(record: &StreamRecord) -> Result<(), Difference> {
    let StreamRecord { last, threads, words, snapshots, .. } = record;
    let is_empty = *last == Position::ZERO && threads.is_empty() && words.is_empty() && snapshots.is_empty();
    if record.is_being_erased || is_empty {
        return Ok(());
    }
    let found = format!("entries up to {last}, {} threads, {} snapshots", threads.len(), snapshots.len());
    Err(Difference::new(*last, Aspect::Head, "nothing left of a conversation that was erased", found))
}

/// A projection's texts hold no U+0000.
fn as_stored(row: ConversationRow) -> ConversationRow {
    ConversationRow { title: row.title.map(|title| title.replace('\0', "\u{fffd}")), ..row }
}

fn differing_column(expected: Option<&ConversationRow>, found: Option<&ConversationRow>) -> Option<&'static str> {
    let (expected, found) = match (expected, found) {
        (None, None) => return None,
        (Some(expected), Some(found)) => (expected, found),
        (Some(_), None) | (None, Some(_)) => return Some("the row"),
    };
    let columns = [
        ("kind", expected.kind == found.kind),
        ("title", expected.title == found.title),
        ("state", expected.state == found.state),
        ("member_count", expected.member_count == found.member_count),
        ("some_members", expected.some_members == found.some_members),
        ("created_at", expected.created_at == found.created_at),
        ("last_message", expected.last_message == found.last_message),
        ("listing", expected.listing == found.listing),
    ];
    columns.iter().find(|(_, same)| !same).map(|(column, _)| *column)
}
