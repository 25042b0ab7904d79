//! Reads the key set again: at an interval, at SIGHUP, and when a token names an unknown key, so that its owner
//! can rotate keys while the server runs.

use std::{sync::Arc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use crate::{
    auth::{Identity, LoadKeysError, VerifyTokenError},
    node::Node,
};

/// Lower bound of the interval, whatever the operator configures.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Reads the key set at intervals and at SIGHUP until the task is dropped. Of a signal that is listened to
/// already, none is missed.
pub(crate) async fn run(node: Arc<Node>, hangup: Option<Signal>) {
    let mut hangup = match hangup.map_or_else(|| signal(SignalKind::hangup()), Ok) {
        Ok(hangup) => hangup,
        Err(error) => return tracing::error!(%error, "the key set is not read again"),
    };
    let mut due = interval(node.config.keys.jwks_interval.max(INTERVAL_MIN));
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Skip the first tick: the set was read a moment ago.
    due.tick().await;
    loop {
        tokio::select! {
            _ = due.tick() => {}
            Some(()) = hangup.recv() => tracing::info!("asked to read the key set again"),
        }
        if node.keys.has_sets() {
            note(&node, node.keys.read_again().await);
        }
    }
}

/// Who a token speaks for, also if the key that signed it is newer than the key set that was read last.
pub(crate) async fn identify(node: &Node, token: &str) -> Result<Identity, VerifyTokenError> {
    match node.keys.verify(token, node.clock.wall_now()) {
        Err(VerifyTokenError::KeyUnknown) => {
            look_again(node).await;
            node.keys.verify(token, node.clock.wall_now())
        }
        verified => verified,
    }
}

/// Reads the key set again, as a token is signed by a key that is not known.
async fn look_again(node: &Node) {
    match node.keys.look_again().await {
        Ok(false) => {}
        Ok(true) => note(node, Ok(())),
        Err(error) => note(node, Err(error)),
    }
}

fn note(node: &Node, read: Result<(), LoadKeysError>) {
    node.metrics.key_sets_read.count();
    match read {
        Ok(()) => tracing::debug!(keys = node.keys.count(), "the key set was read again"),
        Err(error) => {
            node.metrics.key_sets_unreadable.count();
            tracing::error!(code = error.code(), %error, "the key set cannot be read again: the former keys hold");
        }
    }
}
