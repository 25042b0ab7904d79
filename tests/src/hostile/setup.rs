//! A conversation in which an attacker is a member: a page with messages, edits and reactions of several
//! devices, some of them concurrent, so that there are other actors, conflicts and predecessors to lie about.

use tidings_core::{
    authority::{AdmitError, Admitted, Session, Stream},
    doc::Fact,
    ids::{AccountId, ConversationId, DeviceId, DocumentId, MessageId, Stamp, StreamId, TenantId, TimelineId},
    journal::Entry,
    limits::Limits,
    model::{ConversationKind, Created, Edit, Grant, InfoField, MessageBody, Permission, Role},
    time::WallTime,
    wire::PushedChange,
};

use crate::roster::first_members;

/// An account by its name.
///
/// # Panics
/// When the name is invalid.
pub fn account(name: &str) -> AccountId {
    AccountId::parse(name).expect("the name is an account's")
}

/// The device with this number.
pub const fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

/// The emoji of the attacker's other device, which the attacker could not see yet.
pub(super) const UNSEEN: &str = "🌅";

/// The sessions' pushes, in journal order.
pub type Script = Vec<(Session, PushedChange)>;

/// The state of an attacker.
#[derive(Clone)]
pub struct Setup {
    /// Their replica of the conversation's stream, with everything admitted.
    pub stream: Stream,
    /// The same before the last entry, on the attacker's other device.
    pub earlier: Stream,
    /// Their entries.
    pub journal: Vec<Entry>,
    /// The attacker: a member, with the role of an admin.
    pub attacker: Session,
    /// The attacker's other devices.
    pub others: [Session; 2],
    /// The owner.
    pub victim: Session,
    /// The time.
    pub now: WallTime,
    /// The limits it is judged by.
    pub limits: Limits,
    count: u16,
}

impl Setup {
    /// The setup in a conversation at a time, and the pushes that build it.
    ///
    /// # Panics
    /// When the authority refuses one of these pushes.
    pub fn new(tenant: &TenantId, conversation: ConversationId, now: WallTime) -> (Setup, Script) {
        let session = |name: &str, number: u8| Session {
            tenant: tenant.clone(),
            account: account(name),
            device: device(number),
            administrator: false,
        };
        let stream = Stream::new(tenant.clone(), StreamId::Conversation(conversation));
        let mut setup = Setup {
            earlier: stream.clone(),
            stream,
            journal: Vec::new(),
            attacker: session("eve", 0xe1),
            others: [session("eve", 0xe2), session("eve", 0xe3)],
            victim: session("ann", 0xa1),
            now,
            limits: Limits::default(),
            count: 0,
        };
        let bob = session("bob", 0xb1);
        let script = setup.play(&bob);
        (setup, script)
    }

    fn play(&mut self, bob: &Session) -> Script {
        let (ann, eve) = (self.victim.clone(), self.attacker.clone());
        let [tablet, laptop] = self.others.clone();
        let (page, conversation) = (self.page(), self.conversation());
        let mut script = Script::new();
        let mut write = |setup: &mut Setup, on: &Stream, session: &Session, document: &DocumentId, facts: &[Fact]| {
            let pushed = setup.write(on, session, document, facts);
            setup.admit(session, &pushed).expect("an honest change is admitted");
            script.push((session.clone(), pushed));
        };
        let mut facts = vec![
            Fact::Created(Created::new(ConversationKind::Group, ann.account.clone(), self.now)),
            Fact::Info(InfoField::Title, Some("Boats".into())),
        ];
        let members = [("ann", Role::Owner), ("eve", Role::Admin), ("bob", Role::Member)];
        let members = members.map(|(name, role)| (account(name), role));
        facts.extend(first_members(&ann.account, self.now, members));
        let on = self.stream.clone();
        write(self, &on, &ann, &conversation, &facts);
        // A permission that the attacker had for a while, and has lost.
        let (at, until) = (self.ago(1_200), self.ago(600));
        let over = Grant { allowed: true, by: ann.account.clone(), at, until: Some(until) };
        let over = Fact::MemberGrant(eve.account.clone(), Permission::ConversationDelete, Some(over));
        let on = self.stream.clone();
        write(self, &on, &ann, &conversation, &[over]);
        for (session, number) in [(&ann, 1), (&eve, 2), (bob, 3)] {
            // Whose words are whose can be told by them.
            let text = format!("words of {}", session.account);
            let (on, message) = (self.stream.clone(), self.message(session, number, &text));
            write(self, &on, session, &page, &[message]);
        }
        // Three devices edit the same message, and two people react, all concurrently.
        let on = self.stream.clone();
        for (session, text) in [(&eve, "phone"), (&tablet, "tablet"), (&laptop, "laptop")] {
            let edit = self.edits(text);
            write(self, &on, session, &page, &[edit]);
        }
        let thumb = Fact::Reaction(self.message_id(&eve, 2), "👍".into(), ann.account.clone(), true);
        write(self, &on, &ann, &page, &[thumb]);
        for emoji in ["👍", "🌊"] {
            let (on, reaction) = (self.stream.clone(), self.reacts(emoji, true));
            write(self, &on, &eve, &page, &[reaction]);
        }
        // Two heads, neither of them the attacker's, one of which they had seen earlier.
        let on = self.stream.clone();
        for (session, number) in [(&ann, 4), (bob, 5)] {
            let message = self.message(session, number, &format!("more words of {}", session.account));
            write(self, &on, session, &page, &[message]);
        }
        let (both, message) = (self.stream.clone(), self.message(&ann, 6, "the last word"));
        write(self, &both, &ann, &page, &[message]);
        self.earlier = self.stream.clone();
        let reaction = self.reacts(UNSEEN, true);
        write(self, &on, &laptop, &page, &[reaction]);
        script
    }

    /// The conversation's document.
    pub fn conversation(&self) -> DocumentId {
        TimelineId::of(self.conversation_id()).document()
    }

    /// The open page.
    pub fn page(&self) -> DocumentId {
        TimelineId::of(self.conversation_id()).page(1)
    }

    /// The time this many seconds ago.
    pub(super) fn ago(&self, seconds: u64) -> WallTime {
        WallTime::from_millis(self.now.as_millis() - seconds * 1_000)
    }

    pub(super) fn conversation_id(&self) -> ConversationId {
        self.stream.id().conversation().expect("the stream is a conversation's")
    }

    /// The push with which a session that has seen `on` would state these facts.
    ///
    /// # Panics
    /// When all of them hold already.
    pub fn write(&self, on: &Stream, session: &Session, document: &DocumentId, facts: &[Fact]) -> PushedChange {
        let (change, _) =
            on.clone().write(session.device, document, self.now, facts).expect("there is something to write");
        PushedChange { document: document.clone(), change: change.bytes().to_vec() }
    }

    /// The next honest message of a session.
    pub fn next_message(&mut self, session: &Session) -> PushedChange {
        self.count += 1;
        let message = self.message(session, 100 + self.count, "an honest word");
        self.write(&self.stream, session, &self.page(), &[message])
    }

    /// Creates the documents that judging a push needs and that nobody has written in.
    pub fn make_room(&mut self, pushed: &PushedChange) {
        if pushed.document.stream() == *self.stream.id() {
            self.stream.insert_missing_for(&pushed.document, &pushed.change);
        }
    }

    /// Judges a push, and makes it the next entry if it is admitted.
    ///
    /// # Errors
    /// The authority's.
    pub fn admit(&mut self, session: &Session, pushed: &PushedChange) -> Result<Admitted, AdmitError> {
        self.make_room(pushed);
        let admitted = self.stream.admit(session, pushed, self.now, &self.limits)?;
        self.journal.push(admitted.entry.clone());
        Ok(admitted)
    }

    /// The id of a message by its number.
    pub fn message_id(&self, session: &Session, number: u16) -> MessageId {
        let stamp = Stamp::new(self.now, number, [7; 8]);
        MessageId { stamp, author: session.account.clone() }
    }

    pub(super) fn message(&self, session: &Session, number: u16, text: &str) -> Fact {
        let body = MessageBody { content: text.into(), reply_to: None, mentions: None };
        Fact::Message(self.message_id(session, number), body)
    }

    /// A new message of the attacker.
    pub(super) fn says(&self, text: &str) -> Fact {
        self.message(&self.attacker, 99, text)
    }

    /// An edit of the attacker's first message.
    pub(super) fn edits(&self, text: &str) -> Fact {
        Fact::Edit(self.message_id(&self.attacker, 2), Edit { content: text.into(), at: self.now })
    }

    /// A reaction of the attacker to their first message.
    pub(super) fn reacts(&self, emoji: &str, on: bool) -> Fact {
        Fact::Reaction(self.message_id(&self.attacker, 2), emoji.into(), self.attacker.account.clone(), on)
    }
}
