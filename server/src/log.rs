//! Structured logs: text for people or JSON for machines, to stderr. What is
//! logged names ids, codes and sizes, never a message's text or a token.

use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    config::{Config, LogFormat},
    error::ServeError,
};

/// Libraries that would log what they carry: bytes, headers, statements. No
/// filter of an operator opens them further.
const CAPPED: [&str; 6] =
    ["tungstenite=warn", "tokio_tungstenite=warn", "hyper=warn", "axum=warn", "sqlx=warn", "h2=warn"];

/// Starts logging for the whole process.
///
/// # Errors
/// When the filter does not parse.
pub fn start(config: &Config) -> Result<(), ServeError> {
    let mut filter = EnvFilter::try_new(&config.log).map_err(|error| ServeError::LogFilter(error.to_string()))?;
    for directive in CAPPED {
        filter = filter.add_directive(directive.parse().expect("a constant directive parses"));
    }
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| ServeError::LogFilter(error.to_string()))
}
