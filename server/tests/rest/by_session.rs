//! What requests ask, asked over a session: by a device that plans on its replica, and is answered by the same code.

use tidings_core::{
    authority::Session,
    code::Code,
    command::Command,
    ids::{ConversationId, StreamId, TimelineId},
    journal::Position,
    model::MembershipAction,
    wire::{ClientFrame, FetchScope, MembershipRequest, PushedChange, ServerFrame},
};

use crate::support::{
    author::{Author, account},
    client::{Client, device, stream},
    server::TestServer,
};

/// Something to be asked.
pub enum Asked {
    /// The stream of the conversation.
    Fetch,
    /// A command.
    Command(Command),
    /// A membership request.
    Membership(MembershipAction),
}

/// What became of it: the code if it was refused.
pub type Outcome = Option<Code>;

/// The session of an account.
pub struct BySession {
    client: Client,
    session: Session,
    replica: Author,
}

impl BySession {
    /// A member, with its own replica of a conversation.
    pub async fn member(server: &TestServer, name: &str, number: u8, conversation: ConversationId) -> Self {
        let mut client = Client::connect(server, name, device(number)).await;
        let mut replica = Author::of(name, device(number), conversation);
        let fetched = client.fetch(&stream(conversation), FetchScope::After(Position::ZERO)).await.unwrap();
        replica.apply(&fetched.entries);
        Self { client, session: replica.session.clone(), replica }
    }

    /// Somebody else, into whose hands that replica came.
    pub async fn outsider(&self, server: &TestServer, name: &str, number: u8) -> Self {
        let client = Client::connect(server, name, device(number)).await;
        let session = Session { account: account(name), device: device(number), ..self.session.clone() };
        Self { client, session, replica: self.replica.clone() }
    }

    /// Asks something about a conversation. None where a device finds nothing to ask a server.
    pub async fn ask(&mut self, asked: Asked, conversation: ConversationId) -> Option<Outcome> {
        match asked {
            Asked::Fetch => {
                let fetched = self.client.fetch(&stream(conversation), FetchScope::Anew).await;
                Some(fetched.err().map(|refused| refused.code))
            }
            Asked::Membership(action) => {
                let request = u64::MAX;
                let frame = MembershipRequest { request, conversation, action };
                self.client.send(&ClientFrame::MembershipRequest(frame)).await;
                Some(self.answer(request).await)
            }
            Asked::Command(command) => {
                let mut stream_id = command.stream(&self.session.tenant, &self.session.account);
                let mut author = self.replica.clone();
                author.session = self.session.clone();
                let mut change = match author.try_write(command) {
                    Ok(Some(change)) => change,
                    // A device refuses by itself what it knows to be wrong, if it knows the conversation.
                    Err(refusal) if self.session == self.replica.session => return Some(Some(refusal.code)),
                    Ok(None) | Err(_) => return None,
                };
                if let StreamId::Conversation(_) = stream_id {
                    let timeline = TimelineId::of(conversation);
                    let page = change.document.page();
                    change.document = page.map_or_else(|| timeline.document(), |page| timeline.page(page));
                    stream_id = stream(conversation);
                }
                Some(self.push(&stream_id, change).await)
            }
        }
    }

    async fn push(&mut self, stream: &StreamId, change: PushedChange) -> Outcome {
        let request = self.client.push(stream, vec![change]).await;
        self.answer(request).await
    }

    async fn answer(&mut self, request: u64) -> Outcome {
        let answered = self.client.wait("the answer", |frame| match frame {
            ServerFrame::Accepted(accepted) if accepted.request == request => Some(None),
            ServerFrame::Refused(refused) if refused.request == request => Some(Some(refused.code)),
            _ => None,
        });
        answered.await
    }
}
