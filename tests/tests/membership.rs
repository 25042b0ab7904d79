//! Properties of what is admitted, whoever pushes what in which order: the
//! invariants of membership, stated here once more and apart from the
//! authority's own words; and that every replica is the same and lets write.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidings_core::{
    authority::{Admitted, Session, Stream},
    doc::{Document, Fact},
    ids::{AccountId, ConversationId, DeviceId, DocumentId, StreamId},
    journal::Position,
    limits::Limits,
    model::{Conversation, ConversationKind, Created, Member, MemberStatus, Role},
    time::WallTime,
    wire::PushedChange,
};
use tidings_tests::fuzz::{
    authority::play,
    room::{NAMES, Room, RoomKind, account, tenant},
    script::Script,
};

const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);
const MEMBERS_MAX: u32 = 5;
/// One device each; the last one administers the tenant.
const PEOPLE: [&str; 8] = ["ow", "ad", "mo", "me", "gu", "ow2", "zoe", "root"];

/// What happens: somebody writes facts on top of what they have seen, somebody
/// sees everything, or a change that waits is pushed.
#[derive(Debug, Clone)]
enum Move {
    Write(usize, Vec<Fact>),
    See(usize),
    Push(prop::sample::Index),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let who = || proptest::sample::select(NAMES.to_vec()).prop_map(account);
    let created = (proptest::sample::select(ConversationKind::ALL.to_vec()), who())
        .prop_map(|(kind, by)| Fact::Created(Created::new(kind, by, NOW)));
    let fact = prop_oneof![
        10 => (who(), proptest::sample::select(Role::ALL.to_vec())).prop_map(|(who, role)| Fact::MemberRole(who, role)),
        14 => (who(), proptest::sample::select(MemberStatus::ALL.to_vec()))
            .prop_map(|(who, status)| Fact::MemberStatus(who, status)),
        1 => created,
    ];
    let step = prop_oneof![
        4 => (0..PEOPLE.len(), proptest::collection::vec(fact, 1..4)).prop_map(|(who, facts)| Move::Write(who, facts)),
        2 => (0..PEOPLE.len()).prop_map(Move::See),
        5 => any::<prop::sample::Index>().prop_map(Move::Push),
    ];
    proptest::collection::vec(step, 0..80)
}

/// A conversation, what everybody has seen of it, and what waits to be pushed.
struct Arena {
    stream: Stream,
    seen: Vec<Stream>,
    waiting: Vec<(usize, PushedChange)>,
    document: DocumentId,
    limits: Limits,
}

fn session(who: usize) -> Session {
    Session {
        tenant: tenant(),
        account: account(PEOPLE[who]),
        device: DeviceId::from_bytes([u8::try_from(who).unwrap() + 1; 16]),
        administrator: PEOPLE[who] == "root",
    }
}

impl Arena {
    fn new(kind: ConversationKind) -> Self {
        let (conversation, members) = match kind {
            ConversationKind::Direct => {
                let id = ConversationId::direct(&tenant(), &account("ow"), &account("me"));
                (id, vec![("ow", Role::Member), ("me", Role::Member)])
            }
            ConversationKind::Group => {
                let roles = [Role::Owner, Role::Admin, Role::Moderator, Role::Member, Role::Guest];
                (ConversationId::from_bytes([7; 16]), NAMES.into_iter().zip(roles).collect())
            }
        };
        let document = DocumentId::Conversation(conversation);
        let mut stream = Stream::new(tenant(), StreamId::Conversation(conversation), Position::ZERO, 0);
        stream.insert(Document::new(document.clone()));
        let mut facts = vec![Fact::Created(Created::new(kind, account("ow"), NOW))];
        for (name, role) in members {
            facts.push(Fact::MemberRole(account(name), role));
            facts.push(Fact::MemberStatus(account(name), MemberStatus::Active));
        }
        let limits = Limits { members_max: MEMBERS_MAX, ..Limits::default() };
        let mut arena =
            Self { seen: vec![stream.clone(); PEOPLE.len()], stream, waiting: Vec::new(), document, limits };
        arena.write(0, &facts);
        assert!(arena.push(0).is_some_and(|(_, admitted)| admitted), "the conversation is created");
        (0..PEOPLE.len()).for_each(|who| arena.seen[who] = arena.stream.clone());
        arena
    }

    fn write(&mut self, who: usize, facts: &[Fact]) {
        let written = self.seen[who].write(session(who).device, &self.document, NOW, facts);
        if let Some((change, _)) = written {
            let pushed = PushedChange { document: self.document.clone(), change: change.bytes().to_vec() };
            self.waiting.push((who, pushed));
        }
    }

    /// Pushes a change that waits; who wrote it and whether it was admitted.
    fn push(&mut self, index: usize) -> Option<(usize, bool)> {
        let (who, pushed) = self.waiting.remove(index);
        let before = self.stream.conversation().clone();
        match self.stream.admit(&session(who), &pushed, NOW, &self.limits) {
            Ok(Admitted { entry, .. }) => {
                assert_eq!(entry.account, session(who).account);
                check_invariants(&session(who), &before, self.stream.conversation());
                Some((who, true))
            }
            Err(_) => {
                assert_eq!(*self.stream.conversation(), before, "a refused change does something");
                Some((who, false))
            }
        }
    }
}

/// What must hold of a conversation before and after whatever was admitted,
/// said without looking at what the change states.
fn check_invariants(by: &Session, before: &Conversation, after: &Conversation) {
    let Some(kind) = after.kind() else { panic!("a conversation with a change is created") };
    assert!(before.created.is_none() || before.created == after.created, "created twice");
    let active: BTreeMap<&AccountId, &Member> = after.active_members().collect();
    let active_before = before.active_members().count();
    match kind {
        ConversationKind::Direct => {
            assert_eq!(active.len(), 2, "a direct has exactly its two");
            assert!(before.created.is_none() || before.members == after.members, "a direct's members changed");
        }
        ConversationKind::Group => {
            assert!(active.values().any(|member| member.role == Role::Owner), "a group without an active owner");
            let full = active.len() <= MEMBERS_MAX as usize || active.len() <= active_before;
            assert!(full, "{} members", active.len());
        }
    }
    if before.created.is_none() {
        return;
    }
    let actor = before.active_member(&by.account).copied();
    assert!(by.administrator || actor.is_some(), "{} acts and is not a member", by.account);
    let rank = if by.administrator { Role::Owner.rank() } else { actor.map_or(0, |actor| actor.role.rank()) };
    // Who is not listed is nobody; a role alone does not bring anybody in.
    let nobody = Member { role: Role::Guest, status: MemberStatus::Left };
    for (name, member) in &after.members {
        let former = before.members.get(name).copied().unwrap_or(nobody);
        if former == *member {
            continue;
        }
        let own = *name == by.account;
        let was_active = former.status == MemberStatus::Active;
        let is_active = member.status == MemberStatus::Active;
        if was_active && !own {
            assert!(former.role.rank() < rank, "{} acts on {name}, of their rank or above", by.account);
        }
        if former.role != member.role || (is_active && !was_active) {
            assert!(member.role.rank() <= rank, "{} gives {name} a rank above their own", by.account);
        }
        if !own {
            assert!(rank >= Role::Admin.rank(), "{} manages members below an admin", by.account);
        }
        if former.status != member.status {
            match member.status {
                MemberStatus::Left => assert!(own, "{name} was made to leave by {}", by.account),
                MemberStatus::Removed | MemberStatus::Banned => assert!(!own, "{name} removes or bans themselves"),
                MemberStatus::Active => assert!(!own || by.administrator, "{name} brings themselves back"),
            }
            // Once out, only coming back or a ban is left.
            let again = matches!(member.status, MemberStatus::Left | MemberStatus::Removed);
            assert!(was_active || !again, "{name} is out already");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a15_membership_holds_whatever_arrives_in_whatever_order(direct in prop::bool::weighted(0.15), moves in moves()) {
        let mut arena = Arena::new(if direct { ConversationKind::Direct } else { ConversationKind::Group });
        for step in moves {
            match step {
                Move::Write(who, facts) => arena.write(who, &facts),
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
        kind in proptest::sample::select(vec![RoomKind::Group, RoomKind::Direct, RoomKind::Account]),
        script in proptest::collection::vec(any::<u8>(), 40..400),
        cuts in proptest::collection::vec(any::<usize>(), 1..4),
    ) {
        let mut room = Room::begun(kind);
        play(&mut Script::new(&script), &mut room, |_, _| ());
        room.check_replicas(&cuts);
        room.check_everybody_writes();
    }
}
