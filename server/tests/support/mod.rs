//! What the tests of the server share: a fresh database on either store, a
//! server on port 0 in this process or as one of its own, a client that speaks
//! frames, an author that writes changes, and a crowd of both. Every wait has a
//! bound and says what it waited for.

#![allow(dead_code, unused_macros, unused_imports, reason = "each test binary uses a part of it")]

pub mod author;
pub mod client;
pub mod cluster;
pub mod crowd;
pub mod database;
pub mod faulty;
pub mod plain;
pub mod process;
pub mod proxy;
pub mod rest;
pub mod scrape;
pub mod server;

/// Runs each case on a fresh SQLite file and on a fresh Postgres database.
macro_rules! on_each_store {
    ($($case:ident,)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::support::database::Database::sqlite()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::support::database::Database::postgres().await).await;
            })+
        }
    };
}

pub(crate) use on_each_store;
