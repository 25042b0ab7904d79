//! A hostile client: sessions of a member's account over real links, which send the cases of the hostile
//! corpus, and bytes that are not a frame.

use std::sync::LazyLock;

use tidings_core::{
    authority::Session,
    ids::{ChangeHash, ConversationId, StreamId},
    wire::{ClientFrame, Hello, Push, PushedChange, ServerFrame, Versions, encode},
};

use super::{
    clock::wall,
    happened::Happened,
    world::{Device, World, tenant},
};
use crate::{
    hostile::{Case, Expected, Setup, corpus},
    random::Random,
};

/// Time to wait for an answer, ms.
const ANSWER_MS: u64 = 5_000;
/// Larger changes show nothing more, and take long.
const CASE_BYTES_MAX: usize = 64 * 1024;

/// The conversation of the corpus, the pushes that build it, and the cases.
struct Corpus {
    setup: Setup,
    script: Vec<(Session, PushedChange)>,
    cases: Vec<Case>,
}

/// The same in every world.
static CORPUS: LazyLock<Corpus> = LazyLock::new(|| {
    let (setup, script) = Setup::new(&tenant(), ConversationId::from_bytes([0xb0; 16]), wall(0, 0));
    let mut cases = corpus(&setup);
    cases.retain(|case| case.expected != Expected::Harmless && case.pushed.change.len() <= CASE_BYTES_MAX);
    Corpus { setup, script, cases }
});

/// The hostile client of a world.
#[derive(Debug, Default)]
pub struct Intruder {
    /// Number of pushes of the attacked conversation that are in place.
    written: usize,
    /// Cases that were sent.
    pub sent: u32,
}

impl Intruder {
    /// Starts over after the database was restored: what the intruder wrote may be lost.
    pub fn begin_again(&mut self) {
        self.written = 0;
    }

    /// Attacks once: sends some cases, each of which must be refused; at first it builds the conversation in
    /// which it is a member.
    ///
    /// # Errors
    /// The case that was accepted.
    pub fn attack(&mut self, world: &mut World, random: &mut Random) -> Result<(), String> {
        let Corpus { setup, script, cases } = &*CORPUS;
        while let Some((session, pushed)) = script.get(self.written) {
            let Some(ServerFrame::Accepted(_)) = push(world, session, setup.stream.id(), pushed) else {
                // The world has other troubles now; it continues next time.
                return Ok(());
            };
            self.written += 1;
        }
        for _ in 0..3 {
            let case = random.pick(cases);
            self.sent += 1;
            match push(world, &setup.attacker, setup.stream.id(), &case.pushed) {
                Some(ServerFrame::Accepted(_)) => {
                    return Err(format!("{case} was accepted: {:?}", ChangeHash::of_change(&case.pushed.change)));
                }
                Some(ServerFrame::Refused(refused)) => {
                    let is_told = case.expected == Expected::Refused(refused.code);
                    world.tally.count_if(Happened::HostileRefused, is_told);
                }
                _ => {}
            }
        }
        let garbage = (0..random.below(200)).map(|_| random.number().to_be_bytes()[0]).collect();
        if let Some(device) = hello(world, &setup.attacker) {
            world.inject(device, garbage);
            world.run_ms(50);
            world.close_stranger(device);
        }
        Ok(())
    }
}

/// Opens a session without an engine.
fn hello(world: &mut World, session: &Session) -> Option<Device> {
    let device = world.open_stranger(&session.account)?;
    let token = world.token_of(&session.account);
    let hello = Hello { versions: Versions::OWN, token, device: session.device, cursor: None, incarnation: None };
    world.inject(device, encode(&ClientFrame::Hello(hello)));
    Some(device)
}

/// Pushes a change in a session of its own; returns the answer, if one comes.
fn push(world: &mut World, session: &Session, stream: &StreamId, pushed: &PushedChange) -> Option<ServerFrame> {
    let device = hello(world, session)?;
    let push = Push { request: 1, stream: stream.clone(), changes: vec![pushed.clone()] };
    world.inject(device, encode(&ClientFrame::Push(push)));
    let end_ms = world.time_ms + ANSWER_MS;
    let mut answer = None;
    while answer.is_none() && world.time_ms < end_ms {
        world.run_ms(20);
        answer = world
            .drain_strange(device)
            .into_iter()
            .find(|frame| matches!(frame, ServerFrame::Accepted(_) | ServerFrame::Refused(_) | ServerFrame::Closed(_)));
    }
    world.close_stranger(device);
    answer
}
