//! Properties of what is admitted, whoever pushes what in which order: the
//! invariants of membership, of all that is said and commanded; and that every
//! replica is the same and lets write.

use core::time::Duration;

use proptest::{collection::vec, prelude::*, sample::select};
use tidings_core::{
    authority::{Admitted, Session, Stream},
    command::{
        AddMember, AnswerRequest, BanMember, ChangeRole, Command, DefineRole, InviteMember, LeaveConversation,
        Planning, RemoveMember, SetLocked, SetPermission, SetPolicy, SetState, TransferOwnership, UnbanMember,
    },
    doc::{Document, Fact},
    ids::{AccountId, ConversationId, DeviceId, DocumentId, MessageId, Stamp, StreamId, TimelineId},
    limits::Limits,
    model::{
        ConversationKind, ConversationState, Created, Grant, InfoField, JoinPolicy, LateWrites, LeadOpened,
        MemberField, MemberStatus, Membership, Permission, Permissions, Pin, Policy, Resource, Role, RoleDefinition,
        RoleName, Scope, SendPolicy, SubroomPolicy, Theme, WhoPolicy,
    },
    time::WallTime,
    wire::PushedChange,
};
use tidings_tests::{
    fuzz::{
        authority::play,
        room::{NAMES, Room, RoomKind, account, says, tenant},
        script::Script,
    },
    membership,
    roster::first_members,
};

const GROUP: ConversationId = ConversationId::from_bytes([7; 16]);
const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);
const MEMBERS_MAX: u32 = 5;
const ROLES_MAX: u32 = 2;
/// One device each; the last one administers the tenant.
const PEOPLE: [&str; 8] = ["ow", "ad", "mo", "me", "gu", "ow2", "zoe", "root"];
const ROLE_NAMES: [&str; 3] = ["cook", "host", "scout"];
const CUSTOM: [Permission; 4] =
    [Permission::MessageSend, Permission::PinAdd, Permission::MemberAdd, Permission::MemberPermissions];

/// What happens: somebody says facts or commands something on top of what they
/// have seen, somebody sees everything, a change that waits is pushed, or a
/// few seconds pass.
#[derive(Debug, Clone)]
enum Move {
    Write(usize, Vec<Said>),
    Command(usize, Command),
    See(usize),
    Push(prop::sample::Index),
    Wait,
}

/// A fact, or one whose values follow from who says it and what they have seen.
#[derive(Debug, Clone)]
enum Said {
    Fact(Fact),
    /// Somebody is moved, as it follows from where they stood.
    Moved(AccountId, MemberStatus),
    /// Somebody is moved in another one's name.
    Forged(AccountId, MemberStatus, AccountId),
    /// What is granted, or denied, until so many seconds from now.
    Granted(AccountId, Permission, bool, Option<u64>),
    /// A pin of the one message there is.
    Pinned(bool),
    /// The first message or another one.
    Words,
}

fn who() -> impl Strategy<Value = AccountId> {
    select(NAMES.to_vec()).prop_map(account)
}

fn role_name() -> impl Strategy<Value = RoleName> {
    select(ROLE_NAMES.to_vec()).prop_map(|name| RoleName::parse(name).unwrap())
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![3 => select(Role::BUILT_IN.to_vec()), 2 => role_name().prop_map(Role::Custom)]
}

/// Those that matter here more often than the others.
fn permission() -> impl Strategy<Value = Permission> {
    prop_oneof![select(CUSTOM.to_vec()), select(Permission::ALL.to_vec())]
}

fn definition() -> impl Strategy<Value = Option<RoleDefinition>> {
    let permissions = vec(permission(), 0..4).prop_map(Permissions::from_iter);
    let definition = (select(vec![0, 1, 20, 30, 60, 80, 99, 100]), permissions);
    prop::option::weighted(0.8, definition.prop_map(|(rank, permissions)| RoleDefinition { rank, permissions }))
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        select(WhoPolicy::ALL.to_vec()).prop_map(Policy::AddMembers),
        select(WhoPolicy::ALL.to_vec()).prop_map(Policy::InfoEdit),
        select(SendPolicy::ALL.to_vec()).prop_map(Policy::Send),
        select(JoinPolicy::ALL.to_vec()).prop_map(Policy::Join),
        select(LateWrites::ALL.to_vec()).prop_map(Policy::LateWrites),
        select(SubroomPolicy::ALL.to_vec()).prop_map(Policy::Subrooms),
        select(vec![0, 32, 33]).prop_map(Policy::SubroomDepthMax),
        select(vec![0, 36_500, 36_501]).prop_map(Policy::RetentionDays),
        select(vec![0, 86_400, 86_401]).prop_map(Policy::SlowModeSeconds),
        any::<bool>().prop_map(Policy::JoinApproval),
        any::<bool>().prop_map(Policy::Reactions),
        any::<bool>().prop_map(Policy::Stickers),
        any::<bool>().prop_map(Policy::Attachments),
    ]
}

/// Open again as often as not: where nobody can write nothing happens.
fn state() -> impl Strategy<Value = ConversationState> {
    prop_oneof![
        12 => Just(ConversationState::Active),
        4 => Just(ConversationState::Archived),
        4 => Just(ConversationState::Closed),
        1 => Just(ConversationState::Deleted),
    ]
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(select(vec!["", "trip", "#12abCD", "https://a.example/x"]))
        .prop_map(|text| text.map(str::to_owned))
}

fn theme() -> impl Strategy<Value = Option<Theme>> {
    prop::option::of((text(), text()).prop_map(|(background_url, color)| Theme { background_url, color }))
}

fn seconds() -> impl Strategy<Value = Option<u64>> {
    prop::option::weighted(0.7, 0..20u64)
}

fn said() -> impl Strategy<Value = Said> {
    let created = (select(ConversationKind::ALL.to_vec()), who())
        .prop_map(|(kind, by)| Fact::Created(Created::new(kind, by, NOW)));
    let fact = prop_oneof![
        10 => (who(), role()).prop_map(|(who, role)| Fact::MemberRole(who, role)),
        5 => (role_name(), definition()).prop_map(|(name, role)| Fact::RoleDefinition(name, role)),
        4 => policy().prop_map(Fact::Policy),
        2 => state().prop_map(Fact::State),
        2 => prop::bool::weighted(0.3).prop_map(Fact::Locked),
        1 => select(Scope::ALL.to_vec()).prop_map(Fact::Scope),
        1 => (select(InfoField::ALL.to_vec()), text()).prop_map(|(field, text)| Fact::Info(field, text)),
        1 => theme().prop_map(Fact::Theme),
        1 => (who(), select(MemberField::ALL.to_vec()), text())
            .prop_map(|(who, field, text)| Fact::MemberText(who, field, text)),
        2 => (who(), permission()).prop_map(|(who, permission)| Fact::MemberGrant(who, permission, None)),
        1 => created,
    ];
    prop_oneof![
        28 => fact.prop_map(Said::Fact),
        14 => (who(), select(MemberStatus::ALL.to_vec())).prop_map(|(who, status)| Said::Moved(who, status)),
        1 => (who(), select(MemberStatus::ALL.to_vec()), who())
            .prop_map(|(who, status, by)| Said::Forged(who, status, by)),
        8 => (who(), permission(), prop::bool::weighted(0.7), seconds())
            .prop_map(|(who, permission, allowed, until)| Said::Granted(who, permission, allowed, until)),
        2 => any::<bool>().prop_map(Said::Pinned),
        2 => Just(Said::Words),
    ]
}

/// Every command that is about who is in a conversation and what they may do.
fn command() -> impl Strategy<Value = Command> {
    let conversation = GROUP;
    prop_oneof![
        4 => (who(), role()).prop_map(move |(account, role)| AddMember { conversation, account, role }.into()),
        2 => (who(), role()).prop_map(move |(account, role)| InviteMember { conversation, account, role }.into()),
        4 => (who(), role()).prop_map(move |(account, role)| ChangeRole { conversation, account, role }.into()),
        4 => (who(), permission(), prop::option::of(any::<bool>()), seconds()).prop_map(
            move |(account, permission, allowed, until)| {
                let until = until.map(|seconds| NOW.plus(Duration::from_secs(seconds)));
                SetPermission { conversation, account, permission, allowed, until }.into()
            }
        ),
        3 => (role_name(), definition()).prop_map(move |(name, role)| DefineRole { conversation, name, role }.into()),
        2 => policy().prop_map(move |policy| SetPolicy { conversation, policy }.into()),
        1 => state().prop_map(move |state| SetState { conversation, state }.into()),
        1 => any::<bool>().prop_map(move |locked| SetLocked { conversation, locked }.into()),
        2 => who().prop_map(move |account| RemoveMember { conversation, account }.into()),
        1 => who().prop_map(move |account| BanMember { conversation, account }.into()),
        1 => who().prop_map(move |account| UnbanMember { conversation, account }.into()),
        1 => (who(), any::<bool>())
            .prop_map(move |(account, approved)| AnswerRequest { conversation, account, approved }.into()),
        1 => who().prop_map(move |account| TransferOwnership { conversation, account }.into()),
        1 => Just(LeaveConversation { conversation }.into()),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let step = prop_oneof![
        4 => (0..PEOPLE.len(), vec(said(), 1..4)).prop_map(|(who, said)| Move::Write(who, said)),
        4 => (0..PEOPLE.len(), command()).prop_map(|(who, command)| Move::Command(who, command)),
        3 => (0..PEOPLE.len()).prop_map(Move::See),
        8 => any::<prop::sample::Index>().prop_map(Move::Push),
        1 => Just(Move::Wait),
    ];
    vec(step, 0..100)
}

/// A conversation, what everybody has seen of it, and what waits to be pushed.
struct Arena {
    stream: Stream,
    seen: Vec<Stream>,
    waiting: Vec<(usize, PushedChange)>,
    document: DocumentId,
    limits: Limits,
    now: WallTime,
    messages: u16,
}

fn session(who: usize) -> Session {
    Session {
        tenant: tenant(),
        account: account(PEOPLE[who]),
        device: DeviceId::from_bytes([u8::try_from(who).unwrap() + 1; 16]),
        administrator: PEOPLE[who] == "root",
    }
}

/// The kinds with members of their own.
fn with_members() -> Vec<ConversationKind> {
    ConversationKind::ALL.iter().copied().filter(|kind| *kind != ConversationKind::Thread).collect()
}

impl Arena {
    fn new(kind: ConversationKind) -> Self {
        let (conversation, members) = match kind {
            ConversationKind::Direct => {
                let id = ConversationId::direct(&tenant(), &account("ow"), &account("me"));
                (id, vec![("ow", Role::Member), ("me", Role::Member)])
            }
            ConversationKind::Resource => {
                let id = ConversationId::resource(&tenant(), "flat 7", &account("me"));
                (id, vec![("me", Role::Member), ("ow", Role::Owner)])
            }
            _ => {
                let roles = [Role::Owner, Role::Admin, Role::Moderator, Role::Member, Role::Guest];
                (GROUP, NAMES.into_iter().zip(roles).collect())
            }
        };
        let document = TimelineId::of(conversation).document();
        let mut stream = Stream::new(tenant(), StreamId::Conversation(conversation));
        stream.insert(Document::new(document.clone()));
        stream.insert(Document::new(TimelineId::of(conversation).page(1)));
        let client = PEOPLE.iter().position(|name| *name == "me").expect("a member has a device");
        let by = match kind {
            ConversationKind::System => PEOPLE.len() - 1,
            ConversationKind::Resource => client,
            _ => 0,
        };
        let mut members: Vec<_> = members.into_iter().map(|(name, role)| (account(name), role)).collect();
        if kind == ConversationKind::System {
            members.retain(|(name, _)| name.as_str() != "gu");
            members.push((account("root"), Role::Owner));
        }
        let resource = (kind == ConversationKind::Resource).then(|| {
            let (client, owner) = (account("me"), account("ow"));
            let (id, title) = ("flat 7".to_owned(), None);
            Box::new(Resource { id, title, client, client_name: None, owner, owner_name: None })
        });
        let mut facts = vec![Fact::Created(Created { resource, ..Created::new(kind, session(by).account, NOW) })];
        facts.extend((kind == ConversationKind::Resource).then(|| {
            let (by, at) = (session(by).account, NOW);
            Fact::LeadOpened(1, LeadOpened { by, at, intent: None, contact_channel: None })
        }));
        facts.extend(first_members(&session(by).account, NOW, members));
        let limits = Limits { members_max: MEMBERS_MAX, roles_max: ROLES_MAX, ..Limits::default() };
        let seen = vec![stream.clone(); PEOPLE.len()];
        let mut arena = Self { seen, stream, waiting: Vec::new(), document, limits, now: NOW, messages: 0 };
        arena.write(by, &arena.document.clone(), &facts);
        assert!(arena.push(0).is_some_and(|(_, admitted)| admitted), "the conversation is created");
        (0..PEOPLE.len()).for_each(|who| arena.seen[who] = arena.stream.clone());
        arena
    }

    fn write(&mut self, who: usize, document: &DocumentId, facts: &[Fact]) {
        let written = self.seen[who].write(session(who).device, document, self.now, facts);
        if let Some((change, _)) = written {
            let pushed = PushedChange { document: document.clone(), change: change.bytes().to_vec() };
            self.waiting.push((who, pushed));
        }
    }

    fn say(&mut self, who: usize, said: Vec<Said>) {
        let by = session(who).account;
        let message = |number: u16| MessageId { stamp: Stamp::new(NOW, number, [7; 8]), author: by.clone() };
        let members = &self.seen[who].conversation().members;
        let former = |account: &AccountId| members.get(account).and_then(|member| member.membership.as_ref());
        let mut facts = Vec::new();
        let mut words = Vec::new();
        for said in said {
            match said {
                Said::Fact(fact) => facts.push(fact),
                Said::Moved(account, status) => {
                    let membership = Membership::next(former(&account), status, &by, self.now);
                    facts.push(Fact::MemberStatus(account, membership));
                }
                Said::Forged(account, status, other) => {
                    let membership = Membership::next(former(&account), status, &other, self.now);
                    facts.push(Fact::MemberStatus(account, membership));
                }
                Said::Granted(account, permission, allowed, until) => {
                    let until = until.map(|seconds| self.now.plus(Duration::from_secs(seconds)));
                    let grant = Grant { allowed, by: by.clone(), at: self.now, until };
                    facts.push(Fact::MemberGrant(account, permission, Some(grant)));
                }
                Said::Pinned(on) => {
                    // Said before by anybody, or by nobody.
                    let first = MessageId { stamp: Stamp::new(NOW, 1, [7; 8]), author: by.clone() };
                    facts.push(Fact::Pin(first, on.then(|| Pin { by: by.clone(), at: self.now, page: 1 })));
                }
                Said::Words => {
                    self.messages += 1;
                    words.push(says(message(self.messages), "words"));
                }
            }
        }
        let document = self.document.clone();
        if !facts.is_empty() {
            self.write(who, &document, &facts);
        }
        let Some(conversation) = document.stream().conversation() else { return };
        words.into_iter().for_each(|message| self.write(who, &TimelineId::of(conversation).page(1), &[message]));
    }

    fn command(&mut self, who: usize, command: &Command) {
        let session = session(who);
        let planning = Planning { session: &session, stream: &self.seen[who], at: self.now, limits: &self.limits };
        if let Ok(Some(plan)) = command.plan(&planning) {
            // What was commanded is about the group, and said in whatever conversation this is.
            self.write(who, &self.document.clone(), &plan.facts);
        }
    }

    /// Pushes a change that waits; who wrote it and whether it was admitted.
    fn push(&mut self, index: usize) -> Option<(usize, bool)> {
        let (who, pushed) = self.waiting.remove(index);
        let before = self.stream.conversation().clone();
        match self.stream.admit(&session(who), &pushed, self.now, &self.limits) {
            Ok(Admitted { entry, effects, .. }) => {
                assert_eq!(entry.account, session(who).account);
                let after = self.stream.conversation();
                let checked = membership::check(&entry, &effects.facts, &before, after, &self.limits);
                assert_eq!(checked, Ok(()), "{} states {:?}", entry.account, effects.facts);
                Some((who, true))
            }
            Err(_) => {
                assert_eq!(*self.stream.conversation(), before, "a refused change does something");
                Some((who, false))
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a15_membership_holds_whatever_arrives_in_whatever_order(kind in select(with_members()), moves in moves()) {
        let mut arena = Arena::new(kind);
        for step in moves {
            match step {
                Move::Write(who, said) => arena.say(who, said),
                Move::Command(who, command) => arena.command(who, &command),
                Move::Wait => arena.now = arena.now.plus(Duration::from_secs(5)),
                Move::See(who) => arena.seen[who] = arena.stream.clone(),
                Move::Push(index) if !arena.waiting.is_empty() => {
                    let index = index.index(arena.waiting.len());
                    if let Some((who, false)) = arena.push(index) {
                        // A device whose change is refused lets go of what it built on it.
                        arena.seen[who] = arena.stream.clone();
                        arena.waiting.retain(|(other, _)| *other != who);
                    }
                }
                Move::Push(_) => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Replicas made from the entries alone, and from snapshots at any of the
    /// cuts with the rest behind them.
    #[test]
    fn d7_after_whatever_is_admitted_replicas_are_equal_and_everybody_writes(
        kind in proptest::sample::select(vec![RoomKind::Group, RoomKind::Direct, RoomKind::Account, RoomKind::Nothing]),
        script in proptest::collection::vec(any::<u8>(), 40..400),
        cuts in proptest::collection::vec(any::<usize>(), 1..4),
    ) {
        let mut room = Room::begun(kind);
        play(&mut Script::new(&script), &mut room, |_, _| ());
        room.check_replicas(&cuts);
        room.check_everybody_writes();
    }
}
