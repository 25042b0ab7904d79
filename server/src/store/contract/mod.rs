//! One suite for every store: what the server relies on, whatever the database. Each store's own tests run it,
//! each behaviour on a fresh database.

pub(super) mod catch_up;
pub(super) mod contact;
pub(super) mod erasure;
pub(super) mod external;
pub(super) mod journal;
pub(super) mod list;
pub(super) mod register;
pub(super) mod request;
pub(super) mod subscription;
pub(super) mod webhook;

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tidings_core::{
    ids::{
        AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, MessageId, Stamp, StreamId, TenantId, TimelineId,
    },
    journal::{ChainHash, Cursor, Entry, Position},
    model::{ConversationKind, ConversationState, MemberStatus, Profile, Role},
    time::WallTime,
    wire::{LastMessage, ListedRow},
};

use super::{CatchUp, CommitOutcome, ConversationRow, MemberRow, NewEntry, Store, StoreError, StreamCommit};

/// Declares a test for each behaviour, run by `$run`: an async function that creates a database, passes a store
/// on it, and drops the database.
macro_rules! contract_tests {
    ($run:path: $($module:ident { $($behaviour:ident,)+ })+) => {$(
        mod $module {
            $(#[tokio::test]
            async fn $behaviour() {
                $run(async |store: std::sync::Arc<dyn crate::store::Store>| {
                    crate::store::contract::$module::$behaviour(&*store).await;
                })
                .await;
            })+
        }
    )+};
    ($run:path) => {
        crate::store::contract::contract_tests! { $run:
            journal {
                entries_come_back_as_they_were_written,
                a_conflict_of_one_stream_leaves_the_others,
                a_stream_is_created_once,
                commits_of_one_stream_follow_each_other_in_one_call,
                of_racing_commits_one_is_admitted,
                changes_are_found_by_their_hash,
                a_document_is_its_snapshot_and_what_came_after,
                an_older_snapshot_never_replaces_a_newer_one,
                documents_far_behind_their_snapshot_are_stale,
                any_script_and_any_character_can_be_stored,
                a_change_of_256_kib_can_be_stored,
                tenants_do_not_see_each_other,
                a_public_name_is_one_conversations,
                a_public_name_is_free_again_when_it_is_given_up,
            }
            request {
                t4_a_request_is_stored_with_what_it_wrote_or_not_at_all,
                t7_where_accounts_stand_is_one_row,
            }
            catch_up {
                a_new_device_gets_every_conversation_and_no_entry,
                nothing_is_sent_when_nothing_changed,
                only_what_changed_is_sent,
                a_stream_with_too_many_entries_is_left_to_fetch,
                streams_beyond_the_bytes_of_one_answer_are_left_to_fetch,
                the_own_account_stream_is_caught_up_and_no_other,
                whoever_is_no_longer_a_member_is_told_so_and_gets_nothing,
                whoever_comes_back_is_sent_the_conversation_again,
                profiles_are_sent_when_they_change_or_are_new,
                receipts_of_others_are_sent_in_small_conversations_only,
                t17_a_tenant_is_caught_up_with_in_steps_and_by_what_is_new,
                t17_whoever_follows_a_tenant_learns_of_a_deletion_after_the_erasure,
                j45_a_cursor_of_another_history_is_refused,
                unread_counts_messages_of_others_behind_the_read_position,
                unread_is_counted_as_of_a_position,
                unread_is_counted_to_its_cap,
                summaries_are_for_active_members_only,
            }
            register {
                receipts_only_grow_and_end_at_the_head,
                receipts_of_many_members_move_together,
                receipts_need_active_membership,
                a_device_belongs_to_its_first_account_for_ever,
                members_are_what_was_written_last,
                co_members_share_a_conversation_in_which_both_are_active,
                profiles_come_for_those_who_have_one,
                a_profile_says_since_when_it_is,
                a_suspension_holds_until_it_is_lifted,
                a_suspension_is_no_profile,
                threads_are_found_by_the_page_they_start_from,
                messages_are_held_until_somebody_decides,
            }
            contact {
                accounts_are_found_by_the_points_they_have_now,
                whoever_is_suspended_or_blocks_the_asker_is_not_found,
                blocks_are_what_was_written_last,
                an_account_is_reached_by_whom_it_lets,
            }
            webhook {
                h2_an_event_is_stored_for_each_endpoint_that_is_told_it,
                h3_only_the_first_event_of_a_conversation_is_leased,
                h3_outcomes_are_stored_together_each_for_its_own_lane,
                h4_a_lease_that_ran_out_is_taken_over_and_its_outcome_is_void,
                h5_a_dead_letter_blocks_nobody_and_is_replayed,
                h6_what_is_old_or_of_a_removed_endpoint_is_swept,
                t18_the_words_of_an_erased_account_are_delivered_no_more,
            }
            erasure {
                t18_an_erasure_is_one_nodes_and_its_suspension_is_not_lifted,
                s25_what_was_deleted_is_erased_from_its_time_on,
                s25_nothing_is_written_to_what_was_erased,
                s25_only_what_was_deleted_is_erased,
                s26_whoever_had_a_part_is_told_that_it_is_gone,
            }
            external {
                t15_an_external_id_is_of_one_stream_of_its_kind_in_a_tenant,
                t15_an_external_id_is_free_again_when_its_conversation_is_deleted,
            }
            subscription {
                subscribers_are_rows_beside_the_members,
                the_count_is_what_the_rows_say_whatever_moves_them,
                a_subscription_needs_the_position_it_was_judged_at,
                a_subscriber_catches_up_as_a_reader_and_learns_of_the_end,
                a_subscribers_receipts_are_told_to_nobody_else,
                subscribers_are_paged_by_account,
                of_racing_subscriptions_none_is_lost,
            }
            list {
                l1_own_conversations_are_paged_by_newest_activity,
                l1_own_conversations_are_read_both_ways,
                l1_own_conversations_are_of_the_kinds_statuses_and_states_asked_for,
                l1_own_conversations_about_a_resource_are_found,
                t20_conversations_about_a_resource_are_found_in_the_whole_tenant,
                l3_of_what_an_account_is_not_in_any_more_nothing_new_is_told,
                l4_the_directory_changes_with_the_commit_that_changes_it,
                l5_the_directory_is_searched_by_how_words_begin,
                l5_pages_of_the_directory_end_after_a_bounded_number_of_words,
                l5_the_directory_is_read_both_ways,
            }
        }
    };
}

pub(super) use contract_tests;

/// Maximum number of entries per stream in a catch-up, unless a test says otherwise.
pub(super) const ENTRIES_MAX: u32 = 200;

pub(super) fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

pub(super) fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

pub(super) fn conversation(number: u32) -> ConversationId {
    let mut bytes = [0xc0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    ConversationId::from_bytes(bytes)
}

pub(super) fn stream(number: u32) -> StreamId {
    StreamId::Conversation(conversation(number))
}

pub(super) fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

pub(super) fn position(number: u64) -> Position {
    Position::new(number)
}

/// Bytes framed like a change, with their checksum first.
fn framed(body: &[u8]) -> Vec<u8> {
    let checksum = &Sha256::digest(body)[..4];
    [&[0x85, 0x6f, 0x4a, 0x83], checksum, body].concat()
}

fn change(position: Position) -> Vec<u8> {
    framed(format!("change {position}").as_bytes())
}

/// Replaces the change of an entry with one of this size.
pub(super) fn enlarge(new: &mut NewEntry, bytes: usize) {
    let all_kinds = (0..bytes).map(|index| (index % 251) as u8);
    // Eight bytes of position, which make each one unique, and the eight of the frame.
    let body: Vec<u8> = new.entry.position.number().to_be_bytes().into_iter().chain(all_kinds).collect();
    let body = &body[..bytes - 8];
    new.entry.change = framed(body);
    new.hash = ChangeHash::of_change(&new.entry.change).unwrap();
}

/// Makes the changes of a commit contain these words, and so differ from those of any other.
pub(super) fn reword(commit: &mut StreamCommit, words: &str) {
    for new in &mut commit.entries {
        new.entry.change = framed(format!("{words} at {}", new.entry.position).as_bytes());
        new.hash = ChangeHash::of_change(&new.entry.change).unwrap();
    }
}

/// The hash of the change at a position, unique in a stream.
pub(super) fn hash(position: Position) -> ChangeHash {
    ChangeHash::of_change(&change(position)).unwrap()
}

pub(super) fn entry(position: Position, document: DocumentId, author: &str, message: bool) -> NewEntry {
    let change = change(position);
    let accepted_at = WallTime::from_millis(1_700_000_000_000 + position.number());
    let entry = Entry {
        position,
        document,
        account: account(author),
        administrator: author == "root",
        accepted_at,
        change,
        deletes: None,
    };
    NewEntry { entry, hash: hash(position), chain: chain(position), author: message.then(|| account(author)) }
}

/// The chain written for a position; stores neither compute nor check it.
pub(super) fn chain(position: Position) -> ChainHash {
    ChainHash::from_bytes([position.number() as u8; 32])
}

/// An empty commit.
pub(super) fn commit(stream: StreamId, expected: u64) -> StreamCommit {
    StreamCommit {
        tenant: tenant(),
        stream,
        expected: position(expected),
        entries: Vec::new(),
        page: 0,
        chain: ChainHash::default(),
        conversation: None,
        members: Vec::new(),
        subscribers: Vec::new(),
        threads: Vec::new(),
        held: Vec::new(),
        name: None,
        words: None,
        profile: None,
        blocks: Vec::new(),
        reachability: None,
        contacts: Vec::new(),
        traces: Vec::new(),
        requests: Vec::new(),
        events: Some(Vec::new()),
        silenced: Vec::new(),
    }
}

/// The first commit of a conversation, with these active members.
pub(super) fn group(number: u32, members: &[&str]) -> StreamCommit {
    let mut commit = commit(stream(number), 0);
    commit.entries.push(entry(position(1), TimelineId::of(conversation(number)).document(), members[0], false));
    commit.chain = chain(position(1));
    commit.conversation = Some(row(members, None));
    commit.members = members.iter().map(|name| (account(name), member(MemberStatus::Active, 1))).collect();
    commit
}

/// A commit of messages of one author on the first page of a conversation.
pub(super) fn messages(number: u32, expected: u64, author: &str, count: u64) -> StreamCommit {
    let mut commit = commit(stream(number), expected);
    let positions = expected + 1..=expected + count;
    commit.entries = positions
        .map(|number_in_stream| {
            entry(position(number_in_stream), TimelineId::of(conversation(number)).page(1), author, true)
        })
        .collect();
    commit.page = 1;
    commit.chain = chain(position(expected + count));
    commit
}

/// A commit that changes somebody's membership.
pub(super) fn membership(number: u32, expected: u64, name: &str, status: MemberStatus) -> StreamCommit {
    let mut commit = commit(stream(number), expected);
    let document = TimelineId::of(conversation(number)).document();
    commit.entries.push(entry(position(expected + 1), document, name, false));
    commit.chain = chain(position(expected + 1));
    commit.members = vec![(account(name), member(status, expected + 1))];
    commit
}

/// A commit that changes somebody's profile.
pub(super) fn profile(name: &str, expected: u64, display_name: &str) -> StreamCommit {
    let mut commit = commit(StreamId::Account(account(name)), expected);
    commit.entries.push(entry(position(expected + 1), DocumentId::Account(account(name)), name, false));
    commit.chain = chain(position(expected + 1));
    let accepted_at = commit.entries.last().map(|new| new.entry.accepted_at);
    let (created_at, updated_at) = (accepted_at, accepted_at);
    commit.profile =
        Some(Profile { display_name: Some(display_name.to_owned()), created_at, updated_at, ..Profile::default() });
    commit
}

/// A member with this status since a position.
pub(super) fn member(status: MemberStatus, since: u64) -> MemberRow {
    let joined = (status == MemberStatus::Active).then_some(position(since));
    MemberRow { role: Role::Member, status, moved_at: None, joined }
}

pub(super) fn row(members: &[&str], title: Option<&str>) -> ConversationRow {
    let last_message = LastMessage {
        message: MessageId { stamp: Stamp::from_bytes([1; 16]), author: account(members[0]) },
        preview: Some("héllo 🌊".into()),
        position: position(1),
    };
    ConversationRow {
        kind: ConversationKind::Group,
        title: title.map(str::to_owned),
        state: ConversationState::Active,
        member_count: u32::try_from(members.len()).unwrap(),
        some_members: members.iter().take(5).map(|name| account(name)).collect(),
        created_at: WallTime::from_millis(1_700_000_000_000),
        last_message: Some(last_message),
        listing: None,
        resource: None,
    }
}

/// Writes commits that must all succeed.
pub(super) async fn write(store: &dyn Store, commits: &[StreamCommit]) {
    let outcomes = store.commit(commits).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == CommitOutcome::Committed), "{outcomes:?}");
}

/// Returns true if a cursor belongs to the store's history.
pub(super) async fn knows(store: &dyn Store, cursor: Cursor) -> bool {
    match store.catch_up(&tenant(), &account("ann"), Some(cursor), ENTRIES_MAX).await {
        Ok(_) => true,
        Err(StoreError::PutBack) => false,
        Err(error) => panic!("{error}"),
    }
}

/// A cursor with nothing left after it for this account.
pub(super) async fn settled_cursor(store: &dyn Store, name: &str) -> Cursor {
    for _ in 0..500 {
        let cursor = store.catch_up(&tenant(), &account(name), None, 0).await.unwrap().cursor;
        let caught_up = store.catch_up(&tenant(), &account(name), Some(cursor), 0).await.unwrap();
        if (CatchUp { cursor: caught_up.cursor, ..CatchUp::default() }) == caught_up {
            return cursor;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("some transaction never ends");
}

/// The positions of entries, in their order.
pub(super) fn positions(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.position.number()).collect()
}
