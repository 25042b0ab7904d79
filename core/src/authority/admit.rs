//! Admission: runs the steps in order, and applies a change that passes all of them. An entry that was admitted
//! can be judged again by the same steps.

use crate::{
    authority::{
        Context, Effects, Refusal, Session, Stream, block, consequence, decide, generation, newer, pace, shape, size,
    },
    code::Code,
    doc::{Admit, ApplyChangeError, Change, DecodedChange, Document, Fact},
    ids::{ChangeHash, DocumentId},
    journal::{ChainHash, Entry, Position},
    limits::Limits,
    time::WallTime,
    wire::PushedChange,
};

/// A change that was admitted.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its entry in the journal.
    pub entry: Entry,
    /// Its hash.
    pub hash: ChangeHash,
    /// The hash of the journal up to it.
    pub chain: ChainHash,
    /// Its effects, for projections and views.
    pub effects: Effects,
}

/// Why a change was not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdmitError {
    /// It is refused or deferred.
    Refused(Refusal),
    /// The document already contains it.
    AlreadyAdmitted(ChangeHash),
}

impl From<Refusal> for AdmitError {
    fn from(refusal: Refusal) -> Self {
        AdmitError::Refused(refusal)
    }
}

impl Stream {
    /// Judges a pushed change and, if it is admitted, makes it the next entry.
    ///
    /// # Errors
    /// The refusal of the first step that fails; the stream is unchanged.
    pub fn admit(
        &mut self,
        session: &Session,
        pushed: &PushedChange,
        accepted_at: WallTime,
        limits: &Limits,
    ) -> Result<Admitted, AdmitError> {
        let read = self.read(session, pushed, limits)?;
        self.flush().map_err(malformed)?;
        self.take(session, pushed, read, Document::admit, accepted_at, limits)
    }

    /// As `admit`, for one of many changes: what it writes on a page can be read after the next `flush`, which
    /// applies all of them in one pass. The answers are the same.
    ///
    /// # Errors
    /// When what was queued before does not apply: the stream is unusable. Within, the refusal as of `admit`.
    pub fn queue(
        &mut self,
        session: &Session,
        pushed: &PushedChange,
        accepted_at: WallTime,
        limits: &Limits,
    ) -> Result<Result<Admitted, AdmitError>, ApplyChangeError> {
        let read = match self.read(session, pushed, limits) {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if !self.document(&pushed.document).is_some_and(|document| document.is_queueable(&read.0)) {
            self.flush()?;
        }
        // Without a copy to fall back on, which would cost as much as the document: if the library rejects what
        // is queued, that shows at the next flush.
        Ok(self.take(session, pushed, read, Document::queue, accepted_at, limits))
    }

    /// The checks that precede all judging.
    fn read(
        &self,
        session: &Session,
        pushed: &PushedChange,
        limits: &Limits,
    ) -> Result<(Change, DecodedChange), Refusal> {
        self.check_document(&pushed.document)?;
        if session.device == self.system && !session.account.is_system() {
            return Err(Refusal::new(Code::ActorConflict, "the device of the system's account"));
        }
        shape::read(&pushed.change, limits)
    }

    fn take(
        &mut self,
        session: &Session,
        pushed: &PushedChange,
        (change, decoded): (Change, DecodedChange),
        admit: Admit,
        accepted_at: WallTime,
        limits: &Limits,
    ) -> Result<Admitted, AdmitError> {
        let facts = self.judge(session, pushed, (&change, decoded), accepted_at, limits)?;
        let position = self.position().next();
        let document = self.document_mut(&pushed.document).expect("shape found it");
        admit(document, &change, position, accepted_at).map_err(malformed)?;
        document.charge(&change, &session.account, session.administrator, accepted_at);
        let effects = self.note_effects(&pushed.document, facts, None);
        self.count(&pushed.document, &session.account, (position, accepted_at), &effects.facts);
        let entry = Entry {
            position,
            document: pushed.document.clone(),
            account: session.account.clone(),
            administrator: session.administrator,
            accepted_at,
            change: pushed.change.clone(),
            deletes: effects.deletes,
        };
        let hash = change.hash();
        self.head = self.head.next(self.tenant(), &entry, hash);
        Ok(Admitted { entry, hash, chain: self.head.chain, effects })
    }

    /// Admits an entry again, as the session that it names. The result must be equal to the entry.
    ///
    /// # Errors
    /// The refusal that it should have got.
    pub fn readmit(&mut self, entry: &Entry, limits: &Limits) -> Result<Admitted, AdmitError> {
        if generation::of(entry).is_some() {
            return Ok(self.squash_again(entry)?);
        }
        let (session, pushed) = self.pushed(entry, limits)?;
        self.admit(&session, &pushed, entry.accepted_at, limits)
    }

    /// Judges an entry that was admitted directly after this state, by the same steps as `admit` and as the
    /// session that it names. What cannot be judged, because a document is not loaded or is here with later
    /// entries, or a newer version wrote it, passes.
    ///
    /// # Errors
    /// The refusal that it should have got.
    pub fn verify_entry(&self, entry: &Entry, limits: &Limits) -> Result<(), Refusal> {
        self.check_document(&entry.document)?;
        // Its cause may have been applied before this state was stored, which does not record what was due.
        if self.due.is_empty() && consequence::is_entry_of_one(entry) {
            return Ok(());
        }
        let begins = self.begins_page(&entry.document);
        // The page before only tells whether a message is on it: all else can be judged without it.
        let needed = self.needed_for(&entry.document, &entry.change);
        let is_ahead = |needed| self.document(needed).is_some_and(|document| document.position() >= entry.position);
        if needed.iter().any(is_ahead) {
            return Ok(());
        }
        let missing = self.lacking(needed);
        let judged = match missing.as_slice() {
            [] => self.judge_entry(entry, limits),
            [missing] if begins && *missing == entry.document => {
                let mut begun = self.clone();
                begun.insert(Document::new(entry.document.clone()));
                begun.judge_entry(entry, limits)
            }
            _ => Ok(()),
        };
        match judged {
            Err(AdmitError::Refused(_)) if self.is_of_newer_version(entry) => Ok(()),
            Err(AdmitError::Refused(refusal)) => Err(refusal),
            Err(AdmitError::AlreadyAdmitted(_)) => {
                Err(Refusal::new(Code::AlreadyWritten, "the change was admitted before"))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Returns true if an entry is another change than the one known at its position: its document lacks
    /// it, or has a message of another change there. Cannot tell if neither is loaded, or if a generation
    /// has replaced it.
    pub(crate) fn contradicts(&self, entry: &Entry) -> bool {
        let change = shape::read(&entry.change, &Limits::WIDEST);
        let is_before = |held: &Document| held.generation().is_some_and(|begun| entry.position < begun.position);
        let held = self.document(&entry.document).filter(|held| !is_before(held)).zip(change.ok());
        let is_there = |other: &Document| {
            let before = Position::new(entry.position.number().saturating_sub(1));
            *other.id() != entry.document && !other.admissions().between(before, entry.position).is_empty()
        };
        held.is_some_and(|(held, (change, _))| !held.contains(change.hash())) || self.documents().any(is_there)
    }

    /// Steps 3 to 9 alone, on facts that are not a change yet: a client asks this before it writes.
    ///
    /// # Errors
    /// The refusal of the first step that fails.
    pub fn decide(
        &self,
        session: &Session,
        document: &DocumentId,
        facts: &[Fact],
        accepted_at: WallTime,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        newer::check(facts)?;
        decide(&Context::new(self, session, document, accepted_at, limits), facts)
    }

    fn check_document(&self, document: &DocumentId) -> Result<(), Refusal> {
        if document.stream() != *self.id() || !document.is_canonical() {
            return Err(Refusal::new(Code::DocumentUnknown, "not a document of this stream"));
        }
        Ok(())
    }

    fn judge_entry(&self, entry: &Entry, limits: &Limits) -> Result<(), AdmitError> {
        let (session, pushed) = self.pushed(entry, limits)?;
        let (change, decoded) = self.read(&session, &pushed, limits)?;
        self.judge(&session, &pushed, (&change, decoded), entry.accepted_at, limits).map(drop)
    }

    /// The session and the push that an entry must have come from.
    fn pushed(&self, entry: &Entry, limits: &Limits) -> Result<(Session, PushedChange), Refusal> {
        let session = Session {
            tenant: self.tenant().clone(),
            account: entry.account.clone(),
            device: shape::read(&entry.change, limits)?.0.device(),
            administrator: entry.administrator,
        };
        Ok((session, PushedChange { document: entry.document.clone(), change: entry.change.clone() }))
    }

    /// Runs all steps on a decoded change; returns its facts.
    fn judge(
        &self,
        session: &Session,
        pushed: &PushedChange,
        (change, decoded): (&Change, DecodedChange),
        accepted_at: WallTime,
        limits: &Limits,
    ) -> Result<Vec<Fact>, AdmitError> {
        let facts = shape::check(self, session, pushed, (change, decoded), accepted_at, limits)?;
        let context = Context::new(self, session, &pushed.document, accepted_at, limits);
        decide(&context, &facts)?;
        size::check(&context, &facts, pushed.change.len())?;
        self.check_seen(&pushed.document, change)?;
        consequence::check_order(&context, &facts)?;
        block::check(&context, &facts)?;
        pace::check(&context, &facts)?;
        pace::check_share(&context, change)?;
        Ok(facts)
    }

    /// Checks that a change of a conversation document has seen what it replaces.
    fn check_seen(&self, document: &DocumentId, change: &Change) -> Result<(), Refusal> {
        let DocumentId::Timeline(_) = document else { return Ok(()) };
        let document = self.document(document).expect("shape found it");
        for operation in change.operations() {
            let mut seen = operation.predecessors.clone();
            seen.sort_unstable();
            if seen != document.visible(operation.key.as_deref().unwrap_or_default(), None) {
                return Err(Refusal::new(Code::Stale, "written without having seen what it replaces"));
            }
        }
        Ok(())
    }
}

fn malformed(error: ApplyChangeError) -> Refusal {
    Refusal::new(Code::ChangeMalformed, error.to_string())
}
