//! What an input costs, counted: it follows from what the input changes, and
//! from nothing that was there before.

use super::{
    history::Setup,
    session::{admitted, answer, begin_session, fetched, fetches, head_of, push_of, pushes},
    *,
};
use crate::{
    api::{ConversationDetail, ConversationRow, Roster},
    command::{AddMember, ChangeRole, CreateDirect, RemoveMember, SetConversationSetting, SetInfo, SettingChange},
    doc::Fact,
    effort::Effort,
    ids::TimelineId,
    model::{InfoField, Profile, Receipt, Role},
    wire::{MemberPresence, MemberReceipt, Present, PresentMember, ProfileNotice},
};

/// What an input costs, with everything that follows from it.
fn cost(engine: &mut Engine, store: &mut MemoryStore, input: Input) -> Counts {
    let before = engine.counts();
    give(engine, store, input);
    engine.counts().since(before)
}

fn frame(frame: &ServerFrame) -> Input {
    Input::FrameReceived(encode(frame))
}

/// A conversation on the screen in which all of so many own messages are admitted.
fn admitted_conversation(engine: &mut Engine, store: &mut MemoryStore, texts: u64) -> ConversationId {
    let push = push_of(engine, store, texts);
    receive(engine, store, &answer(&push, 1));
    let conversation = push.stream.conversation().unwrap();
    give(engine, store, Input::OpenConversation(conversation));
    conversation
}

fn receipt_of(account: &str, conversation: ConversationId, delivered: u64, read: u64) -> Input {
    let receipt = Receipt { delivered: Position::new(delivered), read: Position::new(read) };
    let account = AccountId::parse(account).unwrap();
    frame(&ServerFrame::Receipts(vec![MemberReceipt { conversation, account, receipt }]))
}

#[test]
fn e90_a_receipt_draws_the_rows_between_where_it_was_and_where_it_is() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = admitted_conversation(&mut engine, &mut store, 40);
    let all = cost(&mut engine, &mut store, receipt_of("bob", conversation, 40, 0));
    assert_eq!(all.rows, 39, "behind the creation, all messages but the last are delivered");
    // Bob never reads: what he is delivered next changes one row all the same.
    let next = cost(&mut engine, &mut store, receipt_of("bob", conversation, 41, 0));
    assert_eq!((next.rows, next.timelines, next.details), (1, 1, 0));
    let other = cost(&mut engine, &mut store, receipt_of("cat", conversation, 41, 0));
    assert_eq!(other.rows, 0, "delivered to one more is not told of a message");
    let read = cost(&mut engine, &mut store, receipt_of("cat", conversation, 41, 3));
    assert_eq!(read.rows, 2);
}

#[test]
fn e91_an_input_looks_at_what_it_changes_however_much_is_open() {
    let inputs: [fn(ConversationId) -> Input; 3] = [
        |conversation| Input::Command { request: 9, command: SendMessage::new(conversation, "words").into() },
        |conversation| receipt_of("bob", conversation, 1, 0),
        |_| Input::TimerDue,
    ];
    let costs = [3, 100].map(|open| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        drain(&mut engine, &mut store);
        go_online(&mut engine, &mut store);
        let conversations: Vec<ConversationId> = (0..open).map(|_| new_group(&mut engine, &mut store)).collect();
        for conversation in &conversations {
            give(&mut engine, &mut store, Input::OpenConversation(*conversation));
        }
        inputs.map(|input| cost(&mut engine, &mut store, input(conversations[1])))
    });
    assert_eq!(costs[0], costs[1]);
    let [sent, receipt, timer] = costs[1];
    // The own account's stream beside that of the conversation; once with the command, once when it is stored.
    assert!(sent.streams <= 4 && sent.timelines <= 2 && sent.rows <= 2, "{sent:?}");
    assert!(receipt.streams <= 2 && receipt.timelines <= 1, "{receipt:?}");
    assert_eq!((timer.streams, timer.timelines, timer.rows, timer.records), (0, 0, 0, 0));
}

#[test]
fn e91_of_what_ends_by_itself_the_first_alone_is_looked_at() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    let later = |seconds| Now {
        monotonic: now().monotonic.plus(Duration::from_secs(seconds)),
        wall: now().wall.plus(Duration::from_secs(seconds)),
    };
    for end in 1..=50 {
        let conversation = open_group(&mut engine, &mut store);
        let (account, permission) = (AccountId::parse("bob").unwrap(), Permission::PinAdd);
        let until = Some(later(60 + end).wall);
        let command = SetPermission { conversation, account, permission, allowed: Some(true), until };
        give(&mut engine, &mut store, Input::Command { request: end, command: command.into() });
    }
    let mut timelines_at = |seconds| {
        let before = engine.counts();
        engine.handle(later(seconds), Input::TimerDue).unwrap();
        drain(&mut engine, &mut store);
        engine.counts().since(before).timelines
    };
    assert_eq!(timelines_at(60), 0, "nothing has ended");
    // Once to see what has ended there, and once to draw it.
    assert_eq!(timelines_at(61), 2);
    assert_eq!(timelines_at(61), 0, "it has ended");
    assert_eq!(timelines_at(63), 4);
}

fn new_group(engine: &mut Engine, store: &mut MemoryStore) -> ConversationId {
    let command = CreateConversation::group(None, vec![]).into();
    let outputs = give(engine, store, Input::Command { request: 1, command });
    let conversation = outputs.iter().find_map(|output| match output {
        Output::Update(Update::CommandStored { conversation, .. }) => *conversation,
        _ => None,
    });
    conversation.expect("the group is stored")
}

#[test]
fn e92_fifty_older_messages_draw_fifty_rows() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = admitted_conversation(&mut engine, &mut store, 260);
    let scrolled: Vec<u64> =
        (0..6).map(|_| cost(&mut engine, &mut store, Input::LoadOlder(conversation)).rows).collect();
    assert_eq!(scrolled, [50, 50, 50, 50, 10, 0]);
}

#[test]
fn e94_a_message_costs_the_same_in_front_of_few_and_of_many() {
    let costs = [60, 400].map(|texts| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let conversation = admitted_conversation(&mut engine, &mut store, texts);
        for _ in 0..texts / 50 {
            give(&mut engine, &mut store, Input::LoadOlder(conversation));
        }
        let before = engine.counts();
        let command = SendMessage::new(conversation, "words").into();
        let outputs = give(&mut engine, &mut store, Input::Command { request: 1, command });
        let push = session::pushes(&outputs).next().expect("it is pushed");
        receive(&mut engine, &mut store, &answer(&push, texts + 2));
        engine.counts().since(before)
    });
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].rows <= 3 && costs[0].details == 0, "{:?}", costs[0]);
}

#[test]
fn e95_who_comes_is_answered_by_nobody_and_no_detail_is_made_anew() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    go_online(&mut engine, &mut store);
    let bob = AccountId::parse("bob").unwrap();
    let presence = |kind| frame(&ServerFrame::Presence(MemberPresence { conversation, account: bob.clone(), kind }));
    for kind in [PresenceKind::Online, PresenceKind::Typing, PresenceKind::Offline, PresenceKind::Online] {
        let before = engine.counts();
        let outputs = give(&mut engine, &mut store, presence(kind));
        let sent = Output::Update(Update::Presence { conversation, account: bob.clone(), kind });
        assert!(outputs.contains(&sent), "{outputs:?}");
        let cost = engine.counts().since(before);
        assert_eq!((cost.frames, cost.details, cost.rows, cost.streams), (0, 0, 0, 0));
    }
    // The next detail says what was told since the one before.
    let command = SetInfo { conversation, field: InfoField::Title, text: Some("Trip".into()) };
    let outputs = give(&mut engine, &mut store, Input::Command { request: 2, command: command.into() });
    let shown = outputs.iter().find_map(|output| match output {
        Output::Update(Update::Conversation(detail)) => {
            let mut rows = detail.members.iter().chain(&detail.candidates);
            rows.find(|row| row.account == bob).map(|row| row.presence)
        }
        _ => None,
    });
    assert_eq!(shown, Some(PresenceKind::Online));
}

#[test]
fn v80_who_opens_a_conversation_is_told_at_once_who_is_there() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    go_online(&mut engine, &mut store);
    let names = ["bob", "cat", "ann"].map(|name| AccountId::parse(name).unwrap());
    let members = names.iter().map(|account| PresentMember { account: account.clone(), kind: PresenceKind::Online });
    let present = frame(&ServerFrame::Present(Present { conversation, members: members.collect() }));
    let outputs = give(&mut engine, &mut store, present);
    let sent: Vec<&AccountId> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Update(Update::Presence { account, kind: PresenceKind::Online, .. }) => Some(account),
            _ => None,
        })
        .collect();
    assert_eq!(sent, [&names[0], &names[1]], "the own account is not somebody else");
}

#[test]
fn e96_what_waits_is_found_without_a_look_at_the_rest() {
    let costs = [10, 200].map(|waiting| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let conversation = open_group(&mut engine, &mut store);
        let text = || Input::Command { request: 2, command: SendMessage::new(conversation, "words").into() };
        for _ in 0..waiting {
            give(&mut engine, &mut store, text());
        }
        cost(&mut engine, &mut store, text())
    });
    assert_eq!(costs[0], costs[1]);
    assert_eq!((costs[0].waiting, costs[0].rows), (0, 1));
}

#[test]
fn e97_a_name_draws_what_bears_it() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    admitted_conversation(&mut engine, &mut store, 40);
    let mut renamed = |account: &str, name: &str| {
        let profile = Profile { display_name: Some(name.into()), ..Profile::default() };
        let notice = ProfileNotice { account: AccountId::parse(account).unwrap(), profile };
        let cost = cost(&mut engine, &mut store, frame(&ServerFrame::Profiles(vec![notice])));
        (cost.rows, cost.timelines, cost.details)
    };
    assert_eq!(renamed("bob", "Bob"), (0, 0, 0), "he is nowhere on the screen");
    assert_eq!(renamed("ann", "Ann"), (40, 1, 1), "all of it is hers");
}

#[test]
fn e97_so_does_a_name_that_somebody_has_in_the_conversation_alone() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = admitted_conversation(&mut engine, &mut store, 40);
    let stream = StreamId::Conversation(conversation);
    let mut rename = |name: &str, device| {
        let account = AccountId::parse(name).unwrap();
        let confirmed = &engine.streams.quietly(&stream).unwrap().confirmed;
        let position = confirmed.position().next();
        let mut document = confirmed.document(&TimelineId::of(conversation).document()).unwrap().clone();
        let fact = Fact::MemberText(account.clone(), MemberField::DisplayName, Some("Captain".into()));
        let change = document.write(DeviceId::from_bytes([device; 16]), now().wall, &[fact]).unwrap();
        let (document, accepted_at, change) = (document.id().clone(), now().wall, change.bytes().to_vec());
        let entry = Entry { position, document, account, administrator: false, accepted_at, change, deletes: None };
        let sent = Entries { stream: stream.clone(), entries: vec![entry] };
        let cost = cost(&mut engine, &mut store, frame(&ServerFrame::Entries(sent)));
        (cost.rows, cost.details)
    };
    assert_eq!(rename("bob", 3), (0, 1), "he wrote nothing");
    assert_eq!(rename("ann", 4), (40, 1), "all of it is hers");
}

/// The detail as a screen has it that takes in every update.
fn shown_detail(shown: Option<ConversationDetail>, outputs: Vec<Output>) -> Option<ConversationDetail> {
    outputs.into_iter().fold(shown, |shown, output| match (output, shown) {
        (Output::Update(Update::Conversation(detail)), _) => Some(*detail),
        (Output::Update(Update::Members { changes, .. }), Some(mut detail)) => {
            changes.into_iter().for_each(|change| detail.change_member(change));
            Some(detail)
        }
        (_, shown) => shown,
    })
}

#[test]
fn e98_v82_a_member_who_stands_elsewhere_is_one_row() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    let open = |engine: &mut Engine, store: &mut MemoryStore| {
        give(engine, store, Input::CloseConversation(conversation));
        shown_detail(None, give(engine, store, Input::OpenConversation(conversation))).unwrap()
    };
    let mut shown = open(&mut engine, &mut store);
    let mut counted = shown.members.len();
    let names = ["cat", "abe", "dan", "bob"].map(|name| AccountId::parse(name).unwrap());
    let add = |account: &AccountId| AddMember { conversation, account: account.clone(), role: Role::Member }.into();
    let [cat, abe, dan, bob] = &names;
    let commands: [(Command, Roster, usize); 7] = [
        (add(cat), Roster::Members, 2),
        (add(abe), Roster::Members, 1),
        (add(dan), Roster::Members, 4),
        (ChangeRole { conversation, account: dan.clone(), role: Role::Admin }.into(), Roster::Members, 1),
        (RemoveMember { conversation, account: bob.clone() }.into(), Roster::Former, 0),
        (BanMember { conversation, account: abe.clone() }.into(), Roster::Candidates, 0),
        (add(bob), Roster::Members, 2),
    ];
    for (command, roster, place) in commands {
        let before = engine.counts();
        let outputs = give(&mut engine, &mut store, Input::Command { request: 3, command: command.clone() });
        let cost = engine.counts().since(before);
        assert_eq!((cost.details, cost.members, cost.rows), (0, 1, 0), "{command:?}");
        let sent = outputs.iter().find_map(|output| match output {
            Output::Update(Update::Members { changes, .. }) => changes[0].row.as_ref(),
            _ => None,
        });
        assert_eq!(sent.map(|row| (row.roster, row.place)), Some((roster, place)), "{command:?}");
        counted = outputs.iter().fold(counted, |counted, output| match output {
            Output::Update(Update::Conversations(rows)) => rows[0].member_count as usize,
            _ => counted,
        });
        shown = shown_detail(Some(shown), outputs).unwrap();
        assert_eq!(counted, shown.members.len(), "{command:?}");
        assert_eq!(shown, open(&mut engine, &mut store), "{command:?}");
    }
}

#[test]
fn e99_changes_that_come_one_by_one_are_given_to_the_library_together() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = admitted_conversation(&mut engine, &mut store, 1);
    let ((), effort) = Effort::of(|| {
        for number in 0..50 {
            let title = SetInfo { conversation, field: InfoField::Title, text: Some(number.to_string()) };
            let outputs = give(&mut engine, &mut store, Input::Command { request: 2, command: title.into() });
            let push = session::pushes(&outputs).next().expect("it is pushed");
            receive(&mut engine, &mut store, &answer(&push, 3 + number));
        }
    });
    assert_eq!((effort.handed, effort.passes), (0, 0));
}

/// A conversation of so many full pages that are loaded, in which a message is written and admitted: what either copies.
fn copies_of_one_message(pages: u64) -> [u64; 2] {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = paged_conversation(&mut engine, &mut store, pages);
    let replica = engine.streams.quietly(&StreamId::Conversation(conversation)).unwrap();
    assert_eq!(replica.shown_pages().count() as u64, pages);
    let command = SendMessage::new(conversation, "words").into();
    let (outputs, written) = Effort::of(|| give(&mut engine, &mut store, Input::Command { request: 2, command }));
    let push = session::pushes(&outputs).next().expect("it is pushed");
    let answer = answer(&push, pages * ON_A_PAGE + 2);
    let (_, admitted) = Effort::of(|| receive(&mut engine, &mut store, &answer));
    [written.copies, admitted.copies]
}

#[test]
fn e120_a_message_copies_the_page_that_it_is_written_into_and_no_other() {
    assert_eq!([1, 8].map(copies_of_one_message), [[1, 0], [1, 0]]);
}

#[test]
fn e124_what_is_unread_is_counted_on_the_pages_that_have_it() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = paged_conversation(&mut engine, &mut store, 8);
    let replica = engine.streams.quietly(&StreamId::Conversation(conversation)).unwrap();
    // Position 1 is that of the creation.
    let pages = [8, 7, 2, 0].map(|read| replica.shown_pages_since(Position::new(read * ON_A_PAGE + 1)).count());
    assert_eq!(pages, [1, 1, 6, 8]);
}

/// A device that starts anew, and is sent a summary of what it holds that counts three more messages as unread.
fn counted_otherwise(prepare: impl Fn(&mut Setup)) -> (Setup, Vec<Output>) {
    let mut setup = Setup::new();
    prepare(&mut setup);
    setup.engine = Engine::new(now(), config());
    drain(&mut setup.engine, &mut setup.store);
    begin_session(&mut setup.engine, &mut setup.store);
    let summary = setup.counted(setup.head, 3);
    assert!(setup.engine.streams.loaded(&StreamId::Conversation(summary.conversation)).is_none());
    let mut outputs = setup.receive(&ServerFrame::Summaries(vec![summary]));
    outputs.extend(setup.receive(&ServerFrame::CaughtUp(Cursor::new(9))));
    (setup, outputs)
}

#[test]
fn e124_what_the_server_counts_is_taken_over_where_nothing_is_loaded() {
    let (_, outputs) = counted_otherwise(|_| ());
    let unread = outputs.iter().rev().find_map(|output| match output {
        Output::Update(Update::Conversations(rows)) => rows.first().map(|row| row.unread),
        _ => None,
    });
    assert_eq!(unread, Some(3), "{outputs:?}");
}

#[test]
fn e124_nothing_is_loaded_for_a_count_from_before_what_this_device_has_read() {
    let (setup, outputs) = counted_otherwise(|setup| {
        let conversation = setup.conversation();
        give(&mut setup.engine, &mut setup.store, Input::MarkRead(conversation));
    });
    assert!(setup.engine.streams.loaded(&StreamId::Conversation(setup.conversation())).is_none(), "{outputs:?}");
}

#[test]
fn e121_what_gathered_behind_the_snapshots_goes_in_one_write_however_much_it_is() {
    let most = [80, 400].map(|page| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let conversation = admitted_conversation(&mut engine, &mut store, 1);
        engine.ctx.limits.page_changes_soft = page;
        let gathered = page / Settings::default().tail_share;
        let costs = (3..).take(gathered as usize).map(|position| {
            let command = SendMessage::new(conversation, "words").into();
            let outputs = give(&mut engine, &mut store, Input::Command { request: 2, command });
            let push = pushes(&outputs).next().expect("it is pushed");
            cost(&mut engine, &mut store, frame(&answer(&push, position))).records
        });
        let most = costs.max();
        let tails = store.records().keys().filter(|key| key.starts_with("tail/")).count();
        assert!(tails < gathered as usize, "{tails} of {gathered} are left");
        most
    });
    assert_eq!(most[0], most[1]);
}

/// The entries of so many messages that another device of the account writes behind a push that was admitted.
fn written_elsewhere(push: &Push, messages: u64) -> Vec<Entry> {
    let message = || SendMessage::new(push.stream.conversation().unwrap(), "words").into();
    commanded_elsewhere(push, (0..messages).map(|_| message()))
}

/// The entries of what another device of the account commands behind a push that was admitted.
pub(super) fn commanded_elsewhere(push: &Push, commands: impl Iterator<Item = Command>) -> Vec<Entry> {
    let seed = [9; 32];
    let (mut other, mut store) = (Engine::new(now(), EngineConfig { seed, ..config() }), MemoryStore::default());
    drain(&mut other, &mut store);
    go_online(&mut other, &mut store);
    let all = admitted(push, 1);
    let sent = Entries { stream: push.stream.clone(), entries: all.clone() };
    let outputs = receive(&mut other, &mut store, &ServerFrame::Entries(sent));
    let request = fetches(&outputs, &push.stream).next().expect("what is unknown is fetched");
    receive(&mut other, &mut store, &fetched(request, &push.stream, Head::default(), all));
    let write = |(position, command)| {
        let outputs = give(&mut other, &mut store, Input::Command { request: 2, command });
        let push = pushes(&outputs).next().expect("it is pushed");
        receive(&mut other, &mut store, &answer(&push, position));
        admitted(&push, position)
    };
    (push.changes.len() as u64 + 1..).zip(commands).flat_map(write).collect()
}

#[test]
fn e122_what_is_fetched_behind_what_is_held_draws_what_it_says() {
    let rows = [60, 260].map(|texts| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let push = push_of(&mut engine, &mut store, texts);
        receive(&mut engine, &mut store, &answer(&push, 1));
        let conversation = push.stream.conversation().unwrap();
        give(&mut engine, &mut store, Input::OpenConversation(conversation));
        for _ in 0..texts / 50 {
            give(&mut engine, &mut store, Input::LoadOlder(conversation));
        }
        let both = written_elsewhere(&push, 2);
        let sent = Entries { stream: push.stream.clone(), entries: both[1..].to_vec() };
        let outputs = receive(&mut engine, &mut store, &ServerFrame::Entries(sent));
        let request = fetches(&outputs, &push.stream).next().expect("a gap is fetched");
        let held = head_of(Head::default(), &admitted(&push, 1));
        cost(&mut engine, &mut store, frame(&fetched(request, &push.stream, held, both))).rows
    });
    assert_eq!(rows, [2, 2]);
}

#[test]
fn e123_what_waits_is_put_on_top_of_much_that_comes_at_once() {
    let efforts = [0, 10].map(|waiting| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let push = push_of(&mut engine, &mut store, 1);
        receive(&mut engine, &mut store, &answer(&push, 1));
        for request in 0..waiting {
            let command = SendMessage::new(push.stream.conversation().unwrap(), "mine").into();
            give(&mut engine, &mut store, Input::Command { request, command });
        }
        let sent = Entries { stream: push.stream.clone(), entries: written_elsewhere(&push, 300) };
        let (_, effort) = Effort::of(|| receive(&mut engine, &mut store, &ServerFrame::Entries(sent)));
        effort.passes
    });
    assert_eq!(efforts[0], efforts[1]);
}

#[test]
fn v83_a_register_is_stored_by_itself_however_many_there_are() {
    let written = [3, 100].map(|readers| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let conversation = admitted_conversation(&mut engine, &mut store, 5);
        for number in 0..readers {
            give(&mut engine, &mut store, receipt_of(&format!("reader{number}"), conversation, 1, 1));
        }
        let before = store.records().clone();
        let cost = cost(&mut engine, &mut store, receipt_of("reader1", conversation, 2, 2));
        let written = store.records().iter().filter(|(key, value)| before.get(*key) != Some(*value));
        let written = written.map(|(key, value)| (key.split('/').next().unwrap().to_owned(), value.len()));
        (cost.records, written.collect::<Vec<_>>())
    });
    assert_eq!(written[0], written[1]);
    assert_eq!(written[0].1.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["register"]);
    assert_eq!(written[0].0, 1, "nothing is written again that stands");
}

const ON_A_PAGE: u64 = 20;

/// A conversation on the screen of so many full pages that are loaded.
fn paged_conversation(engine: &mut Engine, store: &mut MemoryStore, pages: u64) -> ConversationId {
    engine.ctx.limits.page_changes_soft = ON_A_PAGE as u32;
    admitted_conversation(engine, store, pages * ON_A_PAGE)
}

/// Documents that an input asks, in a conversation of 2 pages and of 32 in which all but the last
/// few messages have been read by everybody.
fn asked(input: impl Fn(ConversationId, u64) -> Input) -> [u64; 2] {
    [2, 32].map(|pages| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let conversation = paged_conversation(&mut engine, &mut store, pages);
        let last = pages * ON_A_PAGE + 1;
        give(&mut engine, &mut store, Input::MarkRead(conversation));
        give(&mut engine, &mut store, receipt_of("bob", conversation, last - 3, last - 3));
        let input = input(conversation, last);
        Effort::of(|| give(&mut engine, &mut store, input)).1.asked
    })
}

/// A page is found among others by halves: of 32 there are four more than of 2.
const HALVES: u64 = 4;

#[test]
fn e126_a_register_asks_for_the_pages_that_it_passes() {
    let [few, many] = asked(|conversation, last| receipt_of("bob", conversation, last, last));
    assert!(many <= few + 2 * HALVES, "{many} after {few}");
}

#[test]
fn e127_a_message_asks_for_no_page_but_its_own() {
    let [few, many] =
        asked(|conversation, _| Input::Command { request: 2, command: SendMessage::new(conversation, "words").into() });
    assert!(many <= few + 2 * HALVES, "{many} after {few}");
}

#[test]
fn e127_older_rows_are_found_without_a_look_at_the_newer_pages() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = paged_conversation(&mut engine, &mut store, 32);
    let older = || Input::LoadOlder(conversation);
    let mut step = || Effort::of(|| give(&mut engine, &mut store, older())).1.asked;
    let steps: Vec<u64> = (0..8).map(|_| step()).collect();
    let (least, most) = (steps.iter().min().unwrap(), steps.iter().max().unwrap());
    assert!(most - least <= 2 * HALVES, "{steps:?}");
}

#[test]
fn e128_a_name_is_found_without_a_look_at_the_other_names() {
    let names = [5, 50].map(|conversations| {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        admitted_conversation(&mut engine, &mut store, conversations);
        for number in 0..conversations {
            let peer = AccountId::parse(&format!("peer{number}")).unwrap();
            let command = CreateDirect { peer }.into();
            give(&mut engine, &mut store, Input::Command { request: 1, command });
        }
        let profile = Profile { display_name: Some("Peer".into()), ..Profile::default() };
        let notice = ProfileNotice { account: AccountId::parse("peer3").unwrap(), profile };
        cost(&mut engine, &mut store, frame(&ServerFrame::Profiles(vec![notice]))).names
    });
    assert_eq!(names, [1, 1], "the row of the direct");
}

#[test]
fn v84_the_first_rows_of_the_list_are_stored_without_a_look_at_the_others() {
    let stored = [5, 40].map(|conversations| {
        let config = EngineConfig { settings: Settings { rows_stored: 3, ..Settings::default() }, ..config() };
        let (mut engine, mut store) = (Engine::new(now(), config), MemoryStore::default());
        drain(&mut engine, &mut store);
        for request in 0..conversations {
            let command = CreateConversation::group(Some(format!("Trip {request}")), vec![]).into();
            give(&mut engine, &mut store, Input::Command { request, command });
        }
        let before = engine.counts();
        let listed = store_list(&mut engine, &mut store);
        let stored = engine.counts().since(before).stored;
        let pinned = SetConversationSetting { conversation: listed[2], setting: SettingChange::Pinned(true) };
        give(&mut engine, &mut store, Input::Command { request: conversations, command: pinned.into() });
        assert_eq!(store_list(&mut engine, &mut store), [listed[2], listed[0], listed[1]]);
        stored
    });
    assert_eq!(stored, [3, 3]);
}

/// The conversations whose rows are stored for the next first paint.
fn store_list(engine: &mut Engine, store: &mut MemoryStore) -> Vec<ConversationId> {
    store_rows(engine, store);
    let rows: Vec<ConversationRow> = record::read("first_rows", &store.records()["first_rows"]).unwrap();
    rows.iter().map(|row| row.conversation).collect()
}

/// Lets the time pass after which rows are stored.
fn store_rows(engine: &mut Engine, store: &mut MemoryStore) {
    let later = Now { monotonic: now().monotonic.plus(Duration::from_secs(2)), ..now() };
    engine.handle(later, Input::TimerDue).unwrap();
    drain(engine, store);
}

#[test]
fn v84_the_newest_rows_are_stored_without_a_look_at_the_others() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = admitted_conversation(&mut engine, &mut store, 260);
    for _ in 0..4 {
        give(&mut engine, &mut store, Input::LoadOlder(conversation));
    }
    // The one row of the list beside them.
    let before = engine.counts();
    store_rows(&mut engine, &mut store);
    assert_eq!(engine.counts().since(before).stored, Settings::default().rows_stored as u64 + 1);
    let (key, value) = store.records().iter().find(|(key, _)| key.starts_with("rows/")).unwrap();
    let rows: Vec<crate::api::TimelineRow> = record::read(key, value).unwrap();
    let positions: Vec<u64> = rows.iter().map(|row| row.position.unwrap().number()).collect();
    assert_eq!(positions, (212..=261).collect::<Vec<u64>>());
}
