//! A database that is restored from an earlier copy, while devices are ahead of it.

use std::collections::BTreeSet;

use tidings_core::{api::RefusedRow, code::Code, engine::kept_words, storage::MemoryStore};

use super::{
    checks::Checked,
    database::StoreCopy,
    happened::Happened,
    journal::Subscribers,
    run::Run,
    words::{Asked, Words},
    world::Device,
};
use crate::random::Random;

/// Maximum number of copies in a run.
const COPIES_MAX: usize = 3;

/// A copy of the database, with the state that its journal does not contain.
pub(super) struct Copied {
    store: StoreCopy,
    subscribers: Subscribers,
}

impl Run<'_> {
    /// Copies the database, or restores it from any earlier copy.
    ///
    /// # Errors
    /// A violation before that, or in what is there afterwards.
    pub(super) fn restored(&mut self, random: &mut Random) -> Checked {
        self.listen();
        self.checks.step(&mut self.world)?;
        let copies = self.copies.len();
        if copies == 0 || (copies < COPIES_MAX && random.chance(50)) {
            let (store, subscribers) = (self.world.database().copy(), self.checks.journal.subscribers());
            self.copies.push(Copied { store, subscribers });
            return Ok(());
        }
        let before = self.admitted();
        let Copied { store, subscribers } = random.pick(&self.copies);
        let is_said = random.chance(60);
        self.world.put_back(store, is_said);
        self.checks.put_back(&self.world, subscribers.clone(), is_said)?;
        self.intruder.begin_again();
        self.doubt_written_over(&before);
        self.doubt_unkept(&before);
        self.doubt_refused();
        self.doubt_restated();
        Ok(())
    }

    /// Every text that people said and that is in a journal.
    fn admitted(&self) -> BTreeSet<String> {
        let streams = self.checks.journal.streams().values();
        streams.flat_map(|stream| stream.words.iter().map(|words| words.text.clone())).collect()
    }

    /// Texts that the database had lost, and that others had taken the place of, are not said again if these are lost.
    fn doubt_written_over(&mut self, before: &BTreeSet<String>) {
        let is_over = |(text, words): &(&String, &Words)| {
            !before.contains(*text) && self.is_written_over(text, words, |other| before.contains(other))
        };
        let over: Vec<String> = self.said.iter().filter(is_over).map(|(text, _)| text.clone()).collect();
        for text in over {
            self.said.entry(text).and_modify(|said| said.doubtful = true);
        }
    }

    /// Of what the database has lost, texts may be lost that no device of their author keeps, and those
    /// rewritten since.
    fn doubt_unkept(&mut self, before: &BTreeSet<String>) {
        let after = self.admitted();
        let (lost, crafted): (Vec<&String>, Vec<&String>) =
            before.difference(&after).partition(|text| self.said.contains_key(*text));
        self.world.tally.count_if(Happened::PutBack, !lost.is_empty());
        // What a crafted change said is given back to the devices of its account, which may say it again.
        self.lost.extend(crafted.into_iter().cloned());
        for text in lost {
            let Some(said) = self.said.get(text) else { continue };
            let clients = self.world.clients().iter().enumerate();
            let mut devices = clients.filter(|(_, client)| client.account == said.account).map(|(device, _)| device);
            // What the device is about to let go of, or has not stored yet, may be lost.
            let is_kept = devices.any(|device| {
                let written = self.world.clients()[device].written();
                self.kept(device).contains(text) && self.kept_in(device, &written).contains(text)
            });
            match is_kept {
                true => self.lost.insert(text.clone()),
                false => self.said.get_mut(text).is_some_and(|said| std::mem::replace(&mut said.doubtful, true)),
            };
        }
    }

    /// A text that was refused in one incarnation and admitted in a copy of another is both; so may be messages
    /// submitted to be held, which are decided in each.
    fn doubt_refused(&mut self) {
        let admitted = self.admitted();
        let is_both = |row: &&RefusedRow| {
            let is_held_message = matches!(row.code, Code::MessageHeld | Code::HeldAdmitted);
            is_held_message || row.words.as_ref().is_some_and(|words| admitted.contains(words))
        };
        let refused = self.world.clients().iter().flat_map(|client| client.screen.refused.values());
        for text in refused.filter(is_both).filter_map(|row| row.words.as_ref()) {
            if let Some(said) = self.said.get_mut(text) {
                said.doubtful = true;
            }
        }
    }

    /// What is there, and was stated by a generation that the database has lost, may be given back.
    fn doubt_restated(&mut self) {
        let journal = &self.checks.journal;
        let restated = self.checks.formers.iter().flat_map(|former| journal.without_generations_of(former));
        self.lost.extend(restated.cloned());
    }

    /// A person sends again what was refused.
    pub(super) fn retry(&mut self, device: Device, id: u64) {
        let client = &self.world.clients()[device];
        let row = &client.screen.refused[&id];
        let words = row.words.clone();
        // A held one is given back as a member's.
        let is_given_back = matches!(row.code, Code::StoreRestored | Code::MemberExists);
        if let Some(words) = words.clone().filter(|_| is_given_back) {
            // Another device of theirs, or who decides about it, may get it admitted unchanged.
            let words_of = Words { account: client.account.clone(), doubtful: true, message: None };
            self.said.entry(words.clone()).or_insert(words_of).doubtful = true;
            self.checks.sent_again.insert(words);
        }
        let request = self.world.retry(device, id, None);
        self.asked.insert((device, request), Asked { words, is_title: false });
    }

    /// The texts of its account that a device keeps of what was admitted.
    pub(super) fn kept(&self, device: Device) -> BTreeSet<String> {
        self.kept_in(device, &self.world.clients()[device].disk.crash())
    }

    fn kept_in(&self, device: Device, store: &MemoryStore) -> BTreeSet<String> {
        let client = &self.world.clients()[device];
        kept_words(store.records(), &client.account, client.device())
    }

    /// A text that a device kept before it lost its store, and that no journal has, may be lost.
    pub(super) fn doubt_lost(&mut self, device: Device, before: &BTreeSet<String>) {
        let (after, admitted) = (self.kept(device), self.admitted());
        for text in before.difference(&after).filter(|text| !admitted.contains(*text)) {
            if let Some(said) = self.said.get_mut(text) {
                said.doubtful = true;
            }
        }
    }
}
