//! What every part of a node works with: what the operator set, the store, the time, what is
//! counted, how far the node is with going down. It knows none of the parts.

use std::sync::Arc;

use tidings_core::limits::Limits;

use crate::{
    clock::Clock,
    config::Config,
    drain::Drain,
    metrics::Metrics,
    shares::Shares,
    store::{Metered, Store},
};

/// What the parts of a node share. Holds no state of a conversation.
pub struct Environment {
    /// What the operator set.
    pub config: Config,
    /// The bounds told to clients.
    pub limits: Limits,
    /// How much of the node each account may use, whatever the number of its sessions.
    pub shares: Shares,
    /// What is counted and timed.
    pub metrics: Arc<Metrics>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The wall time, and chance.
    pub clock: Arc<dyn Clock>,
    /// How far the node is with going down.
    pub drain: Drain,
}

impl Environment {
    /// With a store whose calls are timed from here on.
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
            config,
        })
    }
}
