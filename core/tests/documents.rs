//! Documents as replicas: whatever order changes arrive in, however often,
//! in whatever batches, and wherever they were written, all end up equal.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use tidings_core::{
    doc::{Change, Document, Fact, Key, Message, ProfileField, SettingField},
    ids::{AccountId, ContactId, ConversationId, DeviceId, DocumentId, MessageId, Stamp, TimelineId},
    journal::{Entry, Position},
    model::{
        AccountKind, Contact, ContactKind, ConversationKind, ConversationState, Created, Deletion, Edit, Grant,
        InfoField, MemberField, MemberStatus, Membership, MessageBody, NotificationLevel, Permission, Pin, Policy,
        Role, RoleDefinition, RoleName, Scope, SendPolicy, Theme,
    },
    time::WallTime,
};

const AT: WallTime = WallTime::from_millis(1_767_225_600_000);
const AUTHORS: [&str; 3] = ["ann", "bob", "carl"];

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn page_id() -> DocumentId {
    TimelineId::of(ConversationId::from_bytes([1; 16])).page(1)
}

fn message(number: u8) -> MessageId {
    let author = AUTHORS[usize::from(number) % AUTHORS.len()];
    MessageId { stamp: Stamp::new(AT, u16::from(number), [number; 8]), author: account(author) }
}

/// Any fact of a page, about one of a few messages.
fn page_facts() -> impl Strategy<Value = Fact> {
    let text = "[a-z ]{1,20}";
    prop_oneof![
        (0..12u8, text).prop_map(|(number, text)| {
            let body = MessageBody { content: text.into(), reply_to: None, mentions: None };
            Fact::Message(message(number), body)
        }),
        (0..12u8, text).prop_map(|(number, text)| Fact::Edit(message(number), Edit { content: text.into(), at: AT })),
        (0..12u8).prop_map(|number| Fact::Deleted(message(number), Deletion { by: account("ann"), at: AT })),
        (0..12u8, 0..3usize, any::<bool>()).prop_map(|(number, who, on)| {
            Fact::Reaction(message(number), "👍".into(), account(AUTHORS[who]), on)
        }),
    ]
}

fn facts_of(document: &Document) -> Vec<Fact> {
    document.facts("").collect()
}

/// What happens to three replicas: one writes, or takes over what another has.
#[derive(Debug, Clone)]
enum Step {
    Write(usize, Fact),
    Sync(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..3usize, page_facts()).prop_map(|(replica, fact)| Step::Write(replica, fact)),
        1 => (0..3usize, 0..3usize).prop_map(|(from, to)| Step::Sync(from, to)),
    ];
    proptest::collection::vec(step, 1..40)
}

/// Applies what can be applied, again and again, until nothing is left.
fn apply_all(document: &mut Document, changes: &[Change]) {
    let mut waiting: Vec<&Change> = changes.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|change| document.apply(change).is_err());
        assert!(waiting.len() < before, "every change is applied at last");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn d1_any_order_and_duplication_gives_equal_documents(
        steps in steps(),
        seeds in proptest::collection::vec(any::<prop::sample::Index>(), 60),
    ) {
        let mut replicas = vec![Document::new(page_id()); 3];
        let mut known: Vec<Vec<Change>> = vec![Vec::new(); 3];
        let mut all: Vec<Change> = Vec::new();
        for step in steps {
            match step {
                Step::Write(index, fact) => {
                    let device = DeviceId::from_bytes([u8::try_from(index).unwrap() + 1; 16]);
                    if let Some(change) = replicas[index].write(device, AT, &[fact]) {
                        known[index].push(change.clone());
                        all.push(change);
                    }
                }
                Step::Sync(from, to) => {
                    let changes = known[from].clone();
                    apply_all(&mut replicas[to], &changes);
                    let new: Vec<Change> =
                        changes.into_iter().filter(|change| known[to].iter().all(|k| k.hash() != change.hash())).collect();
                    known[to].extend(new);
                }
            }
        }
        // Shuffled, each change once or twice.
        let mut shuffled = all.clone();
        for (index, seed) in seeds.iter().enumerate().take(shuffled.len()) {
            let other = seed.index(shuffled.len());
            shuffled.swap(index, other);
        }
        shuffled.extend(all.iter().step_by(2).cloned());
        let mut late = Document::new(page_id());
        apply_all(&mut late, &shuffled);
        for replica in &mut replicas {
            apply_all(replica, &all);
            prop_assert_eq!(replica.heads(), late.heads());
            prop_assert!(replica.says_what_the_library_says());
            prop_assert_eq!(facts_of(replica), facts_of(&late));
            prop_assert_eq!(Message::read_all(replica), Message::read_all(&late));
        }
    }

    #[test]
    fn d1_a_run_of_changes_is_the_same_as_one_after_another(steps in steps(), flushes in any::<u64>()) {
        let mut replicas = vec![Document::new(page_id()); 3];
        let mut journal: Vec<Change> = Vec::new();
        let mut taken = [0; 3];
        for step in steps {
            match step {
                // Whoever writes beside the journal is admitted at once.
                Step::Write(index, fact) => {
                    let device = DeviceId::from_bytes([u8::try_from(index).unwrap() + 1; 16]);
                    journal.extend(replicas[index].write(device, AT, &[fact]));
                }
                Step::Sync(_, to) => {
                    for change in &journal[taken[to]..] {
                        replicas[to].apply(change).unwrap();
                    }
                    taken[to] = journal.len();
                }
            }
        }
        let (mut single, mut run) = (Document::new(page_id()), Document::new(page_id()));
        for (index, change) in journal.iter().enumerate() {
            run.make_ready(change).unwrap();
            prop_assert_eq!(run.heads(), single.heads());
            for dependency in change.dependencies() {
                prop_assert_eq!(run.last_operation(dependency), single.last_operation(dependency));
            }
            for operation in change.operations() {
                let (key, at) = (operation.key.as_deref().unwrap(), change.dependencies());
                prop_assert_eq!(run.visible(key, Some(&at)), single.visible(key, Some(&at)));
                prop_assert_eq!(single.visible(key, Some(&at)), operation.predecessors.clone());
            }
            let position = Position::new(index as u64 + 1);
            run.queue(change, position, AT).unwrap();
            single.admit(change, position, AT).unwrap();
            prop_assert_eq!(facts_of(&run), facts_of(&single));
            prop_assert!(run.says_what_the_library_says());
            if flushes >> (index % 64) & 1 == 1 {
                run.flush().unwrap();
            }
        }
        run.flush().unwrap();
        // The library may order what is concurrent otherwise in what it saves.
        let (position, data, admissions) = run.save();
        let run = Document::restore(page_id(), Some((position, &data, &admissions)), &[]).unwrap();
        prop_assert_eq!(run.heads(), single.heads());
        prop_assert_eq!(run.admissions(), single.admissions());
        prop_assert_eq!(facts_of(&run), facts_of(&single));
        prop_assert_eq!(run.changes(), single.changes());
    }

    #[test]
    fn d7_saving_and_restoring_is_identity(facts in proptest::collection::vec(page_facts(), 0..30), cut in any::<prop::sample::Index>()) {
        let device = DeviceId::from_bytes([1; 16]);
        let mut writer = Document::new(page_id());
        let mut entries = Vec::new();
        for fact in facts {
            if let Some(change) = writer.write(device, AT, &[fact]) {
                entries.push(Entry {
                    position: Position::new(entries.len() as u64 + 1),
                    document: page_id(),
                    account: account("ann"),
                    administrator: false,
                    accepted_at: AT,
                    change: change.bytes().to_vec(),
                    deletes: None,
                });
            }
        }
        let whole = Document::restore(page_id(), None, &entries).unwrap();
        let cut = cut.index(entries.len() + 1);
        let (position, data, admissions) = Document::restore(page_id(), None, &entries[..cut]).unwrap().save();
        // What lies before the snapshot is passed over when it comes again.
        let restored = Document::restore(page_id(), Some((position, &data, &admissions)), &entries).unwrap();
        prop_assert!(restored.says_what_the_library_says() && whole.says_what_the_library_says());
        prop_assert_eq!(restored.position(), whole.position());
        prop_assert_eq!(restored.heads(), whole.heads());
        prop_assert_eq!(restored.changes(), whole.changes());
        prop_assert_eq!(restored.change_bytes(), whole.change_bytes());
        prop_assert_eq!(restored.updated_at(), whole.updated_at());
        prop_assert_eq!(restored.admissions(), whole.admissions());
        prop_assert_eq!(restored.latest_of(device), whole.latest_of(device));
        prop_assert_eq!(facts_of(&restored), facts_of(&whole));
    }

    #[test]
    fn d7_a_damaged_snapshot_is_an_error_and_never_a_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut document = Document::new(page_id());
        let device = DeviceId::from_bytes([1; 16]);
        for number in 0..5 {
            let body = MessageBody { content: "words".into(), reply_to: None, mentions: None };
            document.write(device, AT, &[Fact::Message(message(number), body)]);
        }
        let (_, mut data, _) = document.save();
        let at = at.index(data.len());
        data[at] ^= byte;
        let _ = Document::restore(page_id(), Some((Position::new(5), &data, &[2; 10])), &[]);
    }
}

#[test]
fn d1_every_fact_reads_back_as_it_was_written() {
    let conversation = ConversationId::from_bytes([1; 16]);
    let body =
        MessageBody { content: "words".into(), reply_to: Some(message(4)), mentions: Some(vec![account("bob")]) };
    let contact = Contact {
        kind: ContactKind::Bot,
        account: Some(account("bob")),
        nickname: Some("Bobby".into()),
        favorite: true,
        phone: Some("+4930123456".into()),
        email: Some("bob@example.org".into()),
    };
    let joined = Membership::next(None, MemberStatus::Active, &account("ann"), AT);
    let grant = Grant { allowed: false, by: account("ann"), at: AT, until: Some(AT) };
    let permissions = [Permission::PinAdd, Permission::MemberAdd].into_iter().collect();
    let planner = RoleDefinition { rank: 30, permissions };
    let theme = Theme { background_url: None, color: Some("#00aaff".into()) };
    let documents: Vec<(DocumentId, Vec<Fact>)> = vec![
        (
            TimelineId::of(conversation).document(),
            vec![
                Fact::Created(Created::new(ConversationKind::Group, account("ann"), AT)),
                Fact::Info(InfoField::Title, Some("Trip".into())),
                Fact::Info(InfoField::Description, Some("to the sea".into())),
                Fact::State(ConversationState::Archived),
                Fact::Locked(true),
                Fact::Policy(Policy::Send(SendPolicy::Moderators)),
                Fact::MemberRole(account("ann"), Role::Owner),
                Fact::MemberStatus(account("ann"), joined.clone()),
                Fact::MemberGrant(account("ann"), Permission::PinAdd, Some(grant)),
                Fact::MemberText(account("ann"), MemberField::Color, Some("#00aaff".into())),
                Fact::RoleDefinition(RoleName::parse("trip planner").unwrap(), Some(planner)),
                Fact::Theme(Some(theme)),
                Fact::Scope(Scope::Public),
                Fact::Pin(message(3), Some(Pin { by: account("ann"), at: AT, page: 1 })),
            ],
        ),
        (
            page_id(),
            vec![
                Fact::Message(message(3), body),
                Fact::Edit(message(3), Edit { content: "other".into(), at: AT }),
                Fact::Deleted(message(3), Deletion { by: account("ann"), at: AT }),
                Fact::Reaction(message(3), "🎉".into(), account("bob"), true),
            ],
        ),
        (
            DocumentId::Account(account("ann")),
            vec![
                Fact::ProfileKind(AccountKind::Personal),
                Fact::Profile(ProfileField::DisplayName, Some("Ann".into())),
                Fact::Profile(ProfileField::AvatarUrl, Some("https://example.org/a.png".into())),
                Fact::Profile(ProfileField::Bio, Some("bio".into())),
                Fact::Profile(ProfileField::Status, Some("🍵".into())),
                Fact::Profile(ProfileField::Reference, Some("crm-7".into())),
            ],
        ),
        (
            DocumentId::Home(account("ann")),
            vec![
                Fact::Contact(ContactId::of_account(&account("bob")), Some(contact)),
                Fact::Setting(conversation, SettingField::MutedUntil, Some(AT)),
                Fact::Setting(conversation, SettingField::PinnedAt, Some(AT)),
                Fact::Setting(conversation, SettingField::ArchivedAt, Some(AT)),
                Fact::Notifications(conversation, Some(NotificationLevel::Mentions)),
                Fact::Blocked(account("carl"), Some(AT)),
            ],
        ),
    ];
    for (id, facts) in documents {
        let mut document = Document::new(id);
        document.write(DeviceId::from_bytes([1; 16]), AT, &facts).unwrap();
        for fact in &facts {
            let (key, _) = fact.write();
            assert_eq!(document.fact(&key).as_ref(), Some(fact));
        }
        assert_eq!(document.facts("").count(), facts.len());
    }
}

#[test]
fn writing_what_a_document_states_already_is_no_change() {
    let device = DeviceId::from_bytes([1; 16]);
    let mut document = Document::new(page_id());
    let off = Fact::Reaction(message(1), "👍".into(), account("bob"), false);
    assert!(document.write(device, AT, std::slice::from_ref(&off)).is_none());
    let on = Fact::Reaction(message(1), "👍".into(), account("bob"), true);
    assert!(document.write(device, AT, std::slice::from_ref(&on)).is_some());
    assert!(document.write(device, AT, &[on]).is_none());
    assert!(document.write(device, AT, &[off]).is_some());
    assert_eq!(document.get(&Key::Reaction(message(1), "👍".into(), account("bob"))), None);
}
