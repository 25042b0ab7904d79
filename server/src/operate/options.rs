//! What the commands of an operator have in common: where their store is, and how they are judged.

use std::{sync::Arc, time::Duration};

use clap::Args;
use tidings_core::ids::TenantId;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    clock::SystemClock,
    config::{Config, LimitConfig, Secret, parse_duration},
    environment::Environment,
    error::ServeError,
    live::Live,
    store::{self, MissingFile, Store, StoreOptions},
    stream::Streams,
};

/// The address of a store.
#[derive(Debug, Clone, Args)]
pub struct StoreAddress {
    /// `sqlite:FILE` or `postgres://…`, as given to the server.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
}

impl StoreAddress {
    /// Opens a store that was created. A mistyped address must not look like success, nor leave an empty file.
    pub(crate) async fn open(&self, connections_max: u32) -> Result<Arc<dyn Store>, ServeError> {
        let options = StoreOptions {
            missing_file: MissingFile::Refuse,
            connections_max,
            beside_servers: true,
            ..StoreOptions::default()
        };
        let store = store::open(self.store.expose(), &options).await?;
        store.check_schema().await?;
        Ok(store)
    }
}

/// A tenant of a store.
#[derive(Debug, Clone, Args)]
pub struct TenantAddress {
    /// The tenant.
    #[arg(long, default_value = "default", value_parser = TenantId::parse)]
    pub tenant: TenantId,
    /// The store.
    #[command(flatten)]
    pub address: StoreAddress,
}

/// Options of a command that is judged in the process of the operator, as running servers would. They deliver what it
/// writes to their connected sessions.
#[derive(Debug, Clone, Args)]
pub struct JudgeOptions {
    /// Where.
    #[command(flatten)]
    pub place: TenantAddress,
    /// Time to wait for the store.
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// The limits to judge by; use the server's.
    #[command(flatten)]
    pub limits: LimitConfig,
}

impl JudgeOptions {
    /// Does something by the streams of the tenant, all of it in the time that it may take.
    pub(crate) async fn run<T>(
        self,
        work: impl AsyncFnOnce(&dyn Store, &Streams, &TenantId) -> Result<T, ServeError>,
    ) -> Result<T, ServeError> {
        let Self { place: TenantAddress { tenant, address }, timeout: waited, limits } = self;
        let calling = async {
            let store = address.open(2).await?;
            let mut tasks = JoinSet::new();
            let config = Config::of(address.store, limits);
            let env = Environment::new(config, Arc::clone(&store), Arc::new(SystemClock));
            let streams = Streams::start(&mut tasks, &env, &Live::new(&env));
            let done = work(&*store, &streams, &tenant).await?;
            store.close().await;
            Ok(done)
        };
        timeout(waited, calling).await.unwrap_or(Err(ServeError::Unanswered(waited)))
    }
}
