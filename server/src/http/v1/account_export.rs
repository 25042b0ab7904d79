//! What an account wrote and what is kept about it, as JSON Lines, for itself and for administrators of its tenant. One
//! page of messages is in memory at a time, and pages without a word of the account are not read. The last line is
//! `end`: without it something went wrong on the way.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use serde::Serialize;
use tidings_core::{
    api::{BlockedRow, ContactRow},
    code::Code,
    doc::{Home, Message},
    ids::{AccountId, ConversationId, DocumentId, MessageId, StreamId, TenantId, TimelineId},
    journal::Position,
    model::{
        Conversation, ConversationKind, ConversationState, MemberStatus, NotificationLevel, Profile, Reachability,
        Receipt, member_status,
    },
    time::WallTime,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::Ids,
    problem::{Answer, Problem},
    tagged::JSON_LINES,
};
use crate::{
    drain::Phase,
    node::Node,
    rate::AccountKey,
    store::{Part, StoreError},
    stream::load::load,
    transfer::{
        archive,
        export::{member_line, message_line},
    },
    ws::Place,
};

/// Lines that wait for their reader at most.
const LINES_WAITING_MAX: usize = 64;
/// Conversations whose ids are read at once.
const PARTS_MAX: u32 = 500;

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new().routes(routes!(export))
}

/// A line.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Account(Box<Opening>),
    Home(Box<OwnHome>),
    Conversation(Box<Membership>),
    Message(Box<archive::Message>),
    Reaction(OwnReaction),
    End(Count),
}

/// The account itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Opening {
    #[serde(flatten)]
    account: archive::Account,
    /// Phone numbers and addresses that its tokens said are verified.
    contact_points: Vec<String>,
    suspended: bool,
}

/// What it keeps for itself.
#[derive(Serialize)]
struct OwnHome {
    contacts: Vec<ContactRow>,
    blocked: Vec<BlockedRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reachability: Option<Reachability>,
    settings: Vec<OwnSetting>,
}

/// Its settings of a conversation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnSetting {
    conversation: ConversationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<WallTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_at: Option<WallTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<WallTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<NotificationLevel>,
}

/// A conversation that it is or was in.
#[derive(Serialize)]
struct Membership {
    conversation: ConversationId,
    kind: ConversationKind,
    /// Only where it may read the conversation: the title may be newer than its part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(flatten)]
    member: archive::Member,
    /// How far messages were delivered to it.
    delivered: Position,
    /// How far it has read.
    read: Position,
}

/// A reaction of its own.
#[derive(Serialize)]
struct OwnReaction {
    conversation: ConversationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<ConversationId>,
    message: MessageId,
    emoji: String,
}

/// The last line, with how many there are of each.
#[derive(Serialize, Default)]
struct Count {
    conversations: u64,
    messages: u64,
    reactions: u64,
}

/// Why an export ended before its end.
enum Cut {
    Store(StoreError),
    /// Its reader is gone, or does not read.
    Unread,
}

impl From<StoreError> for Cut {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What an account wrote and what is kept about it, as lines of JSON, for the account itself and for an administrator of
/// the tenant. The last line is of the type `end`; without it the export was cut.
#[utoipa::path(get, path = "/v1/accounts/{account}/export", tag = "accounts", params(("account" = String, Path,)),
    responses((status = 200, body = String, content_type = "application/jsonl")))]
async fn export(caller: Caller, Ids(account): Ids<AccountId>) -> Answer<Response> {
    let (node, tenant) = (&caller.node, &caller.identity.tenant);
    let is_own = account == caller.identity.account;
    if !is_own && !caller.identity.administrator {
        return Err(Problem::new(Code::NotTheOwner, "for the account itself, and for administrators of the tenant"));
    }
    caller.take(&node.shares.hellos, 1)?;
    let failed = |error| caller.failed(&error);
    if !is_own && !node.store.knows_account(tenant, &account).await.map_err(failed)? {
        return Err(Problem::account_unknown());
    }
    let place = Place::take(node).map_err(|error| Problem::new(error.code, error.text))?;
    let (lines, waiting) = mpsc::channel(LINES_WAITING_MAX);
    let (node, tenant, payer) = (Arc::clone(node), tenant.clone(), caller.identity.key());
    let export = Export { node, payer, tenant, account, lines, count: Count::default() };
    tokio::spawn(async move {
        let _place = place;
        export.run().await;
    });
    let stream = stream::unfold(waiting, |mut waiting| async move {
        waiting.recv().await.map(|line| (Ok::<Bytes, Infallible>(line), waiting))
    });
    let mut response = Body::from_stream(stream).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_LINES));
    Ok(response)
}

/// An export that is being read.
struct Export {
    node: Arc<Node>,
    /// From whose share of fetches it is paid.
    payer: AccountKey,
    tenant: TenantId,
    account: AccountId,
    lines: mpsc::Sender<Bytes>,
    count: Count,
}

impl Export {
    async fn run(mut self) {
        let node = Arc::clone(&self.node);
        let cut = tokio::select! {
            biased;
            () = node.drain.reached(Phase::Closing) => return,
            written = self.write_all() => written,
        };
        if let Err(Cut::Store(error)) = cut {
            tracing::warn!(%error, "an account's export was cut");
        }
    }

    async fn write_all(&mut self) -> Result<(), Cut> {
        let opening = self.opening().await?;
        self.write(&Line::Account(Box::new(opening))).await?;
        let home = self.home().await?;
        self.write(&Line::Home(Box::new(home))).await?;
        let mut after = None;
        loop {
            let parts = self.node.store.parts(&self.tenant, &self.account, after, PARTS_MAX).await?;
            let Some(last) = parts.last() else { break };
            after = Some(last.conversation);
            for part in parts {
                self.conversation(part).await?;
            }
        }
        let count = std::mem::take(&mut self.count);
        self.write(&Line::End(count)).await
    }

    async fn write(&self, line: &Line) -> Result<(), Cut> {
        let mut text = serde_json::to_vec(line).map_err(|_| Cut::Unread)?;
        text.push(b'\n');
        match timeout(self.node.config.node.write_timeout, self.lines.send(text.into())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Cut::Unread),
        }
    }

    /// Waits until whoever asked may fetch another document.
    async fn pay(&self) {
        while let Err(wait) = self.node.shares.fetches.take(&self.payer, 1) {
            sleep(wait).await;
        }
    }

    async fn opening(&self) -> Result<Opening, StoreError> {
        let (store, tenant, account) = (&self.node.store, &self.tenant, &self.account);
        let profile = load(store.as_ref(), tenant, &DocumentId::Account(account.clone())).await?.0;
        let external_id = store.external_ids(tenant, &[StreamId::Account(account.clone())]).await?;
        Ok(Opening {
            account: archive::Account {
                account: account.clone(),
                profile: Profile::read(&profile),
                external_id: external_id.into_iter().next().map(|(_, id)| id),
            },
            contact_points: store.contact_points(tenant, account).await?.iter().map(ToString::to_string).collect(),
            suspended: !store.suspended(tenant, std::slice::from_ref(account)).await?.is_empty(),
        })
    }

    async fn home(&self) -> Result<OwnHome, StoreError> {
        let home = load(self.node.store.as_ref(), &self.tenant, &DocumentId::Home(self.account.clone())).await?.0;
        let home = Home::read(&home);
        let contact = |(id, contact): (&_, &_)| ContactRow { id: Clone::clone(id), contact: Clone::clone(contact) };
        let settings = home.settings.iter().map(|(conversation, setting)| OwnSetting {
            conversation: *conversation,
            muted_until: setting.muted_until,
            pinned_at: setting.pinned_at,
            archived_at: setting.archived_at,
            notifications: setting.notifications,
        });
        Ok(OwnHome {
            contacts: home.contacts.iter().map(contact).collect(),
            blocked: home
                .blocked
                .iter()
                .map(|(account, at)| BlockedRow { account: account.clone(), since: *at })
                .collect(),
            reachability: home.reachability,
            settings: settings.collect(),
        })
    }

    async fn conversation(&mut self, part: Part) -> Result<(), Cut> {
        self.pay().await;
        let id = part.conversation;
        let node = Arc::clone(&self.node);
        let conversation = load(node.store.as_ref(), &self.tenant, &TimelineId::of(id).document()).await?.0;
        let conversation = Conversation::read(&conversation);
        if conversation.state() == ConversationState::Deleted {
            return Ok(());
        }
        let Some(kind) = conversation.kind() else { return Ok(()) };
        let receipts = node.store.receipts(&self.tenant, id).await?;
        let receipt = receipts.into_iter().find(|(account, _)| *account == self.account);
        let Receipt { delivered, read } = receipt.map(|(_, receipt)| receipt).unwrap_or_default();
        let listed = conversation.members.get(&self.account);
        let membership = Membership {
            conversation: id,
            kind,
            title: conversation.title().filter(|_| part.row.status == MemberStatus::Active).map(str::to_owned),
            member: listed
                .and_then(|member| member_line((&self.account, member)))
                .unwrap_or_else(|| subscriber_line(&self.account, &part)),
            delivered,
            read,
        };
        drop(conversation);
        self.count.conversations += 1;
        self.write(&Line::Conversation(Box::new(membership))).await?;
        for document in node.store.documents_written(&self.tenant, &StreamId::Conversation(id), &self.account).await? {
            if let DocumentId::Page(timeline, _) = &document {
                self.page(*timeline, &document).await?;
            }
        }
        for held in node.store.held_messages(&self.tenant, id).await? {
            if held.message.author == self.account {
                let line = archive::Message {
                    thread: held.thread,
                    reply_to: held.body.reply_to,
                    mentions: held.body.mentions.unwrap_or_default(),
                    ..archive::Message::new(id, held.message, held.body.content)
                };
                self.message(line).await?;
            }
        }
        Ok(())
    }

    /// Writes what the account wrote on a page, and nothing of what others did there.
    async fn page(&mut self, timeline: TimelineId, document: &DocumentId) -> Result<(), Cut> {
        self.pay().await;
        let page = load(self.node.store.as_ref(), &self.tenant, document).await?.0;
        let all = Message::read_all(&page);
        let all: BTreeMap<&MessageId, &Message> = all.iter().map(|message| (&message.id, message)).collect();
        for (position, id) in page.admissions().since(Position::ZERO) {
            let Some(message) = all.get(id) else { continue };
            if id.author == self.account {
                self.message(message_line(timeline, &page, *position, message)).await?;
            }
            for (emoji, _) in message.shown_reactions().filter(|(_, accounts)| accounts.contains(&self.account)) {
                let (conversation, thread) = (timeline.conversation, timeline.thread);
                let reaction = OwnReaction { conversation, thread, message: id.clone(), emoji: emoji.clone() };
                self.count.reactions += 1;
                self.write(&Line::Reaction(reaction)).await?;
            }
        }
        Ok(())
    }

    async fn message(&mut self, line: archive::Message) -> Result<(), Cut> {
        self.count.messages += 1;
        self.write(&Line::Message(Box::new(line))).await
    }
}

/// The line of a subscriber, whom no document lists.
fn subscriber_line(account: &AccountId, part: &Part) -> archive::Member {
    archive::Member {
        account: account.clone(),
        role: part.row.role.clone(),
        status: member_status(&part.row.role, part.row.status),
        status_at: part.subscribed_at,
        status_by: account.clone(),
        joined_at: None,
        invited_by: None,
        display_name: None,
        color: None,
        grants: Vec::new(),
    }
}
