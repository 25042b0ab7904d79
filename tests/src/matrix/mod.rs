//! The permission matrix: a hand-written table, and the facts of each of its lines, for an authority to judge.

mod action;
mod table;

use std::collections::BTreeMap;

use tidings_core::{
    authority::{Session, Stream},
    code::Code,
    doc::{Document, Fact},
    ids::{
        AccountId, ConversationId, DeviceId, DocumentId, InviteId, MessageId, Stamp, StreamId, TenantId, TimelineId,
    },
    model::{
        ConversationKind, ConversationState, Created, Grant, HeldState, MemberStatus, Membership, MessageBody,
        Permission, Permissions, Policy, PolicyName, PolicyValue, Role, RoleDefinition, RoleName,
    },
    time::WallTime,
    wire::{DocumentSnapshot, Fetched, Push, PushedChange},
};

pub use table::{Line, Table, Verdict};

/// The time at which everything is judged.
pub const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);

const CONVERSATION: ConversationId = ConversationId::from_bytes([0x3a; 16]);
const INVITE: InviteId = InviteId::from_bytes([0x5c; 16]);

/// The columns of the table, which are also the account names.
pub const ACTORS: [&str; 11] = [
    "owner",
    "admin",
    "moderator",
    "planner",
    "member",
    "guest",
    "helper",
    "former",
    "administrator",
    "stranger",
    "gone",
];

/// The targets of actions.
const TARGETS: [(&str, Role, MemberStatus); 6] = [
    ("admin2", Role::Admin, MemberStatus::Active),
    ("moderator2", Role::Moderator, MemberStatus::Active),
    ("member2", Role::Member, MemberStatus::Active),
    ("guest2", Role::Guest, MemberStatus::Active),
    ("asked", Role::Member, MemberStatus::Requested),
    ("banned", Role::Member, MemberStatus::Banned),
];

fn account(name: &str) -> AccountId {
    AccountId::parse(name).expect("a constant account parses")
}

fn planner() -> RoleName {
    RoleName::parse("trip planner").expect("a constant name parses")
}

/// A conversation in a state, under a policy, with everybody in it.
pub struct Setup {
    stream: Stream,
}

impl Setup {
    /// The setup of a section of the table, with one policy set.
    ///
    /// # Panics
    /// When the section names no known state.
    pub fn new(section: &str, policy: Option<Policy>) -> Self {
        let stream = Stream::new(tenant(), StreamId::Conversation(CONVERSATION));
        let mut setup = Self { stream };
        let mut facts = vec![Fact::Created(Created::new(ConversationKind::Group, account("owner"), NOW))];
        let permissions =
            [Permission::MessageSend, Permission::PinAdd, Permission::MemberAdd, Permission::ConversationLock];
        let definition = RoleDefinition { rank: 40, permissions: permissions.into_iter().collect() };
        facts.push(Fact::RoleDefinition(planner(), Some(definition)));
        let actors = ACTORS.into_iter().filter_map(|name| {
            let (role, status) = match name {
                "administrator" | "stranger" => return None,
                "gone" => (Role::Member, MemberStatus::Removed),
                "planner" => (Role::Custom(planner()), MemberStatus::Active),
                "helper" | "former" => (Role::Member, MemberStatus::Active),
                built_in => (Role::parse(built_in)?, MemberStatus::Active),
            };
            Some((name, role, status))
        });
        for (name, role, status) in actors.chain(TARGETS) {
            facts.push(Fact::MemberRole(account(name), role));
            let membership = Membership::next(None, status, &account("owner"), NOW);
            facts.push(Fact::MemberStatus(account(name), membership));
        }
        let grant = |allowed, until| Some(Grant { allowed, by: account("owner"), at: WallTime::from_millis(0), until });
        facts.push(Fact::MemberGrant(account("helper"), Permission::PinAdd, grant(true, None)));
        facts.push(Fact::MemberGrant(account("helper"), Permission::MessageDeleteAny, grant(true, Some(later()))));
        facts.push(Fact::MemberGrant(account("helper"), Permission::MessageSend, grant(false, None)));
        facts.push(Fact::MemberGrant(account("former"), Permission::PinAdd, grant(true, Some(NOW))));
        facts.push(Fact::Pin(message("member2"), Some(action::pin("owner"))));
        facts.push(Fact::Invite(INVITE, Some(action::invite("owner", true))));
        facts.push(Fact::Held(held(), action::late("system", HeldState::Held)));
        facts.extend(policy.map(Fact::Policy));
        match section {
            "held" | "active" => {}
            "locked" => facts.push(Fact::Locked(true)),
            state => facts.push(Fact::State(ConversationState::parse(state).expect("a section is a state"))),
        }
        setup.state(&TimelineId::of(CONVERSATION).document(), &facts);
        let says = |name: &&str| {
            let body = MessageBody { content: "words".into(), reply_to: None, mentions: None };
            Fact::Message(message(name), body)
        };
        let facts: Vec<Fact> = ACTORS.iter().chain(&["member2"]).map(says).collect();
        setup.state(&page(), &facts);
        setup.state(&thread_of(&message("owner")), &[action::thread("owner", CONVERSATION, message("owner"), 1)]);
        setup.state(&thread_page(), &[action::reply("owner", 1)]);
        setup
    }

    /// States facts without asking an authority.
    fn state(&mut self, document: &DocumentId, facts: &[Fact]) {
        let device = DeviceId::from_bytes([0xff; 16]);
        let (change, _) = self.stream.clone().write(device, document, NOW, facts).expect("something is stated");
        let entry = tidings_core::journal::Entry {
            position: self.stream.position().next(),
            document: document.clone(),
            account: account("owner"),
            administrator: true,
            accepted_at: NOW,
            change: change.bytes().to_vec(),
            deletes: None,
        };
        if self.stream.document(document).is_none() {
            self.stream.insert(Document::new(document.clone()));
        }
        self.stream.apply_entry(&entry).expect("what was written applies");
    }

    /// The permissions of an actor.
    pub fn held(&self, actor: &str) -> Permissions {
        let conversation = self.stream.conversation();
        match conversation.active_member(&account(actor)) {
            _ if actor == "administrator" => Permissions::all(),
            Some(member) => conversation.permissions_at(member, NOW),
            None => Permissions::default(),
        }
    }

    /// The stream as a server would send it.
    pub fn fetched(&self) -> Fetched {
        let documents = self.stream.documents().map(|document| {
            let (position, data, admissions) = document.save();
            DocumentSnapshot { document: document.id().clone(), position, data, admissions }
        });
        Fetched {
            request: 1,
            stream: self.stream.id().clone(),
            head: self.stream.position(),
            page: self.stream.page(),
            restart: true,
            documents: documents.collect(),
            entries: Vec::new(),
            receipts: Vec::new(),
            threads: self.stream.threads().cloned().collect(),
            lacks: Vec::new(),
            unread: None,
            chain: self.stream.head().chain,
        }
    }

    /// The push of an actor for the action of a line.
    ///
    /// # Panics
    /// When there is no such action.
    pub fn push(&self, actor: &str, action: &str) -> Push {
        let (document, facts) = action::facts(&self.stream, actor, action);
        let device = session(actor).device;
        let (change, _) = self.stream.clone().write(device, &document, NOW, &facts).expect("a action states something");
        let changes = vec![PushedChange { document, change: change.bytes().to_vec() }];
        Push { request: 7, stream: self.stream.id().clone(), changes }
    }
}

/// The session of an actor.
pub fn session(actor: &str) -> Session {
    let mut device = [0; 16];
    let name = actor.as_bytes();
    device[..name.len()].copy_from_slice(name);
    Session {
        tenant: tenant(),
        account: account(actor),
        device: DeviceId::from_bytes(device),
        administrator: actor == "administrator",
    }
}

/// The policy values that some line is about; none for the initial policies.
pub fn policies_that_matter() -> Vec<Option<Policy>> {
    let table = Table::read();
    let mut policies: BTreeMap<String, Option<Policy>> = BTreeMap::from([(String::new(), None)]);
    for line in table.lines() {
        policies.extend(line.policy.map(|policy| (format!("{policy:?}"), Some(policy))));
    }
    policies.into_values().collect()
}

/// A different value for every other policy.
pub fn policies_that_do_not() -> Vec<Option<Policy>> {
    let values = [
        (PolicyName::Join, PolicyValue::Name("link_join")),
        (PolicyName::Join, PolicyValue::Name("open")),
        (PolicyName::JoinApproval, PolicyValue::Switch(true)),
        (PolicyName::RetentionDays, PolicyValue::Number(30)),
        (PolicyName::Stickers, PolicyValue::Switch(false)),
        (PolicyName::Attachments, PolicyValue::Switch(false)),
        (PolicyName::LateWrites, PolicyValue::Name("hold")),
    ];
    values.into_iter().map(|(name, value)| Some(Policy::new(name, value).expect("a value of the policy"))).collect()
}

/// The code for the letter of a verdict; none for an admitted change.
pub fn code(verdict: Verdict) -> Option<Code> {
    Some(match verdict {
        '+' => return None,
        '-' => Code::PermissionDenied,
        'p' => Code::PolicyForbids,
        'r' => Code::RankTooLow,
        'L' => Code::ConversationLocked,
        'A' => Code::ConversationArchived,
        'C' => Code::ConversationClosed,
        'D' => Code::ConversationDeleted,
        'n' => Code::NotAMember,
        'x' => Code::MemberRemoved,
        'o' => Code::LastOwner,
        'u' => Code::MemberUnknown,
        't' => Code::ThreadTooDeep,
        other => panic!("no verdict is written {other}"),
    })
}

fn page() -> DocumentId {
    TimelineId::of(CONVERSATION).page(1)
}

/// The page of the thread that the owner opened from their message.
fn thread_page() -> DocumentId {
    TimelineId::of_thread(CONVERSATION, thread(&message("owner"))).page(1)
}

fn thread_of(message: &MessageId) -> DocumentId {
    TimelineId::of_thread(CONVERSATION, thread(message)).document()
}

fn thread(message: &MessageId) -> ConversationId {
    ConversationId::thread(&tenant(), CONVERSATION, message)
}

/// An earlier message of somebody.
fn message(author: &str) -> MessageId {
    message_at(author, 1)
}

fn message_at(author: &str, number: u16) -> MessageId {
    MessageId { stamp: Stamp::new(NOW, number, [1; 8]), author: account(author) }
}

/// The held message, written by somebody who did not know yet that they were removed.
fn held() -> MessageId {
    message_at("gone", 9)
}

fn tenant() -> TenantId {
    TenantId::parse("acme").expect("a constant tenant parses")
}

fn later() -> WallTime {
    NOW.plus(core::time::Duration::from_secs(3_600))
}
