//! Sequences of actions by several people that would rarely happen at random.

use tidings_core::{
    api::ConversationRow,
    command::{AddMember, AnswerHeld, CreateConversation, React, RemoveMember, SendMessage, SetPolicy, SetState},
    engine::Input,
    ids::{AccountId, ConversationId, StreamId},
    model::{ConversationState, LateWrites, MemberStatus, Policy, Role},
};

use super::{
    actions::{ACCOUNTS, WORDS},
    checks::Checked,
    client::Client,
    database::wait,
    happened::Happened,
    run::Run,
    world::{Device, tenant},
};
use crate::random::Random;

impl Run<'_> {
    /// Somebody is removed while they speak; removed members return.
    pub(super) fn race(&mut self, random: &mut Random) {
        let Some(conversation) = self.conversations.get(random.below(3) as usize).copied() else { return };
        let Some(journal) = self.checks.journal.streams().get(&StreamId::Conversation(conversation)) else { return };
        let members = &journal.verifier.stream().conversation().members;
        let device_of = |is_it: &dyn Fn(&AccountId) -> bool| {
            let clients = self.world.clients().iter().enumerate();
            let devices: Vec<Device> =
                clients.filter(|(_, client)| is_it(&client.account)).map(|(device, _)| device).collect();
            devices
        };
        let active = |account: &AccountId| members.get(account).filter(|member| member.is_active());
        let owners = device_of(&|account| active(account).is_some_and(|member| member.role == Role::Owner));
        let others = device_of(&|account| active(account).is_some_and(|member| member.role != Role::Owner));
        let Some(owner) = owners.first().copied() else { return };
        let out: Vec<AccountId> = members.keys().filter(|account| active(account).is_none()).cloned().collect();
        let details = &self.world.clients()[owner].screen.details;
        let late = details.get(&conversation).map_or_else(Vec::new, |detail| detail.held.clone());
        for row in late {
            let answer = AnswerHeld { conversation, message: row.message, admitted: random.chance(60) };
            self.command(owner, answer.into());
        }
        for account in out {
            self.command(owner, AddMember { conversation, account, role: Role::Member }.into());
        }
        if !others.is_empty() {
            let device = *random.pick(&others);
            let account = self.world.clients()[device].account.clone();
            let late_writes = *random.pick(LateWrites::ALL);
            self.command(owner, SetPolicy { conversation, policy: Policy::LateWrites(late_writes) }.into());
            self.command(owner, RemoveMember { conversation, account }.into());
            for _ in 0..=random.below(2) {
                self.say(device, conversation);
                self.world.run_ms(random.below(20));
            }
        }
    }

    /// An owner deletes a conversation; somebody has just lost their network, and says something there.
    pub(super) fn bury(&mut self, random: &mut Random) {
        let Some(conversation) = (!self.conversations.is_empty()).then(|| *random.pick(&self.conversations)) else {
            return;
        };
        let is_there = |client: &Client, is_it: fn(&Role) -> bool| {
            let row = client.screen.inbox.get(&conversation);
            row.is_some_and(|row| row.status == MemberStatus::Active && is_it(&row.role))
        };
        let clients = self.world.clients();
        let Some(owner) = clients.iter().position(|client| is_there(client, |role| *role == Role::Owner)) else {
            return;
        };
        let others = (0..clients.len()).filter(|device| *device != owner && is_there(&clients[*device], |_| true));
        let others: Vec<Device> = others.collect();
        if !others.is_empty() {
            let device = *random.pick(&others);
            self.world.set_network(device, false);
            self.say(device, conversation);
        }
        self.command(owner, SetState { conversation, state: ConversationState::Deleted }.into());
    }

    /// Deletes a group with held messages, and one in which nobody said anything.
    ///
    /// # Errors
    /// When the world does not come to rest.
    pub(super) fn bury_what_is_held(&mut self) -> Checked {
        let is_here = |device: &Device| self.world.has_network(*device);
        let account_of = |device: Device| self.world.clients()[device].account.clone();
        let here: Vec<Device> = (0..self.world.clients().len()).filter(is_here).collect();
        let Some(owner) = here.first().copied() else { return Ok(()) };
        let is_other = |device: &&Device| {
            ACCOUNTS.contains(&account_of(**device).as_str()) && account_of(**device) != account_of(owner)
        };
        let Some(writer) = here.iter().find(is_other).copied() else { return Ok(()) };
        let account = account_of(writer);
        let (Some(held), Some(silent)) = (self.begin(owner)?, self.begin(owner)?) else { return Ok(()) };
        self.command(owner, SetPolicy { conversation: held, policy: Policy::LateWrites(LateWrites::Hold) }.into());
        self.world.input(writer, Input::OpenConversation(held));
        self.settle()?;
        self.world.set_network(writer, false);
        self.command(owner, RemoveMember { conversation: held, account }.into());
        self.say(writer, held);
        self.settle()?;
        self.world.set_network(writer, true);
        self.settle()?;
        let late =
            wait(self.world.database().store().held_messages(&tenant(), held)).map_err(|error| error.to_string())?;
        self.world.tally.count_if(Happened::HeldOverErasure, !late.is_empty());
        for conversation in [held, silent] {
            self.command(owner, SetState { conversation, state: ConversationState::Deleted }.into());
        }
        self.settle()
    }

    /// Somebody creates a group with everybody; none if that is not allowed.
    fn begin(&mut self, owner: Device) -> Result<Option<ConversationId>, String> {
        let others = ACCOUNTS.map(|name| AccountId::parse(name).expect("legal"));
        let others = others.into_iter().filter(|account| *account != self.world.clients()[owner].account);
        let known = self.conversations.len();
        self.command(owner, CreateConversation::group(None, others.collect()).into());
        self.settle()?;
        Ok(self.conversations.get(known).copied())
    }

    /// Somebody reacts to the oldest message they see in a conversation, while others load it.
    pub(super) fn react_to_the_oldest(&mut self, device: Device, conversation: ConversationId) {
        let rows = self.world.clients()[device].screen.rows(conversation);
        let Some(message) = rows.first().map(|row| row.id.clone()) else { return };
        self.command(device, React { conversation, message, emoji: "👀".to_owned() }.into());
    }

    /// Sends a text that nobody has said yet.
    fn say(&mut self, device: Device, conversation: ConversationId) -> String {
        self.next_words += 1;
        let words = format!("{WORDS}{}", self.next_words);
        self.command(device, SendMessage::new(conversation, words.clone()).into());
        words
    }

    /// Devices whose clocks stay wrong say something in conversations of which they are members.
    pub(super) fn speak_by_wrong_clocks(&mut self) {
        for device in self.wrong_clocks.clone() {
            let rows = self.world.clients()[device].screen.inbox.values();
            let is_member = |row: &&ConversationRow| row.status == MemberStatus::Active && row.role != Role::Subscriber;
            let Some(conversation) = rows.filter(is_member).map(|row| row.conversation).next() else { continue };
            let words = self.say(device, conversation);
            self.heard.insert(words);
        }
    }
}
