//! What conversations say, as it was read last: a node keeps some of them, so that a backend that asks
//! before everything that anybody does costs one read of one row. None is ever out of date: each is used
//! only while its document has the last entry that it was read with.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use tidings_core::{
    ids::{AccountId, ConversationId, DeviceId, TenantId, TimelineId},
    journal::Position,
    model::Conversation,
    time::WallTime,
};

use crate::{
    auth::Identity,
    environment::Environment,
    rate::AccountKey,
    store::StoreError,
    stream::{call, load::load},
};

/// What all that is kept may weigh: members, and sixteen more for each conversation.
const WEIGHT_MAX: usize = 200_000;
/// Devices that are remembered.
const DEVICES_MAX: usize = 10_000;

/// A conversation as its document says.
pub(crate) struct Loaded {
    /// The last entry of its document.
    pub(crate) changed: Position,
    /// What it says.
    pub(crate) conversation: Conversation,
    /// When it last changed.
    pub(crate) updated_at: Option<WallTime>,
}

impl Loaded {
    fn weight(&self) -> usize {
        self.conversation.members.len() + 16
    }
}

/// What a node keeps for its callers, all of which it can read again.
#[derive(Default)]
pub struct Memory {
    conversations: Mutex<Conversations>,
    devices: Mutex<HashMap<(AccountKey, Option<AccountId>), DeviceId>>,
}

#[derive(Default)]
struct Conversations {
    held: HashMap<(TenantId, ConversationId), Held>,
    weight: usize,
    uses: u64,
}

struct Held {
    loaded: Arc<Loaded>,
    used: u64,
}

impl Memory {
    /// The conversation, whose document's last entry is at a position or behind it.
    pub(crate) async fn conversation(
        &self,
        env: &Environment,
        tenant: &TenantId,
        conversation: ConversationId,
        changed: Position,
    ) -> Result<Arc<Loaded>, StoreError> {
        let key = (tenant.clone(), conversation);
        if let Some(loaded) = self.lock().get(&key).filter(|loaded| loaded.changed >= changed) {
            return Ok(loaded);
        }
        let (document, _) = load(env.store.as_ref(), tenant, &TimelineId::of(conversation).document()).await?;
        let loaded = Arc::new(Loaded {
            changed: document.position(),
            conversation: Conversation::read(&document),
            updated_at: document.updated_at(),
        });
        self.lock().put(key, &loaded);
        Ok(loaded)
    }

    /// The device as which an identity's requests are written: one for the account itself, and one for each
    /// service that acts for it, so that the journal says which of them wrote.
    pub(crate) async fn device(&self, env: &Environment, identity: &Identity) -> Result<DeviceId, StoreError> {
        let key = (identity.key(), identity.acted_by().cloned());
        let known = self.devices.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some(device) = known {
            return Ok(device);
        }
        let Identity { tenant, account, .. } = identity;
        let device = match identity.acted_by() {
            None => call::device(env.store.as_ref(), tenant, account).await?,
            Some(service) => {
                let device = service_device(tenant, account, service);
                let device = call::claim_device(env.store.as_ref(), tenant, account, device).await?;
                tracing::info!(%tenant, %account, %service, %device, "a service writes for an account");
                device
            }
        };
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= DEVICES_MAX {
            // What is forgotten is looked up again.
            devices.clear();
        }
        devices.insert(key, device);
        Ok(device)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Conversations> {
        self.conversations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device with which a service writes for an account, unless another account has taken it.
fn service_device(tenant: &TenantId, account: &AccountId, service: &AccountId) -> DeviceId {
    let mut hash = Sha256::new();
    for part in ["tidings service 1", tenant.as_str(), account.as_str(), service.as_str()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    DeviceId::from_bytes(bytes)
}

impl Conversations {
    fn get(&mut self, key: &(TenantId, ConversationId)) -> Option<Arc<Loaded>> {
        self.uses += 1;
        let held = self.held.get_mut(key)?;
        held.used = self.uses;
        Some(Arc::clone(&held.loaded))
    }

    fn put(&mut self, key: (TenantId, ConversationId), loaded: &Arc<Loaded>) {
        self.uses += 1;
        self.weight += loaded.weight();
        if let Some(former) = self.held.insert(key, Held { loaded: Arc::clone(loaded), used: self.uses }) {
            self.weight -= former.loaded.weight();
        }
        if self.weight > WEIGHT_MAX {
            self.drop_half();
        }
    }

    /// Drops the half that was not used for the longest time, so that what is dropped is paid for by
    /// as many that came.
    fn drop_half(&mut self) {
        let mut uses: Vec<u64> = self.held.values().map(|held| held.used).collect();
        uses.sort_unstable();
        let Some(&middle) = uses.get(uses.len() / 2) else { return };
        self.held.retain(|_, held| held.used > middle);
        self.weight = self.held.values().map(|held| held.loaded.weight()).sum();
    }
}
