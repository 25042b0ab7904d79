//! A conversation about a resource, its leads and its messages as documents of the collections that other systems
//! keep of them: the same fields under the same names, all of them always there.

use std::collections::BTreeMap;

use serde::Serialize;
use tidings_core::{
    api::TimelineRow,
    ids::{AccountId, ConversationId, MessageId},
    journal::Position,
    model::{
        Content, Conversation, ConversationState, Lead, LeadStage, Party, Receipt, Resource,
        content::{MeetingKind, Proposal, ProposalKind, ProposalResponse, ProposalStatus, ResponseKind, Slot},
    },
    time::WallTime,
    wire::ConversationSummary,
};
use utoipa::ToSchema;

use super::time::Rfc3339;

/// A conversation about a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceConversation {
    /// The id of the conversation.
    id: ConversationId,
    /// The id of the resource in the operator's system.
    resource_id: String,
    /// What the resource is called now; none if nobody said.
    resource_title: Option<String>,
    /// The account that asks.
    client_user_id: AccountId,
    /// What the client is called now.
    client_name: String,
    /// The account whose resource it is.
    owner_user_id: AccountId,
    /// What the owner is called now.
    owner_name: String,
    /// The first 100 characters of the newest message; empty if there is none, or it was taken back.
    last_message: String,
    /// When the newest message was written.
    #[schema(value_type = Option<String>)]
    last_message_at: Option<Rfc3339>,
    /// Unread messages of the client, to 9,999.
    client_unread: u32,
    /// Unread messages of the owner, to 9,999.
    owner_unread: u32,
    /// `active`, `archived` or `closed`.
    status: ConversationState,
    /// True: nobody reads one that was deleted.
    enabled: bool,
    /// Its leads, the newest last.
    leads: Vec<LeadDocument>,
}

/// A lead of a conversation about a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeadDocument {
    /// Its id: that of the conversation, a dot, and its number there.
    id: String,
    /// Its stage.
    status: LeadStage,
    /// Whether it is archived, with its conversation.
    is_archived: bool,
    /// Who opened it.
    opened_by: AccountId,
    /// When.
    #[schema(value_type = String)]
    opened_at: Rfc3339,
    /// JSON of an object with `intent`, `contactChannel` and `closureReason`, as far as they were given.
    meta_json: String,
}

/// A message of a conversation about a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceMessage {
    /// Its id.
    id: MessageId,
    /// The conversation.
    conversation_id: ConversationId,
    /// Its author.
    sender_user_id: AccountId,
    /// What the author is called now.
    sender_name: String,
    /// On which side the author wrote it.
    sender_role: Party,
    /// What it says in words; empty if it was taken back.
    body: String,
    /// The kind of its content: `text`, `proposal`, `proposal_response` …; `text` if it was taken back.
    kind: String,
    /// JSON of what it says beside words; none of a text.
    payload_json: Option<String>,
    /// The lead that it was written for.
    related_lead_id: Option<String>,
    /// True: who wrote it has read it.
    read_by_sender: bool,
    /// Whether anybody else has read it.
    read_by_recipient: bool,
    /// Whether it is there: false if it was taken back.
    enabled: bool,
    /// When it was written.
    #[schema(value_type = String)]
    created_at: Rfc3339,
}

impl ResourceConversation {
    /// The document of a conversation, given its resource with the present names, what whoever asks sees of it,
    /// and how much of it the client and the owner have not read.
    pub(super) fn of(
        id: ConversationId,
        conversation: &Conversation,
        resource: Resource,
        seen: Option<&ConversationSummary>,
        [client_unread, owner_unread]: [u32; 2],
    ) -> Self {
        let last = seen.and_then(|summary| summary.last_message.as_ref());
        let words = last.and_then(|last| last.preview.as_ref()).and_then(Content::text);
        let name = |name: Option<String>, account: &AccountId| name.unwrap_or_else(|| account.to_string());
        Self {
            id,
            resource_id: resource.id,
            resource_title: resource.title,
            client_name: name(resource.client_name, &resource.client),
            client_user_id: resource.client,
            owner_name: name(resource.owner_name, &resource.owner),
            owner_user_id: resource.owner,
            last_message: words.unwrap_or_default().to_owned(),
            last_message_at: last.map(|last| Rfc3339(last.message.created_at())),
            client_unread,
            owner_unread,
            status: conversation.state(),
            enabled: true,
            leads: conversation.leads.values().map(|lead| LeadDocument::of(id, lead)).collect(),
        }
    }
}

impl LeadDocument {
    fn of(conversation: ConversationId, lead: &Lead) -> Self {
        let Lead { intent, contact_channel, closure_reason, .. } = lead;
        Self {
            id: lead_id(conversation, lead),
            status: lead.stage.clone(),
            is_archived: lead.is_archived,
            opened_by: lead.opened_by.clone(),
            opened_at: Rfc3339(lead.opened_at),
            meta_json: json(&LeadMeta { intent, contact_channel, closure_reason }),
        }
    }
}

impl ResourceMessage {
    /// The document of a message of a conversation about a resource, given how far everybody has read.
    pub(super) fn of(
        id: ConversationId,
        conversation: &Conversation,
        receipts: &BTreeMap<AccountId, Receipt>,
        row: TimelineRow,
    ) -> Self {
        let position = row.position.unwrap_or(Position::ZERO);
        let has_read = |(account, receipt): (&AccountId, &Receipt)| *account != row.author && receipt.read >= position;
        let status = row.proposal.as_ref().map(|proposal| proposal.status);
        let at = row.accepted_at.unwrap_or(row.created_at);
        let content = row.content.as_ref();
        Self {
            conversation_id: id,
            sender_role: party(conversation, &row.author, content),
            body: content.and_then(Content::text).unwrap_or_default().to_owned(),
            kind: content.map_or("text", Content::kind).to_owned(),
            payload_json: content.and_then(|content| payload(content, status)),
            related_lead_id: lead_at(conversation, at).map(|lead| lead_id(id, lead)),
            read_by_sender: true,
            read_by_recipient: receipts.iter().any(has_read),
            enabled: content.is_some(),
            created_at: Rfc3339(row.created_at),
            sender_user_id: row.author,
            sender_name: row.author_name,
            id: row.id,
        }
    }
}

/// What such systems keep of a lead beside its columns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeadMeta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_channel: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closure_reason: &'a Option<String>,
}

/// The payload of a proposal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProposalPayload<'a> {
    proposal_type: ProposalKind,
    time_start: Rfc3339,
    time_end: Rfc3339,
    timezone: &'a str,
    meeting_type: Option<MeetingKind>,
    location: Option<&'a str>,
    from_resource_address: bool,
    status: Option<ProposalStatus>,
    expires_at: Option<Rfc3339>,
    created_by_role: Option<Party>,
}

/// The payload of a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponsePayload<'a> {
    proposal: &'a MessageId,
    response: ResponseKind,
    comment: Option<&'a str>,
    suggested_slots: Vec<SlotPayload<'a>>,
}

/// A time that would suit the client.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SlotPayload<'a> {
    start_date_time: Rfc3339,
    end_date_time: Rfc3339,
    timezone: &'a str,
}

impl<'a> SlotPayload<'a> {
    fn of(slot: &'a Slot) -> Self {
        let Slot { start_date_time, end_date_time, timezone } = slot;
        Self { start_date_time: Rfc3339(*start_date_time), end_date_time: Rfc3339(*end_date_time), timezone }
    }
}

fn payload(content: &Content, status: Option<ProposalStatus>) -> Option<String> {
    match content {
        Content::Proposal(proposal) => {
            let Proposal { proposal_type, time_start, time_end, timezone, meeting_type, .. } = &**proposal;
            Some(json(&ProposalPayload {
                proposal_type: *proposal_type,
                time_start: Rfc3339(*time_start),
                time_end: Rfc3339(*time_end),
                timezone,
                meeting_type: *meeting_type,
                location: proposal.location.as_deref(),
                from_resource_address: proposal.from_resource_address,
                status,
                expires_at: proposal.expires_at.map(Rfc3339),
                created_by_role: proposal.created_by_role,
            }))
        }
        Content::ProposalResponse(response) => {
            let ProposalResponse { comment, proposal, response, suggested_slots, .. } = &**response;
            Some(json(&ResponsePayload {
                proposal,
                response: *response,
                comment: comment.as_deref(),
                suggested_slots: suggested_slots.iter().map(SlotPayload::of).collect(),
            }))
        }
        Content::Custom(custom) => Some(custom.payload.clone()),
        Content::Text(_) | Content::Location(_) | Content::Unknown(_) => None,
    }
}

/// The side of an author: as stated with a proposal, or as the conversation has it, also of somebody who has left.
fn party(conversation: &Conversation, author: &AccountId, content: Option<&Content>) -> Party {
    if let Some(Content::Proposal(proposal)) = content
        && let Some(party) = proposal.created_by_role
    {
        return party;
    }
    match conversation.resource() {
        Some(resource) if resource.client == *author => Party::Client,
        Some(resource) if resource.owner == *author => Party::Owner,
        _ if conversation.members.contains_key(author) => Party::Staff,
        _ => Party::Root,
    }
}

/// The lead that was the newest at a time; the first one if that has begun by a clock that was ahead.
fn lead_at(conversation: &Conversation, at: WallTime) -> Option<&Lead> {
    let leads = &conversation.leads;
    leads.values().rev().find(|lead| lead.opened_at <= at).or_else(|| leads.values().next())
}

fn lead_id(conversation: ConversationId, lead: &Lead) -> String {
    format!("{conversation}.{}", lead.number)
}

fn json(value: &impl Serialize) -> String {
    // Of such plain values there is always JSON.
    serde_json::to_string(value).unwrap_or_default()
}
