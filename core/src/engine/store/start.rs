//! The first reads: everything that a start needs to show the list, count unsent commands and list the
//! streams on this device, without any document.

use core::time::Duration;

use crate::{
    engine::{
        Engine, Phase, Update,
        store::{
            damage,
            record::{self, InboxRecord, MembershipRecord, MetaRecord, OutboxRecord, RefusedRecord, StreamHeadRecord},
            transactions::ReadPurpose,
        },
        timers::Timer,
    },
    ids::{AccountId, ConversationId, StreamId},
    model::Profile,
    storage::{Record, StorageAnswer, StorageError},
};

const START_RETRY: Duration = Duration::from_secs(2);

impl Engine {
    pub(in crate::engine) fn read_start(&mut self) {
        let prefixes = [
            record::META,
            record::STREAM_HEADS,
            record::INBOX,
            record::OUTBOX,
            record::REFUSED,
            record::MEMBERSHIP,
            record::PROFILES,
        ];
        self.ctx.read(ReadPurpose::Start, prefixes.map(str::to_owned).to_vec());
    }

    pub(in crate::engine) fn read_finished(
        &mut self,
        purpose: ReadPurpose,
        result: Result<StorageAnswer, StorageError>,
    ) {
        let records = match result {
            Ok(StorageAnswer::Records(records)) => Some(records),
            Ok(StorageAnswer::Written) => None,
            Err(error) => {
                self.ctx.update(Update::StorageFailed(error.code()));
                None
            }
        };
        match (purpose, records) {
            (ReadPurpose::Start, Some(records)) => self.start(records),
            (ReadPurpose::FirstRows, records) => self.first_rows_read(&records.unwrap_or_default()),
            // To continue as if nothing were stored would overwrite what is.
            (ReadPurpose::Start, None) => {
                self.ctx.timers.set(Timer::Start, self.ctx.now.monotonic.plus(START_RETRY));
            }
            (ReadPurpose::Rows(conversation), records) => self.rows_read(conversation, &records.unwrap_or_default()),
            (ReadPurpose::Stream(stream), records) => self.stream_read(&stream, records.as_deref()),
            (ReadPurpose::Former(stream), records) => self.former_read(&stream, &records.unwrap_or_default()),
            (ReadPurpose::Thread(stream, thread, since), records) => {
                self.thread_read(&stream, thread, since, &records.unwrap_or_default());
            }
            (ReadPurpose::Page(page, since), records) => {
                self.page_read(&page, since, &records.unwrap_or_default());
            }
        }
    }

    /// Reads the stored state again after that failed.
    pub(in crate::engine) fn retry_start(&mut self) {
        if self.ctx.timers.expire(Timer::Start, self.ctx.now.monotonic) {
            self.read_start();
        }
    }

    fn start(&mut self, records: Vec<Record>) {
        let former_format = damage::is_former_format(&records);
        let records = if former_format { self.convert_first_format(records) } else { records };
        if !records.is_empty() && !records.iter().any(|(key, _)| key == record::META) {
            // Without it this is a new device, with the remains of the old one's store.
            self.ctx.report_damage();
        }
        // One damaged record must not take the rest with it.
        let unread = records.into_iter().filter(|(key, value)| self.restore_record(key, value).is_none());
        let damaged = unread.filter(|(key, value)| !record::is_newer(key, value)).collect();
        self.quarantine(damaged);
        if former_format {
            self.link.set_cursor(None);
        }
        let waiting = core::mem::replace(&mut self.phase, Phase::Running);
        self.ctx.store_meta();
        self.show_start();
        self.ctx.update(Update::Ready);
        self.rebuild_rows();
        let own = StreamId::Account(self.ctx.session.account.clone());
        self.load_stream(&own);
        for stream in self.commands.unloaded_streams() {
            self.load_stream(&stream);
        }
        self.link.connect(&mut self.ctx);
        if let Phase::Starting(inputs) = waiting {
            inputs.into_iter().for_each(|input| self.dispatch(input));
        }
    }

    fn restore_record(&mut self, key: &str, value: &[u8]) -> Option<()> {
        let (entity, id) = key.split_once('/').unwrap_or((key, ""));
        match entity {
            "meta" => {
                let meta: MetaRecord = record::read(key, value)?;
                self.ctx.session.device = meta.device;
                self.ctx.former_devices = meta.former_devices;
                self.ctx.session.administrator = meta.administrator;
                // The server sends everything again that another version may have stored as unknown.
                self.link.set_cursor(meta.cursor.filter(|_| meta.version == record::VERSION));
                self.stream_heads.set_incarnation(meta.incarnation);
                self.ctx.resume_clock(meta.clock);
                self.ctx.reserve_sequences(meta.next_sequence);
            }
            "head" => {
                let head: StreamHeadRecord = record::read(key, value)?;
                self.stream_heads.set(StreamId::parse(id).ok()?, head);
            }
            "inbox" => {
                let row: InboxRecord = record::read(key, value)?;
                self.inbox.insert(ConversationId::parse(id).ok()?, row);
            }
            "outbox" => {
                let sequence = self.reserve_sequence(key)?;
                let entry: OutboxRecord = record::read(key, value)?;
                self.commands.add_unloaded(sequence, entry);
            }
            "refused" => {
                let sequence = self.reserve_sequence(key)?;
                let refused: RefusedRecord = record::read(key, value)?;
                self.refused.restore(sequence, refused);
            }
            "membership" => {
                let sequence = self.reserve_sequence(key)?;
                let action: MembershipRecord = record::read(key, value)?;
                self.requests.memberships.restore(sequence, action);
            }
            "profile" => {
                let profile: Profile = record::read(key, value)?;
                self.accounts.restore(AccountId::parse(id).ok()?, profile);
            }
            _ => return None,
        }
        Some(())
    }

    /// The number in a key. It is not used again, even if the value is damaged.
    fn reserve_sequence(&mut self, key: &str) -> Option<u64> {
        let sequence = record::sequence_of(key)?;
        self.ctx.reserve_sequences(sequence + 1);
        Some(sequence)
    }

    fn show_start(&mut self) {
        self.accounts.show(&mut self.ctx);
        let rows = self.inbox.values().map(|record| record.row.clone()).collect::<Vec<_>>();
        if !rows.is_empty() {
            self.ctx.update(Update::Conversations(rows));
        }
        self.refused.show(&mut self.ctx);
    }
}
