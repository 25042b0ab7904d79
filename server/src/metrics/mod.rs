//! Every metric there is: this file is the table of contents. A field's name with `tidings_` before it is its
//! metric's name, and its comment is the help text; counters end in `_total`, and names carry their unit.
//! Labels are closed sets of words, never anybody's id.

mod kind;
mod label;
mod process;
mod scrape;

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use tidings_core::authority::Refusal;

pub use kind::{By, Counter, Durations, Gauge, Level, Since, Sizes, Total};
pub use label::{EndCode, NoticeKind, StoreFailure, Table};
pub use scrape::{router, text};

use crate::store::StoreCall;

/// Declares metrics: a field each, whose comment is its help text.
macro_rules! metrics {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $help:literal])+ $field:ident: $kind:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $name { $($(#[doc = $help])+ pub $field: $kind,)+ }

        impl ::prometheus_client::collector::Collector for $name {
            fn encode(&self, mut encoder: ::prometheus_client::encoding::DescriptorEncoder<'_>) -> ::std::fmt::Result {
                $($crate::metrics::describe(&mut encoder, stringify!($field), concat!($($help),+), &self.$field)?;)+
                Ok(())
            }
        }
    };
}

use metrics;

metrics! {
    /// Metrics recorded as things happen.
    Metrics {
        /// Sessions that were opened: their Hello was accepted.
        sessions_opened: Counter,
        /// Sockets that did not become a session, by the code they were sent.
        sessions_refused: By<EndCode, Counter>,
        /// Attempts to read the key set again.
        key_sets_read: Counter,
        /// Failed attempts to read the key set again: the former keys stay in force.
        key_sets_unreadable: Counter,
        /// Sessions that ended, by the code they were sent; gone is a peer that went away.
        sessions_ended: By<EndCode, Counter>,

        /// Received frames.
        frames_received: Counter,
        /// Bytes of received frames.
        frames_received_bytes: Counter,
        /// Sent frames.
        frames_sent: Counter,
        /// Bytes of sent frames.
        frames_sent_bytes: Counter,

        /// Received pushes.
        pushes: Counter,
        /// Deferred pushes, by code.
        pushes_deferred: By<EndCode, Counter>,
        /// From receiving a push to queueing its answer for the session; without deferred pushes.
        push_seconds: Durations,
        /// Changes that were admitted and are in the journal.
        changes_admitted: Counter,
        /// Changes that were pushed again and were in the journal already.
        changes_repeated: Counter,
        /// Changes that were refused permanently, by code.
        changes_refused: By<EndCode, Counter>,
        /// The decision on one change, without waiting.
        admit_seconds: Durations,

        /// Streams written in one transaction.
        commit_streams: Sizes,
        /// Commits of a stream that changed nothing because another node wrote first.
        commit_conflicts: Counter,
        /// Streams whose documents were unloaded because the node had too much in memory.
        cache_evictions: Counter,

        /// From the decision on an entry of another node to its fan-out here, by both nodes' clocks.
        journal_lag_seconds: Durations,
        /// Time since the store last reported what other nodes wrote, or that they wrote nothing: about a
        /// second while all is well.
        notices_idle_seconds: Since,
        /// Notices received from other nodes, or derived from entries found by polling, by kind.
        notices_received: By<NoticeKind, Counter>,

        /// Bytes of the frames with what sessions had missed.
        catch_up_bytes: Counter,
        /// The answer to one Fetch.
        fetch_seconds: Durations,
        /// Fetches that were refused or deferred, by code.
        fetches_refused: By<EndCode, Counter>,

        /// Calls of the store, by call, except the wait for notices.
        store_call_seconds: By<StoreCall, Durations>,
        /// Failed calls of the store, by kind of failure.
        store_errors: By<StoreFailure, Counter>,
        /// Clients that had been sent more than the store holds: it was restored to an older state.
        store_rollbacks: Counter,
        /// Rows that did not decode and were left out of answers, by table: once a minute for each stream
        /// until they are rebuilt.
        projections_rotten: By<Table, Counter>,
        /// Rows that were rebuilt from the journal.
        projections_mended: Counter,
        /// Documents with an outdated snapshot, as found by the last round of the snapshot job, which
        /// handles some at a time.
        snapshots_outdated: Level,
        /// Snapshots of documents that were made.
        snapshots_cut: Counter,
        /// Bytes of those snapshots.
        snapshots_cut_bytes: Counter,
        /// Documents of which no snapshot can be made any more: their saved form does not load, or their
        /// journal is damaged.
        snapshots_failed: Counter,

        /// Events that were made of entries: none for a tenant without webhook endpoints.
        webhook_events_made: Counter,
        /// Events that a webhook endpoint has taken.
        webhooks_delivered: Counter,
        /// Attempts to deliver an event to a webhook endpoint that failed.
        webhooks_failed: Counter,
        /// Events that were not delivered in days and became dead letters.
        webhooks_dead: Counter,
        /// From the decision on an entry to the delivery of its event, by this node's clock.
        webhook_lag_seconds: Durations,
    }
}

metrics! {
    /// Metrics read at scrape time.
    Readings {
        /// Open sessions.
        sessions: Gauge,
        /// Open sockets, those before Hello included.
        sockets: Gauge,
        /// Connections that are not sessions, or not yet.
        connections: Gauge,
        /// Connections that were closed to make room for newer ones before they became a session.
        connections_crowded_out: Total,
        /// Streams with a task on this node.
        streams: Gauge,
        /// 1 while the node shuts down.
        draining: Gauge,

        /// Frames queued for writing, over all sessions.
        outgoing_frames: Gauge,
        /// Frames queued for the session with the most of them.
        outgoing_frames_largest: Gauge,
        /// Bytes queued for writing, over all sessions.
        outgoing_bytes: Gauge,
        /// Bytes queued for the session with the most of them.
        outgoing_bytes_largest: Gauge,
        /// Bytes of answers to fetches that are being made or have not been read.
        answer_bytes: Gauge,
        /// Pushes queued for their stream's task.
        pushes_waiting: Gauge,
        /// Pushes queued for the stream with the most of them.
        pushes_waiting_largest: Gauge,
        /// Streams that wait for a committer.
        commits_waiting: Gauge,
        /// Frames of receipts that wait to be stored.
        receipts_waiting: Gauge,

        /// Bytes of documents in memory.
        cache_bytes: Gauge,
        /// Bytes of documents in memory beyond which streams unload theirs.
        cache_bytes_limit: Gauge,

        /// Notices that were sent to other nodes.
        notices_sent: Total,
        /// Notices that were dropped on the way out of this node, or on the way in.
        notices_lost: Total,
        /// Runs of other nodes' entries without a notice, found by polling.
        notices_found: Total,
        /// Transactions that were restarted after a collision with another node's.
        store_collisions: Total,
        /// Connections to the store.
        store_connections: Gauge,
        /// Idle connections to the store.
        store_connections_idle: Gauge,
        /// Corrupt snapshots that were set aside.
        snapshots_quarantined: Total,

        /// Tasks of the runtime.
        runtime_tasks: Gauge,
        /// Tasks that wait for a worker of the runtime.
        runtime_tasks_waiting: Gauge,
    }
}

impl Metrics {
    /// Counts a push that is refused or deferred.
    pub fn push_refused(&self, refusal: &Refusal) {
        let by_code = if refusal.retry_at.is_some() { &self.pushes_deferred } else { &self.changes_refused };
        by_code.of(refusal.code).count();
    }
}

/// Writes a metric's description, then its values.
fn describe(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, metric: &impl EncodeMetric) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help.trim(), None, metric.metric_type())?)
}
