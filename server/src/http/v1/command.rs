//! What an account commands: written as a session of the account would write it, by the same authority
//! and from the same shares. There is no other way in.

use axum::http::StatusCode;
use tidings_core::{
    authority::Session,
    code::Code,
    command::{
        AddMember, Command, CreateConversation, CreateDirect, CreateResource, InviteMember, RequestMembership,
        SendMessage,
    },
    ids::{ConversationId, DocumentId, Stamp, StreamId},
    journal::Position,
};

use super::{
    caller::Caller,
    input::RequestKey,
    problem::{Answer, Problem},
};
use crate::{
    live::Place,
    stream::{Asked, Asking, Once, Part},
    ws::{check_membership_request, part},
};

/// Something to be written.
pub(crate) struct Request {
    pub(super) command: Command,
    /// The page of the message that it is about.
    pub(super) page: Option<DocumentId>,
    /// The key under which it may be made again.
    pub(super) key: Option<RequestKey>,
    /// The id of what it makes; empty where it makes nothing that has one.
    pub(super) made: String,
    /// Bytes of what was asked.
    pub(super) bytes: usize,
}

/// What became of it.
pub(crate) struct Written {
    /// Where it stands.
    pub(super) place: Place,
    /// The id of what it made, also where that was made by the same request before.
    pub(super) made: String,
}

impl Request {
    /// A command that makes nothing that has an id.
    pub(super) fn new(command: impl Into<Command>, key: Option<RequestKey>) -> Self {
        Self { command: command.into(), page: None, key, made: String::new(), bytes: 0 }
    }
}

impl Caller {
    /// The stamp of a message that is written now.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp::new(self.node.clock.wall_now(), 0, rand::random())
    }

    /// A message to be written.
    pub(super) fn message(&self, command: SendMessage, key: Option<RequestKey>) -> Request {
        let made = command.message(&self.identity.account).to_string();
        let bytes = command.content.text().map_or(0, str::len);
        Request { made, bytes, ..Request::new(command, key) }
    }

    /// Writes what is commanded, once it is let through like what a session pushes.
    pub(super) async fn write(&self, request: Request) -> Answer<Written> {
        let node = &self.node;
        self.take(&node.shares.changes, 1)?;
        self.take(&node.shares.change_bytes, request.bytes.div_ceil(1024).max(1))?;
        if let Some(written) = self.made_before(request.key.as_ref()).await? {
            return Ok(written);
        }
        let Request { command, page, key, made, .. } = request;
        if !self.identity.administrator && people(&command) > 0 {
            self.take(&node.shares.people, people(&command))?;
        }
        let stream = command.stream(&self.identity.tenant, &self.identity.account);
        let part = self.part_in(&stream, &command).await?;
        let once = key.clone().map(|RequestKey { key, fingerprint }| Once { key, fingerprint, made: made.clone() });
        let asked = Asked::Command(Asking { page, once, ..Asking::from(command) });
        let place = node.streams.ask(self.session().await?, part, stream, asked).await;
        let place = place.map_err(|error| Problem::call_failed(node, error))?;
        // The same request may have been carried out meanwhile: then what that made is what there is.
        if let Some(before) = self.made_before(key.as_ref()).await? {
            return Ok(before);
        }
        // It was so already, and no entry was written.
        self.remember(key.as_ref(), &made, place).await?;
        Ok(Written { place, made })
    }

    /// Begins a conversation that there is one of for whoever takes part, if there is none; and which of both it was.
    pub(super) async fn begin_once(
        &self,
        conversation: ConversationId,
        command: Command,
        key: Option<RequestKey>,
    ) -> Answer<StatusCode> {
        let member = self.node.store.member(&self.identity.tenant, conversation, &self.identity.account).await;
        if member.map_err(|error| self.failed(&error))?.is_some() {
            self.take(&self.node.shares.fetches, 1)?;
            // Looked up afterwards: whoever finds the conversation finds the request that it was begun by.
            let is_begun_by_it = self.made_before(key.as_ref()).await?.is_some();
            return Ok(if is_begun_by_it { StatusCode::CREATED } else { StatusCode::OK });
        }
        self.write(Request::new(command, key)).await?;
        Ok(StatusCode::CREATED)
    }

    /// Asks to come in, to take an invitation or to decline it.
    pub(super) async fn request_membership(
        &self,
        request: RequestMembership,
        key: Option<&RequestKey>,
    ) -> Answer<Place> {
        let node = &self.node;
        self.take(&node.shares.membership_requests, 1)?;
        if let Some(before) = self.made_before(key).await? {
            return Ok(before.place);
        }
        let RequestMembership { conversation, action } = request;
        let part = part(node, &self.identity, conversation).await.map_err(|error| self.failed(&error))?;
        if part == Part::None {
            let checked = check_membership_request(node, &self.identity, conversation, &action).await;
            let checked = checked.map_err(|error| self.failed(&error))?;
            checked.map_err(|refusal| Problem::refused(node, refusal))?;
        }
        let stream = StreamId::Conversation(conversation);
        let asked = node.streams.ask(self.session().await?, part, stream, Asked::Membership(action)).await;
        let place = asked.map_err(|error| Problem::call_failed(node, error))?;
        self.remember(key, "", place).await?;
        Ok(place)
    }

    /// Which part the account has in what it writes into. Where it has none only a beginning is let
    /// through, and nothing is loaded to say so.
    async fn part_in(&self, stream: &StreamId, command: &Command) -> Answer<Part> {
        match stream {
            StreamId::Account(account) if *account == self.identity.account || self.identity.administrator => {
                Ok(Part::Known)
            }
            StreamId::Account(_) => Err(Problem::new(Code::NotTheOwner, "only the account itself may write this")),
            StreamId::Conversation(_) if self.identity.administrator && !begins(command) => {
                // Who administers the tenant has a part in every conversation that there is.
                let head = self.node.store.stream_head(&self.identity.tenant, stream).await;
                match head.map_err(|error| self.failed(&error))?.position {
                    Position::ZERO => Err(Problem::conversation_unknown()),
                    _ => Ok(Part::Known),
                }
            }
            StreamId::Conversation(conversation) => {
                let part = part(&self.node, &self.identity, *conversation).await;
                match part.map_err(|error| self.failed(&error))? {
                    Part::None if !begins(command) => Err(Problem::conversation_unknown()),
                    part => Ok(part),
                }
            }
        }
    }

    /// The session as which the account writes by way of requests.
    async fn session(&self) -> Answer<Session> {
        let device = self.node.memory.device(&self.node.env, &self.identity).await;
        Ok(self.identity.session(device.map_err(|error| self.failed(&error))?))
    }
}

/// Whether it begins a conversation.
fn begins(command: &Command) -> bool {
    matches!(command, Command::CreateConversation(_) | Command::CreateDirect(_) | Command::CreateResource(_))
}

/// How many people it brings in.
fn people(command: &Command) -> usize {
    match command {
        Command::CreateConversation(CreateConversation { members, .. }) => members.len(),
        Command::CreateDirect(CreateDirect { .. }) | Command::CreateResource(CreateResource { .. }) => 1,
        Command::AddMember(AddMember { .. }) | Command::InviteMember(InviteMember { .. }) => 1,
        _ => 0,
    }
}

/// The id of a conversation that a request begins: the same whenever the request is made again, so that
/// it is one of the same stream.
pub(super) fn conversation_of(caller: &Caller, key: Option<&RequestKey>) -> ConversationId {
    use sha2::{Digest as _, Sha256};
    let Some(RequestKey { key, .. }) = key else { return ConversationId::from_bytes(rand::random()) };
    let mut hash = Sha256::new();
    for part in ["tidings request 1", caller.identity.tenant.as_str(), caller.identity.account.as_str(), key] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    ConversationId::from_bytes(bytes)
}
