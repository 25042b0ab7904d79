//! Refused commands, each until a person has dealt with it, and the requests that retry them.

use crate::{
    api::RefusedRow,
    code::Code,
    command::{Command, SendMessage},
    engine::{
        Update,
        context::Context,
        store::record::{self, RefusedRecord},
    },
    ids::{AccountId, ConversationId, MessageId},
    sorted::SortedMap,
    storage::Write,
    time::WallTime,
};

/// Invariant: each is in the store until the command that retries it is.
#[derive(Debug, Default)]
pub(in crate::engine) struct RefusedCommands {
    refused: SortedMap<u64, RefusedRecord>,
    /// The refused command that a request retries.
    retries: SortedMap<u64, u64>,
}

impl RefusedCommands {
    pub(in crate::engine) fn restore(&mut self, id: u64, refused: RefusedRecord) {
        self.refused.insert(id, refused);
    }

    pub(in crate::engine) fn show(&self, ctx: &mut Context) {
        let rows: Vec<RefusedRow> = self.refused.iter().map(|(id, refused)| row(ctx, *id, refused)).collect();
        if !rows.is_empty() {
            ctx.update(Update::Refused { rows, removed: Vec::new() });
        }
    }

    pub(in crate::engine) fn add(&mut self, ctx: &mut Context, id: u64, refused: RefusedRecord) {
        ctx.store.write(record::put(record::refused_key(id), &refused));
        let row = row(ctx, id, &refused);
        self.refused.insert(id, refused);
        ctx.update(Update::Refused { rows: vec![row], removed: Vec::new() });
    }

    pub(in crate::engine) fn discard(&mut self, ctx: &mut Context, id: u64) {
        if self.refused.remove(&id).is_some() {
            ctx.store.write(Write::Delete(record::refused_key(id)));
            ctx.update(Update::Refused { rows: Vec::new(), removed: vec![id] });
        }
    }

    /// The refused command that a request retries.
    pub(in crate::engine) fn retried(&self, request: u64) -> Option<u64> {
        self.retries.get(&request).copied()
    }

    /// The command to execute for a request; none if another request retries it already.
    ///
    /// # Errors
    /// Why it cannot be commanded again.
    pub(in crate::engine) fn retry(
        &mut self,
        request: u64,
        id: u64,
        words: Option<String>,
    ) -> Result<Option<Command>, (Code, String)> {
        let misuse = |detail: &str| Err((Code::Misuse, detail.to_owned()));
        let Some(refused) = self.refused.get(&id) else { return misuse("no such refused command") };
        if let (Code::MessageHeld | Code::HeldAdmitted, None) = (refused.code, &words) {
            return Err((refused.code, refused.detail.clone()));
        }
        let is_retried = self.retries.values().any(|retried| *retried == id);
        if is_retried && words.is_some() {
            return misuse("the command is being retried");
        }
        if is_retried {
            // Requested twice, it is retried once.
            self.retries.insert(request, id);
            return Ok(None);
        }
        let command = match words {
            Some(words) => refused.command.with_words(words),
            None => Some(refused.command.clone()),
        };
        let Some(command) = command else { return misuse("the command carries no words") };
        self.retries.insert(request, id);
        Ok(Some(command))
    }

    /// A request has been carried out.
    pub(in crate::engine) fn succeed(
        &mut self,
        ctx: &mut Context,
        request: u64,
        conversation: Option<ConversationId>,
        message: Option<MessageId>,
    ) {
        let retried = self.retried(request);
        let requests = self.end_retry(request);
        if let Some(id) = retried {
            self.discard(ctx, id);
        }
        for request in requests {
            ctx.update(Update::CommandStored { request, conversation, message: message.clone() });
        }
    }

    /// A request cannot be carried out.
    pub(in crate::engine) fn fail(&mut self, ctx: &mut Context, request: u64, code: Code, detail: &str) {
        if let Some(id) = self.retried(request) {
            // It was to be deleted with the transaction that stores the command.
            ctx.store.keep(&record::refused_key(id));
        }
        for request in self.end_retry(request) {
            ctx.update(Update::CommandFailed { request, code, detail: detail.to_owned() });
        }
    }

    /// The requests that are answered with this one: those that retry the same
    /// refused command.
    fn end_retry(&mut self, request: u64) -> Vec<u64> {
        let Some(id) = self.retried(request) else { return vec![request] };
        self.retries.extract_if(|_, retried| *retried == id).into_iter().map(|(request, _)| request).collect()
    }

    /// The refused command whose message is held until a moderator has decided about it.
    pub(in crate::engine) fn held(&self, message: &MessageId, me: &AccountId) -> Option<(u64, Command, WallTime)> {
        let is_it = |refused: &RefusedRecord| {
            refused.code == Code::MessageHeld && refused.command.message(me).as_ref() == Some(message)
        };
        let (id, refused) = self.refused.iter().find(|(_, refused)| is_it(refused))?;
        Some((*id, refused.command.clone(), refused.at))
    }

    /// The messages of a conversation about which a moderator has to decide.
    pub(in crate::engine) fn all_held(
        &self,
        conversation: ConversationId,
        me: &AccountId,
    ) -> impl Iterator<Item = MessageId> {
        self.messages_of(conversation)
            .filter(|(_, code, _)| *code == Code::MessageHeld)
            .map(move |(.., send)| send.message(me))
    }

    /// The messages of a conversation that can be sent again, and that nobody is sending again.
    pub(in crate::engine) fn resendable(
        &self,
        conversation: ConversationId,
    ) -> impl Iterator<Item = (u64, &SendMessage)> {
        let is_retried = |id: u64| self.retries.values().any(|retried| *retried == id);
        self.messages_of(conversation)
            .filter(|(_, code, _)| !matches!(code, Code::MessageHeld | Code::HeldAdmitted))
            .filter_map(move |(id, _, send)| (!is_retried(id)).then_some((id, send)))
    }

    fn messages_of(&self, conversation: ConversationId) -> impl Iterator<Item = (u64, Code, &SendMessage)> {
        self.refused.iter().filter_map(move |(id, refused)| match &refused.command {
            Command::SendMessage(send) if send.conversation == conversation => Some((*id, refused.code, send)),
            _ => None,
        })
    }

    /// Replaces the ids of messages that were stamped anew.
    pub(in crate::engine) fn rename(&mut self, ctx: &mut Context, names: &SortedMap<MessageId, MessageId>) {
        let mut rows = Vec::new();
        for (id, refused) in self.refused.iter_mut() {
            if refused.command.rename(&ctx.session.tenant, names) {
                ctx.store.write(record::put(record::refused_key(*id), refused));
                rows.push(row(ctx, *id, refused));
            }
        }
        if !rows.is_empty() {
            ctx.update(Update::Refused { rows, removed: Vec::new() });
        }
    }
}

fn row(ctx: &Context, id: u64, refused: &RefusedRecord) -> RefusedRow {
    let stream = refused.command.stream(&ctx.session.tenant, &ctx.session.account);
    RefusedRow {
        id,
        conversation: stream.conversation(),
        thread: refused.command.thread(&ctx.session.tenant),
        command: refused.command.name(),
        words: refused.command.words().map(str::to_owned),
        content: refused.command.content().cloned(),
        message: refused.command.message(&ctx.session.account),
        code: refused.code,
        retryable: refused.code.is_retryable(),
        detail: refused.detail.clone(),
        created_at: refused.at,
    }
}
