//! Somebody who writes changes the way a client does: planned by the commands,
//! against a stream of their own.

use tidings_core::{
    authority::{Refusal, Session, Stream},
    command::{AddContact, AddMember, Command, CreateConversation, Planning, RemoveMember, SendMessage, SetProfile},
    doc::{Document, Fact},
    ids::{
        AccountId, ContactId, ConversationId, DeviceId, DocumentId, MessageId, PageNumber, Stamp, StreamId, TenantId,
        TimelineId,
    },
    journal::{Entry, Position},
    limits::Limits,
    model::{Contact, ContactKind, Profile, Role},
    wire::PushedChange,
};
use tidings_server::clock;

use super::{
    client::{Client, device, stream},
    server::TestServer,
};

/// An account's device with what it wrote and was told of one stream.
#[derive(Clone)]
pub struct Author {
    pub session: Session,
    pub stream: Stream,
    pub limits: Limits,
    count: u16,
}

/// An account by its name.
pub fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// The conversation that most tests are about.
pub fn boats() -> ConversationId {
    ConversationId::from_bytes([0xb0; 16])
}

/// Ann, on her first device, with that conversation as a group that holds the others.
pub async fn group(server: &TestServer, members: &[&str]) -> (Client, Author) {
    let mut ann = Client::connect(server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(members)]).await;
    (ann, author)
}

impl Author {
    /// A device that holds nothing of a conversation.
    pub fn of(name: &str, device: DeviceId, conversation: ConversationId) -> Self {
        let mut author = Self::new(name, device, StreamId::Conversation(conversation));
        author.stream.insert(Document::new(TimelineId::of(conversation).document()));
        author
    }

    /// A device that holds nothing of its own account.
    pub fn of_account(name: &str, device: DeviceId) -> Self {
        let mut author = Self::new(name, device, StreamId::Account(account(name)));
        author.stream.insert(Document::new(DocumentId::Account(account(name))));
        author.stream.insert(Document::new(DocumentId::Home(account(name))));
        author
    }

    fn new(name: &str, device: DeviceId, stream: StreamId) -> Self {
        let tenant = TenantId::parse("acme").unwrap();
        let session = Session { tenant: tenant.clone(), account: account(name), device, administrator: false };
        Self { session, stream: Stream::new(tenant, stream), limits: Limits::default(), count: 0 }
    }

    /// Takes in what others wrote.
    pub fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.stream.apply_entry(entry).unwrap();
        }
    }

    /// Writes what a command means.
    #[track_caller]
    pub fn write(&mut self, command: impl Into<Command>) -> PushedChange {
        self.try_write(command).unwrap().expect("the command changes something")
    }

    /// The same, unless the device itself refuses it; none where it changes nothing.
    pub fn try_write(&mut self, command: impl Into<Command>) -> Result<Option<PushedChange>, Refusal> {
        let at = clock::wall_now();
        let planning = Planning { session: &self.session, stream: &self.stream, at, limits: &self.limits };
        let Some(plan) = command.into().plan(&planning)? else { return Ok(None) };
        let (change, _) = self.stream.write(self.session.device, &plan.document, at, &plan.facts).unwrap();
        Ok(Some(PushedChange { document: plan.document, change: change.bytes().to_vec() }))
    }

    /// Writes facts that no command would.
    pub fn state(&mut self, document: &DocumentId, facts: &[Fact]) -> PushedChange {
        let (change, _) = self.stream.write(self.session.device, document, clock::wall_now(), facts).unwrap();
        PushedChange { document: document.clone(), change: change.bytes().to_vec() }
    }

    fn conversation(&self) -> ConversationId {
        self.stream.id().conversation().unwrap()
    }

    /// Creates the conversation as a group.
    pub fn create(&mut self, members: &[&str]) -> PushedChange {
        let members = members.iter().map(|name| account(name)).collect();
        let group = CreateConversation::group(Some("Boats".into()), members);
        self.write(CreateConversation { conversation: self.conversation(), ..group })
    }

    /// Sends a text.
    /// The newest message of a page.
    pub fn newest_message(&self, page: PageNumber) -> MessageId {
        let page = self.stream.document(&TimelineId::of(self.conversation()).page(page)).expect("the page is begun");
        let mut messages = page.facts("msg/").filter_map(|fact| match fact {
            Fact::Message(message, _) => Some(message),
            _ => None,
        });
        messages.next().expect("something was said there")
    }

    pub fn say(&mut self, text: &str) -> PushedChange {
        self.count += 1;
        let stamp = Stamp::new(clock::wall_now(), self.count, rand::random());
        let conversation = self.conversation();
        self.write(SendMessage { stamp, ..SendMessage::new(conversation, text) })
    }

    /// Adds a member.
    pub fn add(&mut self, name: &str) -> PushedChange {
        self.write(AddMember { conversation: self.conversation(), account: account(name), role: Role::Member })
    }

    /// Removes a member.
    pub fn remove(&mut self, name: &str) -> PushedChange {
        self.write(RemoveMember { conversation: self.conversation(), account: account(name) })
    }

    /// Names themselves.
    pub fn call_themselves(&mut self, display_name: &str) -> PushedChange {
        let profile = Profile { display_name: Some(display_name.to_owned()), ..Profile::default() };
        self.write(SetProfile { profile, account: None })
    }

    /// Adds a contact to their own list.
    pub fn befriend(&mut self, name: &str) -> PushedChange {
        let linked = account(name);
        let id = ContactId::of_account(&linked);
        let contact = Contact { account: Some(linked), ..Contact::new(ContactKind::Person) };
        self.write(AddContact { id, contact })
    }
}
