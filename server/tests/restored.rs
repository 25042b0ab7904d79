//! A store that an operator puts back to a copy, with the means of
//! docs/operating.md, while devices are ahead of it: server processes that are
//! killed, engines as they ship, real sockets.

use std::{collections::BTreeSet, time::Duration};

use tidings_core::{
    code::Code,
    command::{AddMember, CreateConversation, EditMessage, SendMessage},
    engine::Input,
    ids::{ConversationId, MessageId},
    model::Role,
};
use tidings_tests::load::{author::account, device::Device};

use crate::support::{
    database::{Copy, Database},
    on_each_store,
    process::{Process, program, verify},
    server::PATIENCE,
};

on_each_store! {
    e60_devices_that_are_ahead_of_a_copy_bring_back_what_it_lacks,
    e63_devices_that_are_ahead_of_a_copy_bring_it_back_also_where_nobody_says_so,
}

mod another_cluster_of_postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn j30_a_dump_that_was_restored_into_a_new_cluster_is_another_incarnation_by_itself() {
        come_back(Database::postgres().await, PutBack::InAnotherCluster).await;
    }
}

/// How an operator puts a copy back.
#[derive(Clone, Copy, PartialEq)]
enum PutBack {
    Announced,
    Silently,
    /// Silently, and where transaction ids are smaller than those of the copy.
    InAnotherCluster,
}

/// The longest that a device waits before the others are looked at.
const TURN: Duration = Duration::from_millis(10);

/// People's devices, and the server that they meet at.
struct Meeting {
    database: Database,
    server: Option<Process>,
    devices: Vec<Device>,
}

/// The place of a device among them.
const ANN: usize = 0;
const BOB: usize = 1;
const CARL: usize = 2;
const DORA: usize = 3;

impl Meeting {
    fn new(database: Database) -> Self {
        let mut meeting = Self { database, server: None, devices: Vec::new() };
        meeting.serve();
        for name in ["ann", "bob", "carl", "dora"] {
            meeting.add(name);
        }
        meeting
    }

    fn add(&mut self, name: &str) -> usize {
        let address = self.server.as_ref().unwrap().address;
        self.devices.push(Device::new(address, &account(name), self.devices.len() as u64).unwrap());
        self.devices.len() - 1
    }

    /// Kills the server, if there is one, and starts another on what the store holds.
    fn serve(&mut self) {
        self.kill();
        let server = Process::start(&self.database.address, &["--dev"]);
        for device in &mut self.devices {
            device.move_to(server.address);
        }
        self.server = Some(server);
    }

    fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.end("-KILL");
        }
    }

    async fn put_back(&mut self, copy: &Copy, how: PutBack) {
        self.kill();
        self.database.put_back(copy);
        match how {
            PutBack::Announced => {
                let output = program(&["restored", "--store", &self.database.address]).output().unwrap();
                assert!(output.status.success(), "{output:?}");
            }
            PutBack::Silently => {}
            PutBack::InAnotherCluster => drop(self.database.execute("UPDATE clock SET base = base - 1000000").await),
        }
        self.serve();
    }

    /// All devices go on until something holds.
    #[track_caller]
    fn until(&mut self, what: &str, done: impl Fn(&[Device]) -> bool) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let reached = tokio::time::timeout(PATIENCE, async {
                while !done(&self.devices) {
                    // A link that breaks comes back by itself.
                    futures_util::future::join_all(self.devices.iter_mut().map(|device| device.step(TURN))).await;
                }
            });
            if reached.await.is_err() {
                panic!("{place}: they never come to: {what}; {}", self.told());
            }
        }
    }

    /// What the devices show, for whoever has to find out.
    fn told(&self) -> String {
        let told = self.devices.iter().map(|device| {
            let screen = &device.screen;
            let texts: Vec<_> = screen.timelines.keys().map(|id| (id.to_string(), screen.texts(*id))).collect();
            format!("\n{:?} {:?} {:?} {texts:?}", screen.connection, screen.unsynced, refused(device))
        });
        told.collect()
    }

    /// Until these devices show these words and no others, but for those that were given back to
    /// whose they are; and nothing waits.
    #[track_caller]
    fn until_shown(
        &mut self,
        devices: &[usize],
        room: ConversationId,
        said: &[(usize, &str)],
    ) -> impl Future<Output = ()> {
        let (devices, said) = (devices.to_vec(), said.to_vec());
        self.until("the same words", move |all| {
            let kept =
                said.iter().filter(|(device, words)| !refused(&all[*device]).contains(&(Code::StoreRestored, words)));
            let mut expected: Vec<&str> = kept.map(|(_, words)| *words).collect();
            expected.sort_unstable();
            let shows = |device: &Device| {
                let mut texts = device.screen.texts(room);
                texts.sort_unstable();
                let is_held = device.screen.details.contains_key(&room);
                is_held && texts == expected && device.screen.unsynced == 0 && device.is_online()
            };
            devices.iter().all(|device| shows(&all[*device]))
        })
    }

    /// What was given back is sent by hand.
    fn retry(&mut self, device: usize) {
        let ids: Vec<u64> = self.devices[device].screen.refused.keys().copied().collect();
        ids.into_iter().for_each(|id| self.devices[device].retry(id));
    }

    fn say(&mut self, device: usize, room: ConversationId, words: &str) -> MessageId {
        self.devices[device].command(SendMessage::new(room, words)).unwrap().unwrap().1.unwrap()
    }

    /// Begins a group, which these devices look at.
    async fn group(&mut self, owner: usize, members: &[&str], devices: &[usize]) -> ConversationId {
        let members = members.iter().map(|name| account(name)).collect();
        let created = self.devices[owner].command(CreateConversation::group(None, members));
        let group = created.unwrap().unwrap().0.unwrap();
        for device in devices {
            self.devices[*device].handle(Input::OpenConversation(group));
        }
        let devices = devices.to_vec();
        let is_held = move |all: &[Device]| {
            devices
                .iter()
                .all(|device| all[*device].screen.details.contains_key(&group) && all[*device].screen.unsynced == 0)
        };
        self.until("a group", is_held).await;
        group
    }
}

fn refused(device: &Device) -> Vec<(Code, &str)> {
    device.screen.refused.values().map(|row| (row.code, row.words.as_deref().unwrap_or_default())).collect()
}

async fn e60_devices_that_are_ahead_of_a_copy_bring_back_what_it_lacks(database: Database) {
    come_back(database, PutBack::Announced).await;
}

async fn e63_devices_that_are_ahead_of_a_copy_bring_it_back_also_where_nobody_says_so(database: Database) {
    come_back(database, PutBack::Silently).await;
}

async fn come_back(database: Database, how: PutBack) {
    let mut meeting = Meeting::new(database);
    let boats = meeting.group(ANN, &["bob"], &[ANN, BOB]).await;
    let one = meeting.say(ANN, boats, "one");
    meeting.say(BOB, boats, "two");
    meeting.until_shown(&[ANN, BOB], boats, &[(ANN, "one"), (BOB, "two")]).await;
    let copy = meeting.database.copy();

    // What is said from here on the copy lacks.
    meeting.devices[ANN].command(EditMessage { conversation: boats, message: one, content: "first".into() });
    meeting.devices[ANN].command(AddMember { conversation: boats, account: account("carl"), role: Role::Member });
    meeting.devices[CARL].handle(Input::OpenConversation(boats));
    let mut said = vec![(ANN, "first"), (BOB, "two"), (BOB, "three")];
    meeting.say(BOB, boats, "three");
    meeting.until_shown(&[ANN, BOB, CARL], boats, &said).await;
    meeting.say(CARL, boats, "four");
    said.push((CARL, "four"));
    meeting.until_shown(&[ANN, BOB, CARL], boats, &said).await;
    let trains = meeting.group(ANN, &["bob"], &[ANN, BOB]).await;
    meeting.say(BOB, trains, "five");
    let mut said_in_trains = vec![(BOB, "five")];
    meeting.until_shown(&[ANN, BOB], trains, &said_in_trains).await;
    // Its owner's device never comes back.
    let planes = meeting.group(DORA, &["bob"], &[DORA, BOB]).await;
    meeting.say(BOB, planes, "six");
    meeting.until_shown(&[DORA, BOB], planes, &[(BOB, "six")]).await;
    for device in [BOB, DORA] {
        meeting.devices[device].handle(Input::SetNetwork(false));
    }
    meeting.say(ANN, boats, "seven");
    said.push((ANN, "seven"));
    meeting.until_shown(&[ANN, CARL], boats, &said).await;
    meeting.say(BOB, boats, "eight");
    said.push((BOB, "eight"));

    meeting.put_back(&copy, how).await;
    // Killed once more as soon as somebody has met it.
    meeting.until("ann is back", |all| all[ANN].is_online()).await;
    meeting.serve();
    let new = meeting.add("bob");
    for room in [boats, trains] {
        meeting.devices[new].handle(Input::OpenConversation(room));
    }
    meeting.devices[BOB].handle(Input::SetNetwork(true));
    let all = [ANN, BOB, CARL, new];
    let mut given_back = BTreeSet::from(["six"]);
    if how == PutBack::Silently {
        // Nothing may tell before they write.
        for (device, words) in [(ANN, "x"), (BOB, "y"), (CARL, "z")] {
            meeting.say(device, boats, words);
            said.push((device, words));
        }
        for (device, words) in [(ANN, "again"), (BOB, "too")] {
            meeting.say(device, trains, words);
            said_in_trains.push((device, words));
        }
        meeting.say(BOB, planes, "alone");
        given_back.insert("alone");
    }
    meeting.until_shown(&all, boats, &said).await;
    meeting.until_shown(&[ANN, BOB, new], trains, &said_in_trains).await;
    // Whoever came before the owner had their words given back.
    meeting.retry(BOB);
    meeting.retry(CARL);
    // Everybody can write on, and nothing comes twice.
    for (device, words) in all.into_iter().zip(["a", "b", "c", "d"]) {
        meeting.say(device, boats, words);
        said.push((device, words));
    }
    meeting.say(new, trains, "e");
    said_in_trains.push((new, "e"));
    meeting.until_shown(&all, boats, &said).await;
    meeting.until_shown(&[ANN, BOB, new], trains, &said_in_trains).await;
    for (device, expected) in
        [(ANN, BTreeSet::new()), (BOB, given_back), (CARL, BTreeSet::new()), (new, BTreeSet::new())]
    {
        let refused = refused(&meeting.devices[device]);
        assert!(refused.iter().all(|(code, _)| *code == Code::StoreRestored), "{refused:?}");
        assert_eq!(refused.into_iter().map(|(_, words)| words).collect::<BTreeSet<_>>(), expected);
    }
    meeting.server.take().unwrap().drain().await;
    verify(&meeting.database.address);
}
