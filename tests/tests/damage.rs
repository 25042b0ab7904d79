//! Stored records that are damaged: every kind of record, in many ways. The
//! device starts all the same, gets back what the server has, keeps aside what
//! only its person had, and ends like everybody else.

use std::collections::BTreeSet;

use tidings_core::{
    code::Code,
    command::{CreateConversation, RemoveMember, SendMessage, SetConversationSetting, SetProfile, SettingChange},
    engine::Input,
    ids::{AccountId, ConversationId},
    limits::Limits,
    model::Profile,
    storage::{MemoryStore, StorageRequest, Write},
};
use tidings_tests::sim::{
    disk::second_copy,
    world::{Device, World},
};

/// Ann's device is down, offline, with two messages that nobody else has, and
/// one that was refused. Bob has written meanwhile.
struct Setup {
    world: World,
    ann: Device,
    bob: Device,
    group: ConversationId,
    other: ConversationId,
    store: MemoryStore,
}

const PENDING: [&str; 2] = ["pending one", "pending two"];
const REFUSED: &str = "refused words";

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn say(world: &mut World, device: Device, group: ConversationId, text: &str) {
    let request = world.command(device, SendMessage::new(group, text));
    assert!(world.client(device).screen.answers[&request].is_ok());
}

fn create(world: &mut World, device: Device, title: &str) -> ConversationId {
    let request = world.command(device, CreateConversation::group(Some(title.into()), vec![account("ann")]));
    let conversation = world.client(device).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    conversation
}

fn setup() -> Setup {
    let limits = Limits { page_changes_soft: 8, page_changes_max: 40, catch_up_entries_max: 12, ..Limits::default() };
    let mut world = World::new(11, limits);
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    world.command(
        bob,
        SetProfile { profile: Profile { display_name: Some("Bob B.".into()), ..Profile::default() }, account: None },
    );
    world.command(
        ann,
        SetProfile { profile: Profile { display_name: Some("Ann A.".into()), ..Profile::default() }, account: None },
    );
    let (group, other) = (create(&mut world, bob, "Trip"), create(&mut world, bob, "Other"));
    world.command(ann, SetConversationSetting { conversation: group, setting: SettingChange::Pinned(true) });
    for device in [ann, bob] {
        world.input(device, Input::OpenConversation(group));
        world.input(device, Input::OpenConversation(other));
    }
    for index in 0..10 {
        say(&mut world, ann, group, &format!("ann {index}"));
        say(&mut world, bob, group, &format!("bob {index}"));
        assert!(world.settle_ms(60_000));
    }
    world.set_network(ann, false);
    say(&mut world, ann, other, REFUSED);
    world.command(bob, RemoveMember { conversation: other, account: account("ann") });
    assert!(world.settle_ms(60_000));
    world.set_network(ann, true);
    assert!(world.settle_ms(60_000));
    assert_eq!(world.client(ann).screen.refused.len(), 1);
    world.set_network(ann, false);
    PENDING.iter().for_each(|text| say(&mut world, ann, group, text));
    say(&mut world, bob, group, "meanwhile");
    world.run_ms(5_000);
    let store = world.client(ann).store().clone();
    Setup { world, ann, bob, group, other, store }
}

/// The ways in which a value is damaged.
fn damages(value: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut damages = vec![
        ("empty".to_owned(), Vec::new()),
        ("garbage".to_owned(), vec![0xa5; value.len()]),
        ("cut in half".to_owned(), value[..value.len() / 2].to_vec()),
        ("short of a byte".to_owned(), value[..value.len() - 1].to_vec()),
        ("long by a byte".to_owned(), [value, &[0]].concat()),
        ("without its checksum".to_owned(), value[8..].to_vec()),
    ];
    for step in 0..4 {
        let (at, bit) = (step * (value.len() - 1) / 3, 2 * step);
        let mut flipped = value.to_vec();
        flipped[at] ^= 1 << bit;
        damages.push((format!("bit {bit} of byte {at} flipped"), flipped));
    }
    damages
}

impl Setup {
    /// Starts Ann's device on a store with one record replaced, first offline.
    fn start_with(&mut self, key: &str, value: Vec<u8>) {
        let mut store = self.store.clone();
        store.run(&StorageRequest::Write(vec![Write::Put(key.to_owned(), value)])).unwrap();
        self.world.restart(self.ann, store);
        self.open(self.ann);
        self.world.run_ms(3_000);
        self.world.set_network(self.ann, true);
        self.settle();
        self.scroll(self.ann);
        self.scroll(self.bob);
    }

    fn open(&mut self, device: Device) {
        self.world.input(device, Input::OpenConversation(self.group));
        self.world.input(device, Input::OpenConversation(self.other));
    }

    fn settle(&mut self) {
        assert!(self.world.settle_ms(600_000), "the world comes to rest");
    }

    fn scroll(&mut self, device: Device) {
        for _ in 0..20 {
            if self.world.client(device).screen.has_older.get(&self.group) != Some(&true) {
                return;
            }
            self.world.input(device, Input::LoadOlder(self.group));
            self.settle();
        }
        panic!("scrolling ends");
    }

    fn texts(&mut self, device: Device) -> Vec<String> {
        self.world.client(device).screen.texts(self.group)
    }

    /// What was damaged is kept under another key, or is there again.
    fn check(&mut self, key: &str, damaged: &[u8], name: &str) {
        let what = format!("{key}, {name}");
        let texts = self.texts(self.ann);
        assert_eq!(texts, self.texts(self.bob), "{what}");
        let kept = self.world.client(self.ann).store().records().get(&format!("damaged/{key}")).cloned();
        let is_kept = key.starts_with("outbox/") || key.starts_with("refused/");
        assert_eq!(kept.as_deref(), is_kept.then_some(damaged), "{what}: words are kept aside, nothing else");
        for text in PENDING {
            let count = texts.iter().filter(|shown| *shown == text).count();
            let lost = self.is_of(key, "outbox/", text);
            assert_eq!(count, usize::from(!lost), "{what}: {text}");
        }
        let screen = &self.world.client(self.ann).screen;
        assert!(screen.storage.contains(&Some(Code::StorageCorrupt)), "{what}: told");
        assert_eq!(screen.refused.len(), usize::from(!key.starts_with("refused/")), "{what}");
        assert!(screen.refused.values().all(|row| row.words.as_deref() == Some(REFUSED)), "{what}");
        let row = &screen.inbox[&self.group];
        assert_eq!((row.name.as_str(), row.pinned_at.is_some(), row.member_count), ("Trip", true, 2), "{what}");
        assert!(screen.rows(self.group).iter().any(|row| row.author_name == "Bob B."), "{what}");
        assert!(screen.faults.is_empty(), "{what}: {:?}", screen.faults);
        assert_eq!(screen.connection, Some(tidings_core::engine::ConnectionState::Online), "{what}");
    }

    /// Whether a record of the undamaged store holds this text.
    fn is_of(&self, key: &str, prefix: &str, text: &str) -> bool {
        let value = self.store.records().get(key).filter(|_| key.starts_with(prefix));
        value.is_some_and(|value| value.windows(text.len()).any(|window| window == text.as_bytes()))
    }

    /// Nothing is damaged any more, and everything is there offline.
    fn check_mended(&mut self, what: &str) {
        let before = self.texts(self.ann);
        self.world.set_network(self.ann, false);
        self.world.run_ms(3_000);
        self.world.crash_client(self.ann);
        self.open(self.ann);
        self.world.run_ms(3_000);
        self.scroll(self.ann);
        assert_eq!(self.texts(self.ann), before, "{what}, after another start");
        let storage = &self.world.client(self.ann).screen.storage;
        assert!(storage.is_empty(), "{what}: {storage:?}");
    }
}

/// Damages every record whose key begins with one of these, in every way.
#[track_caller]
fn check_all(prefixes: &[&str]) {
    let keys: Vec<String> = setup().store.records().keys().cloned().collect();
    let mut found = BTreeSet::new();
    for key in keys {
        let Some(prefix) = prefixes.iter().find(|prefix| key.starts_with(**prefix)) else { continue };
        found.insert(*prefix);
        let whole = setup().store.records()[&key].clone();
        for (name, damaged) in damages(&whole) {
            let mut setup = setup();
            setup.start_with(&key, damaged.clone());
            setup.check(&key, &damaged, &name);
            setup.check_mended(&format!("{key}, {name}"));
        }
    }
    assert_eq!(found.len(), prefixes.len(), "there is such a record: {found:?}");
}

#[test]
fn e12_the_scene_is_told_of_no_damage_when_there_is_none() {
    let mut setup = setup();
    let key = "meta".to_owned();
    let whole = setup.store.records()[&key].clone();
    setup.start_with(&key, whole);
    assert_eq!(setup.texts(setup.ann), setup.texts(setup.bob));
    assert_eq!(setup.texts(setup.ann).len(), 23);
    assert!(setup.world.client(setup.ann).screen.storage.is_empty());
}

#[test]
fn e12_damaged_documents_are_fetched_again() {
    check_all(&["document/"]);
}

#[test]
fn e12_damaged_entries_are_fetched_again() {
    check_all(&["tail/"]);
}

#[test]
fn e12_damaged_rows_and_names_are_made_anew() {
    check_all(&["inbox/", "rows/", "profile/"]);
}

#[test]
fn e12_a_damaged_head_costs_a_fetch() {
    check_all(&["head/"]);
}

#[test]
fn e12_a_damaged_device_record_makes_a_new_device_that_lost_nothing() {
    check_all(&["meta"]);
}

#[test]
fn e12_damaged_words_are_kept_aside_as_they_are() {
    check_all(&["outbox/", "refused/"]);
}

#[test]
fn e12_a_crash_before_the_fetch_loses_nothing() {
    let mut setup = setup();
    let meta = setup.store.records()["meta"].clone();
    setup.start_with("meta", meta);
    let expected = setup.texts(setup.ann);
    create(&mut setup.world, setup.bob, "Later than everything in the group");
    // With the next session's cursor nobody tells of anything in the group any more.
    setup.world.set_network(setup.ann, false);
    setup.world.set_network(setup.ann, true);
    setup.settle();
    setup.world.set_network(setup.ann, false);
    let store = setup.world.client(setup.ann).store().clone();
    let prefixes = ["document/conversation/", "tail/conversation/"];
    let keys = store.records().keys().filter(|key| prefixes.iter().any(|prefix| key.starts_with(prefix)));
    for key in keys.cloned().collect::<Vec<_>>() {
        let mut damaged = store.clone();
        damaged.run(&StorageRequest::Write(vec![Write::Put(key.clone(), vec![1])])).unwrap();
        setup.world.set_network(setup.ann, false);
        setup.world.restart(setup.ann, damaged);
        setup.open(setup.ann);
        setup.world.run_ms(3_000);
        setup.world.crash_client(setup.ann);
        setup.open(setup.ann);
        setup.world.run_ms(3_000);
        setup.world.set_network(setup.ann, true);
        setup.settle();
        setup.scroll(setup.ann);
        assert_eq!(setup.texts(setup.ann), expected, "{key}");
    }
}

#[test]
fn e12_records_that_are_gone_are_fetched_again_too() {
    let keys: Vec<String> = setup().store.records().keys().cloned().collect();
    for key in keys.iter().filter(|key| !key.starts_with("outbox/") && !key.starts_with("refused/")) {
        let mut setup = setup();
        let mut store = setup.store.clone();
        store.run(&StorageRequest::Write(vec![Write::Delete(key.clone())])).unwrap();
        setup.store = store;
        let (present, value) =
            setup.store.records().iter().next().map(|(key, value)| (key.clone(), value.clone())).unwrap();
        setup.start_with(&present, value);
        let texts = setup.texts(setup.ann);
        assert_eq!(texts, setup.texts(setup.bob), "{key}");
        assert!(PENDING.iter().all(|text| texts.iter().any(|shown| shown == text)), "{key}");
    }
}

#[test]
fn e42_from_what_nobody_else_has_a_device_goes_on() {
    let mut setup = setup();
    setup.store = second_copy(&setup.store);
    let (key, value) = setup.store.records().iter().next().map(|(key, value)| (key.clone(), value.clone())).unwrap();
    assert!(key.starts_with("outbox/"), "{key}");
    setup.start_with(&key, value.clone());
    setup.check("", &value, "all else is gone");
    setup.check_mended("all else is gone");
}
