//! Documents that are written anew, and what claims to be that and is not: nobody pushes a
//! generation, and no replica takes another one than it makes itself.

use std::{collections::BTreeSet, sync::Arc};

use automerge::{
    ActorId, ExpandedChange, ScalarValue,
    legacy::{Key, ObjectId, Op, OpId, OpType},
};
use tidings_core::{
    authority::{Admitted, Session, Stream, Verifier},
    doc::{Change, Document},
    ids::{ChangeHash, DocumentId},
    journal::{ChainHash, Entry, Position},
    time::WallTime,
    wire::PushedChange,
};

use super::{NAMES, Room, account, fingerprint, hash_of, hold, tenant};
use crate::fuzz::{mutate, script::Script};

/// The key under which a document says which generation it is: no fact has it, and so no session states it.
const KEY: &str = "generation";

/// What is wrong with an entry that says a document is written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing.
    Untouched,
    /// It is of somebody's account.
    Account,
    /// It says that it is an administrator's.
    Administrator,
    /// Its time is another one.
    Time,
    /// It is of a place further on.
    Position,
    /// It is of another document, or of the same.
    Document,
    /// Its change is that of a former generation.
    Former,
    /// Its change is mutated.
    Mutated,
}

impl Claim {
    /// Every one.
    pub const ALL: [Claim; 8] = [
        Claim::Untouched,
        Claim::Account,
        Claim::Administrator,
        Claim::Time,
        Claim::Position,
        Claim::Document,
        Claim::Former,
        Claim::Mutated,
    ];
}

/// Whether a change states which generation of a document it begins.
pub fn states_generation(change: &[u8]) -> bool {
    let states = |change: &Change| change.operations().iter().any(|operation| operation.key.as_deref() == Some(KEY));
    Change::parse(change).is_ok_and(|change| states(&change))
}

/// An honest change of a document that states beside all else which generation it begins, as a session would have to.
///
/// # Panics
/// When the change is not one that the library reads.
pub fn with_generation(document: &Document, honest: &[u8], value: Vec<u8>) -> Vec<u8> {
    rewrite(honest, |change| {
        let replaced = document.visible(KEY, None).into_iter();
        change.operations.push(Op {
            action: OpType::Put(ScalarValue::Bytes(value)),
            obj: ObjectId::Root,
            key: Key::Map(KEY.into()),
            pred: replaced.map(|(counter, actor)| OpId(counter, ActorId::from(actor))).collect(),
            insert: false,
        });
    })
}

/// The same change, of the device of another session.
fn of_session(change: &[u8], session: &Session) -> Vec<u8> {
    rewrite(change, |change| change.actor_id = ActorId::from(session.device.as_bytes().as_slice()))
}

fn rewrite(change: &[u8], edit: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut expanded = automerge::Change::try_from(change).expect("an honest change is read again").decode();
    edit(&mut expanded);
    automerge::Change::from(expanded).raw_bytes().to_vec()
}

impl Room {
    /// Writes a document anew that the script chooses. None if it has no generations, or says nothing yet.
    ///
    /// # Panics
    /// When what everybody sees is not what it was.
    pub fn squash(&mut self, script: &mut Script<'_>) -> Option<Admitted> {
        let id = self.some_document(script)?;
        let now = self.now();
        let before = fingerprint(&self.authority);
        let former = self.authority.document(&id).expect("it is loaded").clone();
        let squashed = Arc::make_mut(&mut self.authority).squash(&id, now);
        let has_generations = matches!(id, DocumentId::Timeline(_)) && former.changes() > 0;
        assert_eq!(squashed.is_some(), has_generations, "{id} is written anew, or not");
        let Some(admitted) = squashed else {
            assert_eq!(fingerprint(&self.authority), before, "what is not written anew is changed");
            return None;
        };
        let document = self.authority.document(&id).expect("it is loaded");
        assert!(document.facts("").eq(former.facts("")), "{id} says something else when it is written anew");
        assert!(document.says_what_the_library_says(), "{id} says other than the library");
        assert_eq!((document.changes(), document.heads()), (1, vec![admitted.hash]), "{id} is one change");
        assert_eq!(document.generation().map(|generation| generation.position), Some(admitted.entry.position));
        assert_eq!((document.shares(), document.updated_at()), (former.shares(), former.updated_at()));
        assert_eq!(admitted.effects.facts, [], "a generation states what was not so");
        self.check_membership(&before.2, &admitted);
        self.check_admitted(&admitted);
        Some(admitted)
    }

    /// The entry of the generation that would come next, made on another copy of the stream.
    fn next_generation(&self, script: &mut Script<'_>) -> Option<Entry> {
        let document = self.some_document(script)?;
        Some(Stream::clone(&self.authority).squash(&document, self.now())?.entry)
    }

    /// One of the documents that are there, mostly one that is written anew.
    fn some_document(&self, script: &mut Script<'_>) -> Option<DocumentId> {
        let any = script.one_in(8);
        let all = self.authority.documents().map(Document::id);
        let chosen: Vec<&DocumentId> = all.filter(|id| any || matches!(id, DocumentId::Timeline(_))).collect();
        script.pick(&chosen).map(|id| (*id).clone())
    }

    /// What is pushed by whoever would have a document be another generation, and in whose session: the next one
    /// and a former one, as they are and as changes of the session's own device, one mutated, and something honest
    /// that says which generation it is.
    pub fn claimed_pushes(&mut self, script: &mut Script<'_>, device: usize) -> Vec<(Session, PushedChange)> {
        let Some(made) = self.next_generation(script) else { return Vec::new() };
        let former = self.journal.iter().rev().find(|entry| states_generation(&entry.change)).cloned();
        let system = Session::system(tenant(), self.stream().id());
        let administrator = Session { administrator: true, ..system.clone() };
        let own = self.devices[device].session.clone();
        let mut pushes = Vec::new();
        let mut push = |session: &Session, document: &DocumentId, change: Vec<u8>| {
            pushes.push((session.clone(), PushedChange { document: document.clone(), change }));
        };
        for session in [&system, &administrator, &own] {
            for Entry { document, change, .. } in former.iter().chain([&made]) {
                push(session, document, change.clone());
                push(session, document, of_session(change, session));
            }
        }
        let others: Vec<&[u8]> = self.journal.iter().map(|entry| entry.change.as_slice()).collect();
        push(&system, &made.document, mutate::mutate(script, &made.change, &others));
        let (document, facts) = self.facts(script, device);
        if let Some(held) = self.authority.document(&document) {
            let written = Stream::clone(&self.authority).write(own.device, &document, self.now(), &facts);
            if let Some((change, _)) = written {
                push(&own, &document, with_generation(held, change.bytes(), script.bytes(40).to_vec()));
            }
        }
        pushes
    }

    /// Sends replicas entries that say a document is another generation, mostly not the one that it is: what was
    /// done to each, and whether whoever has received everything takes it.
    ///
    /// # Panics
    /// When one takes what it would not have made itself, or is changed by what it does not take.
    pub fn send_claims(&self, script: &mut Script<'_>) -> Vec<(Claim, bool)> {
        let Some(honest) = self.next_generation(script) else { return Vec::new() };
        let late = script.below(self.devices.len());
        let send = |claim: &Claim| (*claim, self.send_claim(script, &honest, *claim, late));
        Claim::ALL.iter().map(send).collect()
    }

    fn send_claim(&self, script: &mut Script<'_>, honest: &Entry, claim: Claim, late: usize) -> bool {
        let entry = self.claimed_entry(script, honest, claim);
        let mut own = Stream::clone(&self.follower);
        hold(&mut own, &entry);
        let made = own.squash(&entry.document, entry.accepted_at).map(|made| made.entry);
        let is_taken = send(&self.follower, &entry);
        if is_taken && states_generation(&entry.change) {
            assert_eq!(Some(&entry), made.as_ref(), "{claim:?}: a replica takes a generation that it does not make");
        }
        assert!(is_taken || entry != *honest, "a replica does not take the generation that it makes");
        // Whoever has not received everything takes it only if they have all that was said in this document.
        let late = &self.devices[late].confirmed;
        let Some(held) = late.document(&entry.document) else { return is_taken };
        let is_behind = Some(held.heads()) != self.heads_of(&entry.document);
        if send(late, &entry) && states_generation(&entry.change) {
            let is_it = !is_behind && entry.change == honest.change;
            assert!(is_it, "{claim:?}: a late replica takes a generation that it does not make");
        }
        is_taken
    }

    fn heads_of(&self, document: &DocumentId) -> Option<Vec<ChangeHash>> {
        self.authority.document(document).map(Document::heads)
    }

    /// The entry of a generation, made into one that is not.
    fn claimed_entry(&self, script: &mut Script<'_>, honest: &Entry, claim: Claim) -> Entry {
        let mut entry = honest.clone();
        match claim {
            Claim::Untouched => {}
            Claim::Account => entry.account = account(NAMES[script.below(NAMES.len())]),
            Claim::Administrator => entry.administrator = true,
            Claim::Time => entry.accepted_at = WallTime::from_millis(script.number() >> 8),
            Claim::Position => {
                entry.position = Position::new(entry.position.number() + 1 + script.number() % 3);
            }
            Claim::Document => {
                entry.document = self.some_document(script).expect("there is the one that is written anew")
            }
            Claim::Former => {
                let former: Vec<&Entry> =
                    self.journal.iter().filter(|entry| states_generation(&entry.change)).collect();
                entry.change = script.pick(&former).map_or(Vec::new(), |former| former.change.clone());
            }
            Claim::Mutated => {
                let others: Vec<&[u8]> = self.journal.iter().map(|entry| entry.change.as_slice()).collect();
                entry.change = mutate::mutate(script, &honest.change, &others);
            }
        }
        entry
    }

    /// Every device that was away comes back, and is told what it missed: all are the same then.
    ///
    /// # Panics
    /// When one is not.
    pub fn check_late_devices(&self) {
        let mut checked = BTreeSet::new();
        for device in &self.devices {
            if !checked.insert(device.confirmed.position()) {
                continue;
            }
            for at_once in [false, true] {
                let mut late = Stream::clone(&device.confirmed);
                let missed = usize::try_from(late.position().number()).expect("there are few");
                for entry in &self.journal[missed..] {
                    hold(&mut late, entry);
                    let told = if at_once { late.queue_entry(entry) } else { late.receive_entry(entry) };
                    told.expect("who comes back takes what was admitted meanwhile");
                }
                late.flush().expect("admitted changes apply together");
                assert_eq!(late.head(), self.authority.head(), "who comes back has another history");
                for document in late.documents().filter(|document| document.changes() > 0) {
                    let made = self.authority.document(document.id()).expect("it was written");
                    assert_eq!(self.state(document), self.state(made), "who comes back has another document");
                }
                assert_eq!(
                    late.conversation(),
                    self.authority.conversation(),
                    "who comes back has another conversation"
                );
            }
        }
    }

    /// Whoever has the entries makes every decision again, generations among them.
    ///
    /// # Panics
    /// When one comes out otherwise.
    pub fn check_verified(&self) {
        let mut verifier = Verifier::new(tenant(), self.stream().id().clone(), self.limits.clone());
        let mut chain = ChainHash::default();
        for entry in &self.journal {
            let hash = hash_of(&entry.change);
            chain = chain.next(self.stream().tenant(), entry, hash);
            verifier.feed(entry, hash, chain).expect("what was admitted is admitted again");
        }
        assert_eq!(verifier.stream().head(), self.authority.head(), "the decisions made again have another history");
    }
}

/// Whether a replica takes an entry; what it does not take leaves it as it is.
fn send(replica: &Stream, entry: &Entry) -> bool {
    let mut replica = replica.clone();
    hold(&mut replica, entry);
    let before = fingerprint(&replica);
    let taken = replica.receive_entry(entry);
    if taken.is_err() {
        assert_eq!(fingerprint(&replica), before, "what is not taken changes a replica");
    }
    taken.is_ok_and(|taken| taken.is_some())
}
