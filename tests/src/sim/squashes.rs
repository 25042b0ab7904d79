//! The system rewrites documents while people are busy: offline with pending messages, or about to lose the
//! answer to what they have just said.

use std::collections::BTreeSet;

use tidings_core::{
    command::{Command, SetInfo, SetMemberText, SetThread, ThreadChange},
    ids::{StreamId, TimelineId},
    model::{InfoField, MemberField, MemberStatus, Role},
};

use super::{
    actions::WORDS,
    faults::Class,
    run::Run,
    world::{Device, Place, tenant},
};
use crate::random::Random;

/// Generations have a generator of their own, so that everything else of a seed is the same without them.
const SQUASHES: u64 = 0x59a5_4e00;

/// The frequency with which documents are rewritten.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Squashing {
    /// Percentage of turns.
    pub(super) turns_percent: u64,
    /// Fill level at which nodes rewrite on their own, in percent; 0 for never.
    pub(super) filled_percent: u32,
}

impl Squashing {
    pub(super) fn draw(seed: u64, without: &BTreeSet<Class>) -> Self {
        if without.contains(&Class::Squash) {
            return Self::default();
        }
        let mut random = Random::new(seed ^ SQUASHES);
        Self { turns_percent: *random.pick(&[0, 10, 25]), filled_percent: *random.pick(&[0, 20, 50]) }
    }
}

/// The generator of a turn for decisions about generations.
pub(super) fn chance_of(seed: u64, turn: u64) -> Random {
    Random::new(seed ^ SQUASHES ^ (turn + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Run<'_> {
    /// Rewrites the document of a conversation or thread. Somebody may have said something there that has not
    /// been sent, has not been answered, or has just been sent.
    pub(super) fn squash(&mut self, random: &mut Random) {
        let Some(timeline) = self.timeline(random) else { return };
        let writer = random.chance(75).then(|| self.writer(timeline, random)).flatten();
        let goes_offline = random.chance(70);
        if let Some(device) = writer {
            let is_offline_before = random.chance(50);
            if goes_offline && is_offline_before {
                self.world.set_network(device, false);
            }
            self.state(device, timeline, random);
            // Not even stored, on its way, or admitted with the answer on its way back.
            self.world.run_ms(random.below(4 * self.world.delay_ms_max + 10));
            if goes_offline {
                self.world.set_network(device, false);
                self.world.run_ms(random.below(100));
            }
        }
        let running: Vec<Place> = (0..self.world.places()).filter(|place| self.world.node(*place).is_some()).collect();
        if running.is_empty() {
            return;
        }
        let place = *random.pick(&running);
        self.world.trace.note(self.world.time_ms, format_args!("place {place} is to squash {}", timeline.document()));
        if let Some(node) = self.world.node(place) {
            node.squash(tenant(), timeline.document());
        }
        self.world.run_ms(random.below(300));
        let Some(device) = writer else { return };
        if random.chance(60) {
            self.world.set_network(device, true);
        }
        if random.chance(20) {
            self.world.run_ms(random.below(200));
            self.listen();
            self.doubt(device, false);
            self.world.crash_client(device);
            self.open_all(device);
        }
    }

    /// Has the document of every conversation and thread rewritten in a healed world.
    pub(super) fn squash_all(&mut self) {
        let streams = self.checks.journal.streams().keys().filter_map(StreamId::conversation);
        let mut timelines: Vec<TimelineId> = streams.map(TimelineId::of).collect();
        timelines.extend(self.threads().into_iter().map(|(of, thread)| TimelineId::of_thread(of, thread.id)));
        for timeline in timelines {
            if let Some(node) = self.world.node(0) {
                node.squash(tenant(), timeline.document());
            }
        }
    }

    /// A conversation that somebody has created here, or a thread of one.
    fn timeline(&self, random: &mut Random) -> Option<TimelineId> {
        let conversation = (!self.conversations.is_empty()).then(|| *random.pick(&self.conversations))?;
        let threads: Vec<_> = self.threads().into_iter().filter(|(of, _)| *of == conversation).collect();
        if threads.is_empty() || random.chance(60) {
            return Some(TimelineId::of(conversation));
        }
        Some(TimelineId::of_thread(conversation, random.pick(&threads).1.id))
    }

    /// A device of a member: one that may change the description, if there is any.
    fn writer(&self, timeline: TimelineId, random: &mut Random) -> Option<Device> {
        let role = |device: &Device| {
            let row = self.world.clients()[*device].screen.inbox.get(&timeline.conversation)?;
            (row.status == MemberStatus::Active).then(|| row.role.clone())
        };
        let devices = 0..self.world.clients().len();
        let (may, others): (Vec<Device>, Vec<Device>) = devices
            .filter(|device| role(device).is_some())
            .partition(|device| matches!(role(device), Some(Role::Owner | Role::Admin)));
        let of = if may.is_empty() || random.chance(20) { others } else { may };
        (!of.is_empty()).then(|| *random.pick(&of))
    }

    /// Somebody writes a unique text in the document itself.
    fn state(&mut self, device: Device, timeline: TimelineId, random: &mut Random) {
        self.next_words += 1;
        let words = format!("{WORDS}{}", self.next_words);
        let TimelineId { conversation, thread } = timeline;
        let command: Command = match thread {
            Some(thread) => SetThread { conversation, thread, change: ThreadChange::Title(Some(words)) }.into(),
            None if random.chance(30) => {
                SetMemberText { conversation, field: MemberField::DisplayName, text: Some(words) }.into()
            }
            None => {
                let field = *random.pick(&[InfoField::Title, InfoField::Description]);
                SetInfo { conversation, field, text: Some(words) }.into()
            }
        };
        self.command(device, command);
    }
}
