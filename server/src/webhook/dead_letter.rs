//! Dead letters of an endpoint: a page of them, and delivering them again. An administrator does so over HTTP, an operator by
//! the command line or the operator's page.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use tidings_core::{code::Code, ids::TenantId, time::WallTime};

use crate::store::{DeliveryRow, DeliveryState, ListPage, Store, StoreError, Toward};

/// Dead letters that are replayed in one step.
const REPLAYED_AT_ONCE: u32 = 1_000;

/// Why dead letters were not listed or replayed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// There is no such endpoint.
    #[error("the tenant has no such webhook")]
    WebhookUnknown,
    /// The endpoint has no such dead letter.
    #[error("the webhook has no such dead letter")]
    DeliveryUnknown,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeliveryError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::WebhookUnknown => Code::WebhookUnknown,
            Self::DeliveryUnknown => Code::DeliveryUnknown,
            Self::Store(error) => error.code(),
        }
    }
}

/// The place of a delivery in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCursor {
    due_at: WallTime,
    event: String,
}

impl DeliveryCursor {
    /// Reads what was printed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let (millis, event) = text.split_once('.')?;
        Some(Self { due_at: WallTime::from_millis(millis.parse().ok()?), event: event.to_owned() })
    }
}

impl fmt::Display for DeliveryCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { due_at, event } = self;
        formatter.write_str(&BASE64URL_NOPAD.encode(format!("{}.{event}", due_at.as_millis()).as_bytes()))
    }
}

async fn check(store: &dyn Store, (tenant, id): (&TenantId, &str)) -> Result<(), DeliveryError> {
    store.endpoint(tenant, id).await?.map(drop).ok_or(DeliveryError::WebhookUnknown)
}

/// At most `count_max` deliveries of an endpoint from a cursor, by when they are due, or died.
///
/// # Errors
/// When there is no such endpoint, or the store cannot be read.
pub async fn list(
    store: &dyn Store,
    endpoint: (&TenantId, &str),
    state: DeliveryState,
    from: Option<DeliveryCursor>,
    toward: Toward,
    count_max: u32,
) -> Result<ListPage<DeliveryRow, DeliveryCursor>, DeliveryError> {
    check(store, endpoint).await?;
    let from = from.map(|cursor| (cursor.due_at, cursor.event));
    let ListPage { rows, previous, next } = store.deliveries(endpoint, state, from.as_ref(), toward, count_max).await?;
    let cursor = |(due_at, event)| DeliveryCursor { due_at, event };
    Ok(ListPage { rows, previous: previous.map(cursor), next: next.map(cursor) })
}

/// Delivers dead letters of an endpoint again: that of one event, or all of them up to a little more than `count_max`.
/// Returns how many. A node finds them at its next search.
///
/// # Errors
/// When there is no such endpoint or dead letter, or the store cannot be written.
pub async fn replay(
    store: &dyn Store,
    endpoint: (&TenantId, &str),
    event: Option<&str>,
    now: WallTime,
    count_max: u32,
) -> Result<u32, DeliveryError> {
    check(store, endpoint).await?;
    if event.is_some() {
        return match store.replay_deliveries(endpoint, event, now, 1).await? {
            0 => Err(DeliveryError::DeliveryUnknown),
            replayed => Ok(replayed),
        };
    }
    let mut replayed = 0;
    // Bounded, because what is delivered again may die again meanwhile.
    for _ in 0..=count_max / REPLAYED_AT_ONCE {
        let count = store.replay_deliveries(endpoint, None, now, REPLAYED_AT_ONCE).await?;
        replayed += count;
        if count < REPLAYED_AT_ONCE {
            break;
        }
    }
    Ok(replayed)
}
