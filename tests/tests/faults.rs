//! A server that does what it must not: it lets in what its own rules refuse,
//! or sends what cannot be read. It is reported, and nobody is lost by it.

use tidings_core::{
    code::Code,
    command::{AddMember, CreateConversation, RemoveMember, SendMessage, SetInfo},
    engine::{Input, ServerFault},
    ids::{AccountId, ConversationId, DocumentId, MessageId, StreamId, TimelineId},
    journal::Position,
    limits::Limits,
    model::{InfoField, Role},
    wire::{DocumentSnapshot, Entries, Fetched, ServerFrame},
};
use tidings_tests::sim::world::{Device, World};

/// Ann verifies; Bob trusts the server, and owns the group.
struct Setup {
    world: World,
    ann: Device,
    bob: Device,
    group: ConversationId,
}

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn setup() -> Setup {
    let limits = Limits { page_changes_soft: 8, page_changes_max: 40, catch_up_entries_max: 12, ..Limits::default() };
    let mut world = World::new(5, limits);
    world.verify = true;
    let ann = world.add("ann");
    world.verify = false;
    let bob = world.add("bob");
    let request = world.command(bob, CreateConversation::group(Some("Trip".into()), vec![account("ann")]));
    let group = world.client(bob).screen.answers[&request].clone().unwrap().0.unwrap();
    let mut setup = Setup { world, ann, bob, group };
    setup.settle();
    setup.open(ann);
    setup.open(bob);
    setup
}

impl Setup {
    fn open(&mut self, device: Device) {
        self.world.input(device, Input::OpenConversation(self.group));
    }

    fn settle(&mut self) {
        assert!(self.world.settle_ms(600_000), "the world comes to rest");
    }

    fn say(&mut self, device: Device, text: &str) -> MessageId {
        let request = self.world.command(device, SendMessage::new(self.group, text));
        self.world.client(device).screen.answers[&request].clone().unwrap().1.unwrap()
    }

    fn faults(&mut self, device: Device) -> Vec<(Option<AccountId>, Code)> {
        let faults = &self.world.client(device).screen.faults;
        faults.iter().map(|fault| (fault.account.clone(), fault.code)).collect()
    }

    #[track_caller]
    fn check_same(&mut self) {
        let (ann, bob) = (self.ann, self.bob);
        for _ in 0..10 {
            for device in [ann, bob] {
                self.world.input(device, Input::LoadOlder(self.group));
            }
            self.settle();
        }
        let texts = self.world.client(bob).screen.texts(self.group);
        assert_eq!(self.world.client(ann).screen.texts(self.group), texts);
        assert!(!texts.is_empty());
    }
}

#[test]
fn e13_an_entry_of_a_removed_member_is_reported_and_taken_all_the_same() {
    let mut setup = setup();
    let (ann, bob, group) = (setup.ann, setup.bob, setup.group);
    setup.world.command(bob, AddMember { conversation: group, account: account("carl"), role: Role::Member });
    let carl = setup.world.add("carl");
    setup.settle();
    setup.open(carl);
    setup.settle();
    setup.world.set_network(carl, false);
    setup.say(carl, "let in by mistake");
    setup.world.command(bob, RemoveMember { conversation: group, account: account("carl") });
    setup.settle();
    setup.world.is_lax = true;
    setup.world.set_network(carl, true);
    setup.settle();
    setup.world.is_lax = false;
    setup.say(bob, "after it");
    setup.settle();
    assert_eq!(setup.faults(ann), [(Some(account("carl")), Code::MemberRemoved)]);
    assert_eq!(setup.faults(bob), [], "who does not verify reports nothing");
    let head = setup.world.stream(&StreamId::Conversation(group)).unwrap().position();
    let screen = &setup.world.client(ann).screen;
    let ServerFault { conversation, position, .. } = &screen.faults[0];
    assert_eq!((*conversation, position.next()), (Some(group), head));
    assert_eq!(screen.texts(group), ["let in by mistake", "after it"]);
    setup.check_same();
}

#[test]
fn e13_an_entry_without_the_permission_is_reported() {
    let mut setup = setup();
    let (ann, bob, group) = (setup.ann, setup.bob, setup.group);
    setup.world.command(bob, AddMember { conversation: group, account: account("carl"), role: Role::Admin });
    let carl = setup.world.add("carl");
    setup.settle();
    setup.open(carl);
    setup.settle();
    setup.world.set_network(carl, false);
    setup.world.command(carl, SetInfo { conversation: group, field: InfoField::Title, text: Some("Carl's".into()) });
    let guest = tidings_core::command::ChangeRole { conversation: group, account: account("carl"), role: Role::Guest };
    setup.world.command(bob, guest);
    setup.settle();
    setup.world.is_lax = true;
    setup.world.set_network(carl, true);
    setup.settle();
    assert_eq!(setup.faults(ann), [(Some(account("carl")), Code::PermissionDenied)]);
    assert_eq!(setup.world.client(ann).screen.inbox[&group].name, "Carl's");
}

#[test]
fn e13_entries_under_a_false_name_are_reported() {
    type Lie = fn(&mut ServerFrame);
    let cases: [(Lie, &str, Code); 2] = [
        (|frame| rename(frame, "ann"), "ann", Code::NotTheAuthor),
        (|frame| rename(frame, "mallory"), "mallory", Code::NotAMember),
    ];
    for (lie, liar, code) in cases {
        let mut setup = setup();
        let (ann, bob) = (setup.ann, setup.bob);
        setup.world.tamper = Some(lie);
        setup.say(bob, "said by Bob");
        setup.settle();
        setup.world.tamper = None;
        assert_eq!(setup.faults(ann), [(Some(account(liar)), code)]);
        setup.check_same();
    }
}

fn rename(frame: &mut ServerFrame, name: &str) {
    if let ServerFrame::Entries(Entries { entries, .. }) = frame {
        entries.iter_mut().for_each(|entry| entry.account = account(name));
    }
}

#[test]
fn e13_every_change_of_an_honest_server_passes_also_a_new_page_and_a_fetch() {
    let mut setup = setup();
    let (ann, bob) = (setup.ann, setup.bob);
    for index in 0..40 {
        let device = if index % 3 == 0 { ann } else { bob };
        setup.world.set_network(ann, index % 10 != 4);
        setup.say(device, &format!("text {index}"));
        setup.world.run_ms(3_000);
    }
    setup.world.set_network(ann, true);
    setup.settle();
    assert!(setup.world.stream(&StreamId::Conversation(setup.group)).unwrap().page() > 4);
    setup.check_same();
    assert_eq!(setup.faults(ann), []);
}

/// Sends a run of entries of which each was made worse.
#[test]
fn s6_entries_that_do_not_fit_are_told_and_fetched_anew() {
    let lies: [fn(&mut ServerFrame); 5] = [
        |frame| on_entries(frame, |entry| entry.change.truncate(entry.change.len() / 2)),
        |frame| on_entries(frame, |entry| entry.change.clear()),
        |frame| on_entries(frame, |entry| *entry.change.last_mut().unwrap() ^= 1),
        |frame| on_entries(frame, |entry| entry.document = DocumentId::Home(account("ann"))),
        |frame| on_entries(frame, |entry| entry.document = TimelineId::of(ConversationId::from_bytes([3; 16])).page(9)),
    ];
    for (index, lie) in lies.into_iter().enumerate() {
        let mut setup = setup();
        let (ann, bob) = (setup.ann, setup.bob);
        setup.say(bob, "before");
        setup.settle();
        setup.world.tamper = Some(lie);
        setup.say(bob, "in a bad frame");
        setup.world.run_ms(20_000);
        assert!(!setup.faults(ann).is_empty(), "lie {index} is told");
        // What is fetched anew comes as documents, which this lie leaves alone.
        setup.check_same();
        setup.world.tamper = None;
        setup.settle();
        setup.check_same();
    }
}

fn on_entries(frame: &mut ServerFrame, change: impl Fn(&mut tidings_core::journal::Entry)) {
    match frame {
        ServerFrame::Entries(Entries { entries, .. }) | ServerFrame::Fetched(Fetched { entries, .. }) => {
            entries.iter_mut().for_each(change);
        }
        _ => {}
    }
}

#[test]
fn e132_a_device_that_was_told_another_history_notices_when_a_head_is_told() {
    let lies: [fn(&mut ServerFrame); 2] = [
        |frame| {
            on_entries(frame, |entry| entry.accepted_at = entry.accepted_at.plus(core::time::Duration::from_millis(1)))
        },
        |frame| on_entries(frame, |entry| entry.administrator = true),
    ];
    for lie in lies {
        let mut setup = setup();
        let (ann, bob, group) = (setup.ann, setup.bob, StreamId::Conversation(setup.group));
        setup.world.tamper = Some(lie);
        setup.say(bob, "told otherwise");
        setup.settle();
        setup.world.tamper = None;
        // Nothing that is decided forbids it, and whoever compares can know.
        assert_eq!(setup.faults(ann), []);
        let [of_ann, of_bob] = [ann, bob].map(|device| setup.world.client(device).histories()[&group]);
        let server = setup.world.stream(&group).unwrap().head();
        assert_eq!((of_ann.position, of_bob), (server.position, server));
        assert_ne!(of_ann.chain, of_bob.chain);
        setup.world.set_network(ann, false);
        setup.say(ann, "waits");
        setup.say(bob, "while she was away");
        setup.settle();
        setup.world.set_network(ann, true);
        setup.settle();
        assert_eq!(setup.faults(ann), [(None, Code::HistoryDiffers)]);
        let server = setup.world.stream(&group).unwrap().head();
        assert_eq!(setup.world.client(ann).histories()[&group], server);
        setup.check_same();
        let texts = setup.world.client(ann).screen.texts(setup.group);
        assert_eq!(texts, ["told otherwise", "while she was away", "waits"]);
    }
}

/// Ann comes back after so much that she is sent snapshots; they are bad.
fn check_bad_snapshots(lie: fn(&mut ServerFrame)) {
    let mut setup = setup();
    let (ann, bob) = (setup.ann, setup.bob);
    setup.say(ann, "before");
    setup.settle();
    setup.world.set_network(ann, false);
    setup.say(ann, "pending");
    for index in 0..30 {
        setup.say(bob, &format!("bob {index}"));
    }
    setup.settle();
    setup.world.tamper = Some(lie);
    setup.world.set_network(ann, true);
    setup.world.run_ms(30_000);
    assert_eq!(setup.faults(ann).first(), Some(&(None, Code::SnapshotInvalid)));
    let shown = setup.world.client(ann).screen.texts(setup.group);
    assert_eq!(shown, ["before", "pending"], "what is held stays");
    setup.world.tamper = None;
    setup.settle();
    setup.check_same();
    let texts = setup.world.client(ann).screen.texts(setup.group);
    assert_eq!(texts.iter().filter(|text| *text == "pending").count(), 1);
}

fn on_snapshots(frame: &mut ServerFrame, change: impl Fn(&mut DocumentSnapshot)) {
    if let ServerFrame::Fetched(fetched) = frame {
        fetched.documents.iter_mut().for_each(change);
    }
}

#[test]
fn s6_snapshots_that_do_not_load_are_told_and_fetched_again() {
    check_bad_snapshots(|frame| on_snapshots(frame, |snapshot| snapshot.data.truncate(snapshot.data.len() / 2)));
    check_bad_snapshots(|frame| on_snapshots(frame, |snapshot| snapshot.data = vec![0xa5; 200]));
    check_bad_snapshots(|frame| on_snapshots(frame, |snapshot| snapshot.data.clear()));
    check_bad_snapshots(|frame| {
        on_snapshots(frame, |snapshot| {
            let middle = snapshot.data.len() / 2;
            snapshot.data[middle] ^= 0x10;
        });
    });
}

fn clear(snapshot: &mut DocumentSnapshot) {
    snapshot.data.clear();
    snapshot.admissions.clear();
}

fn is_page(snapshot: &DocumentSnapshot) -> bool {
    snapshot.document.page().is_some()
}

#[test]
fn s6_cleared_pages_are_told_and_fetched_again() {
    // Nothing was ever written, as of now.
    check_bad_snapshots(|frame| {
        on_snapshots(frame, |snapshot| {
            if is_page(snapshot) {
                clear(snapshot);
            }
        });
    });
    // Nothing was ever written, and nothing came behind that.
    check_bad_snapshots(|frame| {
        if let ServerFrame::Fetched(fetched) = frame
            && fetched.restart
        {
            fetched.entries.retain(|entry| entry.document.page().is_none());
            for snapshot in fetched.documents.iter_mut().filter(|snapshot| is_page(snapshot)) {
                clear(snapshot);
                snapshot.position = Position::ZERO;
            }
        }
    });
    // Something was written before the first position.
    check_bad_snapshots(|frame| on_snapshots(frame, |snapshot| snapshot.position = Position::ZERO));
}

#[test]
fn s6_snapshots_of_other_documents_are_told_and_fetched_again() {
    check_bad_snapshots(|frame| {
        if let ServerFrame::Fetched(fetched) = frame
            && fetched.documents.len() == 2
        {
            let (first, second) = fetched.documents.split_at_mut(1);
            core::mem::swap(&mut first[0].data, &mut second[0].data);
        }
    });
    check_bad_snapshots(|frame| {
        if let ServerFrame::Fetched(fetched) = frame {
            fetched.documents.truncate(1);
        }
    });
}

#[test]
fn s6_admissions_that_do_not_fit_are_told_and_fetched_again() {
    check_bad_snapshots(|frame| on_snapshots(frame, |snapshot| snapshot.admissions.push(0)));
    check_bad_snapshots(|frame| {
        on_snapshots(frame, |snapshot| {
            snapshot.admissions.pop();
        });
    });
    // Every message behind the head, where it would be unread for ever.
    check_bad_snapshots(|frame| {
        on_snapshots(frame, |snapshot| {
            if let Some(first) = snapshot.admissions.first_mut() {
                *first = 0x7e;
            }
        });
    });
}

/// Ann's new device scrolls to older pages, which are bad.
fn check_bad_page(lie: fn(&mut ServerFrame)) {
    let mut setup = setup();
    let bob = setup.bob;
    for index in 0..40 {
        setup.say(bob, &format!("bob {index}"));
    }
    setup.settle();
    setup.world.verify = true;
    let late = setup.world.add("ann");
    setup.settle();
    setup.world.tamper = Some(lie);
    setup.world.input(late, Input::OpenConversation(setup.group));
    setup.world.run_ms(20_000);
    assert_eq!(setup.faults(late).first(), Some(&(None, Code::SnapshotInvalid)));
    let before = setup.world.client(late).screen.texts(setup.group).len();
    setup.world.tamper = None;
    setup.settle();
    assert!(setup.world.client(late).screen.texts(setup.group).len() > before, "without being asked again");
    setup.ann = late;
    setup.check_same();
}

#[test]
fn s6_an_older_page_that_does_not_load_is_asked_for_again_with_the_next_link() {
    check_bad_page(|frame| on_snapshots(frame, |snapshot| snapshot.data.truncate(20)));
    check_bad_page(|frame| on_snapshots(frame, clear));
}
