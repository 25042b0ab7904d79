//! The outcomes of deliveries, stored together: those that end while others are being written are written with the
//! next. A store syncs once for all of them, where it would for each. Where it writes several transactions at once,
//! those of a conversation are always written by the same writer.

use std::sync::Arc;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::deliver::terms;
use crate::{
    environment::Environment,
    store::{Delivery, DeliveryOutcome},
};

/// Outcomes that are written together at most.
const TOGETHER_MAX: usize = 64;

/// An outcome, and where the next delivery of its conversation goes.
struct Ended {
    delivery: Delivery,
    outcome: DeliveryOutcome,
    next: oneshot::Sender<Option<Delivery>>,
}

/// Stores outcomes, for any number of deliveries at once.
#[derive(Clone)]
pub(super) struct Outcomes(Arc<[mpsc::Sender<Ended>]>);

impl Outcomes {
    /// Starts to write, within `tasks`, until the last of the clones is gone.
    pub(super) fn start(env: &Arc<Environment>, tasks: &mut JoinSet<()>) -> Self {
        let writer = |_| {
            let (sender, receiver) = mpsc::channel(TOGETHER_MAX);
            tasks.spawn(write(Arc::clone(env), receiver));
            sender
        };
        Self((0..env.store.writes_at_once().max(1)).map(writer).collect())
    }

    /// Stores the outcome of a delivery. Returns the next one of its conversation, leased, if that may go.
    pub(super) async fn store(&self, delivery: Delivery, outcome: DeliveryOutcome) -> Option<Delivery> {
        let (next, stored) = oneshot::channel();
        let number: usize = delivery.key.conversation.as_bytes().iter().copied().map(usize::from).sum();
        self.0.get(number % self.0.len())?.send(Ended { delivery, outcome, next }).await.ok()?;
        stored.await.ok()?
    }
}

async fn write(env: Arc<Environment>, mut receiver: mpsc::Receiver<Ended>) {
    let mut ended = Vec::new();
    while receiver.recv_many(&mut ended, TOGETHER_MAX).await > 0 {
        let (outcomes, lanes): (Vec<_>, Vec<_>) =
            ended.drain(..).map(|Ended { delivery, outcome, next }| ((delivery, outcome), next)).unzip();
        match env.store.finish_deliveries(&outcomes, &terms(&env)).await {
            Ok(following) => {
                for (lane, next) in lanes.into_iter().zip(following) {
                    // Of one whose lane has ended, the lease runs out.
                    drop(lane.send(next));
                }
            }
            // The leases run out, and they are sent again.
            Err(error) => tracing::warn!(%error, count = outcomes.len(), "the outcomes of webhooks were not stored"),
        }
    }
}
