//! Traces of single pushes across nodes. A sampled push gets an id that follows it through the stream's task,
//! the commit and the fan-out, and in the notice to every other node's fan-out. Each step logs one line with
//! that id; pushes that are not sampled cost nothing.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use tidings_core::{
    code::Code,
    ids::{StreamId, TenantId},
    journal::Position,
};
use tokio::time::Instant;

/// A trace id as in W3C Trace Context: 16 bytes, not all zero, printed as 32 lowercase hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// A text that is not a trace id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a trace is 32 hexadecimal digits in lower case, not all of them 0")]
pub struct ParseTraceIdError;

impl TraceId {
    /// Draws an id for the given fraction of calls, from 0 to 1.
    pub fn draw(share: f64) -> Option<Self> {
        (share > 0.0 && rand::random::<f64>() < share).then(|| Self(rand::random()))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for TraceId {
    type Err = ParseTraceIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| ParseTraceIdError)?;
        let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| ParseTraceIdError)?;
        if bytes == [0; 16] { Err(ParseTraceIdError) } else { Ok(Self(bytes)) }
    }
}

/// The steps of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A session has received it; the span names the session.
    Received,
    /// The stream's task has decided; after a conflict it decides again.
    Decided,
    /// The admitted changes are durable.
    Committed,
    /// Another node's notice of it has arrived.
    Heard,
    /// It is in the queues of this node's sessions that read the stream.
    Published,
}

/// Details logged with a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traced<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) stream: &'a StreamId,
    /// The first and last position of the push, once it is decided.
    pub(crate) positions: Option<(Position, Position)>,
    /// The code with which one of its changes was refused.
    pub(crate) refused: Option<Code>,
    /// When this node first saw it.
    pub(crate) since: Instant,
}

impl TraceId {
    /// Logs a step of the push.
    pub(crate) fn step(self, step: Step, traced: Traced<'_>) {
        let Traced { tenant, stream, positions, refused, since } = traced;
        let (first, last) = positions.map(|(first, last)| (first.number(), last.number())).unzip();
        let (refused, milliseconds) = (refused.map(Code::as_str), since.elapsed().as_secs_f64() * 1e3);
        tracing::info!(trace_id = %self, ?step, %tenant, %stream, first, last, refused, milliseconds, "push traced");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_printed_and_parsed() {
        let id = TraceId::draw(1.0).unwrap();
        assert_eq!(id.to_string().len(), 32);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn what_is_no_id_does_not_parse() {
        let zeros = "0".repeat(32);
        for text in ["", "12", "4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e473g", &zeros] {
            assert_eq!(text.parse::<TraceId>(), Err(ParseTraceIdError), "{text:?}");
        }
    }

    #[test]
    fn nothing_is_drawn_of_a_share_of_nought() {
        assert!((0..100).all(|_| TraceId::draw(0.0).is_none()));
    }
}
