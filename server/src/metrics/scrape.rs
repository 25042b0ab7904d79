//! `GET /metrics`, on a listener of its own: reads the gauges, and prints them with what was recorded.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::get,
};
use prometheus_client::{
    encoding::text,
    metrics::{family::Family, gauge::Gauge as ConstantGauge},
    registry::Registry,
};

use super::{Gauge, Readings, Total, process::Process};
use crate::{drain::Phase, node::Node};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`.
pub fn router(node: Arc<Node>) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(node)
}

async fn scrape(State(node): State<Arc<Node>>) -> Response {
    match text(&node) {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Every metric of a node, as OpenMetrics text.
///
/// # Errors
/// When a metric cannot be printed: a defect.
pub fn text(node: &Node) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("tidings");
    // A gauge, as is customary: readers of the older text format do not know info metrics.
    let build = Family::<[(&str, &str); 1], ConstantGauge>::default();
    build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
    registry.register("build_info", "1, with the version of this program", build);
    registry.register_collector(Box::new(Arc::clone(&node.metrics)));
    registry.register_collector(Box::new(Readings::read(node)));
    let mut text = String::new();
    text::encode_registry(&mut text, &registry)?;
    // Process metrics have the same names everywhere, so they take no prefix.
    let mut registry = Registry::default();
    if let Some(process) = Process::read() {
        registry.register_collector(Box::new(process));
    }
    text::encode(&mut text, &registry)?;
    Ok(text)
}

impl Readings {
    /// Reads the current values.
    fn read(node: &Node) -> Self {
        let (outgoing, inbox, counts) = (node.live.sessions.waiting(), node.streams.waiting(), node.store.counts());
        let runtime = tokio::runtime::Handle::current().metrics();
        Self {
            sessions: Gauge::from(outgoing.sessions),
            sockets: Gauge::from(node.sockets.count()),
            connections: Gauge::from(node.connections.count()),
            connections_crowded_out: Total::from(node.connections.made_room()),
            streams: Gauge::from(node.streams.count()),
            draining: Gauge::from(usize::from(node.drain.phase() > Phase::Running)),
            outgoing_frames: Gauge::from(outgoing.frames),
            outgoing_frames_largest: Gauge::from(outgoing.frames_largest),
            outgoing_bytes: Gauge::from(outgoing.bytes),
            outgoing_bytes_largest: Gauge::from(outgoing.bytes_largest),
            answer_bytes: Gauge::from(node.answers.bytes()),
            pushes_waiting: Gauge::from(inbox.pushes),
            pushes_waiting_largest: Gauge::from(inbox.pushes_largest),
            commits_waiting: Gauge::from(node.streams.commits_waiting()),
            receipts_waiting: Gauge::from(node.receipts.waiting()),
            cache_bytes: Gauge::from(node.streams.cache().used()),
            cache_bytes_limit: Gauge::from(node.streams.cache().max()),
            notices_sent: Total::from(counts.notices_sent),
            notices_lost: Total::from(counts.notices_lost),
            notices_found: Total::from(counts.notices_found),
            store_collisions: Total::from(counts.collisions),
            store_connections: Gauge::from(counts.connections),
            store_connections_idle: Gauge::from(counts.connections_idle),
            snapshots_quarantined: Total::from(counts.quarantined),
            runtime_tasks: Gauge::from(runtime.num_alive_tasks()),
            runtime_tasks_waiting: Gauge::from(runtime.global_queue_depth()),
        }
    }
}
