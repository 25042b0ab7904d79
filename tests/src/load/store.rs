//! A fresh, empty store for each server that is started.

use std::{
    fs, mem,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// A file.
    Sqlite,
    /// A database of a running cluster.
    Postgres,
}

/// The place where stores are created.
#[derive(Debug, Clone)]
pub enum Stores {
    /// Files in this folder.
    Sqlite(PathBuf),
    /// Databases of the cluster at this URL, which names one that exists.
    Postgres(String),
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Stores {
    /// The kind of database.
    pub fn kind(&self) -> StoreKind {
        match self {
            Stores::Sqlite(_) => StoreKind::Sqlite,
            Stores::Postgres(_) => StoreKind::Postgres,
        }
    }

    /// Creates a store; dropping it and `remove` delete it.
    pub async fn make(&self) -> anyhow::Result<Store> {
        let name = format!("load_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        match self {
            Stores::Sqlite(folder) => {
                let folder = folder.join(&name);
                fs::create_dir_all(&folder)?;
                let url = format!("sqlite:{}", folder.join("store.sqlite").display());
                Ok(Store { url, leftover: Leftover::Folder(folder) })
            }
            Stores::Postgres(server) => {
                let mut connection = PgConnection::connect(server).await.context("the cluster is not reached")?;
                connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
                connection.close().await?;
                let (base, _) = server.rsplit_once('/').context("the cluster's URL names a database")?;
                let leftover = Leftover::Database { server: server.clone(), name: name.clone() };
                Ok(Store { url: format!("{base}/{name}"), leftover })
            }
        }
    }
}

#[derive(Debug)]
enum Leftover {
    Nothing,
    Folder(PathBuf),
    Database { server: String, name: String },
}

/// One store.
#[derive(Debug)]
pub struct Store {
    /// Its URL.
    pub url: String,
    leftover: Leftover,
}

impl Store {
    /// Makes Postgres count its rows, as autovacuum does within a minute; until then it plans for empty tables.
    pub async fn analyze(&self) -> anyhow::Result<()> {
        if let Leftover::Database { .. } = self.leftover {
            let mut connection = PgConnection::connect(&self.url).await?;
            connection.execute("ANALYZE").await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// Deletes it. A database has to be dropped explicitly, a folder goes when the value is dropped.
    pub async fn remove(mut self) -> anyhow::Result<()> {
        if let Leftover::Database { server, name } = mem::replace(&mut self.leftover, Leftover::Nothing) {
            let mut connection = PgConnection::connect(&server).await?;
            connection.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await?;
            connection.close().await?;
        }
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Leftover::Folder(folder) = &self.leftover {
            let _ = fs::remove_dir_all(folder);
        }
    }
}
