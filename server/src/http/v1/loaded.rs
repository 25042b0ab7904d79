//! What conversations and pages say, as it was read last: a node keeps some of them, so that a backend that asks
//! before everything that anybody does costs one read of one row, and a list as many as it has pages. None is ever
//! out of date: each is used only while its document has the last entry that it was read with.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};
use tidings_core::{
    doc::Document,
    ids::{AccountId, ConversationId, DeviceId, DocumentId, TenantId, TimelineId},
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

/// What the conversations that are kept may weigh: members, and sixteen more for each.
const CONVERSATIONS_WEIGHT_MAX: usize = 200_000;
/// The memory that the pages that are kept may take.
const PAGES_BYTES_MAX: usize = 64 * 1_024 * 1_024;
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

/// What a node keeps for its callers, all of which it can read again.
pub struct Memory {
    conversations: Mutex<Kept<(TenantId, ConversationId), Loaded>>,
    pages: Mutex<Kept<(TenantId, DocumentId), Document>>,
    devices: Mutex<HashMap<(AccountKey, Option<AccountId>), DeviceId>>,
}

/// Values up to a weight, those that were used last.
struct Kept<K, V> {
    held: HashMap<K, Held<V>>,
    weight_of: fn(&V) -> usize,
    weight: usize,
    weight_max: usize,
    uses: u64,
}

struct Held<V> {
    value: Arc<V>,
    used: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            conversations: Kept::new(|loaded| loaded.conversation.members.len() + 16, CONVERSATIONS_WEIGHT_MAX),
            pages: Kept::new(Document::bytes_estimate, PAGES_BYTES_MAX),
            devices: Mutex::default(),
        }
    }
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
        if let Some(loaded) = lock(&self.conversations).get(&key).filter(|loaded| loaded.changed >= changed) {
            return Ok(loaded);
        }
        let (document, _) = load(env.store.as_ref(), tenant, &TimelineId::of(conversation).document()).await?;
        let loaded = Arc::new(Loaded {
            changed: document.position(),
            conversation: Conversation::read(&document),
            updated_at: document.updated_at(),
        });
        lock(&self.conversations).put(key, &loaded);
        Ok(loaded)
    }

    /// A page as it is now.
    pub(crate) async fn page(
        &self,
        env: &Environment,
        tenant: &TenantId,
        id: &DocumentId,
    ) -> Result<Arc<Document>, StoreError> {
        let key = (tenant.clone(), id.clone());
        let last = env.store.last_entry(tenant, id).await?;
        let is_of_now = |page: &Arc<Document>| last.is_some_and(|last| page.position() >= last);
        if let Some(page) = lock(&self.pages).get(&key).filter(is_of_now) {
            return Ok(page);
        }
        let (page, _) = load(env.store.as_ref(), tenant, id).await?;
        let page = Arc::new(page);
        lock(&self.pages).put(key, &page);
        Ok(page)
    }

    /// The device as which an identity's requests are written: one for the account itself, and one for each
    /// service that acts for it, so that the journal says which of them wrote.
    pub(crate) async fn device(&self, env: &Environment, identity: &Identity) -> Result<DeviceId, StoreError> {
        let key = (identity.key(), identity.acted_by().cloned());
        let known = lock(&self.devices).get(&key).copied();
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
        let mut devices = lock(&self.devices);
        if devices.len() >= DEVICES_MAX {
            // What is forgotten is looked up again.
            devices.clear();
        }
        devices.insert(key, device);
        Ok(device)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

impl<K: Eq + Hash, V> Kept<K, V> {
    fn new(weight_of: fn(&V) -> usize, weight_max: usize) -> Mutex<Self> {
        Mutex::new(Self { held: HashMap::new(), weight_of, weight: 0, weight_max, uses: 0 })
    }

    fn get(&mut self, key: &K) -> Option<Arc<V>> {
        self.uses += 1;
        let held = self.held.get_mut(key)?;
        held.used = self.uses;
        Some(Arc::clone(&held.value))
    }

    fn put(&mut self, key: K, value: &Arc<V>) {
        self.uses += 1;
        self.weight += (self.weight_of)(value);
        if let Some(former) = self.held.insert(key, Held { value: Arc::clone(value), used: self.uses }) {
            self.weight -= (self.weight_of)(&former.value);
        }
        if self.weight > self.weight_max {
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
        self.weight = self.held.values().map(|held| (self.weight_of)(&held.value)).sum();
    }
}
