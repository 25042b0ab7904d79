//! Verifies a journal: repeats every decision, from nothing but the entries, with the authority that made it,
//! and compares saved documents with the rebuilt ones. For anyone who does not trust a store. Reads none
//! itself: entries and snapshots are passed in.

use crate::{
    authority::{AdmitError, Admitted, Stream, shape},
    doc::{Document, Value},
    ids::{AccountId, ChangeHash, DeviceId, DocumentId, StreamId, TenantId},
    journal::{ChainHash, Entry, Position},
    limits::Limits,
    sorted::SortedMap,
};

/// Documents that are kept open; of the others only the saved bytes are kept.
const OPEN_DOCUMENTS_MAX: usize = 8;

/// One stream, rebuilt from its entries. Memory: eight open documents (a full page is half a mebibyte), the
/// saved bytes of all other pages (65 KB for a full one), and a row for each device.
pub struct Verifier {
    stream: Stream,
    limits: Limits,
    /// The owner of each device, and since which position.
    owners: SortedMap<DeviceId, (AccountId, Position)>,
    /// Pages that were not written lately: position, data, admissions.
    saved: SortedMap<DocumentId, (Position, Vec<u8>, Vec<u8>)>,
}

/// A difference between something stored and what follows from the entries before it. It names keys, ids and
/// codes, never what people wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The position in the stream.
    pub position: Position,
    /// The compared aspect.
    pub aspect: Aspect,
    /// The value that follows from the entries.
    pub expected: String,
    /// The stored value.
    pub found: String,
}

crate::named::named! {
    /// The compared aspects of a journal.
    closed Aspect {
        /// The position of an entry: 1, 2, 3 …
        Position = "position",
        /// The hash of an entry's change.
        Hash = "hash",
        /// The owner of the device that wrote an entry.
        Device = "device",
        /// The authority's answer to an entry.
        Decision = "decision",
        /// The hash of the journal up to an entry.
        Chain = "chain",
        /// A column of an entry that follows from its change.
        Entry = "entry",
        /// The stream's last position and newest page.
        Head = "head",
        /// A saved document.
        Snapshot = "snapshot",
        /// When the messages of a saved document were admitted.
        Admissions = "admissions",
    }
}

impl Difference {
    /// A difference at a position.
    pub fn new(position: Position, aspect: Aspect, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { position, aspect, expected: expected.into(), found: found.into() }
    }
}

impl Verifier {
    /// A stream before its first entry, to be judged by these limits.
    pub fn new(tenant: TenantId, stream: StreamId, limits: Limits) -> Self {
        let stream = Stream::new(tenant, stream);
        Self { stream, limits, owners: SortedMap::new(), saved: SortedMap::new() }
    }

    /// The stream as of the last entry fed.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The devices that wrote the stream so far, with their owners.
    pub fn owners(&self) -> impl Iterator<Item = (DeviceId, &AccountId)> {
        self.owners.iter().map(|(device, (account, _))| (*device, account))
    }

    /// Judges the next entry again, as of its `accepted_at` and as its account, as when it was pushed.
    ///
    /// # Errors
    /// The difference to what is stored. Nothing can be said about later entries.
    pub fn feed(&mut self, entry: &Entry, hash: ChangeHash, chain: ChainHash) -> Result<Admitted, Difference> {
        let differs = |aspect, expected: String, found: String| {
            Err(Difference::new(self.stream.position().next(), aspect, expected, found))
        };
        if entry.position != self.stream.position().next() {
            let expected = format!("an entry at position {}", self.stream.position().next());
            return differs(Aspect::Position, expected, format!("one at {}", entry.position));
        }
        // The hash first: it does not require understanding the bytes.
        match ChangeHash::of_change(&entry.change) {
            Some(actual) if actual == hash => {}
            Some(actual) => return differs(Aspect::Hash, format!("hash {actual} of the change"), format!("{hash}")),
            None => {
                let found = "bytes that are no change, or not the one their checksum is of".to_owned();
                return differs(Aspect::Hash, format!("the change with hash {hash}"), found);
            }
        }
        let device = match shape::read(&entry.change, &Limits::WIDEST) {
            Ok((change, _)) => change.device(),
            Err(refusal) => return differs(Aspect::Decision, refused(&refusal), admitted(entry)),
        };
        if let Some((owner, since)) = self.owners.get(&device).filter(|(owner, _)| *owner != entry.account) {
            let expected = format!("device {device} is of account {owner}, since position {since}");
            return differs(Aspect::Device, expected, format!("account {}", entry.account));
        }
        if entry.document.stream() == *self.stream.id() {
            self.open(&entry.document, &entry.change);
        }
        match self.stream.readmit(entry, &self.limits) {
            Ok(decided) if decided.entry == *entry && decided.hash == hash => {
                if decided.chain != chain {
                    let expected = format!("chain {} of this entry and those before it", decided.chain);
                    return Err(Difference::new(entry.position, Aspect::Chain, expected, chain.to_string()));
                }
                self.owners.entry(device).or_insert_with(|| (entry.account.clone(), entry.position));
                self.save_quiet_pages();
                Ok(decided)
            }
            Ok(decided) => {
                let at = entry.position;
                Err(Difference::new(at, Aspect::Entry, format!("{:?}", decided.entry), format!("{entry:?}")))
            }
            Err(AdmitError::Refused(refusal)) => {
                Err(Difference::new(entry.position, Aspect::Decision, refused(&refusal), admitted(entry)))
            }
            Err(AdmitError::AlreadyAdmitted(hash)) => {
                let expected = format!("change {hash} once, before");
                Err(Difference::new(entry.position, Aspect::Decision, expected, "admitted again"))
            }
        }
    }

    /// Opens what a decision about a document needs; a new one is empty.
    fn open(&mut self, document: &DocumentId, change: &[u8]) {
        // A thread's first message is known once the thread itself is loaded.
        while let Some(id) = self.stream.missing_for(document, change).into_iter().next() {
            let opened = match self.saved.remove(&id) {
                Some((position, data, admissions)) => Document::restore(id, Some((position, &data, &admissions)), &[])
                    .expect("what was saved a moment ago restores (D7)"),
                None => Document::new(id),
            };
            self.stream.insert(opened);
        }
    }

    /// Saves and closes the pages that were written longest ago, but never the newest one.
    fn save_quiet_pages(&mut self) {
        while self.stream.documents().count() > OPEN_DOCUMENTS_MAX {
            let pages = self.stream.documents().filter(|document| !self.stream.is_base(document.id()));
            let Some(id) = pages.min_by_key(|document| document.position()).map(|page| page.id().clone()) else {
                return;
            };
            if let Some(page) = self.stream.remove(&id) {
                self.saved.insert(id, page.save());
            }
        }
    }

    /// Compares a snapshot that contains every entry of its document up to `position`; to be called after
    /// `position` was fed and before a later entry of the document.
    ///
    /// # Errors
    /// The difference to the rebuilt document.
    pub fn check_snapshot(
        &mut self,
        id: &DocumentId,
        position: Position,
        data: &[u8],
        admissions: &[u8],
    ) -> Result<(), Difference> {
        let differs = |aspect, expected: String, found: String| {
            Err(Difference::new(position, aspect, format!("{id}: {expected}"), found))
        };
        if position > self.stream.position() {
            let expected = format!("a snapshot up to position {} at most", self.stream.position());
            return differs(Aspect::Snapshot, expected, format!("one up to {position}"));
        }
        let found = match Document::restore(id.clone(), Some((position, data, admissions)), &[]) {
            Ok(found) => found,
            Err(error) => return differs(Aspect::Snapshot, "a document".into(), error.to_string()),
        };
        self.open(id, &[]);
        let Some(expected) = self.stream.document(id).filter(|document| document.changes() > 0) else {
            return differs(Aspect::Snapshot, "no snapshot of a document without an entry".into(), "one".into());
        };
        if expected.position() > position {
            let entry = expected.position();
            return differs(Aspect::Snapshot, format!("entry {entry} is in it"), "it ends before".into());
        }
        let size = |document: &Document| {
            (document.changes(), document.change_bytes(), document.updated_at(), document.heads())
        };
        if size(expected) != size(&found) {
            let text = |document: &Document| {
                let (changes, bytes, updated_at, heads) = size(document);
                format!("{changes} changes of {bytes} bytes, the last at {updated_at:?}, heads {heads:?}")
            };
            return differs(Aspect::Snapshot, text(expected), text(&found));
        }
        if expected.admissions() != found.admissions() {
            let odd = expected.admissions().iter().find(|(id, at)| found.admissions().get(id) != Some(at));
            let (expected, found) = match odd {
                Some((id, at)) => (format!("message {id} {at:?}"), format!("{:?}", found.admissions().get(id))),
                None => (
                    format!("{} messages", expected.admissions().iter().len()),
                    format!("{}", found.admissions().iter().len()),
                ),
            };
            return differs(Aspect::Admissions, expected, found);
        }
        let (expected, found) = (stated(expected), stated(&found));
        let keys = expected.keys().chain(found.keys());
        match keys.into_iter().find(|key| expected.get(*key) != found.get(*key)) {
            // The values may be what people wrote.
            Some(key) => differs(Aspect::Snapshot, format!("{key} as the entries state it"), "another value".into()),
            None => Ok(()),
        }
    }
}

fn refused(refusal: &super::Refusal) -> String {
    format!("refused with {}: {}", refusal.code, refusal.detail)
}

fn admitted(entry: &Entry) -> String {
    format!("admitted from account {} at {}", entry.account, entry.accepted_at.as_millis())
}

fn stated(document: &Document) -> SortedMap<String, Option<Value>> {
    let written = document.facts("").map(|fact| fact.write());
    written.map(|(key, value)| (key.to_string(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doc::Fact,
        ids::{ConversationId, MessageId, Stamp, TimelineId},
        model::{ConversationKind, Created, Edit, MemberStatus, Membership, MessageBody, Role},
        time::WallTime,
    };

    const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);

    fn account(name: &str) -> AccountId {
        AccountId::parse(name).unwrap()
    }

    fn tenant() -> TenantId {
        TenantId::parse("acme").unwrap()
    }

    fn boats() -> ConversationId {
        ConversationId::from_bytes([7; 16])
    }

    /// A journal being written, each entry as the server would admit it.
    #[derive(Clone)]
    struct Journal {
        stream: Stream,
        limits: Limits,
        entries: Vec<(Entry, ChangeHash, ChainHash)>,
    }

    impl Journal {
        /// A group of `ow` and `me`, with a message by each.
        fn new(page_changes_soft: u32) -> Self {
            let stream = Stream::new(tenant(), StreamId::Conversation(boats()));
            let mut journal =
                Self { stream, limits: Limits { page_changes_soft, ..Limits::default() }, entries: Vec::new() };
            let created = Created::new(ConversationKind::Group, account("ow"), NOW);
            let mut facts = vec![Fact::Created(created)];
            for (name, role) in [("ow", Role::Owner), ("me", Role::Member)] {
                facts.push(Fact::MemberRole(account(name), role));
                facts.push(joined(name));
            }
            journal.write("ow", TimelineId::of(boats()).document(), &facts);
            journal.says("ow", 1);
            journal.says("me", 2);
            journal
        }

        /// Admits what the authority admits, and writes down the rest regardless.
        fn write(&mut self, name: &str, document: DocumentId, facts: &[Fact]) {
            for missing in self.stream.missing(&document) {
                self.stream.insert(Document::new(missing));
            }
            let device = DeviceId::from_bytes([name.as_bytes()[0]; 16]);
            let (change, _) = self.stream.clone().write(device, &document, NOW, facts).unwrap();
            let entry = Entry {
                position: self.stream.position().next(),
                document,
                account: account(name),
                administrator: false,
                accepted_at: NOW,
                change: change.bytes().to_vec(),
                deletes: None,
            };
            self.stream.apply_entry(&entry).unwrap();
            self.entries.push((entry, change.hash(), self.stream.head().chain));
        }

        fn says(&mut self, name: &str, number: u16) {
            let document = TimelineId::of(boats()).page(self.stream.open_page(TimelineId::of(boats()), &self.limits));
            let body = MessageBody { content: "words".into(), reply_to: None, mentions: None };
            self.write(name, document, &[Fact::Message(message(name, number), body)]);
        }

        fn removes(&mut self, name: &str) {
            let former = self.stream.conversation().members[&account(name)].membership.clone();
            let membership = Membership::next(former.as_ref(), MemberStatus::Removed, &account("ow"), NOW);
            let removed = Fact::MemberStatus(account(name), membership);
            self.write("ow", TimelineId::of(boats()).document(), &[removed]);
        }

        fn verifier(&self) -> Verifier {
            Verifier::new(tenant(), StreamId::Conversation(boats()), self.limits.clone())
        }

        fn verify(&self) -> Result<Verifier, Difference> {
            let mut verifier = self.verifier();
            let mut entries = self.entries.iter();
            entries.try_for_each(|(entry, hash, chain)| verifier.feed(entry, *hash, *chain).map(drop))?;
            Ok(verifier)
        }

        #[track_caller]
        fn check(&self, position: u64, aspect: Aspect, expected: &str) {
            let difference = self.verify().map(drop).unwrap_err();
            assert_eq!((difference.position.number(), difference.aspect), (position, aspect), "{difference:?}");
            assert!(difference.expected.contains(expected), "{difference:?}");
        }
    }

    fn joined(name: &str) -> Fact {
        Fact::MemberStatus(account(name), Membership::next(None, MemberStatus::Active, &account("ow"), NOW))
    }

    fn message(name: &str, number: u16) -> MessageId {
        MessageId { stamp: Stamp::new(NOW, number, [9; 8]), author: account(name) }
    }

    #[test]
    fn j1_positions_follow_one_another() {
        let mut journal = Journal::new(1_000);
        assert_eq!(journal.verify().unwrap().stream().position(), Position::new(3));
        journal.entries.remove(1);
        journal.check(2, Aspect::Position, "position 2");
    }

    #[test]
    fn j2_every_decision_is_made_again() {
        let mut journal = Journal::new(1_000);
        journal.removes("me");
        journal.says("me", 3);
        journal.check(5, Aspect::Decision, "refused with member_removed");
        let mut journal = Journal::new(1_000);
        journal.entries[2].0.accepted_at = WallTime::from_millis(NOW.as_millis() - 3_600_000);
        journal.check(3, Aspect::Decision, "refused with clock_ahead");
        let mut journal = Journal::new(1_000);
        journal.entries[2].0.account = account("eve");
        journal.check(3, Aspect::Decision, "refused with not");
        let mut journal = Journal::new(1_000);
        let (mut again, hash, chain) = journal.entries[2].clone();
        again.position = Position::new(4);
        journal.entries.push((again, hash, chain));
        journal.check(4, Aspect::Decision, "once");
    }

    #[test]
    fn j2_a_change_has_the_hash_it_is_stored_under() {
        let honest = Journal::new(1_000);
        for index in 0..honest.entries[2].0.change.len() {
            let mut journal = honest.clone();
            journal.entries[2].0.change[index] ^= 0x10;
            journal.check(3, Aspect::Hash, "");
        }
        let mut journal = honest.clone();
        journal.entries[2].1 = journal.entries[1].1;
        journal.check(3, Aspect::Hash, "");
    }

    #[test]
    fn j48_what_every_decision_allows_is_found_by_the_chain() {
        let honest = Journal::new(1_000);
        let change = |change: &dyn Fn(&mut Journal)| {
            let mut journal = honest.clone();
            change(&mut journal);
            journal
        };
        let later = WallTime::from_millis(NOW.as_millis() + 1);
        change(&|journal| journal.entries[1].0.accepted_at = later).check(2, Aspect::Chain, "chain");
        change(&|journal| journal.entries[1].0.administrator = true).check(2, Aspect::Chain, "chain");
        change(&|journal| journal.entries[1].2 = ChainHash::default()).check(2, Aspect::Chain, "chain");
    }

    #[test]
    fn j3_a_device_is_of_one_account() {
        let mut journal = Journal::new(1_000);
        journal.says("me", 3);
        journal.entries[3].0.account = account("ow");
        journal.check(4, Aspect::Device, "is of account me, since position 3");
    }

    #[test]
    fn j4_a_snapshot_is_the_document_made_again() {
        let mut journal = Journal::new(1_000);
        let page = TimelineId::of(boats()).page(1);
        let (_, older, _) = journal.stream.document(&page).unwrap().save();
        journal.says("me", 3);
        let (position, data, admissions) = journal.stream.document(&page).unwrap().save();
        let check = |position: Position, data: &[u8], admissions: &[u8]| {
            let outcome = journal.verify().unwrap().check_snapshot(&page, position, data, admissions);
            outcome.map_err(|difference| difference.aspect)
        };
        assert_eq!(check(position, &data, &admissions), Ok(()));
        assert_eq!(check(Position::new(9), &data, &admissions), Err(Aspect::Snapshot));
        assert_eq!(check(Position::new(2), &data, &admissions), Err(Aspect::Snapshot));
        assert_eq!(check(position, &data[..data.len() / 2], &admissions), Err(Aspect::Snapshot));
        assert_eq!(check(position, &older, &admissions[..admissions.len() - 2]), Err(Aspect::Snapshot));
        let mut later = admissions.clone();
        *later.last_mut().unwrap() ^= 2;
        assert_eq!(check(position, &data, &later), Err(Aspect::Admissions));
        let strange = TimelineId::of(boats()).page(7);
        let outcome = journal.verify().unwrap().check_snapshot(&strange, position, &data, &admissions);
        assert_eq!(outcome.map_err(|difference| difference.aspect), Err(Aspect::Snapshot));
    }

    #[test]
    fn j2_a_long_stream_is_verified_with_few_documents_open() {
        let mut journal = Journal::new(2);
        for number in 3..60 {
            journal.says("me", number);
        }
        // An old page is written to again.
        let edit = Edit { content: "other words".into(), at: NOW };
        journal.write("ow", TimelineId::of(boats()).page(1), &[Fact::Edit(message("ow", 1), edit)]);
        let verifier = journal.verify().unwrap();
        assert!(verifier.stream().page() > 20);
        assert!(verifier.stream().documents().count() <= OPEN_DOCUMENTS_MAX);
        assert_eq!(verifier.owners().count(), 2);
    }
}
