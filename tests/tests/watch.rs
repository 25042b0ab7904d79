//! What an administrator of the tenant looks at without a part in it: through the real
//! engine and real servers on a virtual network.

use std::time::Duration;

use tidings_core::{
    code::Code,
    command::{
        AddMember, BlockAccount, Command, CreateConversation, CreateThread, LeaveConversation, PinMessage, SendMessage,
        SetLocked, SetProfile, SetState,
    },
    engine::Input,
    ids::{AccountId, ConversationId, StreamId, TenantId},
    limits::Limits,
    model::{ConversationState, MemberStatus, Permissions, Profile, Role},
};
use tidings_tests::sim::{
    node,
    store::StoreFaults,
    trace::Keep,
    world::{Device, Tokens, World},
};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

#[track_caller]
fn done(world: &mut World, device: Device, command: impl Into<Command>) -> Option<ConversationId> {
    let request = world.command(device, command);
    world.run_ms(100);
    world.client(device).screen.answers[&request].clone().unwrap().0
}

/// A group of Ann's and Bob's, who are on one node, and the administrator of the tenant, who
/// is on another one and is no member.
struct Watched {
    world: World,
    ann: Device,
    bob: Device,
    root: Device,
    group: ConversationId,
}

fn watched(limits: Limits, watches_max: usize) -> Watched {
    let mut config = node::config(&limits);
    config.shares.watches = watches_max;
    let mut world = World::with(61, config, 2, None, Keep::Digest);
    world.administrator = Some(account("root"));
    let [ann, bob, root] = ["ann", "bob", "root"].map(|name| world.add(name));
    for (device, place) in [(ann, 1), (bob, 1), (root, 0)] {
        world.set_reachable(device, place, false);
    }
    let group = done(&mut world, ann, CreateConversation::group(Some("Trip".into()), vec![account("bob")])).unwrap();
    world.input(ann, Input::OpenConversation(group));
    done(&mut world, ann, SendMessage::new(group, "before"));
    let mut watched = Watched { world, ann, bob, root, group };
    watched.settle();
    watched
}

impl Watched {
    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "{}", self.world.unrest());
    }

    /// Lets time pass until a command is stored, and no longer.
    #[track_caller]
    fn waits_for(&mut self, device: Device, request: u64) {
        let is_stored = |watched: &mut Self| watched.world.client(device).screen.answers.contains_key(&request);
        let mut waited_ms = 0;
        while !is_stored(self) {
            assert!(waited_ms < 60_000, "it is neither stored nor refused");
            self.world.run_ms(1);
            waited_ms += 1;
        }
    }

    fn opens(&mut self) {
        self.world.input(self.root, Input::OpenConversation(self.group));
        self.settle();
    }

    fn closes(&mut self) {
        self.world.input(self.root, Input::CloseConversation(self.group));
    }

    fn says(&mut self, device: Device, text: &str) {
        done(&mut self.world, device, SendMessage::new(self.group, text));
        self.settle();
    }

    fn texts(&mut self, device: Device) -> Vec<String> {
        let group = self.group;
        self.world.client(device).screen.texts(group)
    }

    /// The keys under which the administrator's device stores something of the group.
    fn keeps(&mut self) -> Vec<String> {
        let stored = self.world.client(self.root).disk.crash();
        let is_of = |key: &&String| key.contains(&self.group.to_string());
        stored.records().keys().filter(is_of).cloned().collect()
    }

    /// How many sessions watch the group.
    fn watchers(&self) -> usize {
        let nodes = (0..self.world.places()).filter_map(|place| self.world.node(place));
        let watches = |node: &tidings_tests::sim::node::SimNode| {
            let sessions = node.node.live.sessions.of(&TenantId::parse("acme").unwrap(), &account("root"));
            sessions.iter().filter(|session| node.node.live.sessions.watches(session, self.group)).count()
        };
        nodes.map(watches).sum()
    }
}

#[test]
fn v65_an_administrator_watches_what_they_are_no_member_of() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root, group) = (watched.ann, watched.root, watched.group);
    watched.opens();
    assert_eq!(watched.texts(root), ["before"]);
    let detail = watched.world.client(root).screen.details[&group].clone();
    assert_eq!((detail.title.as_deref(), detail.role, detail.status), (Some("Trip"), None, None));
    assert_eq!(detail.permissions, Permissions::all());
    let members: Vec<_> = detail.members.iter().map(|row| (row.account.as_str(), row.below)).collect();
    assert_eq!(members, [("ann", true), ("bob", true)]);
    // What happens on the other node is told, in the timeline and in the detail.
    watched.says(ann, "and now");
    assert_eq!(watched.texts(root), ["before", "and now"]);
    let carl = AddMember { conversation: group, account: account("carl"), role: Role::Guest };
    done(&mut watched.world, ann, carl);
    watched.settle();
    assert_eq!(watched.world.client(root).screen.details[&group].members.len(), 3);
    // It is on no list, and nobody has one more beside them.
    assert!(watched.world.client(root).screen.inbox.is_empty());
    assert_eq!(watched.world.client(ann).screen.details[&group].members.len(), 3);
    watched.closes();
    watched.settle();
    assert_eq!(watched.keeps(), [""; 0]);
}

#[test]
fn v65_commands_of_whoever_watches_are_predicted_like_anybodys() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, bob, root, group) = (watched.ann, watched.bob, watched.root, watched.group);
    watched.opens();
    let message = watched.world.client(root).screen.rows(group)[0].id.clone();
    watched.world.set_network(root, false);
    done(&mut watched.world, root, SetLocked { conversation: group, locked: true });
    done(&mut watched.world, root, PinMessage { conversation: group, message });
    done(&mut watched.world, root, SendMessage::new(group, "keep calm"));
    let screen = &watched.world.client(root).screen;
    assert!(screen.details[&group].locked);
    assert_eq!(screen.details[&group].pins.len(), 1);
    assert_eq!(screen.texts(group), ["before", "keep calm"]);
    watched.world.set_network(root, true);
    watched.settle();
    for device in [ann, root] {
        assert_eq!(watched.texts(device), ["before", "keep calm"], "device {device}");
        assert!(watched.world.client(device).screen.details[&group].locked, "device {device}");
    }
    // What others write at the same time comes in its place.
    done(&mut watched.world, ann, SendMessage::new(group, "calm"));
    done(&mut watched.world, root, SendMessage::new(group, "good"));
    watched.settle();
    assert_eq!(watched.texts(root), watched.texts(ann));
    let refused = watched.world.command(bob, SendMessage::new(group, "locked out"));
    watched.settle();
    assert_eq!(watched.world.client(bob).screen.answers[&refused], Err(Code::ConversationLocked));
    assert!(watched.world.client(root).screen.inbox.is_empty());
}

#[test]
fn s41_a_watch_goes_on_after_a_link_was_lost_and_ends_with_the_view() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root, group) = (watched.ann, watched.root, watched.group);
    watched.opens();
    assert_eq!(watched.watchers(), 1);
    watched.world.set_network(root, false);
    watched.world.run_ms(5_000);
    assert_eq!(watched.watchers(), 0);
    watched.says(ann, "meanwhile");
    watched.world.set_network(root, true);
    watched.settle();
    watched.says(ann, "afterwards");
    assert_eq!(watched.texts(root), ["before", "meanwhile", "afterwards"]);
    // A thread of it is shown, which is of the same watch.
    let message = watched.world.client(ann).screen.rows(group)[0].id.clone();
    let thread = ConversationId::thread(&TenantId::parse("acme").unwrap(), group, &message);
    done(&mut watched.world, ann, CreateThread { conversation: group, message, title: None });
    watched.world.input(root, Input::OpenThread { conversation: group, thread });
    watched.closes();
    done(&mut watched.world, ann, SendMessage { thread: Some(thread), ..SendMessage::new(group, "in the thread") });
    watched.settle();
    assert_eq!(watched.world.client(root).screen.texts(thread), ["in the thread"]);
    assert_eq!(watched.watchers(), 1);
    watched.world.input(root, Input::CloseConversation(thread));
    watched.settle();
    assert_eq!((watched.watchers(), watched.keeps()), (0, Vec::new()));
    watched.says(ann, "unseen");
    assert_eq!(watched.keeps(), [""; 0]);
    // It is shown anew as it is then.
    watched.opens();
    assert_eq!(watched.texts(root), ["before", "meanwhile", "afterwards", "unseen"]);
    assert_eq!(watched.watchers(), 1);
}

#[test]
fn s41_a_view_that_is_opened_again_at_once_is_told_of_again() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root) = (watched.ann, watched.root);
    watched.world.input(root, Input::OpenConversation(watched.group));
    watched.closes();
    watched.opens();
    assert_eq!(watched.watchers(), 1);
    watched.says(ann, "and now");
    assert_eq!(watched.texts(root), ["before", "and now"]);
}

#[test]
fn e130_what_is_on_no_list_is_held_until_what_was_written_there_is_answered() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root, group) = (watched.ann, watched.root, watched.group);
    watched.opens();
    watched.world.set_network(root, false);
    done(&mut watched.world, root, SendMessage::new(group, "from afar"));
    watched.closes();
    watched.world.run_ms(5_000);
    assert!(!watched.keeps().is_empty());
    // Also by a device that was started anew meanwhile.
    watched.world.crash_client(root);
    watched.world.run_ms(5_000);
    assert_eq!(watched.world.client(root).screen.unsynced, 1);
    watched.world.set_network(root, true);
    watched.settle();
    watched.world.run_ms(5_000);
    assert_eq!(watched.texts(ann), ["before", "from afar"]);
    assert_eq!((watched.keeps(), watched.watchers()), (Vec::new(), 0));
    assert!(watched.world.client(root).screen.inbox.is_empty());
}

#[test]
fn e130_a_view_that_nobody_closed_is_let_go_of_at_the_next_start() {
    let mut watched = watched(Limits::default(), 1);
    let root = watched.root;
    watched.opens();
    watched.world.set_network(root, false);
    assert!(!watched.keeps().is_empty());
    watched.world.crash_client(root);
    watched.world.run_ms(5_000);
    assert_eq!(watched.keeps(), [""; 0]);
}

#[test]
fn e131_who_administers_no_more_is_told_of_nothing_and_holds_nothing() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root, group) = (watched.ann, watched.root, watched.group);
    watched.world.set_tokens(root, Tokens::Hold(Duration::from_secs(300)));
    watched.world.crash_client(root);
    watched.opens();
    assert_eq!((watched.texts(root).len(), watched.watchers()), (1, 1));
    watched.world.set_network(root, false);
    done(&mut watched.world, root, SendMessage::new(group, "too late"));
    watched.says(ann, "hush");
    watched.world.run_ms(300_000);
    watched.world.administrator = None;
    watched.world.set_network(root, true);
    watched.settle();
    watched.says(ann, "hush, hush");
    assert_eq!((watched.texts(root), watched.watchers()), (Vec::new(), 0));
    assert!(!watched.world.client(root).screen.details.contains_key(&group));
    let refused = watched.world.client(root).screen.refused.values();
    let refused: Vec<_> = refused.map(|row| (row.words.clone(), row.code)).collect();
    assert_eq!(refused, [(Some("too late".to_owned()), Code::NotAMember)]);
    assert_eq!(watched.keeps(), [""; 0]);
}

#[test]
fn s41_what_is_deleted_is_watched_no_more() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root, group) = (watched.ann, watched.root, watched.group);
    watched.opens();
    done(&mut watched.world, ann, SetState { conversation: group, state: ConversationState::Deleted });
    watched.settle();
    assert_eq!((watched.texts(root), watched.watchers()), (Vec::new(), 0));
    assert!(!watched.world.client(root).screen.details.contains_key(&group));
    assert_eq!(watched.keeps(), [""; 0]);
}

#[test]
fn s41_what_was_stored_without_an_answer_is_told_all_the_same() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, bob, root, group) = (watched.ann, watched.bob, watched.root, watched.group);
    // All are on one node, so that no other one tells it of what it wrote.
    watched.world.set_reachable(root, 0, true);
    watched.world.set_reachable(root, 1, false);
    watched.world.input(bob, Input::OpenConversation(group));
    watched.settle();
    watched.opens();
    watched.world.fate(0).set_faults(StoreFaults { unanswered_per_mille: 1_000, ..StoreFaults::default() });
    done(&mut watched.world, ann, SendMessage::new(group, "unanswered"));
    watched.world.set_network(ann, false);
    watched.world.fate(0).set_faults(StoreFaults::default());
    watched.world.run_ms(3_000);
    for device in [bob, root] {
        assert_eq!(watched.texts(device), ["before", "unanswered"], "device {device}");
    }
    // Its author hears of it when they are there again.
    watched.world.set_network(ann, true);
    watched.settle();
    assert_eq!(watched.texts(ann), ["before", "unanswered"]);
}

#[test]
fn s43_an_account_watches_so_many_at_once_and_no_more() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root) = (watched.ann, watched.root);
    watched.opens();
    let other = done(&mut watched.world, ann, CreateConversation::group(Some("Other".into()), vec![])).unwrap();
    watched.settle();
    watched.world.input(root, Input::OpenConversation(other));
    // What is commanded there waits for it to come, and has the code.
    let request = watched.world.command(root, SendMessage::new(other, "ahem"));
    watched.settle();
    assert_eq!(watched.world.client(root).screen.answers[&request], Err(Code::TooManyWatched));
    assert!(!watched.world.client(root).screen.details.contains_key(&other));
    watched.world.input(root, Input::CloseConversation(other));
    watched.closes();
    watched.world.input(root, Input::OpenConversation(other));
    watched.settle();
    assert!(watched.world.client(root).screen.details.contains_key(&other));
}

#[test]
fn v66_an_administrator_who_left_watches_like_one_who_never_came() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root, group) = (watched.ann, watched.root, watched.group);
    done(&mut watched.world, ann, AddMember { conversation: group, account: account("root"), role: Role::Member });
    watched.settle();
    watched.opens();
    assert_eq!(watched.watchers(), 0, "a member is told in any case");
    done(&mut watched.world, root, LeaveConversation { conversation: group });
    watched.settle();
    watched.says(ann, "alone at last");
    assert_eq!(watched.texts(root), ["before", "alone at last"]);
    let detail = &watched.world.client(root).screen.details[&group];
    assert_eq!((detail.status, detail.permissions), (Some(MemberStatus::Left), Permissions::all()));
    watched.says(root, "not quite");
    assert_eq!(watched.texts(ann), ["before", "alone at last", "not quite"]);
    // Also on another link, where nothing was missed.
    watched.world.set_network(root, false);
    watched.world.run_ms(5_000);
    watched.world.set_network(root, true);
    watched.settle();
    watched.says(ann, "now then");
    assert_eq!(watched.texts(root), ["before", "alone at last", "not quite", "now then"]);
    watched.closes();
    watched.settle();
    assert_eq!(watched.watchers(), 0);
}

fn called(name: &str, whose: Option<&str>) -> SetProfile {
    let profile = Profile { display_name: Some(name.to_owned()), ..Profile::default() };
    SetProfile { profile, account: whose.map(account) }
}

impl Watched {
    /// What a device shows an account to be called.
    fn name(&mut self, device: Device, whose: &str) -> Option<String> {
        self.world.client(device).screen.profiles.get(&account(whose))?.display_name.clone()
    }

    /// The keys under which the administrator's device stores something of Ann's documents.
    fn keeps_of_ann(&mut self) -> Vec<String> {
        let stored = self.world.client(self.root).disk.crash();
        let stream = StreamId::Account(account("ann")).to_string();
        stored.records().keys().filter(|key| key.contains(&stream)).cloned().collect()
    }
}

#[test]
fn a87_an_administrator_changes_the_profile_of_another_account() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, bob, root) = (watched.ann, watched.bob, watched.root);
    done(&mut watched.world, ann, called("Ann", None));
    done(&mut watched.world, ann, BlockAccount { account: account("eve"), blocked: true });
    done(&mut watched.world, root, BlockAccount { account: account("zoe"), blocked: true });
    watched.settle();
    let refused = watched.world.command(bob, called("Fool", Some("ann")));
    assert_eq!(watched.world.client(bob).screen.answers[&refused], Err(Code::NotTheOwner));
    // What Ann keeps for herself at the same time comes in between, and is told to nobody.
    let request = watched.world.command(root, called("Ann of Cove", Some("ann")));
    done(&mut watched.world, ann, BlockAccount { account: account("dora"), blocked: true });
    watched.settle();
    assert!(watched.world.client(root).screen.answers[&request].is_ok());
    for device in [ann, bob, root] {
        assert_eq!(watched.name(device, "ann").as_deref(), Some("Ann of Cove"), "device {device}");
    }
    let blocked: Vec<&str> = watched.world.client(root).screen.blocked.keys().map(AccountId::as_str).collect();
    assert_eq!(blocked, ["zoe"], "the own home is another one");
    assert_eq!(watched.keeps_of_ann(), [""; 0]);
    let journal = watched.world.journal(&StreamId::Account(account("ann")));
    let by_root: Vec<_> = journal.iter().filter(|entry| entry.account == account("root")).collect();
    assert!(matches!(&by_root[..], [entry] if entry.administrator), "{by_root:?}");
    // It begins with what is there then, each time; what is so already is no change.
    done(&mut watched.world, ann, called("Ann again", None));
    watched.settle();
    for name in ["Ann of Cove", "Ann of Cove"] {
        let request = watched.world.command(root, called(name, Some("ann")));
        watched.settle();
        assert!(watched.world.client(root).screen.answers[&request].is_ok());
        assert_eq!(watched.name(ann, "ann").as_deref(), Some(name));
    }
    let journal = watched.world.journal(&StreamId::Account(account("ann")));
    assert_eq!(journal.iter().filter(|entry| entry.account == account("root")).count(), 2);
    // The own profile is another one.
    assert_eq!(watched.name(root, "root"), None);
    // What they are called is known offline, without the documents that say so.
    watched.world.set_network(root, false);
    watched.world.crash_client(root);
    watched.world.run_ms(1_000);
    assert_eq!(watched.name(root, "ann").as_deref(), Some("Ann of Cove"));
}

#[test]
fn a87_what_cannot_be_judged_now_is_not_taken_and_what_was_taken_is_sent_later() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root) = (watched.ann, watched.root);
    watched.world.set_network(root, false);
    watched.world.run_ms(1_000);
    let request = watched.world.command(root, called("Ann of Cove", Some("ann")));
    assert_eq!(watched.world.client(root).screen.answers[&request], Err(Code::Unreachable));
    watched.world.set_network(root, true);
    watched.settle();
    // It is taken, and the device stops before it was told that it is admitted.
    let request = watched.world.command(root, called("Ann of Cove", Some("ann")));
    watched.waits_for(root, request);
    watched.world.set_network(root, false);
    watched.world.crash_client(root);
    watched.world.run_ms(1_000);
    assert_eq!(watched.name(root, "ann").as_deref(), Some("Ann of Cove"));
    watched.world.set_network(root, true);
    watched.settle();
    watched.world.run_ms(1_000);
    assert_eq!(watched.name(ann, "ann").as_deref(), Some("Ann of Cove"));
    assert_eq!((watched.keeps_of_ann(), watched.world.client(root).screen.unsynced), (Vec::new(), 0));
}

#[test]
fn e131_who_administers_no_more_has_what_they_wrote_for_another_account_given_back() {
    let mut watched = watched(Limits::default(), 1);
    let (ann, root) = (watched.ann, watched.root);
    watched.world.set_tokens(root, Tokens::Hold(Duration::from_secs(300)));
    watched.world.crash_client(root);
    watched.settle();
    let request = watched.world.command(root, called("Ann of Cove", Some("ann")));
    watched.waits_for(root, request);
    watched.world.set_network(root, false);
    let journal = watched.world.journal(&StreamId::Account(account("ann")));
    assert_eq!(journal.len(), 0, "it is on its way, or not even that");
    watched.world.crash_client(root);
    watched.world.run_ms(300_000);
    watched.world.administrator = None;
    watched.world.set_network(root, true);
    watched.settle();
    let refused: Vec<_> = watched.world.client(root).screen.refused.values().map(|row| row.code).collect();
    assert_eq!(refused, [Code::NotTheOwner]);
    assert_eq!((watched.name(ann, "ann"), watched.keeps_of_ann()), (None, Vec::new()));
}
