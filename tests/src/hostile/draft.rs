//! A change as rows of operations, written in the library's own encoding, so that what is wrong with an altered
//! one is its meaning and not its form.

use tidings_core::{
    authority::{Session, Stream},
    doc::{Change, Fact, Value},
    ids::DocumentId,
    time::WallTime,
    wire::PushedChange,
};

use super::{
    RawChange,
    cells::{booleans, column, deltas},
    raw::{put, put_signed},
};

/// Column specifications.
pub(super) const OBJECT_ACTOR: u32 = 0x01;
pub(super) const OBJECT_COUNTER: u32 = 0x02;
pub(super) const KEY_ACTOR: u32 = 0x11;
pub(super) const KEY_COUNTER: u32 = 0x13;
pub(super) const KEY: u32 = 0x15;
pub(super) const INSERT: u32 = 0x34;
pub(super) const ACTION: u32 = 0x42;
pub(super) const VALUE_TYPE: u32 = 0x56;
pub(super) const VALUE: u32 = 0x57;
pub(super) const PREDECESSOR_COUNT: u32 = 0x70;
pub(super) const PREDECESSOR_ACTOR: u32 = 0x71;
pub(super) const PREDECESSOR_COUNTER: u32 = 0x73;
pub(super) const EXPAND: u32 = 0x94;
pub(super) const MARK_NAME: u32 = 0xa5;

/// Action codes.
pub(super) const MAKE_MAP: u64 = 0;
pub(super) const PUT: u64 = 1;
pub(super) const MAKE_LIST: u64 = 2;
pub(super) const DELETE: u64 = 3;
pub(super) const MAKE_TEXT: u64 = 4;
pub(super) const INCREMENT: u64 = 5;
pub(super) const MAKE_TABLE: u64 = 6;
pub(super) const MARK: u64 = 7;

/// A value: its type and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) code: u64,
    pub(super) bytes: Vec<u8>,
}

impl Cell {
    pub(super) const NULL: Cell = Cell::of(0);
    pub(super) const TRUE: Cell = Cell::of(2);

    /// A type without bytes.
    pub(super) const fn of(code: u64) -> Self {
        Self { code, bytes: Vec::new() }
    }

    pub(super) fn unsigned(number: u64) -> Self {
        let mut bytes = Vec::new();
        put(&mut bytes, number);
        Self { code: 3, bytes }
    }

    /// A number of a signed type: 4 an integer, 8 a counter, 9 a time.
    pub(super) fn signed(code: u64, number: i64) -> Self {
        let mut bytes = Vec::new();
        put_signed(&mut bytes, number);
        Self { code, bytes }
    }

    pub(super) fn text(text: &str) -> Self {
        Self { code: 6, bytes: text.into() }
    }

    pub(super) fn bytes(bytes: Vec<u8>) -> Self {
        Self { code: 7, bytes }
    }

    fn of_value(value: Option<Value>) -> Self {
        match value {
            None => Self::NULL,
            Some(Value::Bool(yes)) => Self::of(1 + u64::from(yes)),
            Some(Value::Uint(number)) => Self::unsigned(number),
            Some(Value::Text(text)) => Self::text(&text),
            Some(Value::Bytes(bytes)) => Self::bytes(bytes),
        }
    }
}

/// The target of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Key(String),
    /// An element: actor index and counter; the head has no actor and counter 0.
    Element(Option<u64>, i64),
    Null,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Actor index and counter; none for the root map.
    pub(super) object: Option<(u64, u64)>,
    pub(super) place: Place,
    pub(super) insert: bool,
    pub(super) action: u64,
    pub(super) value: Cell,
    /// Actor index and counter.
    pub(super) predecessors: Vec<(u64, i64)>,
    pub(super) expand: bool,
    pub(super) mark: Option<String>,
}

impl Row {
    pub(super) fn put(key: &str, value: Cell) -> Self {
        Row {
            object: None,
            place: Place::Key(key.to_owned()),
            insert: false,
            action: PUT,
            value,
            predecessors: Vec::new(),
            expand: false,
            mark: None,
        }
    }
}

/// A change for a document, as its header and its rows.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) document: DocumentId,
    /// Everything but the columns, which are written from the rows.
    pub(super) header: RawChange,
    pub(super) rows: Vec<Row>,
}

impl Draft {
    /// An honest change of a session on top of a stream.
    ///
    /// # Panics
    /// When the columns written here differ from the library's.
    pub(super) fn write(
        stream: &Stream,
        session: &Session,
        document: &DocumentId,
        at: WallTime,
        facts: &[Fact],
    ) -> Self {
        let (change, _) = stream.clone().write(session.device, document, at, facts).expect("something to write");
        let draft = Self::of(document, &change, facts);
        assert_eq!(draft.raw().encode(), change.bytes(), "the rows are written as the library writes them");
        draft
    }

    fn of(document: &DocumentId, change: &Change, facts: &[Fact]) -> Self {
        let header = RawChange::parse(change.bytes());
        let index = |actor: &[u8]| {
            let other = header.other_actors.iter().position(|other| other == actor);
            other.map_or(0, |other| other as u64 + 1)
        };
        let rows = change.operations().iter().map(|operation| {
            let key = operation.key.as_deref().expect("an honest change has keys");
            let value = facts.iter().map(Fact::write).find(|(other, _)| other.to_string() == key);
            let (_, value) = value.expect("each operation states a fact");
            Row {
                action: if value.is_some() { PUT } else { DELETE },
                predecessors: operation
                    .predecessors
                    .iter()
                    .map(|(counter, actor)| (index(actor), i64::try_from(*counter).expect("a counter is small")))
                    .collect(),
                ..Row::put(key, Cell::of_value(value))
            }
        });
        Self { document: document.clone(), rows: rows.collect(), header: header.clone() }
    }

    /// The change with its columns.
    pub(super) fn raw(&self) -> RawChange {
        RawChange { columns: columns(&self.rows), ..self.header.clone() }
    }

    pub(super) fn pushed(&self) -> PushedChange {
        PushedChange { document: self.document.clone(), change: self.raw().encode() }
    }

    /// The only row.
    pub(super) fn row(&mut self) -> &mut Row {
        &mut self.rows[0]
    }

    /// The index of the last actor in the list.
    pub(super) fn last_actor(&self) -> u64 {
        self.header.other_actors.len() as u64
    }
}

/// The columns of rows, without those that have no cell.
pub(super) fn columns(rows: &[Row]) -> Vec<(u32, Vec<u8>)> {
    fn each<T>(rows: &[Row], cell: impl Fn(&Row) -> Option<T>) -> Vec<Option<T>> {
        rows.iter().map(cell).collect()
    }
    let key = |row: &'_ Row| match &row.place {
        Place::Key(key) => Some(key.clone()),
        Place::Element(..) | Place::Null => None,
    };
    let element = |row: &Row| match row.place {
        Place::Element(actor, counter) => Some((actor, counter)),
        Place::Key(_) | Place::Null => None,
    };
    let keys: Vec<Option<String>> = each(rows, key);
    let keys: Vec<Option<&str>> = keys.iter().map(Option::as_deref).collect();
    let marks: Vec<Option<&str>> = rows.iter().map(|row| row.mark.as_deref()).collect();
    let predecessors: Vec<(u64, i64)> = rows.iter().flat_map(|row| row.predecessors.clone()).collect();
    let value_type = |row: &Row| Some(((row.value.bytes.len() as u64) << 4) | row.value.code);
    let expand: Vec<bool> = rows.iter().map(|row| row.expand).collect();
    let mut columns = vec![
        (OBJECT_ACTOR, column(&each(rows, |row| row.object.map(|(actor, _)| actor)))),
        (OBJECT_COUNTER, column(&each(rows, |row| row.object.map(|(_, counter)| counter)))),
        (KEY_ACTOR, column(&each(rows, |row| element(row).and_then(|(actor, _)| actor)))),
        (KEY_COUNTER, column(&deltas(&each(rows, |row| element(row).map(|(_, counter)| counter))))),
        (KEY, column(&keys)),
        (INSERT, booleans(&rows.iter().map(|row| row.insert).collect::<Vec<_>>())),
        (ACTION, column(&each(rows, |row| Some(row.action)))),
        (VALUE_TYPE, column(&each(rows, value_type))),
        (VALUE, rows.iter().flat_map(|row| row.value.bytes.clone()).collect()),
        (PREDECESSOR_COUNT, column(&each(rows, |row| Some(row.predecessors.len() as u64)))),
        (PREDECESSOR_ACTOR, column(&predecessors.iter().map(|(actor, _)| Some(*actor)).collect::<Vec<_>>())),
        (
            PREDECESSOR_COUNTER,
            column(&deltas(&predecessors.iter().map(|(_, counter)| Some(*counter)).collect::<Vec<_>>())),
        ),
        (EXPAND, if expand.contains(&true) { booleans(&expand) } else { Vec::new() }),
        (MARK_NAME, column(&marks)),
    ];
    columns.retain(|(_, data)| !data.is_empty());
    columns
}
