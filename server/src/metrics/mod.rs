//! Every metric there is: this file is the table of contents. A field's name
//! is its metric's, behind `tidings_`, and its comment is its help text;
//! counters end in `_total`, and what has a unit says it. Labels are closed
//! sets of words, never an id of anybody.

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
    /// What is recorded where it happens.
    Metrics {
        /// Sessions that were opened: their Hello was taken.
        sessions_opened: Counter,
        /// Sockets that became no session, by the code that was told.
        sessions_refused: By<EndCode, Counter>,
        /// Times that the key set was read again, or could not be.
        key_sets_read: Counter,
        /// Times that the key set could not be read again: the former keys hold.
        key_sets_unreadable: Counter,
        /// Sessions that ended, by the code that was told; gone is a peer that went away.
        sessions_ended: By<EndCode, Counter>,

        /// Frames that came in.
        frames_received: Counter,
        /// Bytes of the frames that came in.
        frames_received_bytes: Counter,
        /// Frames that went out.
        frames_sent: Counter,
        /// Bytes of the frames that went out.
        frames_sent_bytes: Counter,

        /// Pushes that came in.
        pushes: Counter,
        /// Pushes that were answered with a time to come again, by code.
        pushes_deferred: By<EndCode, Counter>,
        /// From a push coming in to the verdict on it being handed to the session; not of those that were deferred.
        push_seconds: Durations,
        /// Changes that were admitted and are in the journal.
        changes_admitted: Counter,
        /// Changes that were pushed again, and are in the journal already.
        changes_repeated: Counter,
        /// Changes that were refused for good, by code.
        changes_refused: By<EndCode, Counter>,
        /// The decision on one change, without any waiting.
        admit_seconds: Durations,

        /// Streams that were written in one transaction.
        commit_streams: Sizes,
        /// Streams whose commit changed nothing, because another node wrote first.
        commit_conflicts: Counter,
        /// Streams that let go of their documents, because the node held too much.
        cache_evictions: Counter,

        /// From the decision on an entry of another node to its fan-out here, by both nodes' clocks.
        journal_lag_seconds: Durations,
        /// Since the store last told what other nodes wrote, or that they wrote nothing: about a second while all is well.
        notices_idle_seconds: Since,
        /// Notices of other nodes that were heard, or of entries that were found by looking, by kind.
        notices_received: By<NoticeKind, Counter>,

        /// Bytes of the frames that told sessions what they missed.
        catch_up_bytes: Counter,
        /// One answer to a Fetch.
        fetch_seconds: Durations,
        /// Fetches that were refused or deferred, by code.
        fetches_refused: By<EndCode, Counter>,

        /// Calls of the store, by call, but for the wait for notices.
        store_call_seconds: By<StoreCall, Durations>,
        /// Calls that the store failed, by what that means.
        store_errors: By<StoreFailure, Counter>,
        /// Times that a client was told more than the store holds: it was put back to an older state.
        store_behind: Counter,
        /// Rows that did not decode and were left out of what is told, by table: of a stream once a minute until they are made anew.
        projections_rotten: By<Table, Counter>,
        /// Rows that were made anew from the journal.
        projections_mended: Counter,
        /// Documents whose snapshot is behind, by the last look of the job that cuts them: some at a time.
        documents_behind: Level,
        /// Snapshots of documents that were cut.
        snapshots_cut: Counter,
        /// Bytes of those snapshots.
        snapshots_cut_bytes: Counter,
        /// Documents of which no snapshot can be cut any more: what was saved did not load, or their journal is damaged.
        snapshots_failed: Counter,
    }
}

metrics! {
    /// What is read when somebody asks.
    Readings {
        /// Sessions that are open.
        sessions: Gauge,
        /// Sockets that are open, those before Hello included.
        sockets: Gauge,
        /// Connections that are no session, or not yet.
        connections: Gauge,
        /// Connections that made room for newer ones before they were a session.
        connections_crowded_out: Total,
        /// Streams that have a task here.
        streams: Gauge,
        /// 1 while the node goes down.
        draining: Gauge,

        /// Frames that wait to be written, of all sessions.
        outgoing_frames: Gauge,
        /// Frames that wait for the session with the most of them.
        outgoing_frames_largest: Gauge,
        /// Bytes that wait to be written, of all sessions.
        outgoing_bytes: Gauge,
        /// Bytes that wait for the session with the most of them.
        outgoing_bytes_largest: Gauge,
        /// Bytes of answers to fetches that are being made, or that were not read.
        answer_bytes: Gauge,
        /// Pushes that wait for their stream's task.
        pushes_waiting: Gauge,
        /// Pushes that wait for the stream with the most of them.
        pushes_waiting_largest: Gauge,
        /// Streams that wait for a committer.
        commits_waiting: Gauge,
        /// Frames of receipts that wait to be stored.
        receipts_waiting: Gauge,

        /// Bytes of documents in memory.
        cache_bytes: Gauge,
        /// Bytes of documents in memory beyond which streams let go of theirs.
        cache_bytes_limit: Gauge,

        /// Notices that were told to other nodes.
        notices_sent: Total,
        /// Notices of this node that were dropped on the way out, or of others on the way in.
        notices_lost: Total,
        /// Runs of entries of other nodes that no notice told, found by looking.
        notices_found: Total,
        /// Transactions that were begun anew after a collision with another node's.
        store_collisions: Total,
        /// Connections to the store.
        store_connections: Gauge,
        /// Connections to the store that nobody uses.
        store_connections_idle: Gauge,
        /// Snapshots that were not what was written, and were set aside.
        snapshots_quarantined: Total,

        /// Tasks of the runtime.
        runtime_tasks: Gauge,
        /// Tasks that wait for a worker of the runtime.
        runtime_tasks_waiting: Gauge,
    }
}

impl Metrics {
    /// Takes note of a push that is answered with a refusal, or with a time to come again.
    pub fn push_refused(&self, refusal: &Refusal) {
        let by_code = if refusal.retry_at.is_some() { &self.pushes_deferred } else { &self.changes_refused };
        by_code.of(refusal.code).count();
    }
}

/// Tells what a metric is, then its values.
fn describe(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, metric: &impl EncodeMetric) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help.trim(), None, metric.metric_type())?)
}
