//! Coming in: what everybody of the tenant may find, asking to be let in, taking an invitation, and the invite links
//! of a conversation.

use std::sync::Arc;

use axum::{Json, http::StatusCode};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use tidings_core::{
    api::InviteRow,
    code::Code,
    command::{InviteMember, InviteTerms, RequestMembership, SetInvite},
    ids::{AccountId, ConversationId, InviteCode, InviteId},
    model::{ConversationKind, DirectoryQuery, DirectoryRow, MembershipAction, Permission, Role, WordKey, search},
    time::WallTime,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::Readable,
    caller::Caller,
    command::Request,
    input::{Choice, Count, Ids, Input, Nothing, RequestKey, place},
    messages::Stands,
    problem::{Answer, Problem},
};
use crate::{node::Node, store::ListPage};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new()
        .routes(routes!(directory))
        .routes(routes!(join))
        .routes(routes!(accept, decline))
        .routes(routes!(invite))
        .routes(routes!(invites, make_invite))
        .routes(routes!(take_invite_away))
}

/// Which public conversations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Words that begin like those of a title or name, or `@` and how a name begins.
    q: String,
    /// Of this kind only.
    #[param(value_type = Option<String>)]
    kind: Option<ConversationKind>,
    /// Those behind this cursor.
    after: Option<String>,
    /// Those before this cursor, the last of them.
    before: Option<String>,
    /// How many, 1 to 100; 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Count,
}

/// Public conversations that follow one another.
#[derive(Debug, Serialize, ToSchema)]
struct DirectoryPage {
    /// Them; a page may have fewer than there are, or none, and another one behind it.
    conversations: Vec<DirectoryRow>,
    /// What to ask `after` for the rest; none if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What to ask `before` for those in front; none if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
}

/// By which invite one asks to come in.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Joining {
    /// The code of an invite link.
    #[schema(value_type = Option<String>)]
    code: Option<InviteCode>,
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Invited {
    /// The account.
    account: AccountId,
    /// As what; a member if left out.
    role: Option<Role>,
}

/// An invite link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewInvite {
    /// What who comes in by it becomes; a member if left out, and at most.
    role: Option<Role>,
    /// From when on it lets nobody in; never if left out.
    until: Option<WallTime>,
    /// How many it lets in; any number if left out.
    uses_max: Option<u32>,
}

/// An invite link that was made.
#[derive(Debug, Serialize, ToSchema)]
struct MadeInvite {
    /// Its id.
    #[schema(value_type = String)]
    id: InviteId,
    /// Its code, which is told once and kept nowhere: left out where the request was made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<InviteCode>,
}

/// The invite links of a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct Invites {
    /// Newest first.
    invites: Vec<InviteRow>,
}

/// Public conversations, by the words that they are found under.
#[utoipa::path(get, path = "/v1/directory", tag = "joining", params(Which),
    responses((status = 200, body = DirectoryPage)))]
async fn directory(caller: Caller, Choice(which): Choice<Which>) -> Answer<Json<DirectoryPage>> {
    caller.take(&caller.node.shares.searches, 1)?;
    let (from, toward) = place(which.after.as_deref(), which.before.as_deref(), cursor)?;
    let query = DirectoryQuery {
        words: which.q,
        kinds: which.kind.into_iter().collect(),
        after: from,
        count_max: which.limit.into(),
    };
    let prefixes = search(&query.words).map_err(|code| Problem::new(code, "that cannot be looked for"))?;
    let (tenant, account) = (&caller.identity.tenant, &caller.identity.account);
    let found = caller.node.store.directory(tenant, account, &prefixes, &query, toward).await;
    let ListPage { rows: conversations, previous, next } = found.map_err(|error| caller.failed(&error))?;
    let cursor = |WordKey { word, conversation }| BASE64URL_NOPAD.encode(format!("{conversation}{word}").as_bytes());
    let (next, previous) = (next.map(cursor), previous.map(cursor));
    Ok(Json(DirectoryPage { conversations, next, previous }))
}

/// Characters of an id of a conversation.
const ID_CHARACTERS: usize = 26;

fn cursor(text: &str) -> Option<WordKey> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let (conversation, word) = text.split_at_checked(ID_CHARACTERS)?;
    Some(WordKey { word: word.to_owned(), conversation: ConversationId::parse(conversation).ok()? })
}

async fn ask(
    caller: &Caller,
    conversation: ConversationId,
    action: MembershipAction,
    key: Option<&RequestKey>,
) -> Answer<Json<Stands>> {
    Ok(Json(caller.request_membership(RequestMembership { conversation, action }, key).await?.into()))
}

/// Asks to come in, by an invite if its code is given.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/join", tag = "joining",
    params(("conversation" = String, Path,)),
    request_body = Joining,
    responses((status = 200, body = Stands)))]
async fn join(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<Joining>,
) -> Answer<Json<Stands>> {
    ask(&caller, conversation, MembershipAction::Join(body.code), key.as_ref()).await
}

/// Takes an invitation.
#[utoipa::path(put, path = "/v1/conversations/{conversation}/invitation", tag = "joining",
    params(("conversation" = String, Path,)),
    responses((status = 200, body = Stands)))]
async fn accept(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    ask(&caller, conversation, MembershipAction::Accept, key.as_ref()).await
}

/// Declines an invitation, or takes back the request to join.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/invitation", tag = "joining",
    params(("conversation" = String, Path,)),
    responses((status = 200, body = Stands)))]
async fn decline(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    ask(&caller, conversation, MembershipAction::Decline, key.as_ref()).await
}

/// Invites somebody, who then takes the invitation or declines it.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/invitations", tag = "joining",
    params(("conversation" = String, Path,)),
    request_body = Invited,
    responses((status = 200, body = Stands)))]
async fn invite(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<Invited>,
) -> Answer<Json<Stands>> {
    let command = InviteMember { conversation, account: body.account, role: body.role.unwrap_or(Role::Member) };
    Ok(Json(caller.write(Request::new(command, key)).await?.place.into()))
}

/// A conversation whose invite links whoever asks may see.
async fn may_invite(caller: &Caller, conversation: ConversationId) -> Answer<Readable> {
    let readable = caller.readable(conversation).await?;
    match caller.power(&readable).permissions.holds(Permission::InviteCreate) {
        true => Ok(readable),
        false => Err(Problem::new(Code::PermissionDenied, format!("takes {}", Permission::InviteCreate))),
    }
}

/// The invite links of a conversation, for whoever may make some.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/invites", tag = "joining",
    params(("conversation" = String, Path,)),
    responses((status = 200, body = Invites)))]
async fn invites(caller: Caller, Ids(conversation): Ids<ConversationId>) -> Answer<Json<Invites>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let readable = may_invite(&caller, conversation).await?;
    let state = readable.conversation();
    let uses = |id: &InviteId| state.invite_uses.get(id).copied().unwrap_or_default();
    let rows = state.invites.iter().map(|(id, invite)| InviteRow { id: *id, invite: invite.clone(), uses: uses(id) });
    let mut invites: Vec<InviteRow> = rows.collect();
    invites.sort_by_key(|row| std::cmp::Reverse(row.invite.at));
    Ok(Json(Invites { invites }))
}

/// Makes an invite link. Its code is told in the answer and kept nowhere: made again under its key, a request is answered
/// with the id only.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/invites", tag = "joining",
    params(("conversation" = String, Path,)),
    request_body = NewInvite,
    responses((status = 201, body = MadeInvite)))]
async fn make_invite(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<NewInvite>,
) -> Answer<(StatusCode, Json<MadeInvite>)> {
    let NewInvite { role, until, uses_max } = body;
    let code = InviteCode::from_bytes(rand::random());
    let terms = InviteTerms { role: role.unwrap_or(Role::Member), until, uses_max, enabled: true };
    let id = code.invite();
    let command = SetInvite { conversation, invite: id, terms: Some(terms) };
    let written = caller.write(Request { made: id.to_string(), ..Request::new(command, key) }).await?;
    // Made before, it is the link of that time, whose code nobody has kept.
    let made = match InviteId::parse(&written.made) {
        Ok(before) if before != id => MadeInvite { id: before, code: None },
        _ => MadeInvite { id, code: Some(code) },
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Takes an invite link away.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/invites/{invite}", tag = "joining",
    params(("conversation" = String, Path,), ("invite" = String, Path,)),
    responses((status = 200, body = Stands)))]
async fn take_invite_away(
    caller: Caller,
    Ids((conversation, invite)): Ids<(ConversationId, InviteId)>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    if let Some(written) = caller.made_before(key.as_ref()).await? {
        return Ok(Json(written.place.into()));
    }
    if !may_invite(&caller, conversation).await?.conversation().invites.contains_key(&invite) {
        return Err(Problem::new(Code::InviteUnknown, "the conversation has no such invite link"));
    }
    let command = SetInvite { conversation, invite, terms: None };
    Ok(Json(caller.write(Request::new(command, key)).await?.place.into()))
}
