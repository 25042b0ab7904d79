//! Operator commands on a store: suspend an account, verify, mend, migrate, back up, send, squash. Only `migrate` creates
//! a store; the others require one.

mod options;
pub mod send;
pub mod squash;

use std::path::PathBuf;

use clap::Args;
pub use options::{StoreAddress, TenantAddress};
use tidings_core::{
    authority::Refusal,
    code::Code,
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::Position,
};

use crate::{
    clock::{Clock as _, SystemClock},
    config::LimitConfig,
    error::ServeError,
    mend::{Mended, mend_all, mend_stream},
    store::{self, AccountErasure, OddRow, Store, StoreError, StoreOptions, Suspension},
    stream::CallError,
    verify::{Counts, Finding, verify_all, verify_stream},
};

/// Options of a suspension.
#[derive(Debug, Clone, Args)]
pub struct SuspendRequest {
    /// The account to suspend.
    #[arg(long, value_parser = AccountId::parse)]
    pub account: AccountId,
    /// Where.
    #[command(flatten)]
    pub place: TenantAddress,
    /// Lift the suspension.
    #[arg(long)]
    pub lift: bool,
    /// Suspend the account even if it has never connected to this store.
    #[arg(long)]
    pub unseen: bool,
}

/// Options of an account's erasure.
#[derive(Debug, Clone, Args)]
pub struct EraseRequest {
    /// The account to erase.
    #[arg(long, value_parser = AccountId::parse)]
    pub account: AccountId,
    /// Where.
    #[command(flatten)]
    pub place: TenantAddress,
}

/// Selects the streams to work on.
#[derive(Debug, Clone, Args)]
#[group(id = "what", required = true, multiple = false)]
pub struct StreamChoice {
    /// One conversation. Of the tenant `default` if no tenant is given.
    #[arg(long, value_parser = ConversationId::parse)]
    pub conversation: Option<ConversationId>,
    /// One account. Of the tenant `default` if no tenant is given.
    #[arg(long, value_parser = AccountId::parse)]
    pub account: Option<AccountId>,
    /// Every conversation and account. Of every tenant if none is given.
    #[arg(long)]
    pub all: bool,
}

impl StreamChoice {
    /// The selected stream; none for all.
    fn one(&self, tenant: Option<&TenantId>) -> Option<(TenantId, StreamId)> {
        let stream = match (self.conversation, &self.account) {
            (Some(conversation), _) => StreamId::Conversation(conversation),
            (None, Some(account)) => StreamId::Account(account.clone()),
            (None, None) => return None,
        };
        let default = || TenantId::parse("default").expect("a constant id parses");
        Some((tenant.cloned().unwrap_or_else(default), stream))
    }
}

/// Options of a verification.
#[derive(Debug, Clone, Args)]
pub struct VerifyRequest {
    /// The streams to verify.
    #[command(flatten)]
    pub choice: StreamChoice,
    /// The tenant.
    #[arg(long, value_parser = TenantId::parse)]
    pub tenant: Option<TenantId>,
    /// The store.
    #[command(flatten)]
    pub address: StoreAddress,
    /// The limits to judge by; use the server's.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// Options of a repair.
#[derive(Debug, Clone, Args)]
pub struct MendRequest {
    /// The streams to mend.
    #[command(flatten)]
    pub choice: StreamChoice,
    /// The tenant.
    #[arg(long, value_parser = TenantId::parse)]
    pub tenant: Option<TenantId>,
    /// The store.
    #[command(flatten)]
    pub address: StoreAddress,
}

/// Options of a migration.
#[derive(Debug, Clone, Args)]
pub struct MigrateRequest {
    /// The store.
    #[command(flatten)]
    pub address: StoreAddress,
}

/// Options of the command that announces a restored store.
#[derive(Debug, Clone, Args)]
pub struct RestoredRequest {
    /// The store.
    #[command(flatten)]
    pub address: StoreAddress,
}

/// Options of a backup.
#[derive(Debug, Clone, Args)]
pub struct BackupRequest {
    /// The new file. An existing file is not overwritten.
    pub file: PathBuf,
    /// The store.
    #[command(flatten)]
    pub address: StoreAddress,
}

/// Creates the tables of a store, or upgrades them to this version.
///
/// # Errors
/// When the store cannot be opened or written.
pub async fn migrate(request: MigrateRequest) -> Result<(), ServeError> {
    let options = StoreOptions { connections_max: 1, ..StoreOptions::default() };
    let store = store::open(request.address.store.expose(), &options).await?;
    store.migrate().await?;
    store.close().await;
    println!("the tables are of this program's version");
    Ok(())
}

/// Gives a restored store a new incarnation, so that clients fetch it anew and offer again what it lacks.
///
/// # Errors
/// When the store cannot be opened or written.
pub async fn restored(request: RestoredRequest) -> Result<(), ServeError> {
    let store = request.address.open(1).await?;
    let incarnation = store.restored().await?;
    store.close().await;
    println!("the store is incarnation {incarnation} now");
    Ok(())
}

/// Copies a SQLite store into a new file.
///
/// # Errors
/// When the store cannot be read, or the file exists.
pub async fn backup(request: BackupRequest) -> Result<(), ServeError> {
    let store = request.address.open(1).await?;
    let copied = store.backup(&request.file).await;
    store.close().await;
    copied?;
    println!("copied to {}", request.file.display());
    Ok(())
}

/// Suspends an account in an existing store, or lifts its suspension.
///
/// # Errors
/// When the store cannot be opened or written.
pub async fn suspend(request: SuspendRequest) -> Result<(), ServeError> {
    let suspension = if request.lift { Suspension::Lifted } else { Suspension::Suspended };
    let TenantAddress { tenant, address } = request.place;
    let store = address.open(1).await?;
    if request.unseen {
        if request.lift {
            check_not_erased(&*store, &tenant, &request.account).await?;
        }
        store.set_suspension(&tenant, &request.account, suspension).await?;
    } else {
        suspend_known(&*store, &tenant, &request.account, suspension).await?;
    }
    store.close().await;
    Ok(())
}

/// Suspends an account that the store knows, or lifts its suspension. A mistyped account must not look like success.
pub(crate) async fn suspend_known(
    store: &dyn Store,
    tenant: &TenantId,
    account: &AccountId,
    suspension: Suspension,
) -> Result<(), ServeError> {
    if !store.knows_account(tenant, account).await? {
        return Err(ServeError::AccountUnknown(account.clone()));
    }
    if suspension == Suspension::Lifted {
        check_not_erased(store, tenant, account).await?;
    }
    Ok(store.set_suspension(tenant, account, suspension).await?)
}

/// Asks for an account to be erased, which running servers do, and prints how far they are.
///
/// # Errors
/// When the store cannot be opened or written, or has never seen the account.
pub async fn erase(request: EraseRequest) -> Result<(), ServeError> {
    let EraseRequest { account, place: TenantAddress { tenant, address } } = request;
    let store = address.open(1).await?;
    let erasure = match store.account_erasure(&tenant, &account).await? {
        Some(erasure) => erasure,
        None if store.knows_account(&tenant, &account).await? => {
            store.begin_account_erasure(&tenant, &account, SystemClock.wall_now()).await?
        }
        None => return Err(ServeError::StreamUnknown(StreamId::Account(account))),
    };
    store.close().await;
    let AccountErasure { messages, reactions, refused, .. } = erasure;
    let state = if erasure.erased_at.is_some() { "erased" } else { "to be erased by running servers" };
    println!("{state}: {messages} messages deleted, {reactions} reactions taken off, {refused} refused");
    Ok(())
}

/// Nobody lets an account in again that was erased.
async fn check_not_erased(store: &dyn Store, tenant: &TenantId, account: &AccountId) -> Result<(), ServeError> {
    match store.account_erasure(tenant, account).await? {
        None => Ok(()),
        Some(_) => Err(CallError::Refused(Refusal::new(Code::AccountErased, "the account was erased")).into()),
    }
}

/// Verifies one stream or a whole store, and prints every difference and the counts.
///
/// # Errors
/// `ServeError::Differs` when there is a difference; or when the store cannot be read.
pub async fn verify(request: VerifyRequest) -> Result<(), ServeError> {
    let store = request.address.open(2).await?;
    let limits = request.limits.limits();
    let counts = match request.choice.one(request.tenant.as_ref()) {
        None => verify_all(&*store, request.tenant.as_ref(), &limits, print_finding).await?,
        Some((tenant, stream)) => {
            let mut counts = Counts::default();
            let findings = verify_stream(&*store, &tenant, &stream, &limits, &mut counts).await?;
            if findings.is_empty() && counts.entries == 0 {
                return Err(ServeError::StreamUnknown(stream));
            }
            findings.iter().for_each(|finding| print_finding(&tenant, &stream, finding));
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

fn print_finding(tenant: &TenantId, stream: &StreamId, finding: &Finding) {
    println!("tenant {tenant}, stream {stream}, {finding}");
}

/// Rebuilds the derived rows of one stream or of a whole store, and prints those that differed.
///
/// # Errors
/// `ServeError::Unmended` when a journal is damaged, so that its rows are unknown; or when the store cannot be
/// read or written.
pub async fn mend(request: MendRequest) -> Result<(), ServeError> {
    let store = request.address.open(2).await?;
    let mended = match request.choice.one(request.tenant.as_ref()) {
        None => mend_all(&*store, request.tenant.as_ref(), print_mended).await?,
        Some((tenant, stream)) => {
            let outcome = Ok(mend_known(&*store, &tenant, &stream).await?);
            print_mended(&tenant, &stream, &outcome);
            let mut mended = Mended::default();
            mended.count(&outcome);
            mended
        }
    };
    store.close().await;
    if mended.damaged > 0 {
        return Err(ServeError::Unmended(mended));
    }
    println!("{mended}");
    Ok(())
}

/// Rebuilds the derived rows of a stream that has entries, and returns those that differed.
pub(crate) async fn mend_known(
    store: &dyn Store,
    tenant: &TenantId,
    stream: &StreamId,
) -> Result<Vec<OddRow>, ServeError> {
    // Mended first: rows of a stream without entries are wrong, and go.
    let rows = mend_stream(store, tenant, stream).await;
    if store.stream_head(tenant, stream).await?.position == Position::ZERO {
        return Err(ServeError::StreamUnknown(stream.clone()));
    }
    Ok(rows?)
}

fn print_mended(tenant: &TenantId, stream: &StreamId, outcome: &Result<Vec<OddRow>, StoreError>) {
    match outcome {
        Ok(rows) => rows.iter().for_each(|row| println!("tenant {tenant}, stream {stream}, row {row}: put right")),
        Err(error) => println!("tenant {tenant}, stream {stream}: {error}"),
    }
}
