//! A conversation whose document is written anew while devices are away, in the middle of
//! something, or dead: what they wrote is there once, and everybody shows the same.

use tidings_core::{
    authority::Stream,
    command::{ChangeRole, CreateConversation, CreateThread, SendMessage, SetInfo, SetThread, ThreadChange},
    doc::{Key, Value},
    engine::Input,
    ids::{AccountId, ConversationId, StreamId, TimelineId},
    limits::Limits,
    model::{InfoField, Role},
};
use tidings_tests::sim::world::{Device, World, tenant};

struct Group {
    world: World,
    ann: Device,
    bob: Device,
    id: ConversationId,
}

impl Group {
    fn begin(limits: Limits) -> Self {
        let mut world = World::new(23, limits);
        let (ann, bob) = (world.add("ann"), world.add("bob"));
        assert!(world.settle_ms(60_000));
        let bobs = AccountId::parse("bob").unwrap();
        let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![bobs]));
        let id = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
        let mut group = Self { world, ann, bob, id };
        group.settle();
        for device in [ann, bob] {
            group.world.input(device, Input::OpenConversation(id));
        }
        // Bob may change what describes it.
        let bobs = AccountId::parse("bob").unwrap();
        group.world.command(ann, ChangeRole { conversation: id, account: bobs, role: Role::Admin });
        group.settle();
        group
    }

    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "{}", self.world.unrest());
    }

    fn say(&mut self, device: Device, text: &str) {
        let message = SendMessage::new(self.id, text);
        self.world.command(device, message);
    }

    fn call_it(&mut self, device: Device, title: &str) {
        self.describe(device, InfoField::Title, title);
    }

    fn describe(&mut self, device: Device, field: InfoField, text: &str) {
        self.world.command(device, SetInfo { conversation: self.id, field, text: Some(text.into()) });
    }

    /// Bob's device gives a title, which the database loses, and is away then.
    fn lose_title_of_bob(&mut self, title: &str) {
        let copy = self.world.database().copy();
        self.call_it(self.bob, title);
        self.settle();
        self.world.set_network(self.bob, false);
        self.world.put_back(&copy, true);
        self.world.run_ms(5_000);
    }

    /// Has the server write the document anew, and waits until it has.
    #[track_caller]
    fn squash(&mut self) {
        let document = TimelineId::of(self.id).document();
        let before = self.generations();
        self.world.node(0).unwrap().squash(tenant(), document);
        self.world.run_ms(1_000);
        assert_eq!(self.generations(), before + 1);
    }

    /// Whether a device has stored a generation.
    fn has_generation(&mut self, device: Device) -> bool {
        let records = self.world.client(device).store().records();
        records.values().any(|record| record.windows(10).any(|bytes| bytes == b"generation"))
    }

    fn generations(&mut self) -> usize {
        let journal = self.world.journal(&StreamId::Conversation(self.id));
        journal.iter().filter(|entry| entry.account.is_system()).count()
    }

    fn title(&mut self, device: Device) -> String {
        self.world.client(device).screen.details[&self.id].title.clone().unwrap()
    }

    /// How often an account's device has stated the title in the journal.
    fn titled(&mut self, title: &str) -> usize {
        let of_people = self.world.journal(&StreamId::Conversation(self.id)).into_iter();
        let of_people = of_people.filter(|entry| !entry.account.is_system());
        let says = |change: &[u8]| change.windows(title.len()).any(|bytes| bytes == title.as_bytes());
        of_people.filter(|entry| says(&entry.change)).count()
    }

    /// Both show this title and these words, nothing waits and nothing was refused.
    #[track_caller]
    fn check(&mut self, title: &str, texts: &[&str]) {
        for device in [self.ann, self.bob] {
            assert_eq!(self.title(device), title);
            let screen = &self.world.client(device).screen;
            assert_eq!(screen.texts(self.id), texts);
            assert!(screen.refused.is_empty(), "{:?}", screen.refused);
            assert_eq!(screen.unsynced, 0);
        }
    }
}

#[test]
fn e140_what_waited_offline_is_written_anew_once() {
    let mut group = Group::begin(Limits::default());
    let (ann, bob) = (group.ann, group.bob);
    group.call_it(bob, "Before");
    group.settle();
    group.world.set_network(bob, false);
    group.call_it(bob, "Boats");
    group.say(bob, "offline");
    group.say(ann, "meanwhile");
    group.settle();
    group.squash();
    group.world.set_network(bob, true);
    group.settle();
    group.check("Boats", &["meanwhile", "offline"]);
    assert_eq!((group.titled("Boats"), group.titled("Before")), (1, 1));
    // The next change of each is the next one of the generation.
    group.call_it(ann, "Ships");
    group.call_it(bob, "Trains");
    group.settle();
    let title = group.title(ann);
    group.check(&title, &["meanwhile", "offline"]);
}

#[test]
fn e140_what_waits_stays_on_the_screen() {
    let limits = Limits { changes_burst: 5, changes_per_second: 1, ..Limits::default() };
    let mut group = Group::begin(limits);
    let (ann, bob) = (group.ann, group.bob);
    group.describe(ann, InfoField::Description, "on the lake");
    group.settle();
    // More than the server takes at once: the last of them wait when the generation comes.
    for number in 0..8 {
        group.call_it(bob, &format!("number {number}"));
    }
    group.world.command(bob, SetInfo { conversation: group.id, field: InfoField::Description, text: None });
    group.call_it(bob, "Boats");
    group.world.run_ms(1_000);
    assert_eq!(group.titled("Boats"), 0);
    group.world.node(0).unwrap().squash(tenant(), TimelineId::of(group.id).document());
    for _ in 0..3_000 {
        assert_eq!(group.title(bob), "Boats");
        assert_eq!(group.world.client(bob).screen.details[&group.id].description, None);
        group.world.run_ms(1);
    }
    assert_eq!(group.generations(), 1);
    group.settle();
    group.check("Boats", &[]);
    assert_eq!(group.titled("Boats"), 1);
}

#[test]
fn e142_what_waits_is_on_the_screen_of_a_device_that_starts_with_a_generation() {
    let limits = Limits { changes_burst: 5, changes_per_second: 1, ..Limits::default() };
    let mut group = Group::begin(limits);
    let (ann, bob) = (group.ann, group.bob);
    group.describe(ann, InfoField::Description, "on the lake");
    group.settle();
    for number in 0..8 {
        group.call_it(bob, &format!("number {number}"));
    }
    group.world.command(bob, SetInfo { conversation: group.id, field: InfoField::Description, text: None });
    group.call_it(bob, "Boats");
    group.world.run_ms(1_000);
    group.world.node(0).unwrap().squash(tenant(), TimelineId::of(group.id).document());
    while !group.has_generation(bob) {
        group.world.run_ms(1);
    }
    // From here on all that is shown is what the device holds: the generation, and what waits.
    group.world.set_network(bob, false);
    assert_eq!((group.titled("Boats"), group.world.client(bob).screen.unsynced > 0), (0, true));
    for dies in [false, true] {
        if dies {
            group.world.crash_client(bob);
        } else {
            group.world.input(bob, Input::CloseConversation(group.id));
        }
        group.world.input(bob, Input::OpenConversation(group.id));
        group.world.run_ms(1_000);
        assert_eq!(group.title(bob), "Boats", "died: {dies}");
        assert_eq!(group.world.client(bob).screen.details[&group.id].description, None, "died: {dies}");
    }
    group.world.set_network(bob, true);
    group.settle();
    group.check("Boats", &[]);
    assert_eq!(group.titled("Boats"), 1);
}

#[test]
fn e140_a_title_that_was_admitted_before_a_generation_gives_way_to_the_one_behind_it() {
    let mut admitted = 0;
    for after_ms in [1, 20, 40, 60, 80, 120] {
        let mut group = Group::begin(Limits::default());
        let (ann, bob) = (group.ann, group.bob);
        group.call_it(bob, "Boats");
        group.world.run_ms(after_ms);
        group.world.set_network(bob, false);
        group.world.run_ms(2_000);
        let was_admitted = group.titled("Boats");
        admitted += was_admitted;
        group.squash();
        group.call_it(ann, "Ships");
        group.settle();
        // What it stored before it heard an answer is all that it goes by.
        group.world.crash_client(bob);
        group.world.input(bob, Input::OpenConversation(group.id));
        group.world.set_network(bob, true);
        group.settle();
        group.check(if was_admitted == 1 { "Ships" } else { "Boats" }, &[]);
        assert_eq!(group.titled("Boats"), 1, "after {after_ms} ms");
    }
    assert!((1..6).contains(&admitted));
}

#[test]
fn e140_what_waits_in_a_thread_is_written_anew_once_by_both_tabs() {
    let mut group = Group::begin(Limits::default());
    let (ann, bob, conversation) = (group.ann, group.bob, group.id);
    group.say(ann, "about boats");
    group.settle();
    let message = group.world.client(ann).screen.rows(conversation)[0].id.clone();
    let thread = ConversationId::thread(&tenant(), conversation, &message);
    group.world.command(ann, CreateThread { conversation, message, title: Some("Boats".into()) });
    group.settle();
    for device in [ann, bob] {
        group.world.input(device, Input::OpenThread { conversation, thread });
    }
    group.settle();
    let rename = |text: &str| SetThread { conversation, thread, change: ThreadChange::Title(Some(text.into())) };
    let reply = |text: &str| SendMessage { thread: Some(thread), ..SendMessage::new(conversation, text) };
    group.world.set_network(bob, false);
    group.world.command(bob, rename("Trains"));
    group.world.command(bob, reply("offline"));
    group.world.run_ms(1_000);
    // A tab that was copied with all that waits, and the document as it was before.
    let tab = group.world.copy(bob);
    group.world.input(tab, Input::OpenConversation(conversation));
    group.world.input(tab, Input::OpenThread { conversation, thread });
    group.world.command(ann, reply("meanwhile"));
    group.settle();
    for _ in 0..2 {
        group.world.node(0).unwrap().squash(tenant(), TimelineId::of_thread(conversation, thread).document());
        group.world.run_ms(1_000);
    }
    assert_eq!(group.generations(), 2);
    for device in [bob, tab] {
        group.world.set_network(device, true);
        group.settle();
    }
    assert_eq!(group.titled("Trains"), 1);
    let journal = group.world.stream(&StreamId::Conversation(conversation)).unwrap();
    let title = |stream: &Stream| {
        let document = stream.document(&TimelineId::of_thread(conversation, thread).document()).unwrap();
        document.get(&Key::Info(InfoField::Title))
    };
    assert_eq!(title(&journal), Some(Value::Text("Trains".into())));
    for device in [ann, bob, tab] {
        let screen = &group.world.client(device).screen;
        assert_eq!(screen.texts(thread), ["meanwhile", "offline"], "device {device}");
        assert_eq!(screen.details[&thread].title.as_deref(), Some("Trains"), "device {device}");
        assert_eq!((screen.unsynced, screen.refused.len()), (0, 0), "device {device}");
    }
}

#[test]
fn e66_what_a_generation_states_keeps_no_title_from_being_given_again() {
    let mut group = Group::begin(Limits::default());
    let bob = group.bob;
    group.lose_title_of_bob("Boats");
    group.squash();
    group.world.set_network(bob, true);
    group.settle();
    group.check("Boats", &[]);
}

#[test]
fn e66_a_title_of_after_the_copy_stands_where_a_generation_states_it() {
    let mut group = Group::begin(Limits::default());
    let (ann, bob) = (group.ann, group.bob);
    group.lose_title_of_bob("Boats");
    group.call_it(ann, "Trains");
    group.world.run_ms(5_000);
    group.squash();
    group.world.set_network(bob, true);
    group.settle();
    group.check("Trains", &[]);
    assert_eq!(group.titled("Boats"), 0);
}

#[test]
fn e141_a_device_that_is_sent_the_document_anew_takes_it_for_the_same_history() {
    let limits = Limits { catch_up_entries_max: 3, ..Limits::default() };
    let mut group = Group::begin(limits);
    let (ann, bob) = (group.ann, group.bob);
    group.world.set_network(bob, false);
    group.call_it(bob, "Boats");
    group.squash();
    for number in 0..6 {
        group.describe(ann, InfoField::Description, &format!("number {number}"));
        group.say(ann, &format!("number {number}"));
        group.settle();
    }
    let before = group.world.client(bob).screen.faults.len();
    group.world.set_network(bob, true);
    let stream = StreamId::Conversation(group.id);
    for _ in 0..2_000 {
        group.world.run_ms(1);
        assert!(group.world.client(bob).histories().contains_key(&stream), "what is held is the server's");
    }
    group.settle();
    let texts: Vec<String> = (0..6).map(|number| format!("number {number}")).collect();
    group.check("Boats", &texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(group.titled("Boats"), 1);
    assert_eq!(group.world.client(bob).screen.faults.len(), before);
}

#[test]
fn e140_what_was_admitted_before_is_not_written_twice() {
    // The answer is lost, with the entry: only the journal knows of the change. At the first of these times
    // it has not come to the server either.
    let mut admitted = 0;
    for after_ms in [1, 20, 40, 60, 80, 120] {
        let mut group = Group::begin(Limits { catch_up_entries_max: 3, ..Limits::default() });
        let (ann, bob) = (group.ann, group.bob);
        group.call_it(bob, "Boats");
        group.world.run_ms(after_ms);
        group.world.set_network(bob, false);
        group.world.run_ms(2_000);
        let was_admitted = group.titled("Boats");
        admitted += was_admitted;
        group.call_it(ann, "Ships");
        group.settle();
        group.squash();
        for number in 0..6 {
            group.describe(ann, InfoField::Description, &format!("number {number}"));
        }
        group.settle();
        group.world.set_network(bob, true);
        group.settle();
        group.check(if was_admitted == 1 { "Ships" } else { "Boats" }, &[]);
        assert_eq!(group.titled("Boats"), 1, "after {after_ms} ms");
    }
    assert!((1..6).contains(&admitted));
}

#[test]
fn e143_nothing_of_what_was_replaced_stays_in_the_store() {
    let mut group = Group::begin(Limits::default());
    let (ann, bob) = (group.ann, group.bob);
    group.call_it(ann, "of before");
    group.settle();
    group.call_it(ann, "Boats");
    group.settle();
    let is_kept = |group: &mut Group| {
        let records = group.world.client(bob).store().records();
        records.values().any(|record| record.windows(9).any(|bytes| bytes == b"of before"))
    };
    assert!(is_kept(&mut group));
    group.squash();
    group.settle();
    assert!(!is_kept(&mut group));
    group.world.crash_client(bob);
    group.world.input(bob, Input::OpenConversation(group.id));
    group.settle();
    group.check("Boats", &[]);
}

#[test]
fn e142_a_device_that_dies_in_the_middle_goes_on_from_its_store() {
    for after_ms in (0..300).step_by(15) {
        let mut group = Group::begin(Limits::default());
        let (ann, bob) = (group.ann, group.bob);
        group.world.set_network(bob, false);
        group.call_it(bob, "Boats");
        group.say(bob, "offline");
        group.world.run_ms(1_000);
        group.squash();
        group.say(ann, "meanwhile");
        group.settle();
        group.world.set_network(bob, true);
        group.world.run_ms(after_ms);
        group.world.crash_client(bob);
        group.world.input(bob, Input::OpenConversation(group.id));
        group.settle();
        group.check("Boats", &["meanwhile", "offline"]);
        assert_eq!(group.titled("Boats"), 1, "after {after_ms} ms");
    }
}
