//! Implements `Overview`: each query walks an index from a key on, and reads no more rows than are asked for.

use async_trait::async_trait;
use tidings_core::ids::{AccountId, ConversationId, TenantId};

use super::{Backend, ReadRow, SqlStore, Value, backend::fetch, row::Fields, webhook};
use crate::store::{
    AccountOverview, ConversationOverview, DeliveryCounts, DeliveryState, Endpoint, Overview, QuarantinePlace,
    QuarantinedSnapshot, StoreError,
};

// From one tenant to the next, not over the rows of each. `coalesce` gives the first row the collation of the others.
const TENANTS: &str = "WITH RECURSIVE found (tenant, number) AS (
        SELECT coalesce((SELECT min(tenant) FROM streams WHERE FALSE), $1), 0
        UNION ALL
        SELECT (SELECT min(tenant) FROM (
            SELECT min(tenant) AS tenant FROM streams WHERE streams.tenant > found.tenant
            UNION ALL SELECT min(tenant) FROM accounts WHERE accounts.tenant > found.tenant
            UNION ALL SELECT min(tenant) FROM devices WHERE devices.tenant > found.tenant
            UNION ALL SELECT min(tenant) FROM webhook_endpoints WHERE webhook_endpoints.tenant > found.tenant
        ) AS next), number + 1
        FROM found WHERE tenant IS NOT NULL AND number < $2)
    SELECT tenant FROM found WHERE number > 0 AND tenant IS NOT NULL ORDER BY number";

// From one account to the next, for who is a member of many conversations has as many rows.
const ACCOUNTS: &str = "WITH RECURSIVE found (account, number) AS (
        SELECT coalesce((SELECT min(account) FROM accounts WHERE FALSE), $2), 0
        UNION ALL
        SELECT (SELECT min(account) FROM (
            SELECT min(account) AS account FROM accounts WHERE accounts.tenant = $1 AND accounts.account > found.account
            UNION ALL
            SELECT min(account) FROM members WHERE members.tenant = $1 AND members.account > found.account
        ) AS next), number + 1
        FROM found WHERE account IS NOT NULL AND number < $3)
    SELECT found.account, coalesce(suspended, $4) AS suspended, created_at, updated_at
    FROM found LEFT JOIN accounts ON accounts.tenant = $1 AND accounts.account = found.account
    WHERE number > 0 AND found.account IS NOT NULL ORDER BY number";

const ACCOUNT: &str = "SELECT known.account, coalesce(suspended, $3) AS suspended, created_at, updated_at FROM (
        SELECT account FROM accounts WHERE tenant = $1 AND account = $2
        UNION SELECT account FROM (
            SELECT account FROM members WHERE tenant = $1 AND account = $2 LIMIT 1) AS part
    ) AS known LEFT JOIN accounts ON accounts.tenant = $1 AND accounts.account = known.account";

const SUSPENSIONS: &str = "SELECT tenant, account, suspended, created_at, updated_at FROM accounts
    WHERE suspended AND (tenant, account) > ($1, $2) ORDER BY tenant, account LIMIT $3";

const CONVERSATIONS: &str = "SELECT conversation, kind, title, state, member_count, subscriber_count, created_at,
        activity_at, erased_at
    FROM conversations WHERE tenant = $1 AND conversation > $2 ORDER BY conversation LIMIT $3";

const CONVERSATION: &str = "SELECT conversation, kind, title, state, member_count, subscriber_count, created_at,
        activity_at, erased_at
    FROM conversations WHERE tenant = $1 AND conversation = $2";

const QUARANTINE: &str =
    "SELECT tenant, document, position, quarantined_at, reason, CAST(length(data) AS BIGINT) AS bytes
    FROM quarantine WHERE (tenant, document, position) > ($1, $2, $3)
    ORDER BY tenant, document, position LIMIT $4";

const COUNT: &str = "SELECT count(*) AS count FROM (SELECT 1 AS one FROM webhook_deliveries
    WHERE tenant = $1 AND endpoint = $2 AND state = $3 LIMIT $4) AS counted";

fn account(tenant: TenantId, fields: &Fields<'_, impl ReadRow>) -> Result<AccountOverview, StoreError> {
    Ok(AccountOverview {
        tenant,
        account: fields.account()?,
        is_suspended: fields.flag("suspended")?,
        created_at: fields.maybe_time("created_at")?,
        updated_at: fields.maybe_time("updated_at")?,
    })
}

fn conversation(row: &impl ReadRow) -> Result<ConversationOverview, StoreError> {
    let fields = Fields::of("conversations", row);
    Ok(ConversationOverview {
        conversation: fields.conversation()?,
        kind: fields.words("kind")?.unwrap_or_default(),
        title: fields.words("title")?,
        state: fields.words("state")?.unwrap_or_default(),
        member_count: fields.number("member_count")?,
        subscriber_count: fields.number("subscriber_count")?,
        created_at: fields.time("created_at")?,
        activity_at: fields.time("activity_at")?,
        erased_at: fields.maybe_time("erased_at")?,
    })
}

fn quarantined(row: &impl ReadRow) -> Result<QuarantinedSnapshot, StoreError> {
    let fields = Fields::of("quarantine", row);
    let place = QuarantinePlace {
        tenant: fields.tenant()?,
        document: fields.document()?,
        position: fields.position("position")?,
    };
    Ok(QuarantinedSnapshot {
        place,
        quarantined_at: fields.time("quarantined_at")?,
        reason: fields.words("reason")?.unwrap_or_default(),
        bytes: fields.number("bytes")?,
    })
}

/// A key to begin behind; the empty text is before all of them.
fn begin(after: Option<impl ToString>) -> Value {
    Value::Text(Some(after.map(|key| key.to_string()).unwrap_or_default()))
}

#[async_trait]
impl<B: Backend> Overview for SqlStore<B> {
    async fn tenants(&self, after: Option<&TenantId>, count_max: u32) -> Result<Vec<TenantId>, StoreError> {
        let rows = fetch::<B>(&mut *self.reader().await?, TENANTS, [begin(after), count_max.into()]).await?;
        rows.iter().map(|row| Fields::of("streams", row).tenant()).collect()
    }

    async fn accounts(
        &self,
        tenant: &TenantId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Result<Vec<AccountOverview>, StoreError> {
        let values = [tenant.into(), begin(after), count_max.into(), Value::Flag(false)];
        let rows = fetch::<B>(&mut *self.reader().await?, ACCOUNTS, values).await?;
        rows.iter().map(|row| account(tenant.clone(), &Fields::of("accounts", row))).collect()
    }

    async fn account(&self, tenant: &TenantId, id: &AccountId) -> Result<Option<AccountOverview>, StoreError> {
        let values = [tenant.into(), id.into(), Value::Flag(false)];
        let rows = fetch::<B>(&mut *self.reader().await?, ACCOUNT, values).await?;
        rows.first().map(|row| account(tenant.clone(), &Fields::of("accounts", row))).transpose()
    }

    async fn suspensions(
        &self,
        after: Option<(&TenantId, &AccountId)>,
        count_max: u32,
    ) -> Result<Vec<AccountOverview>, StoreError> {
        let (tenant, id) = after.unzip();
        let values = [begin(tenant), begin(id), count_max.into()];
        let rows = fetch::<B>(&mut *self.reader().await?, SUSPENSIONS, values).await?;
        let read = |row: &B::Row| {
            let fields = Fields::of("accounts", row);
            account(fields.tenant()?, &fields)
        };
        rows.iter().map(read).collect()
    }

    async fn conversations(
        &self,
        tenant: &TenantId,
        after: Option<ConversationId>,
        count_max: u32,
    ) -> Result<Vec<ConversationOverview>, StoreError> {
        let values = [tenant.into(), begin(after), count_max.into()];
        fetch::<B>(&mut *self.reader().await?, CONVERSATIONS, values).await?.iter().map(conversation).collect()
    }

    async fn conversation(
        &self,
        tenant: &TenantId,
        id: ConversationId,
    ) -> Result<Option<ConversationOverview>, StoreError> {
        let rows = fetch::<B>(&mut *self.reader().await?, CONVERSATION, [tenant.into(), id.into()]).await?;
        rows.first().map(conversation).transpose()
    }

    async fn quarantine(
        &self,
        after: Option<&QuarantinePlace>,
        count_max: u32,
    ) -> Result<Vec<QuarantinedSnapshot>, StoreError> {
        let position = after.map(|place| place.position).unwrap_or_default();
        let [tenant, document] = [begin(after.map(|place| &place.tenant)), begin(after.map(|place| &place.document))];
        let values = [tenant, document, position.into(), count_max.into()];
        fetch::<B>(&mut *self.reader().await?, QUARANTINE, values).await?.iter().map(quarantined).collect()
    }

    async fn webhooks(
        &self,
        after: Option<(&TenantId, &str)>,
        count_max: u32,
    ) -> Result<Vec<(TenantId, Endpoint)>, StoreError> {
        webhook::some::<B>(&mut *self.reader().await?, after, count_max).await
    }

    async fn count_deliveries(
        &self,
        (tenant, endpoint): (&TenantId, &str),
        count_max: u32,
    ) -> Result<DeliveryCounts, StoreError> {
        let mut reader = self.reader().await?;
        let mut counts = [0; 2];
        for (count, state) in counts.iter_mut().zip([DeliveryState::Pending, DeliveryState::Dead]) {
            let values = [tenant.into(), Value::words(Some(endpoint)), state.as_str().into(), count_max.into()];
            for row in &fetch::<B>(&mut reader, COUNT, values).await? {
                *count = Fields::of("webhook_deliveries", row).number("count")?;
            }
        }
        let [pending, dead] = counts;
        Ok(DeliveryCounts { pending, dead })
    }
}
