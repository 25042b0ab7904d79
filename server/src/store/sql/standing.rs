//! Where accounts stand with a conversation: one row, by keys alone, since a backend may ask for
//! it before everything that anybody does.

use tidings_core::{
    ids::{AccountId, ConversationId, DocumentId, TenantId, TimelineId},
    journal::Position,
    model::{ConversationState, MemberStatus, Role},
    time::WallTime,
};

use super::{Backend, ReadRow, backend::fetch, row::Fields};
use crate::store::{MemberRow, Standing, StoreError};

const STANDING: &str = "SELECT conversations.state AS state,
        coalesce((SELECT max(journal.position) FROM journal
            WHERE journal.tenant = $1 AND journal.document = $3), 0) AS changed,
        EXISTS (SELECT 1 FROM accounts
            WHERE accounts.tenant = $1 AND accounts.account = $4 AND accounts.suspended) AS suspended,
        asker.role AS asker_role, asker.status AS asker_status,
        subject.role AS subject_role, subject.status AS subject_status
    FROM (SELECT 1 AS one) AS one
    LEFT JOIN conversations ON conversations.tenant = $1 AND conversations.conversation = $2
    LEFT JOIN members AS asker ON asker.tenant = $1 AND asker.conversation = $2 AND asker.account = $4
    LEFT JOIN members AS subject ON subject.tenant = $1 AND subject.conversation = $2 AND subject.account = $5";

/// `Store::standing`.
pub(super) async fn standing<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    conversation: ConversationId,
    asker: &AccountId,
    subject: &AccountId,
) -> Result<Standing, StoreError> {
    let document = TimelineId::of(conversation).document();
    let values = [tenant.into(), conversation.into(), (&document).into(), asker.into(), subject.into()];
    let rows = fetch::<B>(connection, STANDING, values).await?;
    let row = rows.first().ok_or(StoreError::Database(sqlx::Error::RowNotFound))?;
    let fields = Fields::of("conversations", row);
    Ok(Standing {
        state: fields.words("state")?.map(|state| ConversationState::read(&state)),
        changed: fields.position("changed")?,
        suspended: fields.flag("suspended")?,
        asker: member(row, "asker_role", "asker_status")?,
        subject: member(row, "subject_role", "subject_status")?,
    })
}

fn member(row: &impl ReadRow, role: &str, status: &str) -> Result<Option<MemberRow>, StoreError> {
    let fields = Fields::of("members", row);
    let Some((role, status)) = fields.words(role)?.zip(fields.words(status)?) else { return Ok(None) };
    let (role, status) = (Role::read(&role), MemberStatus::read(&status));
    Ok(Some(MemberRow { role, status, moved_at: None, joined: None }))
}

const FIRST: &str = "SELECT position, accepted_at FROM journal
    WHERE tenant = $1 AND document = $2 ORDER BY position LIMIT 1";

/// `Store::first_entry`.
pub(super) async fn first_entry<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
) -> Result<Option<(Position, WallTime)>, StoreError> {
    let rows = fetch::<B>(connection, FIRST, [tenant.into(), document.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let fields = Fields::of("journal", row);
    Ok(Some((fields.position("position")?, fields.time("accepted_at")?)))
}

const LAST: &str = "SELECT position FROM journal
    WHERE tenant = $1 AND document = $2 ORDER BY position DESC LIMIT 1";

/// `Store::last_entry`.
pub(super) async fn last_entry<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
) -> Result<Option<Position>, StoreError> {
    let rows = fetch::<B>(connection, LAST, [tenant.into(), document.into()]).await?;
    rows.first().map(|row| Fields::of("journal", row).position("position")).transpose()
}
