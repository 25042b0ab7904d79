//! Several server processes on one Postgres, while many write through all of
//! them: nobody writes behind their removal, nodes come and go, and one that
//! slept does no harm.

mod postgres {
    use std::{collections::BTreeMap, time::Duration};

    use rand::Rng as _;
    use tidings_core::{code::Code, ids::StreamId, journal::Position};

    use crate::support::{
        author::account,
        crowd::{self, Crowd, WITHOUT_END, Written, dice},
        database::Database,
        process::{Addresses, Fleet, verify},
    };

    /// How often somebody is removed while they write through two other nodes.
    const REMOVALS: usize = 20;
    /// How often a node sleeps.
    const SLEEPS: usize = 3;

    /// Of those who were removed nothing is behind the removal, and each was told why.
    fn assert_cut_off(written: &[Written], removals: &BTreeMap<StreamId, Position>) {
        let mut accepted = 0;
        for written in written.iter().filter(|written| written.account == account("bob")) {
            assert_eq!(written.refused.as_ref().map(|refused| refused.code), Some(Code::MemberRemoved));
            let removal = removals[&written.stream];
            assert!(written.accepted.iter().all(|(position, _)| *position < removal), "{removal}");
            accepted += written.accepted.len();
        }
        assert!(accepted > removals.len(), "they wrote before");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_is_removed_on_one_node_writes_nothing_behind_that_on_any_other() {
        let mut dice = dice();
        let database = Database::postgres().await;
        let fleet = Fleet::start(&database.address, 3, &crowd::FLAGS);
        let [one, two, three] = [0, 1, 2].map(|node: usize| Addresses::only(fleet.nodes[node].address));
        let mut crowd = Crowd::new(&fleet.addresses, &mut dice);
        let mut removals = BTreeMap::new();
        for _ in 0..REMOVALS {
            let group = crowd.found(&["bob", "cat"]).await;
            for node in [&two, &three, &two, &three] {
                crowd.write(node, &group, "bob", WITHOUT_END);
            }
            crowd.write(&one, &group, "cat", 10);
            crowd.writes(dice.random_range(1..25)).await;
            let removal = crowd.remove(&one, &group, "bob").await;
            removals.insert(group.stream.clone(), removal);
            // What is pushed from here on is behind the removal for everybody.
            crowd.write(&two, &group, "bob", WITHOUT_END);
            crowd.write(&three, &group, "bob", WITHOUT_END);
        }
        crowd.loses(6 * REMOVALS).await;
        let written = crowd.finish(database.open().await.as_ref()).await;
        assert_cut_off(&written, &removals);
        verify(&database.address);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nodes_that_are_replaced_one_after_another_are_not_noticed_in_what_is_written() {
        let mut dice = dice();
        let database = Database::postgres().await;
        let mut fleet = Fleet::start(&database.address, 3, &crowd::FLAGS);
        let mut crowd = Crowd::gather(&fleet.addresses, &mut dice).await;
        for _ in 0..6 {
            crowd.writes(30).await;
            fleet.take().drain().await;
            fleet.add();
        }
        crowd.finish(database.open().await.as_ref()).await;
        verify(&database.address);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_node_that_slept_does_no_harm() {
        let mut dice = dice();
        let database = Database::postgres().await;
        let flags = [&crowd::FLAGS[..], &["--heartbeat-ms", "300"]].concat();
        let fleet = Fleet::start(&database.address, 2, &flags);
        let [awake, asleep] = [0, 1].map(|node: usize| Addresses::only(fleet.nodes[node].address));
        let mut crowd = Crowd::new(&fleet.addresses, &mut dice);
        let mut removals = BTreeMap::new();
        for _ in 0..SLEEPS {
            let group = crowd.found(&["bob", "cat", "reader"]).await;
            for _ in 0..3 {
                crowd.write(&asleep, &group, "bob", WITHOUT_END);
            }
            crowd.write(&asleep, &group, "cat", WITHOUT_END);
            crowd.read(&asleep, &group.stream, "reader");
            crowd.writes(dice.random_range(5..40)).await;
            fleet.nodes[1].signal("-STOP");
            // Both get through, whatever the other node had begun.
            let removal = crowd.remove(&awake, &group, "bob").await;
            removals.insert(group.stream.clone(), removal);
            crowd.write(&awake, &group, "cat", 20);
            crowd.writes(20).await;
            // Longer than the heartbeats after which a session is over.
            tokio::time::sleep(Duration::from_secs(1)).await;
            fleet.nodes[1].signal("-CONT");
        }
        crowd.loses(3 * SLEEPS).await;
        let written = crowd.finish(database.open().await.as_ref()).await;
        assert_cut_off(&written, &removals);
        verify(&database.address);
    }
}
