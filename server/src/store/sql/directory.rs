//! Devices, members, profiles and suspensions.

use sqlx::AssertSqlSafe;
use tidings_core::{
    ids::{AccountId, ConversationId, DeviceId, StreamId, TenantId},
    model::{ConversationState, Profile},
    wire::{self, ProfileNotice},
};

use super::{
    Backend, Insert, ReadRow, Value, account_erasure,
    backend::{fetch, insert},
    commit::next_tick,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{DeviceOwner, MemberRow, StoreError, Suspension};

const DEVICE: &str = "SELECT account FROM devices WHERE tenant = $1 AND device = $2";

/// Implements `Store::device_owner`.
pub(super) async fn device_owner<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
    device: DeviceId,
) -> Result<Option<DeviceOwner>, StoreError> {
    let rows = fetch::<B>(connection, DEVICE, [tenant.into(), device.as_bytes().to_vec().into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let fields = Fields::of("devices", row);
    let same = fields.account()? == *account;
    Ok(Some(if same { DeviceOwner::Same } else { DeviceOwner::Other }))
}

/// Implements `Records::device_owners`.
pub(super) async fn device_owners<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    devices: &[DeviceId],
) -> Result<Vec<(DeviceId, AccountId)>, StoreError> {
    let sql = format!(
        "SELECT device, account FROM devices
         WHERE tenant = $1 AND device IN (SELECT {} FROM json_each($2)) ORDER BY device",
        B::KEY_BYTES
    );
    let hexadecimal =
        devices.iter().map(|device| device.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let values = [tenant.into(), Value::keys(hexadecimal)];
    let rows = fetch::<B>(connection, AssertSqlSafe(sql), values).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("devices", row);
            let device = fields.decode("device", |bytes| <[u8; 16]>::try_from(bytes))?;
            Ok((DeviceId::from_bytes(device), fields.account()?))
        })
        .collect()
}

const REGISTER_DEVICE: Insert = Insert {
    table: "devices",
    joined: None,
    columns: &["device", "tenant", "account"],
    conflict: "ON CONFLICT (tenant, device) DO NOTHING RETURNING tenant",
};

/// Implements `Store::register_device`.
pub(super) async fn register_device<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
    device: DeviceId,
) -> Result<DeviceOwner, StoreError> {
    let row = vec![device.as_bytes().to_vec().into(), tenant.into(), account.into()];
    if !insert::<B>(connection, &REGISTER_DEVICE, vec![row]).await?.is_empty() {
        return Ok(DeviceOwner::Same);
    }
    // Another node was quicker and has committed: the insert waited for it.
    Ok(device_owner::<B>(connection, tenant, account, device).await?.unwrap_or(DeviceOwner::Other))
}

const SUSPEND: Insert = Insert {
    table: "accounts",
    joined: None,
    columns: &["tenant", "account", "suspended", "tick"],
    conflict: "ON CONFLICT (tenant, account) DO UPDATE SET suspended = excluded.suspended",
};

/// Implements `Store::set_suspension`, without sending the notice.
pub(super) async fn set_suspension<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
    suspension: Suspension,
) -> Result<(), StoreError> {
    let tick = next_tick::<B>(connection).await?;
    // Whoever was erased does not come in any more.
    if suspension == Suspension::Lifted && account_erasure::find::<B>(connection, tenant, account).await?.is_some() {
        return Ok(());
    }
    let suspended = Value::Flag(suspension == Suspension::Suspended);
    insert::<B>(connection, &SUSPEND, vec![vec![tenant.into(), account.into(), suspended, tick.into()]]).await?;
    Ok(())
}

const SUSPENDED: &str = "SELECT account FROM accounts
    WHERE tenant = $1 AND account IN (SELECT key FROM json_each($2)) AND suspended ORDER BY account";

/// Implements `Store::suspended`.
pub(super) async fn suspended<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, StoreError> {
    let rows = fetch::<B>(connection, SUSPENDED, [tenant.into(), Value::keys(accounts)]).await?;
    rows.iter().map(|row| Fields::of("accounts", row).account()).collect()
}

const MEMBER: &str = "SELECT role, status FROM members WHERE tenant = $1 AND conversation = $2 AND account = $3";

/// Implements `Store::member`.
pub(super) async fn member<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
    account: &AccountId,
) -> Result<Option<MemberRow>, StoreError> {
    let rows = fetch::<B>(connection, MEMBER, [tenant.into(), conversation.into(), account.into()]).await?;
    let member = rows.first().map(|row| Fields::of("members", row).member()).transpose();
    member.inspect_err(|error| rot.meet(tenant, &StreamId::Conversation(conversation), error))
}

const STATE: &str = "SELECT state FROM conversations WHERE tenant = $1 AND conversation = $2";

/// Implements `Store::conversation_state`.
pub(super) async fn state<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Option<ConversationState>, StoreError> {
    let rows = fetch::<B>(connection, STATE, [tenant.into(), conversation.into()]).await?;
    let state = |row| Fields::of("conversations", row).named("state", ConversationState::read);
    let state = rows.first().map(state).transpose();
    state.inspect_err(|error| rot.meet(tenant, &StreamId::Conversation(conversation), error))
}

const ACTIVE_MEMBERS: &str = "SELECT account FROM members
    WHERE tenant = $1 AND conversation = $2 AND status = 'active' AND subscribed_at = 0 ORDER BY account";

/// Implements `Store::active_members`.
pub(super) async fn active_members<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Vec<AccountId>, StoreError> {
    let rows = fetch::<B>(connection, ACTIVE_MEMBERS, [tenant.into(), conversation.into()]).await?;
    rot.readable(tenant, Whose::Of(conversation), &rows, |row| Fields::of("members", row).account())
}

const CO_MEMBERS: &str = "SELECT other.account AS account FROM members AS own
    JOIN members AS other ON other.tenant = own.tenant AND other.conversation = own.conversation
    WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active' AND own.subscribed_at = 0
        AND other.status = 'active' AND other.subscribed_at = 0
    UNION SELECT $2 AS account ORDER BY account";

/// Implements `Store::co_members`.
pub(super) async fn co_members<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<Vec<AccountId>, StoreError> {
    let rows = fetch::<B>(connection, CO_MEMBERS, [tenant.into(), account.into()]).await?;
    rot.readable(tenant, Whose::EachRows, &rows, |row| Fields::of("members", row).account())
}

const PROFILES: &str = "SELECT account, profile, created_at, updated_at FROM accounts
    WHERE tenant = $1 AND account IN (SELECT key FROM json_each($2)) AND profile IS NOT NULL ORDER BY account";

/// Implements `Store::profiles`.
pub(super) async fn profiles<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    accounts: &[AccountId],
) -> Result<Vec<ProfileNotice>, StoreError> {
    let rows = fetch::<B>(connection, PROFILES, [tenant.into(), Value::keys(accounts)]).await?;
    profile_notices(rot, tenant, &rows)
}

/// The profiles in rows of `account`, `profile`, `created_at` and `updated_at`.
pub(super) fn profile_notices<R: ReadRow>(
    rot: &Rot,
    tenant: &TenantId,
    rows: &[R],
) -> Result<Vec<ProfileNotice>, StoreError> {
    rot.readable(tenant, Whose::EachRows, rows, |row| {
        let fields = Fields::of("accounts", row);
        let written: Profile = fields.decode("profile", |bytes| wire::decode(bytes))?;
        let (created_at, updated_at) = (Some(fields.time("created_at")?), Some(fields.time("updated_at")?));
        Ok(ProfileNotice { account: fields.account()?, profile: Profile { created_at, updated_at, ..written } })
    })
}

/// Implements `Store::knows_account`.
pub(super) async fn knows_account<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<bool, StoreError> {
    const KNOWN: [&str; 3] = [
        "SELECT 1 FROM members WHERE tenant = $1 AND account = $2 LIMIT 1",
        "SELECT 1 FROM accounts WHERE tenant = $1 AND account = $2 AND profile IS NOT NULL",
        // Has no index, so it comes last; only operators use it.
        "SELECT 1 FROM devices WHERE tenant = $1 AND account = $2 LIMIT 1",
    ];
    for query in KNOWN {
        if !fetch::<B>(connection, query, [tenant.into(), account.into()]).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
