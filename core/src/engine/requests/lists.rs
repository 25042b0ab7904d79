//! Pages of lists that a person asks for. Own conversations are answered from the rows on this device, or
//! by the server if former ones are asked for, too. The directory is the server's.

use serde::Serialize;

use crate::{
    api::ConversationRow,
    code::Code,
    engine::{Engine, Update},
    model::{ActivityKey, DirectoryRow, OwnQuery, Query, WordKey, has_row, is_found, member_status, search},
    sorted::SortedMap,
    wire::{ClientFrame, List, Listed, ListedRow, ListedRows, Refused},
};

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(tag = "type", content = "page", rename_all = "snake_case")]
pub enum ListPage {
    /// Own conversations.
    Own(OwnPage),
    /// Public conversations.
    Directory(DirectoryPage),
}

/// A page of the own conversations.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct OwnPage {
    /// The rows, by newest activity.
    pub rows: Vec<ConversationRow>,
    /// Where the next page begins; none after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<ActivityKey>,
    /// Whether no row can be missing: a device alone lacks conversations that the account left, and
    /// everything before it first caught up.
    pub complete: bool,
}

/// A page of the directory. It may have fewer rows than there are, or none, and a next page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct DirectoryPage {
    /// The rows, by the word they were found under.
    pub rows: Vec<DirectoryRow>,
    /// Where the next page begins; none after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<WordKey>,
}

/// The lists that the server was asked for on this link, with the request that waits for each.
#[derive(Debug, Default)]
pub(in crate::engine) struct Lists {
    asked: SortedMap<u64, (u64, Query)>,
}

impl Engine {
    /// Answers a query from this device, or passes it on to the server.
    pub(in crate::engine) fn list(&mut self, request: u64, query: Query) {
        let is_online = self.link.is_online();
        match &query {
            Query::Own(own) if !self.needs_server(own) || !is_online => self.list_here(request, own),
            Query::Directory(directory) => match search(&directory.words) {
                Err(code) => self.fail(request, code, "words, or @ and how a name begins, are what can be looked for"),
                Ok(_) if is_online => self.ask_list(request, query),
                Ok(_) => self.fail(request, Code::Unreachable, "the directory is the server's"),
            },
            Query::Own(_) => self.ask_list(request, query),
        }
    }

    fn ask_list(&mut self, request: u64, query: Query) {
        let asked = self.ctx.new_request();
        self.ctx.send(&ClientFrame::List(List { request: asked, query: query.clone() }));
        self.requests.lists.asked.insert(asked, (request, query));
    }

    /// Whether the server may have rows that this device lacks. Names are searched on the device only.
    fn needs_server(&self, query: &OwnQuery) -> bool {
        query.words.is_empty() && !self.is_complete(query)
    }

    fn is_complete(&self, query: &OwnQuery) -> bool {
        self.link.cursor().is_some() && query.statuses().into_iter().all(has_row)
    }

    fn list_here(&mut self, request: u64, query: &OwnQuery) {
        let (kinds, statuses, states) = (query.kinds(), query.statuses(), query.states());
        let is_asked = |row: &&ConversationRow| {
            let status = member_status(&row.role, row.status);
            let is_after = query.after.is_none_or(|after| key_of(row).is_after(&after));
            let is_in_state = !has_row(status) || states.contains(&row.state);
            let is_of = kinds.contains(&row.kind) && statuses.contains(&status);
            let is_about = query.resource.is_none() || row.resource == query.resource;
            is_of && is_in_state && is_about && is_after && is_found(&row.name, &query.words)
        };
        let mut rows: Vec<&ConversationRow> = self.inbox.values().map(|record| &record.row).filter(is_asked).collect();
        rows.sort_unstable_by_key(|row| (core::cmp::Reverse(row.activity_at), row.conversation));
        let page_max = query.page_max() as usize;
        let has_more = rows.len() > page_max;
        rows.truncate(page_max);
        let next = rows.last().filter(|_| has_more).map(|row| key_of(row));
        let rows = rows.into_iter().cloned().collect();
        let complete = self.is_complete(query);
        self.ctx.update(Update::Listed { request, page: ListPage::Own(OwnPage { rows, next, complete }) });
    }

    pub(in crate::engine) fn receive_listed(&mut self, listed: Listed) {
        let Some((request, query)) = self.requests.lists.asked.remove(&listed.request) else { return };
        let page = match (query, listed.rows) {
            (Query::Own(_), ListedRows::Own(rows, next)) => {
                let rows = rows.into_iter().map(|row| self.listed_row(row)).collect();
                ListPage::Own(OwnPage { rows, next, complete: true })
            }
            (Query::Directory(_), ListedRows::Directory(rows, next)) => {
                ListPage::Directory(DirectoryPage { rows, next })
            }
            _ => return self.fail(request, Code::FrameUnexpected, "the server answered another question"),
        };
        self.ctx.update(Update::Listed { request, page });
    }

    /// A row of the server's, completed from the row on this device.
    fn listed_row(&self, listed: ListedRow) -> ConversationRow {
        let ListedRow { summary, activity_at } = listed;
        let mut row = match self.inbox.get(&summary.conversation) {
            Some(record) => record.row.clone(),
            None => {
                let mut row = ConversationRow::from_summary(&summary);
                self.accounts.complete(&mut row);
                row
            }
        };
        (row.status, row.role, row.activity_at) = (summary.status, summary.role, activity_at);
        row
    }

    /// Returns whether the refusal was of a list.
    pub(in crate::engine) fn list_refused(&mut self, refused: &Refused) -> bool {
        let Some((request, _)) = self.requests.lists.asked.remove(&refused.request) else { return false };
        self.fail(request, refused.code, &refused.detail);
        true
    }

    /// The link is lost: rows on this device answer instead of the server.
    pub(in crate::engine) fn answer_lists_here(&mut self) {
        for (request, query) in core::mem::take(&mut self.requests.lists.asked).into_values() {
            match query {
                Query::Own(own) => self.list_here(request, &own),
                Query::Directory(_) => self.fail(request, Code::Unreachable, "the link was lost before the answer"),
            }
        }
    }
}

fn key_of(row: &ConversationRow) -> ActivityKey {
    ActivityKey { at: row.activity_at, conversation: row.conversation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::CreateConversation,
        engine::{
            Input, Output,
            tests::{config, drain, give, go_online, now, receive},
        },
        ids::{AccountId, ConversationId},
        journal::{Cursor, Position},
        model::{ConversationKind, ConversationState, DirectoryQuery, MemberStatus, Receipt, Role},
        storage::MemoryStore,
        time::WallTime,
        wire::{ConversationSummary, ServerFrame, decode_frame},
    };

    fn id(number: u8) -> ConversationId {
        ConversationId::from_bytes([number; 16])
    }

    /// A conversation that was created at a time, and has no message.
    fn summary(number: u8, at: u64, kind: ConversationKind, status: MemberStatus) -> ConversationSummary {
        ConversationSummary {
            conversation: id(number),
            kind,
            title: Some(format!("Number {number}")),
            state: ConversationState::Active,
            role: Role::Member,
            status,
            member_count: 2,
            others: Vec::new(),
            last_message: None,
            position: Position::ZERO,
            page: 0,
            receipt: Receipt::default(),
            unread: 0,
            created_at: WallTime::from_millis(at),
            subscriber_count: 0,
            resource: (kind == ConversationKind::Resource).then(|| format!("flat {number}")),
            joined: Position::ZERO,
            chain: Default::default(),
        }
    }

    fn started() -> (Engine, MemoryStore) {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        drain(&mut engine, &mut store);
        (engine, store)
    }

    /// An engine that is online and has received these summaries.
    fn online_with(summaries: Vec<ConversationSummary>) -> (Engine, MemoryStore) {
        let (mut engine, mut store) = started();
        go_online(&mut engine, &mut store);
        receive(&mut engine, &mut store, &ServerFrame::Summaries(summaries));
        receive(&mut engine, &mut store, &ServerFrame::CaughtUp(Cursor::new(9)));
        (engine, store)
    }

    fn ask(engine: &mut Engine, store: &mut MemoryStore, query: Query) -> Vec<Output> {
        give(engine, store, Input::List { request: 70, query })
    }

    #[track_caller]
    fn page(outputs: Vec<Output>) -> ListPage {
        let page = outputs.into_iter().find_map(|output| match output {
            Output::Update(Update::Listed { request: 70, page }) => Some(page),
            _ => None,
        });
        page.expect("a page")
    }

    #[track_caller]
    fn own(outputs: Vec<Output>) -> (Vec<u8>, Option<ActivityKey>, bool) {
        let ListPage::Own(OwnPage { rows, next, complete }) = page(outputs) else { panic!("own conversations") };
        (rows.iter().map(|row| row.conversation.as_bytes()[0]).collect(), next, complete)
    }

    fn failed(outputs: &[Output]) -> Option<Code> {
        outputs.iter().find_map(|output| match output {
            Output::Update(Update::CommandFailed { request: 70, code, .. }) => Some(*code),
            _ => None,
        })
    }

    fn asked(outputs: &[Output]) -> Option<List> {
        outputs.iter().find_map(|output| match output {
            Output::Send(bytes) => match decode_frame(bytes, usize::MAX) {
                Ok(ClientFrame::List(list)) => Some(list),
                _ => None,
            },
            _ => None,
        })
    }

    #[test]
    fn l1_what_is_held_is_paged_by_newest_activity_and_filtered() {
        let mut channel = summary(4, 300, ConversationKind::Channel, MemberStatus::Active);
        channel.role = Role::Subscriber;
        let mut archived = summary(5, 200, ConversationKind::Group, MemberStatus::Active);
        archived.state = ConversationState::Archived;
        let (mut engine, mut store) = online_with(vec![
            summary(1, 100, ConversationKind::Group, MemberStatus::Active),
            summary(2, 300, ConversationKind::Group, MemberStatus::Active),
            summary(3, 400, ConversationKind::Group, MemberStatus::Invited),
            channel,
            archived,
        ]);
        let mut after = None;
        let mut all = Vec::new();
        for _ in 0..3 {
            let query = OwnQuery { after, count_max: 2, ..OwnQuery::default() };
            let (rows, next, complete) = own(ask(&mut engine, &mut store, Query::Own(query)));
            assert!(complete);
            all.push(rows);
            after = next;
        }
        assert_eq!((all, after), (vec![vec![3, 2], vec![4, 5], vec![1]], None));
        let mut rows = |query| own(ask(&mut engine, &mut store, Query::Own(query))).0;
        let default = OwnQuery::default;
        assert_eq!(rows(OwnQuery { kinds: vec![ConversationKind::Channel], ..default() }), [4]);
        assert_eq!(rows(OwnQuery { statuses: vec![MemberStatus::Subscribed], ..default() }), [4]);
        assert_eq!(rows(OwnQuery { statuses: vec![MemberStatus::Active], ..default() }), [2, 5, 1]);
        assert_eq!(rows(OwnQuery { states: vec![ConversationState::Archived], ..default() }), [5]);
        assert_eq!(rows(OwnQuery { resource: Some("flat 7".into()), ..default() }), [0; 0]);
        assert_eq!(rows(OwnQuery { words: "NUM 4".into(), ..default() }), [4]);
    }

    #[test]
    fn l2_what_is_held_answers_without_a_link_and_says_whether_it_is_all() {
        let (mut engine, mut store) = online_with(vec![summary(1, 100, ConversationKind::Group, MemberStatus::Active)]);
        give(&mut engine, &mut store, Input::SetNetwork(false));
        let default = own(ask(&mut engine, &mut store, Query::Own(OwnQuery::default())));
        assert_eq!(default, (vec![1], None, true));
        let left = OwnQuery { statuses: vec![MemberStatus::Left], ..OwnQuery::default() };
        assert_eq!(own(ask(&mut engine, &mut store, Query::Own(left))), (vec![], None, false));
        // A device that never caught up cannot know, but what it wrote itself is there.
        let (mut engine, mut store) = started();
        let command = CreateConversation::group(None, vec![]).into();
        give(&mut engine, &mut store, Input::Command { request: 1, command });
        let (rows, _, complete) = own(ask(&mut engine, &mut store, Query::Own(OwnQuery::default())));
        assert_eq!((rows.len(), complete), (1, false));
    }

    #[test]
    fn l2_the_server_tells_of_what_the_account_left() {
        let (mut engine, mut store) = online_with(vec![summary(1, 100, ConversationKind::Group, MemberStatus::Active)]);
        let left = OwnQuery { statuses: vec![MemberStatus::Left], ..OwnQuery::default() };
        let outputs = ask(&mut engine, &mut store, Query::Own(left.clone()));
        let list = asked(&outputs).expect("the server is asked");
        assert_eq!(list.query, Query::Own(left.clone()));
        let mut gone = summary(7, 50, ConversationKind::Group, MemberStatus::Left);
        gone.title = None;
        let row = ListedRow { summary: gone, activity_at: WallTime::from_millis(60) };
        let rows = ListedRows::Own(vec![row], None);
        let answer = ServerFrame::Listed(Listed { request: list.request, rows });
        let outputs = receive(&mut engine, &mut store, &answer);
        let ListPage::Own(OwnPage { rows, complete: true, .. }) = page(outputs) else { panic!("all of them") };
        assert_eq!((rows[0].status, rows[0].activity_at.as_millis()), (MemberStatus::Left, 60));
        // An answer that nobody waits for any more is passed over, and a lost link is answered from here.
        assert_eq!(receive(&mut engine, &mut store, &answer).len(), 0);
        assert!(asked(&ask(&mut engine, &mut store, Query::Own(left))).is_some());
        assert_eq!(own(give(&mut engine, &mut store, Input::LinkLost)), (vec![], None, false));
    }

    #[test]
    fn l6_a_search_that_cannot_be_is_refused_at_once() {
        let (mut engine, mut store) = online_with(Vec::new());
        let directory = |words: &str| Query::Directory(DirectoryQuery { words: words.into(), ..Default::default() });
        for (words, code) in [("", Code::TextEmpty), ("@!", Code::ValueInvalid)] {
            let outputs = ask(&mut engine, &mut store, directory(words));
            assert_eq!((failed(&outputs), asked(&outputs)), (Some(code), None), "{words:?}");
        }
        let list = asked(&ask(&mut engine, &mut store, directory("green"))).expect("the server is asked");
        let refused = Refused {
            request: list.request,
            stream: crate::ids::StreamId::Account(AccountId::parse("ann").unwrap()),
            index: 0,
            code: Code::RateLimited,
            detail: String::new(),
            retry_at: Some(now().wall),
            lacks: Vec::new(),
        };
        let outputs = receive(&mut engine, &mut store, &ServerFrame::Refused(refused));
        assert_eq!(failed(&outputs), Some(Code::RateLimited));
        assert!(asked(&ask(&mut engine, &mut store, directory("green"))).is_some());
        assert_eq!(failed(&give(&mut engine, &mut store, Input::LinkLost)), Some(Code::Unreachable));
        assert_eq!(failed(&ask(&mut engine, &mut store, directory("green"))), Some(Code::Unreachable));
    }
}
