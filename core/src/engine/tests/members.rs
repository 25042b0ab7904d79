//! What an input costs in a large group, counted: it does not follow from how many members there are.

use super::{
    counts::commanded_elsewhere,
    session::{answer, pushes},
    *,
};
use crate::{command::AddMember, effort::Effort, model::Role};

/// Entries of sorted maps that an input looks at one after another, in a group of few members and of many that is
/// on the screen of a device that verifies what it is sent.
fn walked(input: impl Fn(&Push) -> Input) -> [u64; 2] {
    [10, 900].map(|members| {
        let config = EngineConfig { verify: true, ..config() };
        let (mut engine, mut store) = (Engine::new(now(), config), MemoryStore::default());
        drain(&mut engine, &mut store);
        let accounts = (0..members).map(|number| AccountId::parse(&format!("m{number}")).unwrap());
        let command = CreateConversation::group(None, accounts.collect()).into();
        give(&mut engine, &mut store, Input::Command { request: 1, command });
        let push = pushes(&go_online(&mut engine, &mut store)).next().expect("the group is pushed");
        receive(&mut engine, &mut store, &answer(&push, 1));
        give(&mut engine, &mut store, Input::OpenConversation(push.stream.conversation().unwrap()));
        let input = input(&push);
        Effort::of(|| give(&mut engine, &mut store, input)).1.walked
    })
}

fn message(push: &Push) -> Command {
    SendMessage::new(push.stream.conversation().unwrap(), "words").into()
}

fn new_member(push: &Push) -> Command {
    let account = AccountId::parse("zoe").unwrap();
    AddMember { conversation: push.stream.conversation().unwrap(), account, role: Role::Member }.into()
}

#[test]
fn e147_a_message_and_a_new_member_cost_the_same_among_few_members_and_many() {
    for command in [message, new_member] {
        let [few, many] = walked(|push| Input::Command { request: 2, command: command(push) });
        assert_eq!(few, many, "commanded here");
        let [few, many] = walked(|push| {
            let entries = commanded_elsewhere(push, [command(push)].into_iter());
            let sent = Entries { stream: push.stream.clone(), entries };
            Input::FrameReceived(encode(&ServerFrame::Entries(sent)))
        });
        assert_eq!(few, many, "commanded elsewhere");
    }
}
