//! How accounts find and block one another: verified contact points, from their tokens, and blocks and
//! reachability, from their homes.

use std::collections::BTreeSet;

use tidings_core::{
    ids::{AccountId, ContactId, TenantId},
    model::{ContactPoint, Reachability},
};

use super::{
    Backend, Insert, ReadRow, Tick, Value,
    backend::{fetch, insert},
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{StoreError, StreamCommit};

pub(super) const BLOCKS: Insert = Insert {
    table: "blocks",
    joined: None,
    columns: &["tenant", "account", "other", "blocked", "tick"],
    conflict: "ON CONFLICT (tenant, account, other) DO UPDATE SET blocked = excluded.blocked, tick = excluded.tick",
};

/// The block rows of a commit. A lifted block keeps its row, so that both cases write the same statement.
pub(super) fn block_rows<'c>(
    tick: Tick,
    commit: &'c StreamCommit,
    account: &'c AccountId,
) -> impl Iterator<Item = (&'c AccountId, Vec<Value>)> {
    commit.blocks.iter().map(move |(other, blocked)| {
        (other, vec![(&commit.tenant).into(), account.into(), other.into(), Value::Flag(*blocked), tick.into()])
    })
}

pub(super) const REACHABILITY: Insert = Insert {
    table: "reachability",
    joined: None,
    columns: &["tenant", "account", "reachability"],
    conflict: "ON CONFLICT (tenant, account) DO UPDATE SET reachability = excluded.reachability",
};

/// The reachability row of a commit, if it changes that.
pub(super) fn reachability_row(commit: &StreamCommit, account: &AccountId) -> Option<Vec<Value>> {
    let reachability = commit.reachability?;
    Some(vec![(&commit.tenant).into(), account.into(), Value::Text(Some(reachability.as_str().to_owned()))])
}

pub(super) const CONTACT_ACCOUNTS: Insert = Insert {
    table: "contact_accounts",
    joined: None,
    columns: &["tenant", "account", "contact", "other"],
    conflict: "ON CONFLICT (tenant, account, contact) DO UPDATE SET other = excluded.other",
};

/// The contact rows of a commit. A deleted contact keeps its row, as a lifted block does.
pub(super) fn contact_rows<'c>(
    commit: &'c StreamCommit,
    account: &'c AccountId,
) -> impl Iterator<Item = (&'c ContactId, Vec<Value>)> {
    commit.contacts.iter().map(move |(contact, other)| {
        let other = Value::Text(other.as_ref().map(|other| other.as_str().to_owned()));
        (contact, vec![(&commit.tenant).into(), account.into(), Value::Text(Some(contact.to_string())), other])
    })
}

/// Implements `Store::unreachable`.
pub(super) async fn unreachable<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
    among: &[AccountId],
) -> Result<Vec<AccountId>, StoreError> {
    const UNREACHABLE: &str = "SELECT account, reachability FROM reachability
        WHERE tenant = $1 AND account IN (SELECT key FROM json_each($2)) AND reachability <> 'everybody'
            AND NOT (reachability = 'contacts' AND EXISTS (SELECT 1 FROM contact_accounts AS linked
                WHERE linked.tenant = $1 AND linked.account = reachability.account AND linked.other = $3))
        ORDER BY account";
    const ERASED: &str = "SELECT account FROM account_erasures
        WHERE tenant = $1 AND account IN (SELECT key FROM json_each($2)) ORDER BY account";
    let rows = fetch::<B>(connection, UNREACHABLE, [tenant.into(), Value::keys(among), account.into()]).await?;
    let named = |row| Fields::of("reachability", row).named("reachability", Reachability::read);
    for row in &rows {
        // The setting does not decode: until it is mended nobody may reach the account.
        rot.left_out(tenant, Whose::EachRows, row, named(row))?;
    }
    let erased = fetch::<B>(connection, ERASED, [tenant.into(), Value::keys(among)]).await?;
    rows.iter().chain(&erased).map(|row| Fields::of("reachability", row).account()).collect()
}

/// Implements `Store::blockers`.
pub(super) async fn blockers<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
    among: &[AccountId],
) -> Result<Vec<AccountId>, StoreError> {
    const BLOCKERS: &str = "SELECT account FROM blocks
        WHERE tenant = $1 AND account IN (SELECT key FROM json_each($2)) AND other = $3 AND blocked ORDER BY account";
    let rows = fetch::<B>(connection, BLOCKERS, [tenant.into(), Value::keys(among), account.into()]).await?;
    rows.iter().map(|row| Fields::of("blocks", row).account()).collect()
}

/// Implements `Store::blocks_among`.
pub(super) async fn blocks_among<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    readers: &[AccountId],
    authors: &[AccountId],
) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
    const AMONG: &str = "SELECT account, other FROM blocks
        WHERE tenant = $1 AND account IN (SELECT key FROM json_each($2)) AND other IN (SELECT key FROM json_each($3))
            AND blocked
        ORDER BY account, other";
    let values = [tenant.into(), Value::keys(readers), Value::keys(authors)];
    let rows = fetch::<B>(connection, AMONG, values).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("blocks", row);
            Ok((fields.account()?, fields.parse("other", AccountId::parse)?))
        })
        .collect()
}

/// The verified contact points of an account.
pub(super) async fn contact_points<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<BTreeSet<ContactPoint>, StoreError> {
    const POINTS: &str = "SELECT point FROM contact_points WHERE tenant = $1 AND account = $2";
    let rows = fetch::<B>(connection, POINTS, [tenant.into(), account.into()]).await?;
    rows.iter().map(|row| point(&Fields::of("contact_points", row))).collect()
}

/// Implements `Store::set_contact_points` for an account whose contact points changed.
pub(super) async fn set_contact_points<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
    points: &BTreeSet<ContactPoint>,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM contact_points WHERE tenant = $1 AND account = $2";
    const POINTS: Insert = Insert {
        table: "contact_points",
        joined: None,
        columns: &["tenant", "point", "account"],
        conflict: "ON CONFLICT (tenant, point, account) DO NOTHING",
    };
    fetch::<B>(connection, FORGET, [tenant.into(), account.into()]).await?;
    let rows = points.iter().map(|point| vec![tenant.into(), point.into(), account.into()]);
    insert::<B>(connection, &POINTS, rows.collect()).await?;
    Ok(())
}

/// Implements `Store::match_contact_points`.
pub(super) async fn match_contact_points<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    asker: &AccountId,
    points: &[ContactPoint],
) -> Result<Vec<(ContactPoint, AccountId)>, StoreError> {
    const MATCHES: &str = "SELECT found.point AS point, found.account AS account FROM contact_points AS found
        WHERE found.tenant = $1 AND found.point IN (SELECT key FROM json_each($3)) AND found.account <> $2
            AND NOT EXISTS (SELECT 1 FROM accounts
                WHERE accounts.tenant = $1 AND accounts.account = found.account AND accounts.suspended)
            AND NOT EXISTS (SELECT 1 FROM blocks
                WHERE blocks.tenant = $1 AND blocks.account = found.account AND blocks.other = $2 AND blocks.blocked)
        ORDER BY found.point, found.account";
    let rows = fetch::<B>(connection, MATCHES, [tenant.into(), asker.into(), Value::keys(points)]).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("contact_points", row);
            Ok((point(&fields)?, fields.account()?))
        })
        .collect()
}

fn point<R: ReadRow>(fields: &Fields<'_, R>) -> Result<ContactPoint, StoreError> {
    fields.parse("point", |point| ContactPoint::parse(point).ok_or("not a contact point"))
}
