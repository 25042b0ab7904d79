//! The newest rows of the list, stored as one record beside the list itself: a start shows them
//! before it has read and decoded everything else.

use crate::{
    api::ConversationRow,
    engine::{
        Engine, Phase, Update,
        store::{record, transactions::ReadPurpose},
    },
    storage::{Record, Write},
};

impl Engine {
    pub(in crate::engine) fn read_first_rows(&mut self) {
        self.ctx.read(ReadPurpose::FirstRows, vec![record::FIRST_ROWS.to_owned()]);
    }

    /// Shows the rows as they were shortly before the last session ended. Damaged ones are stored
    /// again when the list changes.
    pub(in crate::engine) fn first_rows_read(&mut self, records: &[Record]) {
        let [(key, value)] = records else { return };
        match record::read::<Vec<ConversationRow>>(key, value) {
            Some(rows) if matches!(self.phase, Phase::Starting(_)) => self.ctx.update(Update::FirstRows(rows)),
            Some(_) => {}
            None => {
                self.ctx.report_damage();
                self.ctx.store.write(Write::Delete(key.clone()));
            }
        }
    }

    pub(in crate::engine) fn save_first_rows(&mut self) {
        let looked_at = self.inbox.rows().inspect(|_| self.ctx.count(|counts| counts.stored += 1));
        let rows: Vec<&ConversationRow> = looked_at.take(self.ctx.settings.rows_stored).collect();
        self.ctx.store.write(record::put(record::FIRST_ROWS.to_owned(), &rows));
    }
}
