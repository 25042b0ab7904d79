//! Calls inside this process: execute a command on behalf of an account, as if one of its sessions had pushed
//! it, and wait for the answer.

use tidings_core::{
    authority::{Refusal, Session},
    code::Code,
    command::Command,
    ids::{AccountId, DeviceId, DocumentId, StreamId, TenantId},
    journal::Position,
};
use tokio::time::Instant;

use super::{
    streams::Streams,
    submission::{Asked, Part, Submission},
};
use crate::{
    live::{Place, Reply},
    store::{DeviceOwner, Store, StoreError},
};

/// Why a call failed. Nothing is known to have been written.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It was refused or deferred.
    #[error("{}", .0.detail)]
    Refused(Refusal),
    /// The store failed before it was submitted.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Streams {
    /// Executes a command of an account. Returns its position in the stream, once it is durable. Commands on a
    /// message find it on the newest page only.
    ///
    /// # Errors
    /// When it is refused or deferred, or the store fails.
    pub async fn call(&self, tenant: &TenantId, account: &AccountId, command: Command) -> Result<Position, CallError> {
        let store = self.store();
        let refused = |code, detail: &str| CallError::Refused(Refusal::new(code, detail));
        if !store.suspended(tenant, std::slice::from_ref(account)).await?.is_empty() {
            return Err(refused(Code::AccountSuspended, "the account is suspended"));
        }
        let device = device(store, tenant, account).await?;
        let identity = Session { tenant: tenant.clone(), account: account.clone(), device, administrator: false };
        let stream = command.stream(tenant, account);
        let asked = match command {
            Command::RequestMembership(request) => Asked::Membership(request.action),
            command => Asked::Command(command.into()),
        };
        Ok(self.ask(identity, Part::Known, stream, asked).await?.position)
    }

    /// Rewrites a document as its current content. Returns the position of the change, once it is durable.
    ///
    /// # Errors
    /// As `call`; also if there is nothing to rewrite.
    pub async fn squash(&self, tenant: &TenantId, document: DocumentId) -> Result<Position, CallError> {
        let stream = document.stream();
        let system = Session::system(tenant.clone(), &stream);
        Ok(self.ask(system, Part::Known, stream, Asked::Squash(document)).await?.position)
    }

    /// Asks something of a stream, and waits for the answer: where it stands, once it is durable.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn ask(&self, identity: Session, part: Part, stream: StreamId, asked: Asked) -> Result<Place, CallError> {
        let refused = |code, detail: &str| CallError::Refused(Refusal::new(code, detail));
        let (reply, mut answered) = Reply::call();
        let submission = Submission { identity, part, stream, asked, reply, received_at: Instant::now(), trace: None };
        self.submit(submission).await;
        let Some(answer) = answered.recv().await else { return Err(refused(Code::Internal, "nobody has answered")) };
        match (answer.refused, answer.accepted.first()) {
            (Some((_, refusal)), _) => Err(CallError::Refused(refusal)),
            (None, Some(place)) => Ok(*place),
            (None, None) => Err(refused(Code::Internal, "nothing was answered")),
        }
    }
}

/// The device as which programs write for an account. Anybody can derive it: where another
/// account has taken it, a new one is drawn.
pub(crate) async fn device(store: &dyn Store, tenant: &TenantId, account: &AccountId) -> Result<DeviceId, StoreError> {
    claim_device(store, tenant, account, DeviceId::of_programs(tenant, account)).await
}

/// Registers a device for an account, or a random one where another account has taken it.
pub(crate) async fn claim_device(
    store: &dyn Store,
    tenant: &TenantId,
    account: &AccountId,
    mut device: DeviceId,
) -> Result<DeviceId, StoreError> {
    if store.device_owner(tenant, account, device).await? == Some(DeviceOwner::Same) {
        return Ok(device);
    }
    while store.register_device(tenant, account, device).await? == DeviceOwner::Other {
        device = DeviceId::from_bytes(rand::random());
    }
    Ok(device)
}
