//! What an operator sets of webhooks.

use std::time::Duration;

use clap::{Args, builder::BoolishValueParser};

use crate::config::parse_duration;

/// Options of webhooks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookConfig {
    /// Let webhooks be sent to private addresses of this machine and its networks, and without TLS. Whoever
    /// administers a tenant can then reach what this server can reach.
    #[arg(long, env = "TIDINGS_WEBHOOK_ALLOW_PRIVATE", value_parser = BoolishValueParser::new())]
    pub webhook_allow_private: bool,
    /// Time that an endpoint has for its answer. A delivery is leased for twice that.
    #[arg(long, env = "TIDINGS_WEBHOOK_TIMEOUT", default_value = "15s", value_parser = parse_duration)]
    pub webhook_timeout: Duration,
    /// The longest time between two searches for what is to be delivered. A node looks as soon as it has written
    /// something; this is for what other nodes wrote and did not deliver.
    #[arg(long, env = "TIDINGS_WEBHOOK_INTERVAL", default_value = "5s", value_parser = parse_duration)]
    pub webhook_interval: Duration,
    /// Time that the devices of members have to receive a message before other services are notified of it for them.
    #[arg(long, env = "TIDINGS_NOTIFICATION_DELAY", default_value = "10s", value_parser = parse_duration)]
    pub notification_delay: Duration,
    /// Pause after the first failed attempt; four times as long after each further one.
    #[arg(long, env = "TIDINGS_WEBHOOK_RETRY_FIRST", default_value = "5s", value_parser = parse_duration)]
    pub webhook_retry_first: Duration,
    /// The longest pause between two attempts.
    #[arg(long, env = "TIDINGS_WEBHOOK_RETRY_MAX", default_value = "12h", value_parser = parse_duration)]
    pub webhook_retry_max: Duration,
    /// Time for which delivery is tried; then it has failed for good, and can be replayed.
    #[arg(long, env = "TIDINGS_WEBHOOK_RETRY_FOR", default_value = "3d", value_parser = parse_duration)]
    pub webhook_retry_for: Duration,
    /// Time for which the former secret and key of an endpoint sign too after they were replaced.
    #[arg(long, env = "TIDINGS_WEBHOOK_ROTATION", default_value = "24h", value_parser = parse_duration)]
    pub webhook_rotation: Duration,
    /// Time after which an event that was not delivered is deleted.
    #[arg(long, env = "TIDINGS_WEBHOOK_KEEP", default_value = "30d", value_parser = parse_duration)]
    pub webhook_keep: Duration,
    /// Maximum number of webhook endpoints of a tenant.
    #[arg(long, env = "TIDINGS_WEBHOOKS_MAX", default_value_t = 16)]
    pub webhooks_max: u32,
    /// Maximum number of events that wait for an endpoint before it is switched off.
    #[arg(long, env = "TIDINGS_WEBHOOK_WAITING_MAX", default_value_t = 100_000)]
    pub webhook_waiting_max: u32,
    /// Requests that this node makes to endpoints at the same time; an eighth of them to one endpoint.
    #[arg(long, env = "TIDINGS_WEBHOOK_REQUESTS_MAX", default_value_t = 256)]
    pub webhook_requests_max: usize,
}
