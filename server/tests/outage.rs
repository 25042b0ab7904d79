//! A Postgres that dies, or cannot be reached, under running servers: pushes
//! wait, sessions stay, nothing that was acknowledged is lost, and all goes on
//! by itself.

mod postgres {
    use std::{collections::BTreeSet, sync::Arc, time::Duration};

    use sqlx::{Connection as _, PgConnection};
    use tidings_core::code::Code;
    use tidings_server::store::{self, Store, StoreOptions};

    use crate::support::{
        client::{Client, device},
        cluster::Cluster,
        crowd::{self, Crowd, dice},
        database::{Database, open_at},
        process::{Addresses, Fleet, verify},
        proxy::Proxy,
        server::TestServer,
    };

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres_killed_at_any_moment_loses_and_doubles_nothing() {
        let mut dice = dice();
        let mut cluster = Cluster::start().await;
        let fleet = Fleet::start(&cluster.address, 1, &crowd::FLAGS);
        let mut crowd = Crowd::gather(&fleet.addresses, &mut dice).await;
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
        assert_eq!(crowd.deferred(), BTreeSet::from([Code::StoreUnavailable]));
        crowd.finish(open_at(&cluster.address).await.as_ref()).await;
        verify(&cluster.address);
        // Each time ticks went on beyond all that were given before.
        let mut connection = PgConnection::connect(&cluster.address).await.unwrap();
        let base: i64 = sqlx::query_scalar("SELECT base FROM clock").fetch_one(&mut connection).await.unwrap();
        assert_eq!(base, 5 << 32);
        fleet.nodes.into_iter().next().unwrap().drain().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_line_cut_at_any_moment_loses_and_doubles_nothing() {
        let mut dice = dice();
        let database = Database::postgres().await;
        let line = Proxy::to(database.host().to_owned()).await;
        let fleet = Fleet::start(&database.by_way_of(line.address), 1, &crowd::FLAGS);
        let mut crowd = Crowd::gather(&fleet.addresses, &mut dice).await;
        for _ in 0..6 {
            crowd.writes(20).await;
            line.cut_connections();
            crowd.writes(20).await;
            // Committed, and nobody is told: who pushes again is told where it stands.
            line.lose_commits(2);
        }
        assert_eq!(crowd.deferred(), BTreeSet::from([Code::StoreUnavailable]));
        crowd.finish(database.open().await.as_ref()).await;
        assert_eq!(line.commits_to_lose(), 0);
        verify(&database.address);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_postgres_that_has_gone_silent_is_given_up_and_found_again() {
        let mut dice = dice();
        let database = Database::postgres().await;
        let line = Proxy::to(database.host().to_owned()).await;
        let options = StoreOptions {
            // None of them may be lost to a call that was given up.
            connections_max: 2,
            acquire_timeout: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(2),
            ..StoreOptions::default()
        };
        let store = store::open(&database.by_way_of(line.address), &options).await.unwrap();
        store.migrate().await.unwrap();
        let flags = [&crowd::FLAGS[1..], &["--store", "postgres:"]].concat();
        let server = TestServer::with_store(Arc::clone(&store) as Arc<dyn Store>, &flags).await;
        let addresses = Addresses::only(server.address);
        let mut crowd = Crowd::gather(&addresses, &mut dice).await;
        let mut ann = Client::connect(&server, "ann", device(1)).await;
        for _ in 0..3 {
            crowd.writes(40).await;
            line.silence();
            // Whoever needs nothing of the store is served meanwhile; a new session is turned away.
            ann.settle().await;
            assert!(Client::try_resume(server.address, "eve", device(6), None).await.is_none());
            crowd.waits(6).await;
            ann.settle().await;
            line.speak();
        }
        crowd.finish(database.open().await.as_ref()).await;
        verify(&database.address);
        server.stop().await;
    }
}
