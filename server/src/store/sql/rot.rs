//! Rows that do not decode: left out of the answer, logged once, and queued to be rebuilt.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tidings_core::ids::{AccountId, ConversationId, StreamId, TenantId};
use tokio::{sync::Notify, time::Instant};

use super::ReadRow;
use crate::store::{RottenRow, StoreError};

/// Time for which a row that stays corrupt is not reported again.
const TOLD_AGAIN: Duration = Duration::from_secs(60);
/// Maximum number of remembered rows. Beyond it the oldest ones are dropped, and reported when read again.
const ROWS_MAX: usize = 1_024;

/// The corrupt rows found so far.
#[derive(Default)]
pub(in crate::store) struct Rot {
    met: Mutex<Met>,
    more: Notify,
}

#[derive(Default)]
struct Met {
    since: BTreeMap<RottenRow, Instant>,
    /// Rows that nobody has fetched from `next` yet.
    waiting: VecDeque<RottenRow>,
}

/// How the stream of a corrupt row is found.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    /// Each row names its stream, conversation or account.
    EachRows,
    /// All rows belong to this conversation.
    Of(ConversationId),
}

impl Whose {
    fn stream<R: ReadRow>(self, table: &str, row: &R) -> Option<StreamId> {
        let text = |column| row.text(column).ok().flatten();
        match (self, table) {
            (Whose::Of(conversation), _) => Some(StreamId::Conversation(conversation)),
            (_, "accounts" | "reachability") => Some(StreamId::Account(AccountId::parse(&text("account")?).ok()?)),
            (_, "streams") if text("stream").is_some() => StreamId::parse(&text("stream")?).ok(),
            _ => Some(StreamId::Conversation(ConversationId::parse(&text("conversation")?).ok()?)),
        }
    }
}

impl Rot {
    /// The decoded rows, without those that do not decode: one corrupt row does not spoil the others.
    pub(super) fn readable<'r, R: ReadRow + 'r, T>(
        &self,
        tenant: &TenantId,
        whose: Whose,
        rows: impl IntoIterator<Item = &'r R>,
        read: impl Fn(&R) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let read = |row| self.left_out(tenant, whose, row, read(row)).transpose();
        rows.into_iter().filter_map(read).collect()
    }

    /// A decoded row, or an optional part of one; none if it does not decode.
    pub(super) fn left_out<R: ReadRow, T>(
        &self,
        tenant: &TenantId,
        whose: Whose,
        row: &R,
        said: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match said {
            Err(error @ StoreError::Corrupt { table, .. }) => {
                match whose.stream(table, row) {
                    Some(stream) => self.meet(tenant, &stream, &error),
                    None => tracing::error!(%tenant, %error, "a row that names nothing is left out"),
                }
                Ok(None)
            }
            said => said.map(Some),
        }
    }

    /// Records a row of a stream that does not decode; ignores any other failure.
    pub(super) fn meet(&self, tenant: &TenantId, stream: &StreamId, error: &StoreError) {
        let StoreError::Corrupt { table, .. } = *error else { return };
        let row = RottenRow { tenant: tenant.clone(), stream: stream.clone(), table };
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if met.since.get(&row).is_some_and(|since| since.elapsed() < TOLD_AGAIN) {
            return;
        }
        tracing::error!(%tenant, %stream, %error, "a row does not decode, and is left out until it is made anew");
        if met.since.len() >= ROWS_MAX {
            met.since.clear();
            met.waiting.clear();
        }
        met.since.insert(row.clone(), Instant::now());
        met.waiting.push_back(row);
        self.more.notify_one();
    }

    /// Records that a stream was mended: rows that rot from now on are reported.
    pub(super) fn heal(&self, tenant: &TenantId, stream: &StreamId) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.since.retain(|row, _| row.tenant != *tenant || row.stream != *stream);
    }

    /// Waits for a row that nobody has fetched yet.
    pub(super) async fn next(&self) -> RottenRow {
        loop {
            let more = self.more.notified();
            let waiting = self.met.lock().unwrap_or_else(PoisonError::into_inner).waiting.pop_front();
            match waiting {
                Some(row) => return row,
                None => more.await,
            }
        }
    }
}
