//! Damaged records: what the server has is fetched again, what a person wrote is quarantined as it is,
//! and everything else keeps working. Reported to the app as `storage_corrupt`.

use crate::{
    engine::{
        Engine,
        store::record::{self, MetaRecord},
        streams::loading::Slot,
    },
    ids::StreamId,
    storage::{Record, Write},
    wire::decode,
};

impl Engine {
    /// Removes damaged records found at the start, and drops the cursor so that the server sends
    /// everything again.
    pub(in crate::engine) fn quarantine(&mut self, damaged: Vec<Record>) {
        if damaged.is_empty() {
            return;
        }
        self.link.set_cursor(None);
        self.ctx.report_damage();
        for (key, value) in damaged {
            let (entity, id) = key.split_once('/').unwrap_or((&key, ""));
            match entity {
                "outbox" | "refused" | "membership" => {
                    // A person's words, which nobody else has.
                    self.ctx.store.is_damaged = false;
                    self.ctx.store.write(Write::Put(record::damaged_key(&key), value));
                }
                "head" => {
                    if let Ok(stream) = StreamId::parse(id) {
                        self.drop_stored(&stream);
                    }
                }
                _ => {}
            }
            self.ctx.store.write(Write::Delete(key));
        }
    }

    /// Loads streams without a row: a damaged row is drawn again from the documents, and a stream that
    /// belongs on no list is dropped.
    pub(in crate::engine) fn rebuild_rows(&mut self) {
        let unlisted: Vec<StreamId> =
            self.stream_heads.keys().filter(|stream| self.is_unlisted(stream)).cloned().collect();
        for stream in unlisted {
            self.load_stream(&stream);
        }
    }

    /// Deletes what is stored of a stream, except the outbox.
    pub(in crate::engine) fn drop_stored(&mut self, stream: &StreamId) {
        self.ctx.store.write(Write::DeletePrefix(record::documents_prefix(stream)));
        self.ctx.store.write(Write::DeletePrefix(record::tail_prefix(stream)));
        self.ctx.store.write(Write::DeletePrefix(record::threads_prefix(stream)));
        self.ctx.store.write(Write::DeletePrefix(record::registers_prefix(stream)));
        if let Some(Slot::Loaded(_) | Slot::Loading(_)) = self.streams.get(stream) {
            self.stream_heads.change(stream);
        }
    }

    /// Converts records of the first format: the device's own are rewritten, the rest is fetched again.
    pub(in crate::engine) fn convert_first_format(&mut self, records: Vec<Record>) -> Vec<Record> {
        for prefix in
            [record::STREAM_HEADS, record::DOCUMENTS, record::TAILS, record::THREADS, record::ROWS, record::FIRST_ROWS]
        {
            self.ctx.store.write(Write::DeletePrefix(prefix.to_owned()));
        }
        let own = records.into_iter().filter(|(key, _)| !key.starts_with(record::STREAM_HEADS));
        let sealed: Vec<Record> = own.map(|(key, content)| record::sealed(key, &content)).collect();
        for (key, value) in sealed.iter().cloned() {
            self.ctx.store.write(Write::Put(key, value));
        }
        sealed
    }
}

/// Whether records are of the first format, whose values had no checksum.
pub(in crate::engine) fn is_former_format(records: &[Record]) -> bool {
    let meta = records.iter().find(|(key, _)| key == record::META);
    let meta = meta.and_then(|(_, content)| decode::<MetaRecord>(content).ok());
    meta.is_some_and(|meta| meta.format == record::FORMAT_WITHOUT_CHECKSUM)
}
