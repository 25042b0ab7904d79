//! A Postgres that dies, or cannot be reached, under running servers: pushes
//! wait, sessions stay, nothing that was acknowledged is lost, and all goes on
//! by itself.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod support;

mod postgres {
    use tidings_core::code::Code;

    use crate::support::{
        cluster::Cluster,
        crowd::{self, Crowd, dice},
        database::open_at,
        process::{Fleet, verify},
    };

    /// What each of nine writers says.
    const MESSAGES: usize = 90;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres_killed_at_any_moment_loses_and_doubles_nothing() {
        let mut dice = dice();
        let mut cluster = Cluster::start().await;
        let fleet = Fleet::start(&cluster.address, 1, &crowd::FLAGS);
        let mut crowd = Crowd::gather(&fleet.addresses, &mut dice, 3, 3, MESSAGES).await;
        for round in 0..5 {
            crowd.writes(30).await;
            if round % 2 == 0 {
                cluster.kill()
            } else {
                cluster.abort()
            }
            if round == 0 {
                // A server waits a while for its store before it defers what is pushed.
                crowd.waits(3).await;
            }
            cluster.run().await;
        }
        assert!(crowd.accepted() < 9 * MESSAGES, "it was killed while they wrote");
        assert!(crowd.deferred().iter().all(|code| *code == Code::StoreUnavailable), "{:?}", crowd.deferred());
        crowd.finish(open_at(&cluster.address).await.as_ref()).await;
        verify(&cluster.address);
        fleet.nodes.into_iter().next().unwrap().drain().await;
    }
}
