//! Messages as their timelines have them: of the pages that are asked for, each read from what is stored,
//! and never more of a conversation than these.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tidings_core::{
    api::{MessageState, ProposalRow, ReactionRow, ReplyRow, ThreadRow, TimelineRow},
    code::Code,
    doc::{Document, Fact, Key, Message},
    ids::{AccountId, MessageId, TimelineId},
    journal::Position,
    model::{Content, Conversation, MemberField, Profile, Receipt, Thread},
};

use super::{
    access::Readable,
    caller::Bearer,
    problem::{Answer, Problem},
};
use crate::{store::WhichThreads, stream::load::load};

/// Pages that are looked through for a message, from the one that was open when it was written: of one
/// that came so late, or of one that there is not, no more is read.
const PAGES_SEARCHED_MAX: u32 = 32;

/// Some messages of one page, to be shown.
pub(crate) struct Found {
    pub(super) page: Arc<Document>,
    pub(super) messages: Vec<(Position, MessageId)>,
}

impl Bearer {
    /// A page of a timeline, as it is stored.
    pub(super) async fn page(&self, timeline: TimelineId, number: u32) -> Answer<Arc<Document>> {
        let page = self.node.memory.page(&self.node.env, &self.identity.tenant, &timeline.page(number)).await;
        page.map_err(|error| self.failed(&error))
    }

    /// The page that a message is on. Pages follow one another in time: the one that was open when the message
    /// was written is found by halves, and it is there, or as much later as its author was offline.
    pub(super) async fn page_of(
        &self,
        timeline: TimelineId,
        newest: u32,
        message: &MessageId,
    ) -> Answer<Arc<Document>> {
        let unknown = || Problem::new(Code::MessageUnknown, "there is no such message here");
        // By the author's clock, which may be ahead.
        let since = message.created_at().minus(self.node.limits.clock_ahead_max() * 2);
        let (mut low, mut high) = (1, newest);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let first = self.node.store.first_entry(&self.identity.tenant, &timeline.page(middle)).await;
            match first.map_err(|error| self.failed(&error))? {
                Some((_, at)) if at > since => high = middle - 1,
                _ => low = middle,
            }
        }
        for number in (low..=newest).take(PAGES_SEARCHED_MAX as usize) {
            let page = self.page(timeline, number).await?;
            if page.admissions().get(message).is_some() {
                return Ok(page);
            }
        }
        Err(unknown())
    }

    /// The rows of messages, in the order in which they are given.
    pub(super) async fn rows(
        &self,
        readable: &Readable,
        timeline: TimelineId,
        found: &[Found],
    ) -> Answer<Vec<TimelineRow>> {
        let (store, tenant) = (&self.node.store, &self.identity.tenant);
        let failed = |error| self.failed(&error);
        let mut messages = Vec::new();
        let mut threads: BTreeMap<MessageId, Thread> = BTreeMap::new();
        for Found { page, messages: ids } in found {
            for (position, id) in ids {
                let admission = page.admissions().get(id);
                let accepted_at = admission.map(|admission| admission.accepted_at);
                let Some(message) = Message::read(page, id) else { continue };
                let answer = || match page.fact(&Key::ProposalAnswer(id.clone())) {
                    Some(Fact::ProposalAnswer(_, answer)) => Some(answer),
                    _ => None,
                };
                let proposal = ProposalRow::of(message.content(), answer, self.node.clock.wall_now());
                messages.push((*position, accepted_at, proposal, message));
            }
            let which = WhichThreads::From(page.id().clone());
            let from = store.threads(tenant, readable.id, &which).await.map_err(failed)?;
            threads.extend(from.into_iter().map(|thread| (thread.parent.message.clone(), thread)));
        }
        let previews: BTreeMap<&MessageId, Option<Content>> =
            messages.iter().map(|(.., message)| (&message.id, message.content().map(Content::preview))).collect();
        let replies = messages.iter().filter_map(|(.., message)| message.body.reply_to.as_ref());
        let people: BTreeSet<&AccountId> =
            messages.iter().map(|(.., message)| &message.id.author).chain(replies.map(|id| &id.author)).collect();
        let names = self.names(readable.conversation(), people).await?;
        let own = |id: &MessageId| id.author == self.identity.account;
        let receipts = match messages.iter().any(|(.., message)| own(&message.id)) {
            true => self.receipts_of_others(readable).await?,
            false => Vec::new(),
        };
        let pins = match timeline.thread {
            None => readable.conversation().pins.keys().cloned().collect(),
            Some(_) => {
                let (document, _) = load(store.as_ref(), tenant, &timeline.document()).await.map_err(failed)?;
                Conversation::read(&document).pins.keys().cloned().collect::<BTreeSet<MessageId>>()
            }
        };
        let row = |(position, accepted_at, proposal, message): &(Position, _, Option<ProposalRow>, Message)| {
            let is_own = own(&message.id);
            let (state, read_by) = state(&receipts, *position, is_own, timeline.thread.is_some());
            TimelineRow {
                id: message.id.clone(),
                author: message.id.author.clone(),
                author_name: names.of(&message.id.author),
                own: is_own,
                content: message.content().cloned(),
                deleted_by: message.deletion.as_ref().map(|deletion| deletion.by.clone()),
                edited_at: message.edit.as_ref().map(|edit| edit.at),
                reply_to: message.body.reply_to.as_ref().map(|id| ReplyRow {
                    id: id.clone(),
                    author: id.author.clone(),
                    author_name: names.of(&id.author),
                    preview: previews.get(id).cloned().flatten(),
                }),
                mentions: message.body.mentions.clone().unwrap_or_default(),
                reactions: self.reactions(message),
                created_at: message.id.created_at(),
                accepted_at: *accepted_at,
                position: Some(*position),
                state,
                read_by,
                pinned: pins.contains(&message.id),
                unsynced: false,
                thread: threads.get(&message.id).map(thread_row),
                waits: None,
                proposal: proposal.clone(),
            }
        };
        Ok(messages.iter().map(row).collect())
    }

    fn reactions(&self, message: &Message) -> Vec<ReactionRow> {
        let row = |(emoji, accounts): (&String, &Vec<AccountId>)| ReactionRow {
            emoji: emoji.clone(),
            accounts: accounts.clone(),
            own: accounts.contains(&self.identity.account),
        };
        message.shown_reactions().map(row).collect()
    }

    /// How far the others have come, where so few are in that everybody is told.
    async fn receipts_of_others(&self, readable: &Readable) -> Answer<Vec<Receipt>> {
        if readable.conversation().active > self.node.config.node.bounds.receipt_members_max {
            return Ok(Vec::new());
        }
        let receipts = self.node.store.receipts(&self.identity.tenant, readable.id).await;
        let receipts = receipts.map_err(|error| self.failed(&error))?;
        let others = receipts.into_iter().filter(|(account, _)| *account != self.identity.account);
        Ok(others.map(|(_, receipt)| receipt).collect())
    }

    /// What these people are called in a conversation.
    pub(super) async fn names<'a>(
        &self,
        conversation: &Conversation,
        people: impl IntoIterator<Item = &'a AccountId>,
    ) -> Answer<Names> {
        let people: Vec<AccountId> = people.into_iter().cloned().collect();
        let profiles = self.node.store.profiles(&self.identity.tenant, &people).await;
        let profiles = profiles.map_err(|error| self.failed(&error))?;
        let profiles: BTreeMap<AccountId, Profile> =
            profiles.into_iter().map(|notice| (notice.account, notice.profile)).collect();
        let here = people.iter().filter_map(|account| {
            let member = conversation.members.get(account)?;
            Some((account.clone(), member.text(MemberField::DisplayName)?.to_owned()))
        });
        Ok(Names { here: here.collect(), profiles })
    }
}

/// What people are called.
#[derive(Default)]
pub(crate) struct Names {
    /// In the conversation.
    here: BTreeMap<AccountId, String>,
    /// Everywhere.
    pub(super) profiles: BTreeMap<AccountId, Profile>,
}

impl Names {
    /// The name for people: the one that they have in the conversation, their profile's, or their account.
    pub(super) fn of(&self, account: &AccountId) -> String {
        let profile = || self.profiles.get(account).and_then(|profile| profile.display_name.clone());
        self.here.get(account).cloned().or_else(profile).unwrap_or_else(|| account.to_string())
    }
}

fn thread_row(thread: &Thread) -> ThreadRow {
    ThreadRow {
        id: thread.id,
        replies: thread.replies,
        last_reply_at: thread.last_reply.as_ref().map(|last| last.accepted_at),
        participants: thread.participants.clone(),
    }
}

/// How far a message has come. Whoever has read the conversation may not have read its threads.
fn state(receipts: &[Receipt], position: Position, own: bool, in_thread: bool) -> (MessageState, u32) {
    if !own {
        return (MessageState::Sent, 0);
    }
    let read = receipts.iter().filter(|receipt| receipt.read >= position).count();
    let is_delivered = receipts.iter().any(|receipt| receipt.delivered >= position);
    match (read, is_delivered) {
        (1.., _) if !in_thread => (MessageState::Read, u32::try_from(read).unwrap_or(u32::MAX)),
        (1.., _) | (0, true) => (MessageState::Delivered, 0),
        (0, false) => (MessageState::Sent, 0),
    }
}
