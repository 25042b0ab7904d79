//! Receipts on their way to the store. Every member answers every message with one, so receipts of all
//! sessions are gathered briefly, written in one transaction, and sent to a conversation in one frame
//! instead of one per member.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use tidings_core::{
    ids::{AccountId, ConversationId, TenantId},
    model::Receipt,
    wire::{MemberReceipt, ReceiptNotice},
};
use tokio::{sync::mpsc, time::sleep};

use super::{Ending, Live, SessionHandle, fanout};
use crate::{
    bounds::Bounds,
    drain::{Gauge, Phase},
    store::{Notice, StoreError},
};

/// Time for which receipts are gathered.
const GATHER: Duration = Duration::from_millis(50);

/// Receipts that a session wants moved, all of its own account.
pub struct ReceiptRequest {
    session: Arc<SessionHandle>,
    notices: Vec<ReceiptNotice>,
}

/// The queue in which sessions submit receipts.
pub struct Receipts {
    requests: mpsc::Sender<ReceiptRequest>,
    waiting: Gauge,
    at_once_max: usize,
}

impl Receipts {
    /// Creates an empty queue, and the receiver that `run` needs.
    pub fn new(bounds: &Bounds) -> (Self, mpsc::Receiver<ReceiptRequest>) {
        let (requests, receiver) = mpsc::channel(bounds.receipts_waiting_max);
        (Self { requests, waiting: Gauge::default(), at_once_max: bounds.receipts_at_once_max }, receiver)
    }

    /// Submits a session's receipts. If they cannot be stored the session is ended: receipts are not
    /// acknowledged, but a client that reconnects sends them again.
    pub async fn merge(&self, session: &Arc<SessionHandle>, notices: &[ReceiptNotice]) {
        for notices in notices.chunks(self.at_once_max) {
            // The receiver is gone once the node has ended.
            let Ok(permit) = self.requests.reserve().await else { return };
            self.waiting.enter(usize::MAX);
            permit.send(ReceiptRequest { session: Arc::clone(session), notices: notices.to_vec() });
        }
    }

    /// The number of requests that wait to be stored.
    pub fn waiting(&self) -> usize {
        self.waiting.count()
    }

    /// Waits until everything submitted is stored, or until the timeout. Returns true if it is stored.
    pub async fn merged(&self, timeout: Duration) -> bool {
        self.waiting.emptied(timeout).await
    }
}

/// Requests gathered for one tenant.
#[derive(Default)]
struct Gathered {
    receipts: BTreeMap<(ConversationId, AccountId), Receipt>,
    /// The sessions that moved receipts of each conversation.
    movers: BTreeMap<ConversationId, BTreeSet<u64>>,
    sessions: Vec<Arc<SessionHandle>>,
}

impl Gathered {
    fn add(&mut self, request: ReceiptRequest) {
        let ReceiptRequest { session, notices } = request;
        for ReceiptNotice { conversation, delivered, read } in notices {
            let receipt = self.receipts.entry((conversation, session.account.clone())).or_default();
            *receipt = receipt.merge(Receipt { delivered, read });
            self.movers.entry(conversation).or_default().insert(session.id);
        }
        self.sessions.push(session);
    }

    /// The session that already knows everything to be sent about a conversation, because it alone moved its
    /// receipts; none if there are several.
    fn knowing(&self, conversation: ConversationId) -> HashSet<u64> {
        let movers = self.movers.get(&conversation).filter(|movers| movers.len() == 1);
        movers.into_iter().flatten().copied().collect()
    }
}

/// Stores submitted receipts until the node has shut down.
pub(crate) async fn run(live: Arc<Live>, receipts: Arc<Receipts>, mut requests: mpsc::Receiver<ReceiptRequest>) {
    let env = &live.env;
    while let Some(first) = requests.recv().await {
        tokio::select! {
            biased;
            () = sleep(GATHER) => {}
            () = env.drain.reached(Phase::Finishing) => {}
        }
        let mut gathered: BTreeMap<TenantId, Gathered> = BTreeMap::new();
        let mut add = |request: ReceiptRequest| {
            gathered.entry(request.session.tenant.clone()).or_default().add(request);
        };
        add(first);
        let mut count = 1;
        while count < env.config.node.bounds.receipts_waiting_max
            && let Ok(next) = requests.try_recv()
        {
            add(next);
            count += 1;
        }
        for (tenant, gathered) in gathered {
            if let Err(error) = merge(&live, receipts.at_once_max, &tenant, &gathered).await {
                let ending = Ending::store_failed(&error, env.clock.as_ref());
                gathered.sessions.iter().for_each(|session| session.outgoing.end(ending.clone()));
            }
        }
        (0..count).for_each(|_| receipts.waiting.leave());
    }
}

async fn merge(live: &Live, at_once_max: usize, tenant: &TenantId, gathered: &Gathered) -> Result<(), StoreError> {
    let receipts = gathered.receipts.iter().map(|((conversation, account), receipt)| MemberReceipt {
        conversation: *conversation,
        account: account.clone(),
        receipt: *receipt,
    });
    let receipts: Vec<MemberReceipt> = receipts.collect();
    for receipts in receipts.chunks(at_once_max) {
        merge_some(live, tenant, receipts, |conversation| gathered.knowing(conversation)).await?;
    }
    Ok(())
}

/// Moves the receipts of one account forward that no session handed in, and tells everybody who is told of them.
pub(crate) async fn advance(live: &Live, tenant: &TenantId, receipt: MemberReceipt) -> Result<(), StoreError> {
    merge_some(live, tenant, &[receipt], |_| HashSet::new()).await
}

async fn merge_some(
    live: &Live,
    tenant: &TenantId,
    receipts: &[MemberReceipt],
    knowing: impl Fn(ConversationId) -> HashSet<u64>,
) -> Result<(), StoreError> {
    let moved = live.env.store.merge_receipts(tenant, receipts).await?;
    if moved.is_empty() {
        return Ok(());
    }
    let told = fanout::receipts(live, tenant, &moved, knowing).await;
    if let Err(error) = told {
        tracing::warn!(%error, "sessions were not told of receipts yet");
    }
    live.env.store.notify(Notice::Receipts { tenant: tenant.clone(), receipts: moved });
    Ok(())
}
