//! Fan-out of frames to the live sessions of this node. Nothing here waits for a reader, and nothing is lost
//! when a store call fails: sessions that were missed catch up from their cursor.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::{Entry, Position},
    model::{Conversation, MemberStatus, PresenceKind},
    wire::{Entries, MemberPresence, MemberReceipt, Present, PresentMember, ProfileNotice, Revoked, ServerFrame},
};

use super::{Ending, Frame, Live};
use crate::{
    bounds::Bounds,
    store::{Notice, StoreError},
};

/// Packs the entries of one stream into frames of moderate size.
pub fn entries_frames(bounds: &Bounds, stream: &StreamId, entries: Vec<Entry>) -> Vec<Arc<Frame>> {
    let mut frames = Vec::new();
    let mut run: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        // The positions in a frame must be contiguous.
        let gap = run.last().is_some_and(|last| last.position.next() != entry.position);
        let is_long = bytes > 0 && bytes + entry.change.len() > bounds.frame_entries_bytes;
        if gap || run.len() >= bounds.frame_entries_max || is_long {
            frames.push(entries_frame(stream, std::mem::take(&mut run)));
            bytes = 0;
        }
        bytes += entry.change.len();
        run.push(entry);
    }
    if !run.is_empty() {
        frames.push(entries_frame(stream, run));
    }
    frames
}

fn entries_frame(stream: &StreamId, entries: Vec<Entry>) -> Arc<Frame> {
    Frame::new(&ServerFrame::Entries(Entries { stream: stream.clone(), entries }))
}

/// The frame that ends an account's access.
pub fn revoked_frame(conversation: ConversationId, status: MemberStatus, position: Position) -> Arc<Frame> {
    Frame::new(&ServerFrame::Revoked(Revoked { conversation, status, position }))
}

/// Sends an account that is not a member its current membership: with a summary if it was invited or has asked
/// to join, otherwise as revoked.
///
/// # Errors
/// When the store cannot read the summary.
pub(crate) async fn notify_membership(
    live: &Live,
    tenant: &TenantId,
    conversation: ConversationId,
    account: &AccountId,
    status: MemberStatus,
    position: Position,
) -> Result<(), StoreError> {
    if !live.sessions.has(tenant, account) {
        return Ok(());
    }
    let frame = match status {
        MemberStatus::Active => return Ok(()),
        MemberStatus::Invited | MemberStatus::Requested | MemberStatus::Subscribed | MemberStatus::Unknown => {
            Frame::new(&ServerFrame::Summaries(live.env.store.summaries(tenant, account, &[conversation]).await?))
        }
        MemberStatus::Left | MemberStatus::Removed | MemberStatus::Banned => {
            revoked_frame(conversation, status, position)
        }
    };
    live.sessions.send(tenant, [account], &[frame], &HashSet::new());
    Ok(())
}

/// Notifies those who had a part in a deleted conversation but do not get its entries.
///
/// # Errors
/// When the store cannot read who they are; sessions then learn of it at their next catch-up.
pub(crate) async fn deleted(
    live: &Live,
    tenant: &TenantId,
    conversation: &Conversation,
    id: ConversationId,
) -> Result<(), StoreError> {
    for (account, member) in &conversation.members {
        if member.status() != MemberStatus::Active && live.sessions.has(tenant, account) {
            let frame = Frame::new(&ServerFrame::Summaries(live.env.store.summaries(tenant, account, &[id]).await?));
            live.sessions.send(tenant, [account], &[frame], &HashSet::new());
        }
    }
    Ok(())
}

/// Updates delivery of a channel to accounts with sessions here: new subscribers are sent its summary, the
/// others that they are out.
///
/// # Errors
/// When the store cannot be read; sessions then learn of it at their next catch-up.
pub(crate) async fn subscriptions(
    live: &Live,
    tenant: &TenantId,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<(), StoreError> {
    if !accounts.is_empty() {
        live.counts_moved.note(tenant, conversation);
    }
    let here: Vec<&AccountId> = accounts.iter().filter(|account| live.sessions.has(tenant, account)).collect();
    if here.is_empty() {
        return Ok(());
    }
    let head = live.env.store.stream_head(tenant, &StreamId::Conversation(conversation)).await?;
    let mut joined = Vec::new();
    for account in here {
        let Some(mut member) = live.env.store.member(tenant, conversation, account).await? else { continue };
        if member.is_subscriber() {
            live.sessions.subscribe(tenant, account, conversation);
            // An account may have left after it was read, when there was no delivery to stop yet.
            member = live.env.store.member(tenant, conversation, account).await?.unwrap_or(member);
        }
        if member.is_subscriber() {
            notify_membership(live, tenant, conversation, account, MemberStatus::Subscribed, head.position).await?;
            joined.push(account);
        } else {
            live.sessions.unsubscribe(tenant, account, conversation);
            notify_membership(live, tenant, conversation, account, member.status, head.position).await?;
        }
    }
    if !joined.is_empty() {
        let members = live.env.store.active_members(tenant, conversation).await?;
        let readers: Vec<AccountId> = joined.iter().map(|account| (*account).clone()).collect();
        let blocks = live.env.store.blocks_among(tenant, &readers, &members).await?;
        send_profiles(live, tenant, &joined, &live.env.store.profiles(tenant, &members).await?, &blocks);
    }
    Ok(())
}

/// Sends moved receipts, from here or another node, to everybody who may see them. Those of a conversation go
/// in one frame, but not to the sessions that `except` names for it.
///
/// # Errors
/// When the store cannot read the members.
pub async fn receipts(
    live: &Live,
    tenant: &TenantId,
    moved: &[MemberReceipt],
    except: impl Fn(ConversationId) -> HashSet<u64>,
) -> Result<(), StoreError> {
    let mut by_conversation: BTreeMap<ConversationId, Vec<MemberReceipt>> = BTreeMap::new();
    for receipt in moved {
        by_conversation.entry(receipt.conversation).or_default().push(receipt.clone());
    }
    for (conversation, receipts) in by_conversation {
        let (members, except) = (live.env.store.active_members(tenant, conversation).await?, except(conversation));
        // Receipts of subscribers are private, however many are sent at once.
        let may_see = |receipt: &MemberReceipt| members.contains(&receipt.account);
        let is_small = members.len() <= live.env.config.node.bounds.receipt_members_max as usize;
        let (shared, own): (Vec<_>, Vec<_>) = receipts.into_iter().partition(|receipt| is_small && may_see(receipt));
        if !shared.is_empty() {
            let deaf = if members.len() == 2 { deaf_to(live, tenant, &shared, &members).await? } else { Vec::new() };
            let hearing = members.iter().filter(|member| !deaf.contains(member));
            live.sessions.send(tenant, hearing, &[Frame::new(&ServerFrame::Receipts(shared))], &except);
        }
        for receipt in own {
            let account = receipt.account.clone();
            live.sessions.send(tenant, [&account], &[Frame::new(&ServerFrame::Receipts(vec![receipt]))], &except);
        }
    }
    Ok(())
}

/// The members of a direct conversation who have blocked the other member, whose receipts these are.
async fn deaf_to(
    live: &Live,
    tenant: &TenantId,
    receipts: &[MemberReceipt],
    members: &[AccountId],
) -> Result<Vec<AccountId>, StoreError> {
    let authors: Vec<AccountId> = receipts.iter().map(|receipt| receipt.account.clone()).collect();
    let blocks = live.env.store.blocks_among(tenant, members, &authors).await?;
    Ok(blocks.into_iter().map(|(reader, _)| reader).collect())
}

/// Sends presence, from here or another node, to the active members of the conversation, except to the sessions
/// in `except` and to accounts that have blocked the sender. Returns the members, or none if the account is not
/// one of them, in which case nothing is sent.
///
/// # Errors
/// When the store cannot read the members.
pub async fn presence(
    live: &Live,
    tenant: &TenantId,
    presence: &MemberPresence,
    except: &HashSet<u64>,
) -> Result<Option<Vec<AccountId>>, StoreError> {
    let members = live.env.store.active_members(tenant, presence.conversation).await?;
    if !members.contains(&presence.account) {
        return Ok(None);
    }
    let others = |member: &&AccountId| **member != presence.account && live.sessions.has(tenant, member);
    let here: Vec<AccountId> = members.iter().filter(others).cloned().collect();
    let deaf = match here.is_empty() {
        true => Vec::new(),
        false => live.env.store.blockers(tenant, &presence.account, &here).await?,
    };
    let hearing = members.iter().filter(|member| !deaf.contains(member));
    live.sessions.send(tenant, hearing, &[Frame::new(&ServerFrame::Presence(presence.clone()))], except);
    Ok(Some(members))
}

/// The members who have the conversation open on this node, for a member who has just opened it; accounts that
/// have blocked that member are left out.
///
/// # Errors
/// When the store cannot read the blocks.
pub async fn present_for(
    live: &Live,
    tenant: &TenantId,
    conversation: ConversationId,
    members: &[AccountId],
    to: &AccountId,
) -> Result<Vec<PresentMember>, StoreError> {
    let mut there = live.present.others(tenant, conversation, members, to);
    if !there.is_empty() {
        let accounts: Vec<AccountId> = there.iter().map(|member| member.account.clone()).collect();
        let blocks = live.env.store.blocks_among(tenant, std::slice::from_ref(to), &accounts).await?;
        there.retain(|member| blocks.iter().all(|(_, blocked)| *blocked != member.account));
    }
    Ok(there)
}

/// Passes on the presence of another node's member and, if they have just opened the conversation, sends that
/// node the members who have it open here.
///
/// # Errors
/// When the store cannot read the members.
pub(crate) async fn remote_presence(live: &Live, tenant: &TenantId, notice: &MemberPresence) -> Result<(), StoreError> {
    let MemberPresence { conversation, account: to, kind } = notice;
    let Some(members) = presence(live, tenant, notice, &HashSet::new()).await? else { return Ok(()) };
    if *kind == PresenceKind::Online {
        let members = present_for(live, tenant, *conversation, &members, to).await?;
        if !members.is_empty() {
            let present = Present { conversation: *conversation, members };
            live.env.store.notify(Notice::Present { tenant: tenant.clone(), to: to.clone(), present });
        }
    }
    Ok(())
}

/// Sends an account's sessions here the members who have a conversation open on another node.
pub(crate) fn present(live: &Live, tenant: &TenantId, to: &AccountId, present: &Present) {
    live.sessions.send(tenant, [to], &[Frame::new(&ServerFrame::Present(present.clone()))], &HashSet::new());
}

/// Ends the sessions of a suspended account on this node.
pub fn suspended(live: &Live, tenant: &TenantId, account: &AccountId) {
    for session in live.sessions.of(tenant, account) {
        session.outgoing.end(Ending::suspended());
    }
}

/// Sends an account's profile to everybody who shares a conversation with it, except accounts that have blocked
/// it: those keep the previous one.
///
/// # Errors
/// When the store cannot read the profile or the accounts.
pub(crate) async fn profile(live: &Live, tenant: &TenantId, account: &AccountId) -> Result<(), StoreError> {
    let profiles = live.env.store.profiles(tenant, std::slice::from_ref(account)).await?;
    let accounts = live.env.store.co_members(tenant, account).await?;
    let deaf = live.env.store.blockers(tenant, account, &accounts).await?;
    let hearing = accounts.iter().filter(|account| !deaf.contains(account));
    live.sessions.send(tenant, hearing, &profiles_frames(&live.env.config.node.bounds, &profiles), &HashSet::new());
    Ok(())
}

/// Sends new members their conversation and everybody's profile, and everybody theirs. The sessions in `except`
/// wrote the change and know the conversation, but not the people in it.
///
/// # Errors
/// When the store cannot read summaries or profiles.
pub(crate) async fn added(
    live: &Live,
    tenant: &TenantId,
    conversation: ConversationId,
    added: &[AccountId],
    members: &[AccountId],
    except: &HashSet<u64>,
) -> Result<(), StoreError> {
    let here: Vec<&AccountId> = added.iter().filter(|account| live.sessions.has(tenant, account)).collect();
    for account in &here {
        let summaries = live.env.store.summaries(tenant, account, &[conversation]).await?;
        if !summaries.is_empty() {
            let frame = Frame::new(&ServerFrame::Summaries(summaries));
            live.sessions.send(tenant, [*account], &[frame], except);
        }
    }
    let blocks = live.env.store.blocks_among(tenant, members, members).await?;
    if !here.is_empty() {
        send_profiles(live, tenant, &here, &live.env.store.profiles(tenant, members).await?, &blocks);
    }
    let others = members.iter().filter(|account| !added.contains(account));
    let others: Vec<&AccountId> = others.filter(|account| live.sessions.has(tenant, account)).collect();
    if !others.is_empty() {
        send_profiles(live, tenant, &others, &live.env.store.profiles(tenant, added).await?, &blocks);
    }
    Ok(())
}

/// Sends profiles to accounts that have not blocked the profile's owner.
fn send_profiles(
    live: &Live,
    tenant: &TenantId,
    readers: &[&AccountId],
    profiles: &[ProfileNotice],
    blocks: &[(AccountId, AccountId)],
) {
    let has_blocked = |account: &AccountId| blocks.iter().any(|(reader, _)| reader == account);
    let (some, all): (Vec<&AccountId>, Vec<&AccountId>) = readers.iter().partition(|account| has_blocked(account));
    live.sessions.send(tenant, all, &profiles_frames(&live.env.config.node.bounds, profiles), &HashSet::new());
    for reader in some {
        let is_heard = |profile: &&ProfileNotice| !blocks.contains(&(reader.clone(), profile.account.clone()));
        let heard: Vec<ProfileNotice> = profiles.iter().filter(is_heard).cloned().collect();
        live.sessions.send(tenant, [reader], &profiles_frames(&live.env.config.node.bounds, &heard), &HashSet::new());
    }
}

/// Sends an account the profiles of those that it no longer blocks.
///
/// # Errors
/// When the store cannot read them; sessions then learn of it at their next catch-up.
pub(crate) async fn unblocked(
    live: &Live,
    tenant: &TenantId,
    account: &AccountId,
    others: &[AccountId],
) -> Result<(), StoreError> {
    if others.is_empty() || !live.sessions.has(tenant, account) {
        return Ok(());
    }
    let profiles = profiles_frames(&live.env.config.node.bounds, &live.env.store.profiles(tenant, others).await?);
    live.sessions.send(tenant, [account], &profiles, &HashSet::new());
    Ok(())
}

/// Packs profiles into frames of moderate size.
pub fn profiles_frames(bounds: &Bounds, profiles: &[ProfileNotice]) -> Vec<Arc<Frame>> {
    let frame = |profiles: &[_]| Frame::new(&ServerFrame::Profiles(profiles.to_vec()));
    profiles.chunks(bounds.frame_items_max).map(frame).collect()
}

#[cfg(test)]
mod tests {
    use tidings_core::{ids::DocumentId, time::WallTime};

    use super::*;

    #[test]
    fn a_frame_tells_of_positions_without_a_gap() {
        let account = AccountId::parse("ann").unwrap();
        let stream = StreamId::Account(account.clone());
        let entry = |position| Entry {
            position: Position::new(position),
            document: DocumentId::Home(account.clone()),
            account: account.clone(),
            administrator: false,
            accepted_at: WallTime::from_millis(1),
            change: vec![1],
            deletes: None,
        };
        let frames = entries_frames(&Bounds::default(), &stream, [1, 2, 4].map(entry).to_vec());
        let runs = frames.iter().filter_map(|frame| frame.covers()).map(|run| (run.first.number(), run.last.number()));
        assert_eq!(runs.collect::<Vec<_>>(), [(1, 2), (4, 4)]);
    }
}
