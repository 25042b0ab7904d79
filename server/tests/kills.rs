//! Servers that are killed while many write: what was acknowledged is there,
//! once, and everybody goes on by themselves.

use crate::support::{
    crowd::{self, Crowd, dice},
    database::Database,
    on_each_store,
    process::{Fleet, verify},
};

on_each_store! {
    a_server_killed_at_any_moment_loses_and_doubles_nothing,
}

/// How often it is killed.
const KILLS: usize = 9;

async fn a_server_killed_at_any_moment_loses_and_doubles_nothing(database: Database) {
    let mut dice = dice();
    let mut fleet = Fleet::start(&database.address, 1, &[&crowd::FLAGS[..], &["--snapshot-interval", "50ms"]].concat());
    let mut crowd = Crowd::gather(&fleet.addresses, &mut dice).await;
    for _ in 0..KILLS {
        crowd.writes(30).await;
        fleet.take().end("-KILL");
        fleet.add();
    }
    let written = crowd.finish(database.open().await.as_ref()).await;
    let accepted: usize = written.iter().map(|written| written.accepted.len()).sum();
    let counts = verify(&database.address);
    assert!(counts.starts_with(&format!("3 streams, {} entries", 3 + accepted)), "{counts}");
}
