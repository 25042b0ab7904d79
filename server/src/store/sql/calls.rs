//! Implements `Store`: each call leases a connection and is done by the file of its noun. It is long because the store
//! has many calls, each of a few lines.

use std::{collections::BTreeSet, path::Path};

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, IncarnationId, StreamId, TenantId},
    journal::{ChainHash, Cursor, Entry, Position},
    model::{
        ActivityKey, ContactPoint, ConversationState, DirectoryQuery, DirectoryRow, HeldMessage, OwnQuery, Receipt,
        Thread, WordKey,
    },
    sorted::SortedSet,
    time::WallTime,
    wire::{ConversationSummary, ListedRow, MemberReceipt, ProfileNotice, Unread},
};

use super::{
    Backend, SqlStore, account_erasure,
    backend::fetch,
    catch_up, contact, delivery, directory, epoch, erasure, external, held, journal, list, part, receipt, request,
    resource, schema, search,
    snapshot::{self, Suspect},
    standing, subscription, tenant_catch_up, thread, webhook,
};
use crate::external_id::ExternalId;
use crate::store::{
    AccountErasure, AnsweredRequest, CatchUp, CommitOutcome, DeletedConversation, Delivery, DeliveryOutcome,
    DeliveryRow, DeliveryState, DeviceOwner, Endpoint, EndpointChange, FoundChange, Lane, LeaseTerms, ListPage,
    MemberRow, Named, Naming, Notice, Overview, Part, Projections, Records, Snapshot, StaleDocument, Standing, Store,
    StoreCounts, StoreError, StoredDocument, StreamCommit, StreamHead, SubscriberCounts, Suspension, TenantNews,
    Toward, WhichThreads,
};

/// Maximum number of restarts of a transaction after collisions with another node's.
const COLLISIONS_MAX: u32 = 3;

#[async_trait]
impl<B: Backend> Store for SqlStore<B> {
    async fn migrate(&self) -> Result<(), StoreError> {
        B::migrate(self).await?;
        self.ready().await
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        schema::check::<B>(&mut *self.reader().await?).await
    }

    async fn incarnation(&self) -> Result<IncarnationId, StoreError> {
        schema::incarnation::<B>(&mut *self.reader().await?).await
    }

    async fn restored(&self) -> Result<IncarnationId, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let incarnation = schema::renew::<B>(&mut transaction).await?;
        transaction.commit().await?;
        Ok(incarnation)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        B::ready(self).await?;
        epoch::begin(self).await
    }

    async fn tend(&self) -> Result<(), StoreError> {
        B::tend(self).await
    }

    async fn close(&self) {
        // The writer closes last, because SQLite's last connection cleans up.
        self.reads.close().await;
        B::close(self).await;
        self.writes.close().await;
    }

    async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        B::backup(self, file).await
    }

    async fn knows_account(&self, tenant: &TenantId, account: &AccountId) -> Result<bool, StoreError> {
        directory::knows_account::<B>(&mut *self.reader().await?, tenant, account).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        fetch::<B>(&mut *self.reader().await?, "SELECT 1", []).await?;
        Ok(())
    }

    async fn device_owner(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<Option<DeviceOwner>, StoreError> {
        directory::device_owner::<B>(&mut *self.reader().await?, tenant, account, device).await
    }

    async fn register_device(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<DeviceOwner, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let owner = directory::register_device::<B>(&mut transaction, tenant, account, device).await?;
        transaction.commit().await?;
        Ok(owner)
    }

    async fn set_suspension(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        suspension: Suspension,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        directory::set_suspension::<B>(&mut transaction, tenant, account, suspension).await?;
        if suspension == Suspension::Suspended {
            let notice = Notice::Suspended { tenant: tenant.clone(), account: account.clone() };
            B::notify_at_commit(&mut transaction, self.node, vec![notice]).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn suspended(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        directory::suspended::<B>(&mut *self.reader().await?, tenant, accounts).await
    }

    async fn set_external_id(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        id: Option<&ExternalId>,
    ) -> Result<Naming, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let naming = external::set::<B>(&mut transaction, tenant, stream, id).await?;
        if naming == Naming::Given {
            transaction.commit().await?;
        }
        Ok(naming)
    }

    async fn external_ids(
        &self,
        tenant: &TenantId,
        streams: &[StreamId],
    ) -> Result<Vec<(StreamId, ExternalId)>, StoreError> {
        external::external_ids::<B>(&mut *self.reader().await?, tenant, streams).await
    }

    async fn find_external_id(
        &self,
        tenant: &TenantId,
        among: Named,
        id: &ExternalId,
    ) -> Result<Option<StreamId>, StoreError> {
        external::find::<B>(&mut *self.reader().await?, tenant, among, id).await
    }

    async fn find_request(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        key: &str,
    ) -> Result<Option<AnsweredRequest>, StoreError> {
        request::find::<B>(&mut *self.reader().await?, tenant, account, key).await
    }

    async fn remember_request(&self, tenant: &TenantId, request: &AnsweredRequest) -> Result<(), StoreError> {
        request::remember::<B>(&mut *self.writer().await?, tenant, request).await
    }

    async fn forget_requests(&self, before: WallTime, count_max: u32) -> Result<u32, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let forgotten = request::forget::<B>(&mut transaction, before, count_max).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }

    async fn standing(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        asker: &AccountId,
        subject: &AccountId,
    ) -> Result<Standing, StoreError> {
        standing::standing::<B>(&mut *self.reader().await?, tenant, conversation, asker, subject).await
    }

    async fn first_entry(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<Option<(Position, WallTime)>, StoreError> {
        standing::first_entry::<B>(&mut *self.reader().await?, tenant, document).await
    }

    async fn last_entry(&self, tenant: &TenantId, document: &DocumentId) -> Result<Option<Position>, StoreError> {
        standing::last_entry::<B>(&mut *self.reader().await?, tenant, document).await
    }

    async fn blockers(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        contact::blockers::<B>(&mut *self.reader().await?, tenant, account, among).await
    }

    async fn unreachable(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        contact::unreachable::<B>(&mut *self.reader().await?, &self.rot, tenant, account, among).await
    }

    async fn blocks_among(
        &self,
        tenant: &TenantId,
        readers: &[AccountId],
        authors: &[AccountId],
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        contact::blocks_among::<B>(&mut *self.reader().await?, tenant, readers, authors).await
    }

    async fn contact_points(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<BTreeSet<ContactPoint>, StoreError> {
        contact::contact_points::<B>(&mut *self.reader().await?, tenant, account).await
    }

    async fn parts(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        after: Option<ConversationId>,
        count_max: u32,
    ) -> Result<Vec<Part>, StoreError> {
        part::parts::<B>(&mut *self.reader().await?, &self.rot, tenant, account, after, count_max).await
    }

    async fn documents_written(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        account: &AccountId,
    ) -> Result<Vec<DocumentId>, StoreError> {
        part::documents_written::<B>(&mut *self.reader().await?, tenant, stream, account).await
    }

    async fn set_contact_points(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        points: &BTreeSet<ContactPoint>,
    ) -> Result<(), StoreError> {
        if contact::contact_points::<B>(&mut *self.reader().await?, tenant, account).await? == *points {
            return Ok(());
        }
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        contact::set_contact_points::<B>(&mut transaction, tenant, account, points).await?;
        Ok(transaction.commit().await?)
    }

    async fn match_contact_points(
        &self,
        tenant: &TenantId,
        asker: &AccountId,
        points: &[ContactPoint],
    ) -> Result<Vec<(ContactPoint, AccountId)>, StoreError> {
        let mut reader = self.reader().await?;
        contact::match_contact_points::<B>(&mut reader, tenant, asker, points).await
    }

    async fn stream_head(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamHead, StoreError> {
        journal::stream_head::<B>(&mut *self.reader().await?, tenant, stream).await
    }

    async fn head_since(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        position: Position,
    ) -> Result<(StreamHead, Option<ChainHash>), StoreError> {
        journal::head_since::<B>(&mut *self.reader().await?, tenant, stream, position).await
    }

    async fn member(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<MemberRow>, StoreError> {
        directory::member::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation, account).await
    }

    async fn conversation_state(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<ConversationState>, StoreError> {
        directory::state::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation).await
    }

    async fn active_members(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<AccountId>, StoreError> {
        directory::active_members::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation).await
    }

    async fn subscriptions(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<ConversationId>, StoreError> {
        subscription::subscriptions::<B>(&mut *self.reader().await?, &self.rot, tenant, account).await
    }

    async fn subscribers(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Result<Vec<(AccountId, WallTime)>, StoreError> {
        let mut reader = self.reader().await?;
        subscription::subscribers::<B>(&mut reader, &self.rot, tenant, conversation, after, count_max).await
    }

    async fn subscriber_count(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<u32>, StoreError> {
        subscription::subscriber_count::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation).await
    }

    async fn subscriber_counts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        position: Position,
    ) -> Result<SubscriberCounts, StoreError> {
        let mut reader = self.reader().await?;
        let mut moment = reader.begin(B::BEGIN_READ).await?;
        subscription::subscriber_counts::<B>(&mut moment, &self.rot, tenant, conversation, position).await
    }

    async fn own_conversations(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        query: &OwnQuery,
        toward: Toward,
    ) -> Result<ListPage<ListedRow, ActivityKey>, StoreError> {
        let mut reader = self.reader().await?;
        let mut moment = reader.begin(B::BEGIN_READ).await?;
        list::own_conversations::<B>(&mut moment, &self.rot, tenant, account, query, toward).await
    }

    async fn conversations_about(
        &self,
        tenant: &TenantId,
        about: &str,
        after: Option<ConversationId>,
        count_max: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        resource::conversations_about::<B>(&mut *self.reader().await?, tenant, about, after, count_max).await
    }

    async fn directory(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        prefixes: &SortedSet<String>,
        query: &DirectoryQuery,
        toward: Toward,
    ) -> Result<ListPage<DirectoryRow, WordKey>, StoreError> {
        let (reader, rot) = (&mut *self.reader().await?, &self.rot);
        search::directory::<B>(reader, rot, tenant, account, prefixes, query, toward).await
    }

    async fn document(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<(StoredDocument, StreamHead), StoreError> {
        let mut reader = self.reader().await?;
        let mut moment = reader.begin(B::BEGIN_READ).await?;
        let (stored, head, fault) = journal::document::<B>(&mut moment, tenant, document).await?;
        moment.rollback().await?;
        if let Some(fault) = fault {
            self.set_aside(tenant, document, Suspect::Stored, fault).await;
        }
        Ok((stored, head))
    }

    async fn find_changes(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        hashes: &[ChangeHash],
    ) -> Result<Vec<FoundChange>, StoreError> {
        journal::find_changes::<B>(&mut *self.reader().await?, tenant, stream, hashes).await
    }

    async fn entries_after(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        journal::entries_after::<B>(&mut *self.reader().await?, tenant, stream, after, entries_max).await
    }

    async fn commit(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut collisions = 0;
        loop {
            match self.try_commit(commits).await {
                Ok((outcomes, notices)) => {
                    B::notify(&self.feed, notices);
                    return Ok(outcomes);
                }
                Err(error) if error.is_collision() && collisions < COLLISIONS_MAX => {
                    collisions += 1;
                    self.counters.collisions.count();
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn catch_up(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> Result<CatchUp, StoreError> {
        catch_up::catch_up::<B>(
            &mut *self.reader().await?.begin(B::BEGIN_READ).await?,
            self,
            tenant,
            account,
            cursor,
            entries_max,
        )
        .await
    }

    async fn catch_up_tenant(
        &self,
        tenant: &TenantId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> Result<TenantNews, StoreError> {
        let mut reader = self.reader().await?;
        let mut moment = reader.begin(B::BEGIN_READ).await?;
        tenant_catch_up::catch_up_tenant::<B>(&mut moment, self, tenant, cursor, entries_max).await
    }

    async fn summaries(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversations: &[ConversationId],
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        let conversations = conversations.iter().copied().collect();
        catch_up::summaries::<B>(&mut *self.reader().await?, &self.rot, tenant, account, &conversations).await
    }

    async fn unread(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversation: ConversationId,
        head: Position,
    ) -> Result<Option<Unread>, StoreError> {
        catch_up::unread::<B>(&mut *self.reader().await?, &self.rot, tenant, account, conversation, head).await
    }

    async fn profiles(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<ProfileNotice>, StoreError> {
        directory::profiles::<B>(&mut *self.reader().await?, &self.rot, tenant, accounts).await
    }

    async fn co_members(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<AccountId>, StoreError> {
        directory::co_members::<B>(&mut *self.reader().await?, &self.rot, tenant, account).await
    }

    async fn merge_receipts(
        &self,
        tenant: &TenantId,
        receipts: &[MemberReceipt],
    ) -> Result<Vec<MemberReceipt>, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let moved = receipt::merge_receipts::<B>(&mut transaction, &self.rot, tenant, receipts).await?;
        if moved.is_empty() {
            transaction.rollback().await?;
        } else {
            transaction.commit().await?;
        }
        Ok(moved)
    }

    async fn receipts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<(AccountId, Receipt)>, StoreError> {
        receipt::receipts::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation).await
    }

    async fn threads(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        which: &WhichThreads,
    ) -> Result<Vec<Thread>, StoreError> {
        thread::threads::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation, which).await
    }

    async fn held_messages(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<HeldMessage>, StoreError> {
        held::held_messages::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation).await
    }

    async fn moved_at(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<Position>, StoreError> {
        held::moved_at::<B>(&mut *self.reader().await?, &self.rot, tenant, conversation, account).await
    }

    async fn stale_documents(&self, entries_min: u32, count_max: u32) -> Result<Vec<StaleDocument>, StoreError> {
        journal::stale_documents::<B>(&mut *self.reader().await?, entries_min, count_max).await
    }

    async fn save_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        if snapshot::save::<B>(&mut transaction, tenant, document, snapshot).await? {
            return Ok(transaction.commit().await?);
        }
        Ok(transaction.rollback().await?)
    }

    async fn quarantine_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.try_set_aside(tenant, document, Suspect::Unloadable(snapshot), reason).await
    }

    async fn deleted_conversations(
        &self,
        before: WallTime,
        count_max: u32,
    ) -> Result<Vec<DeletedConversation>, StoreError> {
        erasure::due::<B>(&mut *self.reader().await?, before, count_max).await
    }

    async fn erase(&self, tenant: &TenantId, conversation: ConversationId, now: WallTime) -> Result<bool, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let is_done = erasure::erase::<B>(&mut transaction, &self.bounds, tenant, conversation, now).await?;
        transaction.commit().await?;
        Ok(is_done)
    }

    async fn begin_account_erasure(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        now: WallTime,
    ) -> Result<AccountErasure, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let begun = account_erasure::begin::<B>(&mut transaction, tenant, account, now).await?;
        let notice = Notice::Suspended { tenant: tenant.clone(), account: account.clone() };
        B::notify_at_commit(&mut transaction, self.node, vec![notice]).await?;
        transaction.commit().await?;
        Ok(begun)
    }

    async fn account_erasure(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<AccountErasure>, StoreError> {
        account_erasure::find::<B>(&mut *self.reader().await?, tenant, account).await
    }

    async fn lease_account_erasure(
        &self,
        now: WallTime,
        until: WallTime,
    ) -> Result<Option<AccountErasure>, StoreError> {
        account_erasure::lease::<B>(&mut *self.writer().await?, now, until).await
    }

    async fn advance_account_erasure(&self, erasure: &AccountErasure, until: WallTime) -> Result<(), StoreError> {
        account_erasure::advance::<B>(&mut *self.writer().await?, erasure, until).await
    }

    async fn erase_account(&self, tenant: &TenantId, account: &AccountId, now: WallTime) -> Result<bool, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let is_done = account_erasure::erase::<B>(&mut transaction, &self.bounds, tenant, account, now).await?;
        transaction.commit().await?;
        Ok(is_done)
    }

    async fn told_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        webhook::tenants::<B>(&mut *self.reader().await?).await
    }

    async fn add_endpoint(
        &self,
        tenant: &TenantId,
        endpoint: &Endpoint,
        count_max: u32,
        once: Option<&AnsweredRequest>,
    ) -> Result<bool, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        if !request::is_first::<B>(&mut transaction, tenant, once).await? {
            transaction.rollback().await?;
            return Ok(true);
        }
        if webhook::add::<B>(&mut transaction, tenant, endpoint, count_max).await? {
            transaction.commit().await?;
            return Ok(true);
        }
        transaction.rollback().await?;
        Ok(false)
    }

    async fn endpoints(&self, tenant: &TenantId) -> Result<Vec<Endpoint>, StoreError> {
        webhook::all::<B>(&mut *self.reader().await?, tenant).await
    }

    async fn endpoint(&self, tenant: &TenantId, id: &str) -> Result<Option<Endpoint>, StoreError> {
        webhook::one::<B>(&mut *self.reader().await?, tenant, id).await
    }

    async fn change_endpoint(
        &self,
        tenant: &TenantId,
        id: &str,
        change: &EndpointChange,
        once: Option<&AnsweredRequest>,
    ) -> Result<Option<Endpoint>, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let endpoint = match request::is_first::<B>(&mut transaction, tenant, once).await? {
            true => webhook::change::<B>(&mut transaction, tenant, id, change).await?,
            false => webhook::one::<B>(&mut transaction, tenant, id).await?,
        };
        match endpoint.is_some() {
            true => transaction.commit().await?,
            // Nothing was carried out.
            false => transaction.rollback().await?,
        }
        Ok(endpoint)
    }

    async fn remove_endpoint(&self, tenant: &TenantId, id: &str) -> Result<bool, StoreError> {
        webhook::remove::<B>(&mut *self.writer().await?, tenant, id).await
    }

    async fn endpoints_due(&self, now: WallTime, count_max: u32) -> Result<Vec<(TenantId, String)>, StoreError> {
        delivery::endpoints_due::<B>(&mut *self.reader().await?, now, count_max).await
    }

    async fn lease_deliveries(
        &self,
        endpoint: (&TenantId, &str),
        terms: &LeaseTerms,
        count_max: u32,
        except: &[(ConversationId, Lane)],
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let leased = delivery::lease::<B>(&mut transaction, endpoint, terms, count_max, except).await?;
        transaction.commit().await?;
        Ok(leased)
    }

    async fn finish_deliveries(
        &self,
        ended: &[(Delivery, DeliveryOutcome)],
        terms: &LeaseTerms,
    ) -> Result<Vec<Option<Delivery>>, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let following = delivery::finish::<B>(&mut transaction, ended, terms).await?;
        transaction.commit().await?;
        Ok(following)
    }

    async fn deliveries(
        &self,
        endpoint: (&TenantId, &str),
        state: DeliveryState,
        from: Option<&(WallTime, String)>,
        toward: Toward,
        count_max: u32,
    ) -> Result<ListPage<DeliveryRow, (WallTime, String)>, StoreError> {
        delivery::list::<B>(&mut *self.reader().await?, endpoint, state, from, toward, count_max).await
    }

    async fn replay_deliveries(
        &self,
        endpoint: (&TenantId, &str),
        event: Option<&str>,
        now: WallTime,
        count_max: u32,
    ) -> Result<u32, StoreError> {
        delivery::replay::<B>(&mut *self.writer().await?, endpoint, event, now, count_max).await
    }

    async fn sweep_deliveries(&self, before: WallTime, waiting_max: u32, rows_max: u32) -> Result<bool, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let is_done = delivery::sweep::<B>(&mut transaction, before, waiting_max, rows_max).await?;
        transaction.commit().await?;
        Ok(is_done)
    }

    fn records(&self) -> &dyn Records {
        self
    }

    fn projections(&self) -> &dyn Projections {
        self
    }

    fn overview(&self) -> &dyn Overview {
        self
    }

    fn writes_at_once(&self) -> usize {
        B::WRITES_AT_ONCE
    }

    fn counts(&self) -> StoreCounts {
        self.counted()
    }

    fn notify(&self, notice: Notice) {
        B::notify(&self.feed, vec![notice]);
    }

    async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        B::notices(self).await
    }
}
