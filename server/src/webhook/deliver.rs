//! Sends what is due: one request at a time for a conversation at an endpoint, several conversations at once. A commit of
//! this node wakes it, and so does the time of the next attempt of what failed here. What a node has leased and does not
//! finish, because it was killed, another one takes over when the lease has run out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tidings_core::{
    ids::{ConversationId, TenantId},
    time::WallTime,
};
use tokio::task::JoinSet;

use super::{
    attempt::{Ended, Sender},
    notification,
    outcome::Outcomes,
    schedule::next_attempt,
};
use crate::{
    drain::Phase,
    environment::Environment,
    store::{Delivery, DeliveryOutcome, EndpointChange, EndpointState, EventKind, Lane, LeaseTerms, StoreError},
};

/// Endpoints looked at in one search.
const ENDPOINTS_MAX: u32 = 1_000;
/// Deliveries of a conversation after which another one gets its turn.
const IN_A_ROW_MAX: u32 = 32;
/// The part of a node's requests that one endpoint may have.
const ENDPOINT_PART: usize = 8;

/// The shortest time between two searches: what is written meanwhile is found by one.
const SEARCH_PAUSE: Duration = Duration::from_millis(10);

/// A lane of a conversation at an endpoint of a tenant.
type Road = (TenantId, String, (ConversationId, Lane));

struct Deliverer {
    env: Arc<Environment>,
    sender: Arc<Sender>,
    outcomes: Outcomes,
    lanes: JoinSet<(Road, Option<WallTime>)>,
    /// When the first of the deliveries that failed here is to be tried again.
    again_at: Option<WallTime>,
    /// Those that this node sends to, by endpoint.
    busy: BTreeMap<(TenantId, String), BTreeSet<(ConversationId, Lane)>>,
}

/// Delivers until the node shuts down. What it had begun is given back.
pub(crate) async fn run(env: Arc<Environment>) {
    let mut writing = JoinSet::new();
    let mut deliverer = Deliverer {
        env: Arc::clone(&env),
        sender: Arc::new(Sender::new(&env.config.webhooks)),
        outcomes: Outcomes::start(&env, &mut writing),
        lanes: JoinSet::new(),
        again_at: None,
        busy: BTreeMap::new(),
    };
    while env.drain.phase() == Phase::Running {
        if let Err(error) = deliverer.search().await {
            tracing::warn!(%error, "webhooks were not delivered yet");
        }
        tokio::time::sleep(SEARCH_PAUSE).await;
        deliverer.wait().await;
    }
    while deliverer.lanes.join_next().await.is_some() {}
}

impl Deliverer {
    /// Waits until there may be something to send.
    async fn wait(&mut self) {
        let env = Arc::clone(&self.env);
        let interval = env.config.webhooks.webhook_interval.max(SEARCH_PAUSE);
        let slow = tokio::time::sleep(interval);
        tokio::pin!(slow);
        loop {
            let now = env.clock.wall_now().as_millis();
            let until_again = self.again_at.map(|at| Duration::from_millis(at.as_millis().saturating_sub(now)));
            tokio::select! {
                () = &mut slow => break,
                () = env.audience.woken() => break,
                () = tokio::time::sleep(until_again.unwrap_or(interval)), if until_again.is_some() => break,
                () = env.drain.reached(Phase::Finishing) => break,
                Some(ended) = self.lanes.join_next() => {
                    let was_full = self.is_full();
                    self.ended(ended);
                    if was_full {
                        break;
                    }
                }
            }
        }
        let now = env.clock.wall_now();
        self.again_at = self.again_at.filter(|at| *at > now);
    }

    /// Returns true if something may have been left because of the bounds of requests.
    fn is_full(&self) -> bool {
        let requests_max = self.env.config.webhooks.webhook_requests_max.max(1);
        let of_endpoint_max = (requests_max / ENDPOINT_PART).max(1);
        self.lanes.len() + 1 >= requests_max || self.busy.values().any(|busy| busy.len() >= of_endpoint_max)
    }

    fn ended(&mut self, ended: Result<(Road, Option<WallTime>), tokio::task::JoinError>) {
        let Ok(((tenant, endpoint, conversation), again_at)) = ended else {
            // A panic; which one it was is not known, and leases tell the rest.
            tracing::error!("a webhook delivery failed within this program");
            return;
        };
        self.again_at = [self.again_at, again_at].into_iter().flatten().min();
        let key = (tenant, endpoint);
        if let Some(busy) = self.busy.get_mut(&key) {
            busy.remove(&conversation);
            if busy.is_empty() {
                self.busy.remove(&key);
            }
        }
    }

    /// Leases what is due and begins to send it, within the bounds of requests.
    async fn search(&mut self) -> Result<(), StoreError> {
        self.env.audience.replace(self.env.store.told_tenants().await?);
        let requests_max = self.env.config.webhooks.webhook_requests_max.max(1);
        let of_endpoint_max = (requests_max / ENDPOINT_PART).max(1);
        for key in self.env.store.endpoints_due(self.env.clock.wall_now(), ENDPOINTS_MAX).await? {
            let busy: Vec<(ConversationId, Lane)> = self.busy.get(&key).into_iter().flatten().copied().collect();
            let free = of_endpoint_max.saturating_sub(busy.len()).min(requests_max.saturating_sub(self.lanes.len()));
            if free == 0 {
                continue;
            }
            let (tenant, endpoint) = &key;
            let terms = terms(&self.env);
            let count_max = u32::try_from(free).unwrap_or(u32::MAX);
            let leased = self.env.store.lease_deliveries((tenant, endpoint), &terms, count_max, &busy).await?;
            for delivery in leased {
                self.busy.entry(key.clone()).or_default().insert((delivery.key.conversation, Lane::of(delivery.kind)));
                self.lanes.spawn(run_lane(
                    Arc::clone(&self.env),
                    Arc::clone(&self.sender),
                    self.outcomes.clone(),
                    delivery,
                ));
            }
        }
        Ok(())
    }
}

pub(super) fn terms(env: &Environment) -> LeaseTerms {
    let now = env.clock.wall_now();
    let lease = i64::from(rand::random::<u32>()) + 1;
    LeaseTerms { now, until: now.plus(env.config.webhooks.webhook_timeout * 2), lease }
}

/// Sends the deliveries of a conversation one after another, as long as they are taken. Returns when the next one is to
/// be tried, if that is known.
async fn run_lane(
    env: Arc<Environment>,
    sender: Arc<Sender>,
    outcomes: Outcomes,
    first: Delivery,
) -> (Road, Option<WallTime>) {
    let lane = (first.key.conversation, Lane::of(first.kind));
    let road = (first.key.tenant.clone(), first.key.endpoint.clone(), lane);
    let mut next = Some(first);
    let mut again_at = None;
    let mut count = 0;
    while let Some(delivery) = next.take() {
        count += 1;
        let outcome = match count <= IN_A_ROW_MAX {
            true => attempt(&env, &sender, &delivery).await,
            false => Ok(DeliveryOutcome::Released),
        };
        again_at = match &outcome {
            Ok(DeliveryOutcome::Retry(at, _)) => Some(*at),
            // Given back: others have their turn, or the endpoint was switched off, and maybe on again meanwhile.
            Ok(DeliveryOutcome::Released) => Some(env.clock.wall_now()),
            _ => None,
        };
        match outcome {
            Ok(outcome) => next = outcomes.store(delivery, outcome).await,
            // The lease runs out, and it is sent then.
            Err(error) => tracing::warn!(%error, event = delivery.event, "a webhook was not sent"),
        }
    }
    (road, again_at)
}

/// Sends one delivery.
async fn attempt(env: &Environment, sender: &Arc<Sender>, delivery: &Delivery) -> Result<DeliveryOutcome, StoreError> {
    let (tenant, id) = (&delivery.key.tenant, &delivery.key.endpoint);
    let endpoint = env.store.endpoint(tenant, id).await?;
    let Some(endpoint) = endpoint.filter(|endpoint| endpoint.state == EndpointState::On) else {
        return Ok(DeliveryOutcome::Released);
    };
    let completed;
    let delivery = match delivery.kind {
        EventKind::Notification => match notification::complete(env, delivery).await? {
            Some(complete) => {
                completed = complete;
                &completed
            }
            // Nobody is to be notified any more.
            None => return Ok(DeliveryOutcome::Delivered),
        },
        _ => delivery,
    };
    let metrics = &env.metrics;
    let ended = tokio::select! {
        biased;
        () = env.drain.reached(Phase::Finishing) => return Ok(DeliveryOutcome::Released),
        ended = sender.send(&endpoint, delivery, env.clock.wall_now()) => ended,
    };
    match ended {
        Ended::Taken => {
            metrics.webhooks_delivered.count();
            let since = env.clock.wall_now().as_millis().saturating_sub(delivery.accepted_at.as_millis());
            metrics.webhook_lag_seconds.record(Duration::from_millis(since));
            Ok(DeliveryOutcome::Delivered)
        }
        Ended::Gone => {
            metrics.webhooks_failed.count();
            tracing::info!(%tenant, endpoint = id, "a webhook endpoint answered 410 and is switched off");
            let change = EndpointChange { state: Some(EndpointState::Gone), ..EndpointChange::default() };
            env.store.change_endpoint(tenant, id, &change, None).await?;
            Ok(DeliveryOutcome::Released)
        }
        Ended::Failed(failure, retry_after) => {
            metrics.webhooks_failed.count();
            let (config, failed) = (&env.config.webhooks, delivery.attempts + 1);
            match next_attempt(config, &*env.clock, delivery.since, failed, retry_after) {
                Some(at) => Ok(DeliveryOutcome::Retry(at, failure)),
                None => {
                    metrics.webhooks_dead.count();
                    let event = &delivery.event;
                    tracing::warn!(%tenant, endpoint = id, event, failure, "a webhook is a dead letter");
                    Ok(DeliveryOutcome::Dead(failure))
                }
            }
        }
    }
}
