//! A client and the owner of a resource negotiate, often offline: proposals, responses, leads that are closed
//! and reopened. This comes on top of a turn, with a generator of its own, so that everything else of a seed
//! stays the same.

use std::collections::BTreeSet;

use tidings_core::{
    api::ConversationRow,
    command::{AddMember, Command, CreateResource, FinalizeLead, SendMessage, SetLeadStage, SetState},
    engine::Input,
    ids::{AccountId, ConversationId},
    model::{ConversationKind, ConversationState, LeadOutcome, LeadStage, MemberStatus, Party, Role},
};

use super::{
    actions::{ACCOUNTS, WORDS},
    faults::Class,
    run::Run,
    world::Device,
};
use crate::random::Random;

const NEGOTIATIONS: u64 = 0x1ead_0000_0000_0000;

/// Percentage of a world's turns in which somebody negotiates.
pub(super) fn turns_percent(seed: u64, without: &BTreeSet<Class>) -> u64 {
    match without.contains(&Class::Negotiation) {
        true => 0,
        false => *Random::new(seed ^ NEGOTIATIONS).pick(&[0, 40, 80]),
    }
}

/// The generator of a turn for decisions about negotiations.
pub(super) fn chance_of(seed: u64, turn: u64) -> Random {
    Random::new(seed ^ NEGOTIATIONS ^ (turn + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Run<'_> {
    /// Somebody takes a step: begins, writes, proposes, responds, closes or reopens.
    pub(super) fn negotiate(&mut self, random: &mut Random) {
        let devices = 0..self.world.clients().len();
        let takes_part = |device: &Device| self.negotiations(*device).next().is_some();
        let parties: Vec<Device> = devices.clone().filter(takes_part).collect();
        let begins = parties.is_empty() || random.chance(10);
        let device = *random.pick(&if begins { devices.collect() } else { parties });
        let rows: Vec<ConversationRow> = self.negotiations(device).cloned().collect();
        if begins || rows.is_empty() {
            let owner = AccountId::parse(random.pick::<&str>(&ACCOUNTS)).expect("a constant account parses");
            let resource = format!("boat {}", random.below(2));
            return self.command(device, CreateResource::new(resource, owner).into());
        }
        let row = random.pick(&rows).clone();
        let conversation = row.conversation;
        self.world.input(device, Input::OpenConversation(conversation));
        self.world.run_ms(200);
        if random.chance(30) {
            self.world.set_network(device, random.chance(50));
        }
        // Some change their minds before the first message is sent.
        for _ in 0..*random.pick(&[1, 1, 2, 3]) {
            let Some(command) = self.step(device, conversation, &row, random) else { return };
            self.command(device, command);
        }
    }

    /// The resource conversations that a device lists.
    fn negotiations(&self, device: Device) -> impl Iterator<Item = &ConversationRow> {
        let rows = self.world.clients()[device].screen.inbox.values();
        rows.filter(|row| row.kind == ConversationKind::Resource && row.status == MemberStatus::Active)
    }

    fn step(
        &mut self,
        device: Device,
        conversation: ConversationId,
        row: &ConversationRow,
        random: &mut Random,
    ) -> Option<Command> {
        self.next_words += 1;
        let words = format!("{WORDS}{}", self.next_words);
        let person = self.person(device, words.clone());
        let party = person.party(conversation)?;
        if random.chance(60) || party == Party::Client {
            return Some(SendMessage::new(conversation, person.negotiates(conversation, words, party, random)).into());
        }
        Some(match random.below(8) {
            0 | 1 => FinalizeLead { conversation, outcome: LeadOutcome::Won, reason: Some(words) }.into(),
            2 => FinalizeLead { conversation, outcome: LeadOutcome::Lost, reason: None }.into(),
            3 => SetLeadStage { conversation, stage: LeadStage::parse("visit_planned")? }.into(),
            4 => {
                let account = AccountId::parse(random.pick::<&str>(&ACCOUNTS)).ok()?;
                AddMember { conversation, account, role: Role::Member }.into()
            }
            _ if row.state == ConversationState::Active => {
                SetState { conversation, state: ConversationState::Archived }.into()
            }
            _ => SetState { conversation, state: ConversationState::Active }.into(),
        })
    }
}
