//! Public names, unique in a tenant, claimed and released by the commits that change them.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::ids::{StreamId, TenantId};

use super::{
    Backend, Insert, Value,
    backend::{fetch, insert},
};
use crate::store::{NameChange, StoreError, StreamCommit};

pub(super) const CLAIM: Insert = Insert {
    table: "public_names",
    joined: None,
    columns: &["tenant", "name", "conversation"],
    conflict: "ON CONFLICT (tenant, name) DO NOTHING RETURNING tenant",
};

/// Claims the names of these commits, and returns those that belong to another conversation. In one order
/// everywhere, so that nodes never deadlock.
pub(super) async fn claim<'c, B: Backend>(
    connection: &mut B::Connection,
    commits: impl Iterator<Item = &'c StreamCommit>,
) -> Result<BTreeSet<(&'c TenantId, &'c StreamId)>, StoreError> {
    let mut claims = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for commit in commits {
        let Some(NameChange { to: Some(name), .. }) = &commit.name else { continue };
        let Some(row) = claim_row(commit) else { continue };
        if claims.entry((&commit.tenant, name)).or_insert((&commit.stream, row)).0 != &commit.stream {
            taken.insert((&commit.tenant, &commit.stream));
        }
    }
    for ((tenant, _), (stream, row)) in claims {
        if insert::<B>(connection, &CLAIM, vec![row]).await?.is_empty() {
            taken.insert((tenant, stream));
        }
    }
    Ok(taken)
}

/// The row of the name that a commit claims.
pub(super) fn claim_row(commit: &StreamCommit) -> Option<Vec<Value>> {
    let name = commit.name.as_ref()?.to.as_deref()?;
    Some(vec![(&commit.tenant).into(), Value::words(Some(name)), commit.stream.conversation()?.into()])
}

const RELEASE: &str = "DELETE FROM public_names WHERE tenant = $1 AND name = $2 AND conversation = $3";

/// Releases the name that a conversation had before a commit.
pub(super) async fn release<B: Backend>(
    connection: &mut B::Connection,
    commit: &StreamCommit,
) -> Result<(), StoreError> {
    let Some(NameChange { from: Some(name), .. }) = &commit.name else { return Ok(()) };
    let Some(conversation) = commit.stream.conversation() else { return Ok(()) };
    fetch::<B>(connection, RELEASE, [(&commit.tenant).into(), Value::words(Some(name.as_str())), conversation.into()])
        .await?;
    Ok(())
}
