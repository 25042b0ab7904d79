//! Members of a conversation: listed, added, removed, given a role, banned; and what somebody may do there.

use std::{collections::BTreeSet, sync::Arc};

use axum::Json;
use serde::{Deserialize, Serialize};
use tidings_core::{
    api::{GrantRow, MemberRow},
    command::{AddMember, BanMember, ChangeRole, LeaveConversation, RemoveMember, UnbanMember},
    ids::{AccountId, ConversationId},
    model::{
        ConversationKind, Member, MemberField, MemberStatus, Permissions, Power, PresenceKind, Role, member_status,
    },
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::Readable,
    caller::{Bearer, Caller},
    command::Request,
    input::{Choice, Count, Ids, Input, Nothing},
    messages::Stands,
    page::Names,
    problem::Answer,
};
use crate::node::Node;

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(change, remove))
        .routes(routes!(ban, unban))
        .routes(routes!(permissions))
}

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Where they stand so; the active ones if left out.
    #[param(value_type = Option<String>)]
    status: Option<MemberStatus>,
    /// Those behind this account.
    #[param(value_type = Option<String>)]
    after: Option<AccountId>,
    /// Those before this account, the last of them.
    #[param(value_type = Option<String>)]
    before: Option<AccountId>,
    /// How many, 1 to 100; 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Count,
}

/// Members that follow one another.
#[derive(Debug, Serialize, ToSchema)]
struct MemberPage {
    /// By account.
    members: Vec<MemberRow>,
    /// What to ask `after` for the rest; none if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<AccountId>,
    /// What to ask `before` for those in front; none if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<AccountId>,
}

/// Somebody to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMember {
    /// The account.
    account: AccountId,
    /// As what; a member if left out.
    role: Option<Role>,
}

/// What somebody is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    /// The role.
    role: Role,
}

/// What somebody may do in a conversation at this moment.
#[derive(Debug, Serialize, ToSchema)]
struct Permitted {
    /// The conversation.
    conversation: ConversationId,
    /// The account.
    account: AccountId,
    /// Whether it is an active member or subscriber.
    active: bool,
    /// Its role; none if it never had a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    /// Where it stands; none if it never had a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<MemberStatus>,
    /// What it may do: by role, grants and denials, with the policies, the state and the lock applied.
    permissions: Permissions,
}

/// The members of a conversation, by account.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/members", tag = "members",
    params(("conversation" = String, Path,), Which),
    responses((status = 200, body = MemberPage)))]
async fn list(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Choice(which): Choice<Which>,
) -> Answer<Json<MemberPage>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let readable = caller.readable(conversation).await?;
    let status = which.status.unwrap_or(MemberStatus::Active);
    let of_status = readable.conversation().members.iter().filter(|(_, member)| member.status() == status);
    let all: Vec<(&AccountId, &Member)> = of_status.collect();
    let count_max: usize = which.limit.into();
    let (from, to) = match (&which.after, &which.before) {
        (Some(after), _) => {
            let from = all.partition_point(|(account, _)| *account <= after);
            (from, all.len().min(from + count_max))
        }
        (None, Some(before)) => {
            let to = all.partition_point(|(account, _)| *account < before);
            (to.saturating_sub(count_max), to)
        }
        (None, None) => (0, all.len().min(count_max)),
    };
    let page = &all[from..to];
    let people: BTreeSet<&AccountId> = page.iter().map(|(account, _)| *account).collect();
    let names = caller.names(readable.conversation(), people).await?;
    let power = caller.power(&readable);
    let members = page.iter().map(|one| row(&caller, &readable, &names, power, *one)).collect();
    let next = page.last().filter(|_| to < all.len()).map(|(account, _)| (*account).clone());
    let previous = page.first().filter(|_| from > 0).map(|(account, _)| (*account).clone());
    Ok(Json(MemberPage { members, next, previous }))
}

impl Caller {
    /// What whoever asks acts with in a conversation.
    pub(super) fn power(&self, readable: &Readable) -> Power {
        if self.identity.administrator {
            return Power::administrator();
        }
        let conversation = readable.conversation();
        let member = conversation.active_member(&self.identity.account);
        member.map_or_else(Power::default, |member| conversation.power_at(member, self.node.clock.wall_now()))
    }
}

fn row(
    caller: &Caller,
    readable: &Readable,
    names: &Names,
    power: Power,
    (account, member): (&AccountId, &Member),
) -> MemberRow {
    let (conversation, now) = (readable.conversation(), caller.node.clock.wall_now());
    let membership = member.membership.as_ref();
    let grants = member.grants.iter().filter(|(_, grant)| grant.holds_at(now));
    MemberRow {
        account: account.clone(),
        name: names.of(account),
        color: member.text(MemberField::Color).map(str::to_owned),
        role: member.role.clone(),
        status: member.status(),
        status_at: membership.map(|membership| membership.at),
        status_by: membership.map(|membership| membership.by.clone()),
        joined_at: membership.and_then(|membership| membership.joined_at),
        invited_by: membership.and_then(|membership| membership.invited_by.clone()),
        grants: grants.map(|(permission, grant)| GrantRow { permission: *permission, grant: grant.clone() }).collect(),
        // Who is there is told to those who are there.
        presence: PresenceKind::Offline,
        below: *account != caller.identity.account
            && conversation.rank_of(&member.role) < power.rank
            && conversation.kind() != Some(ConversationKind::Direct),
    }
}

/// Adds somebody, or brings them back.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/members", tag = "members",
    params(("conversation" = String, Path,)),
    request_body = NewMember,
    responses((status = 200, body = Stands)))]
async fn add(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<NewMember>,
) -> Answer<Json<Stands>> {
    let NewMember { account, role } = body;
    let command = AddMember { conversation, account, role: role.unwrap_or(Role::Member) };
    Ok(Json(caller.write(Request::new(command, key)).await?.place.into()))
}

/// Gives somebody another role.
#[utoipa::path(patch, path = "/v1/conversations/{conversation}/members/{account}", tag = "members",
    params(("conversation" = String, Path,), ("account" = String, Path,)),
    request_body = NewRole,
    responses((status = 200, body = Stands)))]
async fn change(
    caller: Caller,
    Ids((conversation, account)): Ids<(ConversationId, AccountId)>,
    Input { body, key }: Input<NewRole>,
) -> Answer<Json<Stands>> {
    let command = ChangeRole { conversation, account, role: body.role };
    Ok(Json(caller.write(Request::new(command, key)).await?.place.into()))
}

/// Removes somebody; or leaves, if that is whoever asks.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/members/{account}", tag = "members",
    params(("conversation" = String, Path,), ("account" = String, Path,)),
    responses((status = 200, body = Stands)))]
async fn remove(
    caller: Caller,
    Ids((conversation, account)): Ids<(ConversationId, AccountId)>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    let request = match account == caller.identity.account {
        true => Request::new(LeaveConversation { conversation }, key),
        false => Request::new(RemoveMember { conversation, account }, key),
    };
    Ok(Json(caller.write(request).await?.place.into()))
}

/// Bans somebody.
#[utoipa::path(put, path = "/v1/conversations/{conversation}/members/{account}/ban", tag = "members",
    params(("conversation" = String, Path,), ("account" = String, Path,)),
    responses((status = 200, body = Stands)))]
async fn ban(
    caller: Caller,
    Ids((conversation, account)): Ids<(ConversationId, AccountId)>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    Ok(Json(caller.write(Request::new(BanMember { conversation, account }, key)).await?.place.into()))
}

/// Lifts a ban.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/members/{account}/ban", tag = "members",
    params(("conversation" = String, Path,), ("account" = String, Path,)),
    responses((status = 200, body = Stands)))]
async fn unban(
    caller: Caller,
    Ids((conversation, account)): Ids<(ConversationId, AccountId)>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    Ok(Json(caller.write(Request::new(UnbanMember { conversation, account }, key)).await?.place.into()))
}

/// Whether somebody is an active member of a conversation, and what they may do there at this moment.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/members/{account}/permissions", tag = "members",
    params(("conversation" = String, Path,), ("account" = String, Path,)),
    responses((status = 200, body = Permitted)))]
async fn permissions(
    caller: Bearer,
    Ids((conversation, account)): Ids<(ConversationId, AccountId)>,
) -> Answer<Json<Permitted>> {
    caller.take(&caller.node.shares.checks, 1)?;
    // That asks whether the caller is suspended, too.
    let readable = caller.readable_of(conversation, &account).await?;
    let state = readable.conversation();
    let row = readable.subject.as_ref();
    let is_active = row.is_some_and(|row| row.status == MemberStatus::Active);
    let now = caller.node.clock.wall_now();
    Ok(Json(Permitted {
        conversation,
        active: is_active,
        role: row.map(|row| row.role.clone()),
        status: row.map(|row| member_status(&row.role, row.status)),
        permissions: if is_active { state.allowed_at(&account, now) } else { Permissions::default() },
        account,
    }))
}
