//! Converts columns to domain values. A value that does not decode is an error naming its table.

use std::fmt::Display;

use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DocumentId, EpochId, StreamId, TenantId},
    journal::{ChainHash, Cursor, Entry, Position},
    model::{MemberStatus, Receipt, Role},
    time::WallTime,
};

use super::{ReadRow, Tick};
use crate::store::{MemberRow, Notice, StoreError, StreamHead};

/// One row being read.
pub(super) struct Fields<'r, R> {
    row: &'r R,
    table: &'static str,
}

impl<'r, R: ReadRow> Fields<'r, R> {
    /// Wraps a row; errors name the table.
    pub(super) fn of(table: &'static str, row: &'r R) -> Self {
        Self { row, table }
    }

    fn corrupt(&self, column: &str, detail: impl Display) -> StoreError {
        StoreError::Corrupt { table: self.table, detail: format!("{column}: {detail}") }
    }

    fn present<T>(&self, column: &str, value: Result<Option<T>, sqlx::Error>) -> Result<T, StoreError> {
        value.map_err(|error| self.corrupt(column, error))?.ok_or_else(|| self.corrupt(column, "null"))
    }

    /// A text, if there is one.
    pub(super) fn words(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.row.text(column).map_err(|error| self.corrupt(column, error))
    }

    /// A text, parsed.
    pub(super) fn parse<T, E: Display>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        let text = self.present(column, self.row.text(column))?;
        parse(&text).map_err(|error| self.corrupt(column, error))
    }

    /// The name of a variant, possibly of a newer version; anything that is not a name is corrupt.
    pub(super) fn named<T>(&self, column: &str, read: impl Fn(&str) -> T) -> Result<T, StoreError> {
        let is_name =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        self.parse(column, |text| if is_name(text) { Ok(read(text)) } else { Err("not a name") })
    }

    /// A number that fits.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        let number = self.row.number(column).map_err(|error| self.corrupt(column, error))?;
        T::try_from(number).map_err(|_| self.corrupt(column, "out of range"))
    }

    /// A boolean.
    pub(super) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        self.row.flag(column).map_err(|error| self.corrupt(column, error))
    }

    /// A byte string.
    pub(super) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.present(column, self.row.bytes(column))
    }

    /// Bytes, decoded, if there are any.
    pub(super) fn maybe_decode<T, E: Display>(
        &self,
        column: &str,
        decode: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Option<T>, StoreError> {
        let bytes = self.row.bytes(column).map_err(|error| self.corrupt(column, error))?;
        bytes.map(|bytes| decode(&bytes).map_err(|error| self.corrupt(column, error))).transpose()
    }

    /// Bytes, decoded.
    pub(super) fn decode<T, E: Display>(
        &self,
        column: &str,
        decode: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        self.maybe_decode(column, decode)?.ok_or_else(|| self.corrupt(column, "null"))
    }

    pub(super) fn tenant(&self) -> Result<TenantId, StoreError> {
        self.parse("tenant", TenantId::parse)
    }

    pub(super) fn stream(&self) -> Result<StreamId, StoreError> {
        self.parse("stream", StreamId::parse)
    }

    pub(super) fn document(&self) -> Result<DocumentId, StoreError> {
        self.parse("document", DocumentId::parse)
    }

    pub(super) fn conversation(&self) -> Result<ConversationId, StoreError> {
        self.parse("conversation", ConversationId::parse)
    }

    pub(super) fn account(&self) -> Result<AccountId, StoreError> {
        self.parse("account", AccountId::parse)
    }

    /// The author of the message that an entry contains, if it contains one.
    pub(super) fn author(&self) -> Result<Option<AccountId>, StoreError> {
        let author = self.words("author")?;
        author.as_deref().map(AccountId::parse).transpose().map_err(|error| self.corrupt("author", error))
    }

    pub(super) fn position(&self, column: &str) -> Result<Position, StoreError> {
        self.number(column).map(Position::new)
    }

    pub(super) fn head(&self) -> Result<StreamHead, StoreError> {
        Ok(StreamHead { position: self.position("position")?, page: self.number("page")?, chain: self.chain()? })
    }

    pub(super) fn chain(&self) -> Result<ChainHash, StoreError> {
        self.decode("chain", |bytes| <[u8; 32]>::try_from(bytes)).map(ChainHash::from_bytes)
    }

    pub(super) fn time(&self, column: &str) -> Result<WallTime, StoreError> {
        self.number(column).map(WallTime::from_millis)
    }

    /// A time, if there is one. Nulls come only from columns that may be null.
    pub(super) fn maybe_time(&self, column: &str) -> Result<Option<WallTime>, StoreError> {
        let number = self.row.maybe_number(column).map_err(|error| self.corrupt(column, error))?;
        let millis = number.map(u64::try_from).transpose().map_err(|_| self.corrupt(column, "out of range"))?;
        Ok(millis.map(WallTime::from_millis))
    }

    pub(super) fn tick(&self) -> Result<Tick, StoreError> {
        self.number("tick").map(Tick)
    }

    pub(super) fn cursor(&self) -> Result<Cursor, StoreError> {
        let epoch = self.maybe_decode("epoch", |bytes| EpochId::try_from(bytes))?;
        Ok(Cursor { tick: self.number("cursor")?, epoch, newest_entry: self.number("newest_entry")? })
    }

    pub(super) fn status(&self) -> Result<MemberStatus, StoreError> {
        self.named("status", MemberStatus::read)
    }

    pub(super) fn member(&self) -> Result<MemberRow, StoreError> {
        let role = self.parse("role", |text| if text.is_empty() { Err("not a role") } else { Ok(Role::read(text)) })?;
        Ok(MemberRow { role, status: self.status()?, moved_at: None, joined: None })
    }

    pub(super) fn receipt(&self) -> Result<Receipt, StoreError> {
        Ok(Receipt { delivered: self.position("delivered")?, read: self.position("read")? })
    }

    /// An entry of a stream, verified against its hash: a corrupt one is never sent or applied.
    pub(super) fn entry(&self, stream: &StreamId) -> Result<Entry, StoreError> {
        let (entry, hash) = self.stored_entry(stream)?;
        if ChangeHash::of_change(&entry.change) != Some(hash) {
            return Err(damaged(stream, entry.position, "the change does not have its hash".to_owned()));
        }
        if entry.document.stream() != *stream {
            return Err(damaged(stream, entry.position, format!("{} is of another stream", entry.document)));
        }
        Ok(entry)
    }

    /// An entry of a stream as stored, unverified, with its hash.
    pub(super) fn stored_entry(&self, stream: &StreamId) -> Result<(Entry, ChangeHash), StoreError> {
        let position = self.position("position")?;
        self.entry_at(position).map_err(|error| match error {
            StoreError::Corrupt { detail, .. } => damaged(stream, position, detail),
            other => other,
        })
    }

    fn entry_at(&self, position: Position) -> Result<(Entry, ChangeHash), StoreError> {
        let entry = Entry {
            position,
            document: self.document()?,
            account: self.account()?,
            administrator: self.flag("administrator")?,
            accepted_at: self.time("accepted_at")?,
            change: self.bytes("change")?,
            deletes: Some(self.position("deletes")?).filter(|message| *message > Position::ZERO),
        };
        Ok((entry, ChangeHash::from_bytes(self.decode("hash", |bytes| <[u8; 32]>::try_from(bytes))?)))
    }
}

fn damaged(stream: &StreamId, position: Position, detail: String) -> StoreError {
    StoreError::Damaged { stream: stream.clone(), position, detail }
}

/// The notice of the run of entries in a row.
pub(in crate::store) fn notice(row: &impl ReadRow) -> Result<Notice, StoreError> {
    let fields = Fields::of("journal", row);
    Ok(Notice::Entries {
        tenant: fields.tenant()?,
        stream: fields.stream()?,
        first: fields.position("first")?,
        last: fields.position("last")?,
        traces: Vec::new(),
    })
}
