//! What an operator does with a store beside serving it: suspend an account,
//! verify, migrate, copy. None of these makes a store that is not there, but for
//! `migrate`, which is for that.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use tidings_core::{
    authority::Difference,
    ids::{AccountId, ConversationId, StreamId, TenantId},
};

use crate::{
    config::{LimitConfig, Secret},
    error::ServeError,
    store::{self, MissingFile, Store, StoreOptions, Suspension},
    verify::{Counts, verify_all, verify_stream},
};

/// An account to suspend.
#[derive(Debug, Clone, Args)]
pub struct SuspendRequest {
    /// Whom.
    #[arg(long, value_parser = AccountId::parse)]
    pub account: AccountId,
    /// The tenant.
    #[arg(long, default_value = "default", value_parser = TenantId::parse)]
    pub tenant: TenantId,
    /// `sqlite:FILE` or `postgres://…`, as the server has it.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
    /// Lift the suspension.
    #[arg(long)]
    pub lift: bool,
    /// Suspend it though it was never seen here.
    #[arg(long)]
    pub unseen: bool,
}

/// What to verify.
#[derive(Debug, Clone, Args)]
#[group(id = "what", required = true, multiple = false, args = ["conversation", "all"])]
pub struct VerifyRequest {
    /// One conversation, of the tenant `default` if no other is given.
    #[arg(long, value_parser = ConversationId::parse)]
    pub conversation: Option<ConversationId>,
    /// Every conversation and account, of every tenant if none is given.
    #[arg(long)]
    pub all: bool,
    /// The tenant.
    #[arg(long, value_parser = TenantId::parse)]
    pub tenant: Option<TenantId>,
    /// `sqlite:FILE` or `postgres://…`, as the server has it.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
    /// The bounds to judge by: as the server has them.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// A store whose tables are to be made.
#[derive(Debug, Clone, Args)]
pub struct MigrateRequest {
    /// `sqlite:FILE` or `postgres://…`, as the server has it.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
}

/// A store that was put back.
#[derive(Debug, Clone, Args)]
pub struct RestoredRequest {
    /// `sqlite:FILE` or `postgres://…`, as the server has it.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
}

/// A copy to be made.
#[derive(Debug, Clone, Args)]
pub struct BackupRequest {
    /// The new file; one that is there is not written over.
    pub file: PathBuf,
    /// `sqlite:FILE`, as the server has it.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
}

/// Opens a store that a server, or `migrate`, has made. A wrong address must not
/// look like success, nor leave an empty file behind.
async fn open_made(store: &Secret, connections_max: u32) -> Result<Arc<dyn Store>, ServeError> {
    let options = StoreOptions { missing_file: MissingFile::Refuse, connections_max, ..StoreOptions::default() };
    let store = store::open(store.expose(), &options).await?;
    store.check_schema().await?;
    Ok(store)
}

/// Makes the tables of a store, or brings them to this program's version.
///
/// # Errors
/// When the store cannot be opened or written.
pub async fn migrate(request: MigrateRequest) -> Result<(), ServeError> {
    let options = StoreOptions { connections_max: 1, ..StoreOptions::default() };
    let store = store::open(request.store.expose(), &options).await?;
    store.migrate().await?;
    store.close().await;
    println!("the tables are of this program's version");
    Ok(())
}

/// Makes a store that was put back to an older state another incarnation, so that
/// clients fetch anew, and offer again what it lacks.
///
/// # Errors
/// When the store cannot be opened or written.
pub async fn restored(request: RestoredRequest) -> Result<(), ServeError> {
    let store = open_made(&request.store, 1).await?;
    let incarnation = store.restored().await?;
    store.close().await;
    println!("the store is incarnation {incarnation} now");
    Ok(())
}

/// Copies a SQLite store into a new file.
///
/// # Errors
/// When the store cannot be read, or the file is there already.
pub async fn backup(request: BackupRequest) -> Result<(), ServeError> {
    let store = open_made(&request.store, 1).await?;
    let copied = store.backup(&request.file).await;
    store.close().await;
    copied?;
    println!("copied to {}", request.file.display());
    Ok(())
}

/// Suspends an account, or lifts that, in a store that a server has made.
///
/// # Errors
/// When the store cannot be opened or written.
pub async fn suspend(request: SuspendRequest) -> Result<(), ServeError> {
    let suspension = if request.lift { Suspension::Lifted } else { Suspension::Suspended };
    let store = open_made(&request.store, 1).await?;
    if !request.unseen && !store.knows_account(&request.tenant, &request.account).await? {
        return Err(ServeError::AccountUnknown(request.account));
    }
    store.set_suspension(&request.tenant, &request.account, suspension).await?;
    store.close().await;
    Ok(())
}

/// Verifies a conversation or everything in a store, and prints what differs,
/// and what was looked at.
///
/// # Errors
/// `ServeError::Differs` when something does; or when the store cannot be read.
pub async fn verify(request: VerifyRequest) -> Result<(), ServeError> {
    let store = open_made(&request.store, 2).await?;
    let limits = request.limits.limits();
    let counts = match request.conversation {
        None => verify_all(store.records(), request.tenant.as_ref(), &limits, print_difference).await?,
        Some(conversation) => {
            let default = || TenantId::parse("default").expect("a constant id parses");
            let (tenant, stream) = (request.tenant.unwrap_or_else(default), StreamId::Conversation(conversation));
            let mut counts = Counts::default();
            let difference = verify_stream(store.records(), &tenant, &stream, &limits, &mut counts).await?;
            match difference {
                Some(difference) => print_difference(&tenant, &stream, &difference),
                None if counts.entries == 0 => return Err(ServeError::ConversationUnknown(conversation)),
                None => {}
            }
            counts
        }
    };
    store.close().await;
    if counts.differing > 0 {
        return Err(ServeError::Differs(counts));
    }
    println!("{counts}");
    Ok(())
}

fn print_difference(tenant: &TenantId, stream: &StreamId, difference: &Difference) {
    let Difference { position, aspect, expected, found } = difference;
    println!("tenant {tenant}, stream {stream}, position {position}: {aspect}");
    println!("  expected: {expected}");
    println!("  found: {found}");
}
