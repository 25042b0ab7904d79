//! The services that every part of a node uses: configuration, store, clock, metrics and the state of the
//! shutdown. Knows none of the parts.

use std::sync::Arc;

use tidings_core::limits::Limits;

use crate::{
    clock::Clock,
    config::Config,
    drain::Drain,
    metrics::Metrics,
    shares::Shares,
    store::{Metered, Store},
    webhook::Audience,
};

/// Services shared by the parts of a node. Holds no state of a conversation.
pub struct Environment {
    /// The operator's configuration.
    pub config: Config,
    /// The limits sent to clients.
    pub limits: Limits,
    /// How much of the node each account may use, across all its sessions.
    pub shares: Shares,
    /// Counters and timings.
    pub metrics: Arc<Metrics>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The wall time, and chance.
    pub clock: Arc<dyn Clock>,
    /// Progress of the shutdown.
    pub drain: Drain,
    /// The tenants whose events webhooks are told, and the news that there are some.
    pub(crate) audience: Audience,
}

impl Environment {
    /// Wraps the store, so that every call made through it is timed.
    pub fn new(config: Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let metrics = Arc::new(Metrics::default());
        let limits = config.limits.limits();
        Arc::new(Self {
            store: Arc::new(Metered::new(store, &metrics)),
            shares: Shares::new(&config.shares, &limits),
            limits,
            metrics,
            clock,
            drain: Drain::default(),
            audience: Audience::default(),
            config,
        })
    }
}
