//! Generations: a rewritten document says and allows the same as before, and rejects what was written on the
//! changes it has replaced.

use super::*;
use crate::{
    authority::Verifier,
    doc::{Key, Statement},
    ids::ChangeHash,
    journal::{ChainHash, Entry},
    model::{Conversation, Grant, Thread},
    sorted::{SortedMap, SortedSet},
};

const LATER: WallTime = WallTime::from_millis(NOW.as_millis() + 90_000);

impl Fixture {
    /// Rewrites the conversation's document.
    fn squash(&mut self) -> Admitted {
        let admitted = self.stream.squash(&self.document(None), LATER).unwrap();
        self.admitted.push(admitted.entry.clone());
        admitted
    }

    fn conversation_document(&self) -> &Document {
        self.stream.document(&self.document(None)).unwrap()
    }

    /// The same stream after its first entries, on another replica.
    fn replica(&self, entries: usize) -> Stream {
        let mut stream = Stream::new(self.stream.tenant().clone(), self.stream.id().clone());
        stream.insert(Document::new(self.document(None)));
        for entry in &self.admitted[..entries] {
            stream.receive_entry(entry).unwrap();
        }
        stream
    }
}

fn title(text: &str) -> Fact {
    Fact::Info(InfoField::Title, Some(text.into()))
}

/// A document's contents and the data beside it, except for its size.
fn state(document: &Document) -> (Vec<Fact>, Conversation, crate::doc::Shares, Option<WallTime>) {
    let facts = document.facts("").collect();
    (facts, Conversation::read(document), document.shares().clone(), document.updated_at())
}

/// Any fact that somebody may state about a conversation.
fn statements() -> impl Strategy<Value = Vec<(usize, Fact)>> {
    let names = ["ow", "ad", "mo", "me", "gu", "zoe"];
    let grant = |allowed, by: &str| Grant { allowed, until: None, by: account(by), at: NOW };
    let fact = (0..names.len(), 0..names.len(), 0..9u8, proptest::sample::select(MemberStatus::ALL.to_vec()));
    let fact = fact.prop_map(move |(actor, whom, which, to)| {
        let stated = match which {
            0 | 1 => status(names[whom], to),
            2 => role(names[whom], Role::Moderator),
            3 => title(names[whom]),
            4 => Fact::Info(InfoField::Title, None),
            5 => Fact::Locked(to == MemberStatus::Active),
            6 => pin(1, names[actor]),
            7 => Fact::Pin(message(1, "mo"), None),
            _ => {
                let given = (to != MemberStatus::Left).then(|| grant(to == MemberStatus::Active, names[actor]));
                Fact::MemberGrant(account(names[whom]), Permission::PinAdd, given)
            }
        };
        (actor, stated)
    });
    proptest::collection::vec(fact, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn j60_what_is_written_anew_says_and_allows_what_it_did(
        statements in statements(),
        places in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let names = ["ow", "ad", "mo", "me", "gu", "zoe"];
        let (mut plain, mut squashed) = (Fixture::group(), Fixture::group());
        for (index, (actor, fact)) in statements.iter().enumerate() {
            if places.iter().any(|place| place.index(statements.len()) == index) {
                let before = state(squashed.conversation_document());
                squashed.squash();
                let document = squashed.conversation_document();
                prop_assert_eq!(state(document), before);
                prop_assert!(document.says_what_the_library_says());
                prop_assert_eq!((document.changes(), document.heads().len()), (1, 1));
            }
            let stated = plain.moved(&session(names[*actor]), std::slice::from_ref(fact));
            let writes = |fixture: &Fixture| {
                fixture.stream.clone().write(session(names[*actor]).device, &fixture.document(None), NOW, &stated).is_some()
            };
            prop_assert_eq!(writes(&plain), writes(&squashed));
            if writes(&plain) {
                let answers = [&mut plain, &mut squashed].map(|fixture| {
                    fixture.push(names[*actor], None, std::slice::from_ref(fact)).map(|admitted| admitted.effects)
                });
                prop_assert_eq!(&answers[0], &answers[1]);
            }
        }
        let [plain_facts, squashed_facts] =
            [&plain, &squashed].map(|fixture| fixture.conversation_document().facts("").collect::<Vec<_>>());
        prop_assert_eq!(plain_facts, squashed_facts);
        prop_assert_eq!(plain.stream.conversation(), squashed.stream.conversation());
        // A replica that reads the entries, at once or after a saved document, gets the very same one.
        let replica = squashed.replica(squashed.admitted.len());
        let made = squashed.conversation_document();
        let (position, data, admissions) = replica.document(made.id()).unwrap().save();
        let parts = Some((position, &data[..], &admissions[..]));
        let restored = Document::restore(made.id().clone(), parts, &[]).unwrap();
        let whole: Vec<Entry> =
            squashed.admitted.iter().filter(|entry| entry.document == *made.id()).cloned().collect();
        let stored = Document::restore(made.id().clone(), None, &whole).unwrap();
        for read in [replica.document(made.id()).unwrap(), &restored, &stored] {
            prop_assert_eq!(state(read), state(made));
            prop_assert_eq!((read.heads(), read.changes(), read.change_bytes(), read.generation()),
                (made.heads(), made.changes(), made.change_bytes(), made.generation()));
        }
        prop_assert_eq!(replica.head(), squashed.stream.head());
    }
}

#[test]
fn j66_a_filled_document_is_due_as_long_as_it_says_little_of_what_was_said() {
    let mut fixture = Fixture::group();
    let document = fixture.document(None);
    let due = |fixture: &Fixture, percent| fixture.stream.is_squash_due(&document, percent, &fixture.limits);
    (fixture.limits.document_changes_soft, fixture.limits.document_bytes_soft) = (20, 1_000_000);
    while fixture.conversation_document().changes() < 10 {
        assert!(!due(&fixture, 50));
        let number = fixture.conversation_document().changes();
        fixture.push("ow", None, &[title(&format!("the title after {number} changes"))]).unwrap();
    }
    assert!(due(&fixture, 50) && !due(&fixture, 55));
    // By its bytes too.
    let bytes = u32::try_from(fixture.conversation_document().change_bytes()).unwrap();
    (fixture.limits.document_changes_soft, fixture.limits.document_bytes_soft) = (1_000, bytes * 2);
    assert!(due(&fixture, 50) && !due(&fixture, 55));
    // If everything in it still holds, nothing would be freed.
    fixture.push("ow", None, &[Fact::Info(InfoField::Description, Some("x".repeat(1_900)))]).unwrap();
    assert!(!due(&fixture, 1));
    fixture.push("ow", None, &[Fact::Info(InfoField::Description, None)]).unwrap();
    assert!(due(&fixture, 50));
    fixture.squash();
    assert!(!due(&fixture, 50));
    // Pages are not rewritten.
    let page = fixture.document(Some(1));
    fixture.push("me", Some(1), &[says(1, "me")]).unwrap();
    (fixture.limits.document_changes_soft, fixture.limits.document_bytes_soft) = (0, 0);
    assert!(!fixture.stream.is_squash_due(&page, 0, &fixture.limits));
}

#[test]
fn j60_a_generation_names_its_place_and_what_it_replaces() {
    let mut fixture = Fixture::group();
    assert_eq!(fixture.conversation_document().generation(), None);
    let other = fixture.clone().squash();
    let first = fixture.squash();
    assert_eq!((first.hash, first.chain), (other.hash, other.chain));
    let begun = fixture.conversation_document().generation().unwrap();
    assert_eq!(begun.position, first.entry.position);
    fixture.push("ow", None, &[title("Boats")]).unwrap();
    fixture.squash();
    let second = fixture.conversation_document().generation().unwrap();
    assert!(second.position > begun.position && second.replaces != begun.replaces);
    // Nothing of the earlier contents is left.
    let (_, data, _) = fixture.conversation_document().save();
    assert!(!data.windows(4).any(|bytes| bytes == b"Trip"));
}

/// The owner states a fact, by a clock so many seconds on.
fn state_at(fixture: &mut Fixture, seconds: u64, fact: Fact) {
    let (me, at) = (session("ow"), NOW.plus(core::time::Duration::from_secs(seconds)));
    let document = fixture.document(None);
    let (change, _) = fixture.stream.clone().write(me.device, &document, at, &[fact]).unwrap();
    let pushed = PushedChange { document, change: change.bytes().to_vec() };
    fixture.admit(&me, &pushed).unwrap();
}

/// When a fact was said, in seconds.
fn said_at(statements: Vec<Statement>, fact: &Fact) -> Option<u64> {
    let found = statements.into_iter().find(|statement| statement.fact == *fact);
    found.map(|statement| statement.at.as_seconds() - NOW.as_seconds())
}

#[test]
fn j60_a_generation_says_when_each_thing_was_said() {
    let mut fixture = Fixture::group();
    let described = Fact::Info(InfoField::Description, Some("by rail".into()));
    state_at(&mut fixture, 5, described.clone());
    state_at(&mut fixture, 20, title("Boats"));
    fixture.squash();
    state_at(&mut fixture, 40, title("Trains"));
    // Of a generation of a generation, too.
    for _ in 0..2 {
        let document = fixture.conversation_document();
        assert_eq!(said_at(document.statements(), &described), Some(5));
        assert_eq!(said_at(document.statements(), &title("Trains")), Some(40));
        fixture.squash();
    }
}

#[test]
fn e64_nothing_was_said_before_what_it_was_written_on_whatever_the_clocks_said() {
    let mut fixture = Fixture::group();
    let said = |fixture: &Fixture, text| said_at(fixture.conversation_document().statements(), &title(text));
    state_at(&mut fixture, 20, title("Boats"));
    state_at(&mut fixture, 5, title("Trains"));
    assert_eq!(said(&fixture, "Trains"), Some(20));
    fixture.squash();
    assert_eq!(said(&fixture, "Trains"), Some(20), "a generation tells the same");
    state_at(&mut fixture, 7, title("Planes"));
    assert_eq!(said(&fixture, "Planes"), Some(20));
    state_at(&mut fixture, 40, title("Cars"));
    assert_eq!(said(&fixture, "Cars"), Some(40));
}

#[test]
fn j60_a_generation_of_a_thread_is_counted_like_any_of_its_entries() {
    let (mut fixture, thread) = Fixture::with_thread();
    fixture.say_in("me", thread, 1, 3).unwrap();
    let document = TimelineId::of_thread(fixture.conversation(), thread).document();
    let before = fixture.stream.thread(thread).unwrap().clone();
    let squashed = fixture.stream.squash(&document, LATER).unwrap();
    fixture.admitted.push(squashed.entry.clone());
    let counted = fixture.stream.thread(thread).unwrap();
    assert_eq!(*counted, Thread { position: squashed.entry.position, ..before });
    let mut told = Stream::new(fixture.stream.tenant().clone(), fixture.stream.id().clone());
    for entry in &fixture.admitted {
        told.insert_missing_for(&entry.document, &entry.change);
        told.receive_entry(entry).unwrap();
    }
    assert_eq!(told.thread(thread), Some(counted));
}

#[test]
fn j60_a_generation_says_which_device_said_each_thing() {
    let mut fixture = Fixture::group();
    let said = |fixture: &Fixture| -> SortedMap<String, DeviceId> {
        let statements = fixture.conversation_document().statements().into_iter();
        statements.map(|Statement { fact, device, .. }| (fact.write().0.to_string(), device)).collect()
    };
    fixture.push("ad", None, &[title("Boats")]).unwrap();
    let before = said(&fixture);
    assert_eq!(before[&Key::Info(InfoField::Title).to_string()], session("ad").device);
    assert_eq!(before.values().collect::<SortedSet<_>>().len(), 2);
    // Of a generation of a generation, too.
    for _ in 0..2 {
        fixture.squash();
        assert_eq!(said(&fixture), before);
    }
    fixture.push("ow", None, &[Fact::Info(InfoField::Title, None)]).unwrap();
    assert_eq!(said(&fixture)[&Key::Info(InfoField::Title).to_string()], session("ow").device);
    fixture.squash();
    assert!(!said(&fixture).contains_key(&Key::Info(InfoField::Title).to_string()), "it says that no more");
}

#[test]
fn j61_only_documents_of_conversations_and_threads_are_written_anew() {
    let mut fixture = Fixture::group();
    let page = fixture.document(Some(1));
    assert!(fixture.stream.squash(&page, LATER).is_none());
    let thread = TimelineId::of_thread(fixture.conversation(), ConversationId::from_bytes([9; 16])).document();
    fixture.stream.insert(Document::new(thread.clone()));
    assert!(fixture.stream.squash(&thread, LATER).is_none(), "one without a change");
}

#[test]
fn j61_nobody_pushes_a_generation() {
    let fixture = Fixture::group();
    let made = fixture.clone().squash().entry;
    let pushed = PushedChange { document: made.document.clone(), change: made.change };
    let system = Session::system(fixture.stream.tenant().clone(), fixture.stream.id());
    let administrator = Session { administrator: true, ..system.clone() };
    let stranger = Session { account: account("ow"), ..system.clone() };
    for (session, expected) in [
        (&system, Code::OperationIllegal),
        (&administrator, Code::OperationIllegal),
        (&stranger, Code::ActorConflict),
        (&super::session("ow"), Code::WrongActor),
    ] {
        assert_eq!(fixture.clone().admit(session, &pushed).map_err(code_of).err(), Some(expected));
    }
}

#[test]
fn j61_whoever_has_the_document_takes_no_other_generation() {
    let mut fixture = Fixture::group();
    let held = fixture.replica(fixture.admitted.len());
    let honest = fixture.clone().squash().entry;
    fixture.push("ow", None, &[title("Boats")]).unwrap();
    let of_others = fixture.squash().entry;
    let check = |entry: &Entry| {
        let mut held = held.clone();
        held.receive_entry(entry).map(|effects| assert_eq!(effects.map(|effects| effects.facts), Some(vec![])))
    };
    assert_eq!(check(&honest), Ok(()));
    let lied = [
        Entry { change: of_others.change.clone(), ..honest.clone() },
        Entry { account: account("ow"), ..honest.clone() },
        Entry { administrator: true, ..honest.clone() },
        Entry { accepted_at: WallTime::from_millis(0), ..honest.clone() },
        Entry { position: honest.position.next(), ..honest.clone() },
    ];
    for (index, entry) in lied.iter().enumerate() {
        assert!(check(entry).is_err(), "{index}");
    }
}

#[test]
fn j62_a_generation_is_made_again_by_whoever_verifies() {
    // A single change by a person may not state as much as a generation does.
    let limits = Limits { change_operations_max: 12, ..Limits::default() };
    let verify = |entries: &[Entry], hashes: &[(ChangeHash, ChainHash)]| {
        let stream = StreamId::Conversation(ConversationId::from_bytes([7; 16]));
        let mut verifier = Verifier::new(TenantId::parse("acme").unwrap(), stream, limits.clone());
        for (entry, (hash, chain)) in entries.iter().zip(hashes) {
            verifier.feed(entry, *hash, *chain).map_err(|difference| (difference.position, difference.aspect))?;
        }
        Ok::<_, (Position, crate::authority::Aspect)>(verifier.stream().head())
    };
    let mut fixture = Fixture::group();
    let held = fixture.stream.clone();
    let squashed = fixture.squash();
    assert_eq!(held.verify_entry(&squashed.entry, &limits), Ok(()));
    fixture.push("ow", None, &[title("Boats")]).unwrap();
    let mut chain = ChainHash::default();
    let mut hashes = Vec::new();
    for entry in &fixture.admitted {
        let hash = ChangeHash::of_change(&entry.change).unwrap();
        chain = chain.next(fixture.stream.tenant(), entry, hash);
        hashes.push((hash, chain));
    }
    assert_eq!(verify(&fixture.admitted, &hashes), Ok(fixture.stream.head()));
    // One with other contents, consistent with its own hashes.
    let mut other = Fixture::group();
    other.push("ow", None, &[title("Ships")]).unwrap();
    let index = fixture.admitted.iter().position(|entry| *entry == squashed.entry).unwrap();
    let mut lied = fixture.admitted.clone();
    lied[index].change = other.squash().entry.change;
    hashes[index].0 = ChangeHash::of_change(&lied[index].change).unwrap();
    assert_eq!(verify(&lied, &hashes), Err((squashed.entry.position, crate::authority::Aspect::Entry)));
}

#[test]
fn j63_what_was_written_on_a_former_generation_is_stale() {
    let mut fixture = Fixture::group();
    let conversation = fixture.document(None);
    // By somebody who wrote there before, by somebody who did not, and the very first change again.
    let written = fixture.write(&session("ow"), &conversation, &[title("Boats")]);
    let begun = fixture.write(&session("ad"), &conversation, &[title("Ships")]);
    let first = PushedChange { document: conversation.clone(), change: fixture.admitted[0].change.clone() };
    fixture.squash();
    for (name, pushed) in [("ow", &written), ("ad", &begun), ("ow", &first)] {
        let refused = fixture.clone().admit(&session(name), pushed).map_err(code_of).err();
        assert_eq!(refused, Some(Code::Stale), "{name}");
    }
    // Rewritten, both are the first changes of their devices here.
    fixture.push("ow", None, &[title("Boats")]).unwrap();
    fixture.push("ad", None, &[title("Ships")]).unwrap();
    let repeated = fixture.write(&session("ow"), &conversation, &[title("Trains")]);
    fixture.push("ow", None, &[title("Trains")]).unwrap();
    let again = fixture.clone().admit(&session("ow"), &repeated);
    assert!(matches!(again, Err(AdmitError::AlreadyAdmitted(_))));
}

#[test]
fn e140_what_waits_is_stated_on_top_of_a_generation() {
    let mut fixture = Fixture::group();
    let conversation = fixture.document(None);
    let waiting = fixture.write(&session("ow"), &conversation, &[title("Boats")]);
    let waiting = crate::doc::Change::parse(&waiting.change).unwrap();
    fixture.squash();
    let mut view = fixture.stream.clone();
    assert_eq!(view.apply_waiting(&conversation, &waiting).unwrap().facts, [title("Boats")]);
    assert_eq!(view.conversation().info[&InfoField::Title], "Boats");
    assert_eq!(fixture.stream.conversation().info[&InfoField::Title], "Trip");
}

#[test]
fn j63_what_was_replaced_contradicts_nothing() {
    let mut fixture = Fixture::group();
    let before = fixture.admitted[0].clone();
    fixture.squash();
    let squashed = fixture.replica(fixture.admitted.len());
    assert!(!squashed.contradicts(&before));
    let mut other = Fixture::group();
    other.push("ow", None, &[title("Ships")]).unwrap();
    let told = Entry { position: fixture.admitted.last().unwrap().position, ..other.admitted.last().unwrap().clone() };
    assert!(squashed.contradicts(&told));
}
