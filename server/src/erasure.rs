//! Erases an account, as an administrator of its tenant has asked for: the account, as whose administrator's session this
//! writes, deletes its messages, takes its reactions off and leaves, by the way in and under the authority that everybody
//! has, so that every device converges. Then what is stored about it beside conversations is deleted. One page is read at
//! a time, and each step is one that can be done again: whoever goes on after a crash repeats what is not known to be done.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use tidings_core::{
    authority::Session,
    code::Code,
    command::{
        AnswerHeld, ChangeRole, Command, DeleteMessage, LeaveConversation, SetMemberText, SetProfile, SetState, Unreact,
    },
    doc::Message,
    ids::{AccountId, ConversationId, DocumentId, StreamId, TimelineId},
    model::{
        Conversation, ConversationKind, ConversationState, HeldState, Member, MemberField, MemberStatus,
        MembershipAction, Profile, Role,
    },
};

use crate::{
    job::suspension,
    node::Node,
    store::{AccountErasure, Part as Row, WhichThreads},
    stream::{Asked, Asking, CallError, Part, call::device, load::load},
};

/// Time after which another node goes on with an erasure of which nothing is heard.
pub(crate) const LEASE: Duration = Duration::from_secs(5);
/// Conversations whose ids are read at once.
const PARTS_MAX: u32 = 100;
/// Commands that are submitted together, and committed in few transactions.
const COMMANDS_AT_ONCE: usize = 32;

/// What became of an erasure for now.
pub(crate) enum Outcome {
    /// It is done.
    Erased,
    /// What was still being written when it was asked for may not be there yet.
    Later,
}

/// Goes on with an erasure that was leased.
///
/// # Errors
/// When the store fails, or a stream puts something off: it is to be tried again.
pub(crate) async fn erase(node: &Node, erasure: AccountErasure) -> Result<Outcome, CallError> {
    let device = device(node.store.as_ref(), &erasure.tenant, &erasure.account).await?;
    let (tenant, account) = (erasure.tenant.clone(), erasure.account.clone());
    let session = Session { tenant, account, device, administrator: true };
    Erasing { node, session, erasure }.run().await
}

struct Erasing<'a> {
    node: &'a Node,
    session: Session,
    erasure: AccountErasure,
}

impl Erasing<'_> {
    async fn run(&mut self) -> Result<Outcome, CallError> {
        // A session on another node may write until it has heard of the suspension: only a round that began after that
        // and found nothing is the last one.
        let silent_at = self.erasure.requested_at.plus(2 * suspension::interval(&self.node.env));
        loop {
            let is_silent = self.node.clock.wall_now() >= silent_at;
            let is_whole = self.erasure.after.is_none();
            self.round().await?;
            let has_found = self.erasure.found > 0;
            if is_whole && is_silent && !has_found {
                break;
            }
            self.erasure.begin_round();
            if !is_silent && !has_found {
                self.node.store.advance_account_erasure(&self.erasure, silent_at).await?;
                return Ok(Outcome::Later);
            }
            self.save().await?;
        }
        self.finish().await?;
        Ok(Outcome::Erased)
    }

    /// Goes through all conversations that the account has or had a part in, from where it was on.
    async fn round(&mut self) -> Result<(), CallError> {
        loop {
            let Session { tenant, account, .. } = &self.session;
            let parts = self.node.store.parts(tenant, account, self.erasure.after, PARTS_MAX).await?;
            if parts.is_empty() {
                return Ok(());
            }
            for part in parts {
                self.conversation(&part).await?;
                self.erasure.after = Some(part.conversation);
                self.erasure.conversations += 1;
                self.save().await?;
            }
        }
    }

    async fn save(&self) -> Result<(), CallError> {
        let until = self.node.clock.wall_now().plus(LEASE);
        Ok(self.node.store.advance_account_erasure(&self.erasure, until).await?)
    }

    async fn conversation(&mut self, row: &Row) -> Result<(), CallError> {
        let id = row.conversation;
        let store = self.node.store.as_ref();
        let (document, _) = load(store, &self.session.tenant, &TimelineId::of(id).document()).await?;
        let conversation = Conversation::read(&document);
        drop(document);
        // What is deleted is erased by itself.
        if conversation.created.is_none() || conversation.state() == ConversationState::Deleted {
            return Ok(());
        }
        for page in self.pages(id, &conversation).await? {
            self.page(id, page).await?;
        }
        for command in self.own(id, &conversation) {
            self.write(id, Asked::Command(command.into())).await?;
        }
        self.leave(row, &conversation).await
    }

    /// The pages that the account wrote on.
    async fn pages(&self, id: ConversationId, conversation: &Conversation) -> Result<BTreeSet<DocumentId>, CallError> {
        let Session { tenant, account, .. } = &self.session;
        let store = &self.node.store;
        let written = store.documents_written(tenant, &StreamId::Conversation(id), account).await?;
        let mut pages: BTreeSet<DocumentId> =
            written.into_iter().filter(|document| document.page().is_some()).collect();
        // The system wrote what was held and let into a thread, and no row says whose it is.
        let held = conversation.held.iter().filter(|(message, _)| message.author == *account);
        let threads: BTreeSet<ConversationId> = held.filter_map(|(_, held)| held.thread).collect();
        for thread in threads {
            for thread in store.threads(tenant, id, &WhichThreads::One(thread)).await? {
                let timeline = TimelineId::of_thread(id, thread.id);
                pages.extend((1..=thread.page).map(|number| timeline.page(number)));
            }
        }
        Ok(pages)
    }

    /// Deletes the account's messages on a page, and takes its reactions off the others.
    async fn page(&mut self, conversation: ConversationId, page: DocumentId) -> Result<(), CallError> {
        let account = &self.session.account;
        let (document, _) = load(self.node.store.as_ref(), &self.session.tenant, &page).await?;
        let mut commands: Vec<Command> = Vec::new();
        for message in Message::read_all(&document).into_iter().filter(|message| message.deletion.is_none()) {
            if message.id.author == *account {
                commands.push(DeleteMessage { conversation, message: message.id }.into());
                continue;
            }
            for (emoji, _) in message.shown_reactions().filter(|(_, accounts)| accounts.contains(account)) {
                let (message, emoji) = (message.id.clone(), emoji.clone());
                commands.push(Unreact { conversation, message, emoji }.into());
            }
        }
        drop(document);
        for commands in commands.chunks(COMMANDS_AT_ONCE) {
            let asked = commands.iter().map(|command| {
                let asking = Asking { page: Some(page.clone()), ..Asking::from(command.clone()) };
                self.ask(StreamId::Conversation(conversation), Asked::Command(asking))
            });
            for (answered, command) in join_all(asked).await.into_iter().zip(commands) {
                if self.count(answered)? {
                    match command {
                        Command::DeleteMessage(_) => self.erasure.messages += 1,
                        _ => self.erasure.reactions += 1,
                    }
                }
            }
            self.save().await?;
        }
        Ok(())
    }

    /// What takes the account's own texts out of the conversation's document, and discards what is held of it.
    fn own(&self, id: ConversationId, conversation: &Conversation) -> Vec<Command> {
        let account = &self.session.account;
        let member = conversation.members.get(account);
        let named = [MemberField::DisplayName, MemberField::Color].into_iter();
        let named = named.filter(|field| member.is_some_and(|member| member.text(*field).is_some()));
        let unnamed = named.map(|field| SetMemberText { conversation: id, field, text: None }.into());
        let held = conversation.held.iter();
        let held = held.filter(|(message, held)| message.author == *account && held.state == HeldState::Held);
        let discarded =
            held.map(|(message, _)| AnswerHeld { conversation: id, message: message.clone(), admitted: false }.into());
        unnamed.chain(discarded).collect()
    }

    /// Ends the account's part in a conversation.
    async fn leave(&mut self, row: &Row, conversation: &Conversation) -> Result<(), CallError> {
        let id = row.conversation;
        if conversation.kind() == Some(ConversationKind::Direct) {
            // Of two, for ever.
            return Ok(());
        }
        let member = conversation.members.get(&self.session.account);
        let asked = match member.map_or(row.row.status, Member::status) {
            MemberStatus::Active if member.is_some() => {
                if let Some(command) = self.succession(id, conversation) {
                    let ends = matches!(command, Command::SetState(_));
                    if !self.write(id, Asked::Command(command.into())).await? || ends {
                        return Ok(());
                    }
                }
                let leaving: Command = LeaveConversation { conversation: id }.into();
                Asked::Command(leaving.into())
            }
            _ if row.row.is_subscriber() => Asked::Membership(MembershipAction::Leave),
            MemberStatus::Invited | MemberStatus::Requested => Asked::Membership(MembershipAction::Decline),
            _ => return Ok(()),
        };
        self.write(id, asked).await?;
        Ok(())
    }

    /// What has to precede that the account leaves: where it is the only owner, somebody else becomes one; where nobody
    /// else is there, the conversation is deleted.
    fn succession(&self, id: ConversationId, conversation: &Conversation) -> Option<Command> {
        let account = &self.session.account;
        let is_owner = |member: &Member| member.is_active() && member.role == Role::Owner;
        let mut others = conversation.members.iter().filter(|(other, member)| *other != account && member.is_active());
        if !conversation.members.get(account).is_some_and(is_owner) || others.clone().any(|(_, other)| is_owner(other))
        {
            return None;
        }
        let standing = |(other, member): (&AccountId, &Member)| {
            let joined_at = member.membership.as_ref().and_then(|membership| membership.joined_at);
            let lower = u32::MAX - u32::from(conversation.rank_of(&member.role));
            (lower, joined_at, other.clone())
        };
        let first = others.by_ref().map(standing).min();
        Some(match first {
            Some((.., account)) => ChangeRole { conversation: id, account, role: Role::Owner }.into(),
            None => SetState { conversation: id, state: ConversationState::Deleted }.into(),
        })
    }

    /// Deletes the account's profile, which everybody is told who sees it, and then all that is left of it.
    async fn finish(&mut self) -> Result<(), CallError> {
        let nothing: Command = SetProfile { profile: Profile::default(), account: None }.into();
        let answered = self.ask(StreamId::Account(self.session.account.clone()), Asked::Command(nothing.into())).await;
        self.count(answered)?;
        let store = &self.node.store;
        while !store.erase_account(&self.session.tenant, &self.session.account, self.node.clock.wall_now()).await? {
            self.save().await?;
        }
        Ok(())
    }

    /// Has something written in a conversation. Returns false if it was refused for good.
    async fn write(&mut self, conversation: ConversationId, asked: Asked) -> Result<bool, CallError> {
        let answered = self.ask(StreamId::Conversation(conversation), asked).await;
        self.count(answered)
    }

    async fn ask(&self, stream: StreamId, asked: Asked) -> Result<(), CallError> {
        self.node.streams.ask(self.session.clone(), Part::Known, stream, asked).await.map(drop)
    }

    /// Counts what was found to be written, or was refused for good: everything else is tried again.
    fn count(&mut self, answered: Result<(), CallError>) -> Result<bool, CallError> {
        match answered {
            Ok(()) => {
                self.erasure.found += 1;
                Ok(true)
            }
            // Somebody else's change came in between, or nobody has answered.
            Err(CallError::Refused(refusal))
                if refusal.retry_at.is_none() && !matches!(refusal.code, Code::Internal | Code::LastOwner) =>
            {
                let Session { tenant, account, .. } = &self.session;
                let (code, detail) = (refusal.code, refusal.detail);
                tracing::warn!(%tenant, %account, %code, detail, "something of an erased account stays");
                self.erasure.refused += 1;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
