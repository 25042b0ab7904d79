//! A server that tells another history than before: it is noticed, whatever tells it.

use super::{
    session::{admitted, answer, begin_session, fetched, go_online, head_of, push_of, pushes, sent},
    *,
};
use crate::{
    command::{AddMember, LeaveConversation, SetInfo, TransferOwnership},
    journal::{ChainHash, Head},
    model::{ConversationKind, ConversationState, InfoField, MemberStatus, Receipt, Role},
    wire::{Closed, ConversationSummary, Fetch, FetchScope},
};

/// An engine that wrote the first two entries of a group, and where it stands.
pub(super) struct Setup {
    pub(super) engine: Engine,
    pub(super) store: MemoryStore,
    conversation: ConversationId,
    push: Push,
    pub(super) head: Head,
}

impl Setup {
    pub(super) fn new() -> Self {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let push = push_of(&mut engine, &mut store, 1);
        receive(&mut engine, &mut store, &answer(&push, 1));
        let head = head_of(Head::default(), &admitted(&push, 1));
        Self { engine, store, conversation: push.stream.conversation().unwrap(), push, head }
    }

    pub(super) fn conversation(&self) -> ConversationId {
        self.conversation
    }

    pub(super) fn receive(&mut self, frame: &ServerFrame) -> Vec<Output> {
        receive(&mut self.engine, &mut self.store, frame)
    }

    /// The conversation as a server lists it that is at a head.
    fn summary(&self, head: Head) -> ServerFrame {
        ServerFrame::Summaries(vec![self.counted(head, 0)])
    }

    /// The same with so many unread messages.
    pub(super) fn counted(&self, head: Head, unread: u32) -> ConversationSummary {
        ConversationSummary {
            conversation: self.conversation,
            kind: ConversationKind::Group,
            title: None,
            state: ConversationState::Active,
            role: Role::Owner,
            status: MemberStatus::Active,
            member_count: 1,
            others: Vec::new(),
            last_message: None,
            position: head.position,
            page: 1,
            receipt: Receipt::default(),
            unread,
            created_at: now().wall,
            subscriber_count: 0,
            resource: None,
            joined: Position::ZERO,
            chain: head.chain,
        }
    }

    /// What another device of the account writes behind the first two entries.
    fn written_elsewhere(&self) -> Vec<Entry> {
        let title = SetInfo { conversation: self.conversation, field: InfoField::Title, text: Some("Boats".into()) };
        counts::commanded_elsewhere(&self.push, [title.into()].into_iter())
    }

    /// That another history was noticed, once, and that everything is fetched anew.
    #[track_caller]
    fn check_noticed(&self, outputs: &[Output], position: u64) {
        let faults = outputs.iter().filter_map(|output| match output {
            Output::Update(Update::ServerFault(fault)) => Some((fault.code, fault.position, fault.account.clone())),
            _ => None,
        });
        let faults: Vec<_> = faults.collect();
        assert_eq!(faults, [(Code::HistoryDiffers, Position::new(position), None)], "{outputs:?}");
        let last = fetches_of(outputs).last().map(|fetch| fetch.scope);
        assert_eq!(last, Some(FetchScope::Anew), "{outputs:?}");
    }

    fn reported_head(&mut self) -> Option<Head> {
        let input = Input::Head { request: 77, conversation: self.conversation };
        let outputs = give(&mut self.engine, &mut self.store, input);
        outputs.iter().find_map(|output| match output {
            Output::Update(Update::Head { request: 77, head }) => Some(*head),
            _ => None,
        })?
    }
}

fn other() -> ChainHash {
    ChainHash::from_bytes([3; 32])
}

fn fetches_of(outputs: &[Output]) -> impl Iterator<Item = Fetch> {
    sent(outputs).filter_map(|frame| match frame {
        ClientFrame::Fetch(fetch) => Some(fetch),
        _ => None,
    })
}

#[test]
fn e132_a_summary_of_another_history_is_noticed_at_the_same_position() {
    let mut setup = Setup::new();
    let frame = setup.summary(setup.head);
    let outputs = setup.receive(&frame);
    assert_eq!(fetches_of(&outputs).count(), 0, "{outputs:?}");
    let frame = setup.summary(Head { chain: other(), ..setup.head });
    let outputs = setup.receive(&frame);
    setup.check_noticed(&outputs, 2);
    assert_eq!(setup.reported_head(), None, "what is held is no history of this server");
}

#[test]
fn e132_entries_that_do_not_lead_to_the_head_that_was_told_are_noticed() {
    for is_honest in [true, false] {
        let mut setup = Setup::new();
        let mut entries = setup.written_elsewhere();
        let frame = setup.summary(head_of(setup.head, &entries));
        let outputs = setup.receive(&frame);
        let fetch = fetches_of(&outputs).next().expect("what is behind is fetched");
        if !is_honest {
            entries[0].accepted_at = entries[0].accepted_at.plus(Duration::from_millis(1));
        }
        let sent = Entries { stream: setup.push.stream.clone(), entries: entries.clone() };
        let mut outputs = setup.receive(&ServerFrame::Entries(sent));
        outputs.extend(setup.receive(&fetched(fetch.request, &fetch.stream, setup.head, entries)));
        match is_honest {
            true => assert_eq!(fetches_of(&outputs).filter(|fetch| fetch.scope == FetchScope::Anew).count(), 0),
            false => setup.check_noticed(&outputs, 3),
        }
    }
}

/// A fetch, which the server lets wait until it has told nothing else of the stream.
fn fetching(setup: &mut Setup) -> Fetch {
    let later = setup.written_elsewhere();
    let mut far = later[0].clone();
    far.position = Position::new(9);
    let sent = Entries { stream: setup.push.stream.clone(), entries: vec![far] };
    let outputs = setup.receive(&ServerFrame::Entries(sent));
    fetches_of(&outputs).next().expect("a gap is fetched")
}

#[test]
fn e132_a_fetch_names_the_history_that_is_held() {
    let mut setup = Setup::new();
    let fetch = fetching(&mut setup);
    assert_eq!((fetch.scope, fetch.chain), (FetchScope::After(setup.head.position), Some(setup.head.chain)));
    let refused = Refused {
        request: fetch.request,
        stream: fetch.stream,
        index: 0,
        code: Code::HistoryDiffers,
        detail: String::new(),
        retry_at: None,
        lacks: Vec::new(),
    };
    let outputs = setup.receive(&ServerFrame::Refused(refused));
    setup.check_noticed(&outputs, 2);
}

#[test]
fn e132_what_is_fetched_and_does_not_lead_to_the_head_is_noticed() {
    let mut setup = Setup::new();
    let fetch = fetching(&mut setup);
    let entries = setup.written_elsewhere();
    let before = Head { chain: other(), ..setup.head };
    let outputs = setup.receive(&fetched(fetch.request, &fetch.stream, before, entries));
    setup.check_noticed(&outputs, 3);
}

#[test]
fn e68_an_answer_from_before_the_replica_was_of_a_former_incarnation_is_asked_for_anew() {
    let refused = |fetch: &Fetch, code| {
        let (request, stream) = (fetch.request, fetch.stream.clone());
        let (detail, lacks) = (String::new(), Vec::new());
        ServerFrame::Refused(Refused { request, stream, index: 0, code, detail, retry_at: None, lacks })
    };
    for answered in 0..3 {
        let mut setup = Setup::new();
        let fetch = fetching(&mut setup);
        let entries = setup.written_elsewhere();
        let mut another = entries[0].clone();
        another.position = setup.head.position;
        let sent = Entries { stream: setup.push.stream.clone(), entries: vec![another] };
        let mut outputs = setup.receive(&ServerFrame::Entries(sent));
        let answer = match answered {
            0 => fetched(fetch.request, &fetch.stream, setup.head, entries),
            1 => refused(&fetch, Code::NotAMember),
            _ => refused(&fetch, Code::ConversationDeleted),
        };
        outputs.extend(setup.receive(&answer));
        let faults = outputs.iter().filter(|output| matches!(output, Output::Update(Update::ServerFault(_))));
        assert_eq!(faults.count(), 1, "{outputs:?}");
        let fetch = fetches_of(&outputs).last().expect("it is asked for anew");
        assert_eq!((fetch.scope, fetch.held.is_empty()), (FetchScope::Anew, false), "what it wrote is asked for");
    }
}

/// What it writes nobody tells it, but that it was admitted, and as whose.
#[test]
fn e132_what_was_written_here_is_in_the_hash_as_it_was_admitted() {
    for administrators in [vec![], vec![Position::new(3)]] {
        let mut setup = Setup::new();
        let command = SendMessage::new(setup.conversation, "more").into();
        let push = pushes(&give(&mut setup.engine, &mut setup.store, Input::Command { request: 5, command })).next();
        let push = push.expect("it is pushed");
        let mut entries = admitted(&push, 3);
        entries[0].administrator = !administrators.is_empty();
        let ServerFrame::Accepted(accepted) = answer(&push, 3) else { unreachable!() };
        setup.receive(&ServerFrame::Accepted(Accepted { administrators, ..accepted }));
        assert_eq!(setup.reported_head(), Some(head_of(setup.head, &entries)));
    }
}

#[test]
fn e133_a_device_tells_how_far_it_was_told_also_when_it_starts_again() {
    let mut setup = Setup::new();
    assert_eq!(setup.reported_head(), Some(setup.head));
    setup.engine = Engine::new(now(), config());
    drain(&mut setup.engine, &mut setup.store);
    assert_eq!(setup.reported_head(), Some(setup.head));
    setup.conversation = ConversationId::from_bytes([8; 16]);
    assert_eq!(setup.reported_head(), None);
}

#[test]
fn e69_what_is_held_and_not_loaded_is_of_a_former_incarnation_after_a_start_too() {
    let mut setup = Setup::new();
    let stream = setup.push.stream.clone();
    let start = |setup: &mut Setup| {
        setup.engine = Engine::new(now(), config());
        drain(&mut setup.engine, &mut setup.store);
        begin_session(&mut setup.engine, &mut setup.store);
    };
    start(&mut setup);
    let closed = Closed { code: Code::StoreRestored, detail: String::new(), retry_after_ms: None };
    setup.receive(&ServerFrame::Closed(closed));
    assert!(setup.engine.streams.loaded(&stream).is_none());
    start(&mut setup);
    assert!(setup.engine.stream_heads.is_former(&stream));
}

#[test]
fn e144_a_departure_that_waits_does_not_make_a_former_member() {
    let mut setup = Setup::new();
    let conversation = setup.conversation;
    let bob = || AccountId::parse("bob").unwrap();
    let added = AddMember { conversation, account: bob(), role: Role::Member }.into();
    for (position, command) in [(3, added), (4, TransferOwnership { conversation, account: bob() }.into())] {
        let outputs = give(&mut setup.engine, &mut setup.store, Input::Command { request: position, command });
        let push = pushes(&outputs).next().expect("it is pushed");
        setup.receive(&answer(&push, position));
    }
    setup.receive(&ServerFrame::CaughtUp(Cursor::new(5)));
    // It is told again of what is older than the cursor.
    let entries = admitted(&setup.push, 1);
    setup.receive(&ServerFrame::Entries(Entries { stream: setup.push.stream.clone(), entries }));
    give(&mut setup.engine, &mut setup.store, Input::LinkLost);
    let command = LeaveConversation { conversation }.into();
    give(&mut setup.engine, &mut setup.store, Input::Command { request: 9, command });
    give(&mut setup.engine, &mut setup.store, Input::ConnectNow);
    let outputs = go_online(&mut setup.engine, &mut setup.store);
    let scopes: Vec<_> =
        fetches_of(&outputs).filter(|fetch| fetch.stream == setup.push.stream).map(|it| it.scope).collect();
    assert_eq!(scopes, [FetchScope::After(Position::new(4))]);
}
