//! Checks of lists in a world at rest: each account gets all of its conversations, as in the store, and
//! everybody the same directory, as in the journal.

use std::collections::BTreeMap;

use tidings_core::{
    api::ConversationRow,
    code::Code,
    engine::{DirectoryPage, ListPage, OwnPage},
    ids::{AccountId, ConversationId},
    model::{ConversationState, DirectoryQuery, MemberStatus, OwnQuery, Query, member_status},
};

use super::{
    checks::{Checked, ensure},
    database::wait,
    run::Run,
    world::{Device, tenant},
};

/// Rows of a page: few, so that there are several pages.
const PAGE: u32 = 3;
/// Interval and maximum number of looks for an answer in a healed world.
const LOOK_MS: u64 = 50;
const LOOKS_MAX: u32 = 200;

impl Run<'_> {
    /// Every device requests all of its conversations, and all public names.
    pub(super) fn check_lists(&mut self) -> Checked {
        let mut names: Vec<(String, ConversationId)> = Vec::new();
        for stream in self.checks.journal.streams().values() {
            let conversation = stream.verifier.stream().conversation();
            let id = stream.verifier.stream().id().conversation();
            if let (Some(name), Some(id)) = (conversation.listing().and_then(|listing| listing.name), id) {
                names.push((name, id));
            }
        }
        names.sort();
        let names: Vec<ConversationId> = names.into_iter().map(|(_, id)| id).collect();
        for device in 0..self.world.clients().len() {
            let account = self.world.clients()[device].account.clone();
            let expected = self.member_statuses(&account);
            let rows = self.own(device)?;
            let listed: BTreeMap<ConversationId, MemberStatus> =
                rows.iter().map(|row| (row.conversation, member_status(&row.role, row.status))).collect();
            ensure!(listed.len() == rows.len(), "{account} is listed a conversation twice");
            ensure!(listed == expected, "{account} is listed {listed:?}, and the store says {expected:?}");
            let times: Vec<_> = rows.iter().map(|row| row.activity_at).collect();
            ensure!(times.is_sorted_by(|one, other| one >= other), "{account}'s list is not by activity: {times:?}");
            let inbox = &self.world.clients()[device].screen.inbox;
            for row in rows.iter().filter(|row| row.status == MemberStatus::Active) {
                let shown = inbox.get(&row.conversation).map(|row| row.activity_at);
                let listed = Some(row.activity_at);
                ensure!(shown == listed, "{account}'s {} moved at {shown:?}, not {listed:?}", row.conversation);
            }
            let found = self.directory(device)?;
            ensure!(found == names, "{account} finds {found:?}, and public are {names:?}");
        }
        Ok(())
    }

    /// An account's membership statuses, according to the store.
    fn member_statuses(&self, account: &AccountId) -> BTreeMap<ConversationId, MemberStatus> {
        let store = self.world.database().store();
        let stands = |conversation: &ConversationId| {
            let state = wait(store.conversation_state(&tenant(), *conversation)).expect("the database answers");
            let member = wait(store.member(&tenant(), *conversation, account)).expect("the database answers")?;
            if state == Some(ConversationState::Deleted) {
                return None;
            }
            Some((*conversation, member_status(&member.role, member.status)))
        };
        self.conversations.iter().filter_map(stands).collect()
    }

    fn own(&mut self, device: Device) -> Result<Vec<ConversationRow>, String> {
        let statuses: Vec<MemberStatus> = MemberStatus::ALL.to_vec();
        let states = tidings_core::model::ConversationState::ALL.to_vec();
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (statuses, states) = (statuses.clone(), states.clone());
            let query = OwnQuery { statuses, states, after, count_max: PAGE, ..OwnQuery::default() };
            match self.page(device, Query::Own(query))? {
                ListPage::Own(OwnPage { rows, next, complete: true }) => {
                    all.extend(rows);
                    after = next;
                }
                other => return Err(format!("not all own conversations: {other:?}")),
            }
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    fn directory(&mut self, device: Device) -> Result<Vec<ConversationId>, String> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let query = DirectoryQuery { words: "@".into(), after, count_max: PAGE, ..DirectoryQuery::default() };
            match self.page(device, Query::Directory(query))? {
                ListPage::Directory(DirectoryPage { rows, next }) => {
                    all.extend(rows.into_iter().map(|row| row.conversation));
                    after = next;
                }
                other @ ListPage::Own(_) => return Err(format!("another list: {other:?}")),
            }
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    fn page(&mut self, device: Device, query: Query) -> Result<ListPage, String> {
        let mut request = self.world.list(device, query.clone());
        for _ in 0..LOOKS_MAX {
            let screen = &mut self.world.client(device).screen;
            if let Some(page) = screen.pages.remove(&request) {
                return Ok(page);
            }
            match screen.answers.remove(&request) {
                None => {}
                // The answer has no time; a node lets one request pass each second.
                Some(Err(Code::RateLimited)) => request = self.world.list(device, query.clone()),
                Some(answer) => return Err(format!("a list is not to be had: {answer:?}")),
            }
            self.world.run_ms(LOOK_MS);
        }
        Err("a list has no answer".to_owned())
    }
}
