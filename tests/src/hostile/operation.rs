//! Operations outside the flat root map, or other than put and delete: objects and their contents, elements,
//! marks, counters; and invalid keys.

use tidings_core::{code::Code, doc::Fact};

use super::{
    case::Cases,
    cells::{literal, nulls},
    draft::{
        Cell, DELETE, INCREMENT, KEY, KEY_ACTOR, KEY_COUNTER, MAKE_LIST, MAKE_MAP, MAKE_TABLE, MAKE_TEXT, MARK,
        OBJECT_ACTOR, OBJECT_COUNTER, Place, Row,
    },
};

pub(super) fn add(cases: &mut Cases<'_>) {
    objects(cases);
    elements(cases);
    actions(cases);
    keys(cases);
}

/// Adds a change with these rows.
fn illegal(cases: &mut Cases<'_>, name: &'static str, rows: impl FnOnce(u64) -> Vec<Row>) {
    let draft = cases.message();
    cases.draft(name, Code::OperationIllegal, draft, |draft| {
        draft.rows = rows(draft.header.start_operation);
    });
}

fn objects(cases: &mut Cases<'_>) {
    cases.class("object");
    let put = |object: (u64, u64)| Row { object: Some(object), ..Row::put("k", Cell::TRUE) };
    let make = |action: u64| Row { action, ..Row::put("k", Cell::NULL) };
    let element = |start: u64| Row {
        object: Some((0, start)),
        place: Place::Element(None, 0),
        insert: true,
        ..Row::put("", Cell::text("x"))
    };
    illegal(cases, "an unknown object", |_| vec![put((0, 7_777))]);
    let message = cases.counter_under(&cases.own_message());
    illegal(cases, "an operation on a scalar", |_| vec![put((0, message))]);
    illegal(cases, "an operation on itself", |start| vec![put((0, start))]);
    illegal(cases, "an object of an actor that is not there", |_| vec![put((9, 1))]);
    illegal(cases, "an object whose counter is 2^32", |_| vec![put((0, 1 << 32))]);
    illegal(cases, "an object whose counter is 2^64 - 1", |_| vec![put((0, u64::MAX))]);
    illegal(cases, "an object whose actor is 2^32", |_| vec![put((1 << 32, 1))]);
    illegal(cases, "an object whose actor is 2^64 - 1", |_| vec![put((u64::MAX, 1))]);
    for (name, action) in [("a map", MAKE_MAP), ("a list", MAKE_LIST), ("a text", MAKE_TEXT), ("a table", MAKE_TABLE)] {
        illegal(cases, name, |_| vec![make(action)]);
    }
    illegal(cases, "a key in a table", |start| vec![make(MAKE_TABLE), put((0, start))]);
    illegal(cases, "a map in a table", |start| {
        vec![make(MAKE_TABLE), Row { object: Some((0, start)), ..make(MAKE_MAP) }]
    });
    illegal(cases, "a key in a list", |start| vec![make(MAKE_LIST), put((0, start))]);
    illegal(cases, "a key in a text", |start| vec![make(MAKE_TEXT), put((0, start))]);
    illegal(cases, "an element of a list", |start| vec![make(MAKE_LIST), element(start)]);
    illegal(cases, "an element of a map", |start| vec![make(MAKE_MAP), element(start)]);
    for (name, specification) in
        [("only an object's actor", OBJECT_ACTOR), ("only an object's counter", OBJECT_COUNTER)]
    {
        let draft = cases.message();
        cases.raw(name, Code::OperationIllegal, draft, |raw| *raw.column(specification) = literal(&[1u64]));
    }
    let draft = cases.message();
    cases.raw("an object that is null", Code::OperationIllegal, draft, |raw| {
        *raw.column(OBJECT_ACTOR) = nulls(1);
        *raw.column(OBJECT_COUNTER) = nulls(1);
    });
}

fn elements(cases: &mut Cases<'_>) {
    cases.class("element");
    let at = |start: u64, place: Place, insert: bool| Row {
        object: Some((0, start)),
        place,
        insert,
        ..Row::put("", Cell::text("x"))
    };
    let make = |action: u64| Row { action, ..Row::put("k", Cell::NULL) };
    let missing = || Place::Element(Some(0), 7_777);
    let head = || Place::Element(None, 0);
    for (name, action, place, insert) in [
        ("an insert behind a missing element of a list", MAKE_LIST, missing(), true),
        ("an insert behind a missing element of a text", MAKE_TEXT, missing(), true),
        ("an update of a missing element of a list", MAKE_LIST, missing(), false),
        ("an update of a missing element of a text", MAKE_TEXT, missing(), false),
        ("an update of a list's head", MAKE_LIST, head(), false),
        ("an update of a text's head", MAKE_TEXT, head(), false),
    ] {
        illegal(cases, name, |start| vec![make(action), at(start, place, insert)]);
    }
    illegal(cases, "an insert on the root map", |_| vec![Row { insert: true, ..Row::put("k", Cell::TRUE) }]);
    illegal(cases, "an element of the root map", |_| {
        vec![Row { place: Place::Element(Some(0), 1), ..Row::put("", Cell::TRUE) }]
    });
    illegal(cases, "an element whose counter is 2^32", |_| {
        vec![Row { place: Place::Element(Some(0), 1 << 32), ..Row::put("", Cell::TRUE) }]
    });
    illegal(cases, "an element whose counter is negative", |_| {
        vec![Row { place: Place::Element(Some(0), -1), ..Row::put("", Cell::TRUE) }]
    });
    illegal(cases, "an element of an actor that is not there", |_| {
        vec![Row { place: Place::Element(Some(9), 1), ..Row::put("", Cell::TRUE) }]
    });
    let draft = cases.message();
    cases.raw("a key and an element", Code::OperationIllegal, draft, |raw| {
        *raw.column(KEY_ACTOR) = literal(&[0u64]);
        *raw.column(KEY_COUNTER) = literal(&[1i64]);
    });
}

fn actions(cases: &mut Cases<'_>) {
    cases.class("action");
    let act = |action: u64, value: Cell| Row { action, ..Row::put("k", value) };
    illegal(cases, "an increment", |_| vec![act(INCREMENT, Cell::signed(4, 1))]);
    illegal(cases, "an increment by a text", |_| vec![act(INCREMENT, Cell::text("x"))]);
    illegal(cases, "an unknown action", |_| vec![act(8, Cell::NULL)]);
    illegal(cases, "action 2^32 + 1", |_| vec![act((1 << 32) | 1, Cell::TRUE)]);
    illegal(cases, "action 2^64 - 1", |_| vec![act(u64::MAX, Cell::NULL)]);
    illegal(cases, "a delete without a predecessor", |_| vec![act(DELETE, Cell::NULL)]);
    illegal(cases, "no operation at all", |_| Vec::new());
    let mark = |value: Cell, mark: Option<&str>, expand: bool| Row {
        mark: mark.map(ToOwned::to_owned),
        expand,
        ..act(MARK, value)
    };
    illegal(cases, "a mark on the root map", |_| vec![mark(Cell::TRUE, Some("bold"), true)]);
    illegal(cases, "a mark's end without its begin", |_| vec![mark(Cell::NULL, None, false)]);
    illegal(cases, "a mark's end on a list", |start| {
        let end = Row {
            object: Some((0, start)),
            place: Place::Element(None, 0),
            insert: true,
            ..mark(Cell::NULL, None, false)
        };
        vec![act(MAKE_LIST, Cell::NULL), end]
    });
    let message = cases.message();
    cases.draft("a put that expands", Code::OperationIllegal, message.clone(), |draft| draft.row().expand = true);
    cases.draft("a put with a mark's name", Code::OperationIllegal, message, |draft| {
        draft.row().mark = Some("bold".into())
    });
}

fn keys(cases: &mut Cases<'_>) {
    cases.class("key");
    let message = cases.message();
    let Place::Key(own) = message.rows[0].place.clone() else { unreachable!("a message has a key") };
    let value = message.rows[0].value.clone();
    for (name, key) in [
        ("empty", String::new()),
        ("unknown", "msg".into()),
        ("of the conversation", "info/title".into()),
        ("of a field that does not exist", format!("{own}/nothing")),
        ("with something behind", format!("{own}/edit/")),
        ("in capitals", own.to_uppercase()),
        ("with a zero byte", format!("{own}\0")),
        ("of 513 bytes", format!("{own}/react/x/{}", "a".repeat(513 - own.len() - 9))),
        ("of an author who is none", format!("{}.", own.split('.').next().unwrap_or_default())),
    ] {
        let row = Row::put(&key, value.clone());
        cases.draft(name, Code::OperationIllegal, message.clone(), |draft| draft.rows = vec![row]);
    }
    // A column of nulls only is left out, and then has fewer rows than the others.
    cases.draft("null", Code::NotCanonical, message.clone(), |draft| draft.row().place = Place::Null);
    cases.draft("null beside a good one", Code::OperationIllegal, message.clone(), |draft| {
        draft.rows.push(Row { place: Place::Null, ..Row::put("", Cell::TRUE) });
    });
    cases.raw("null, by a run of nulls", Code::OperationIllegal, message.clone(), |raw| *raw.column(KEY) = nulls(1));
    cases.draft("twice in a row", Code::OperationIllegal, message.clone(), |draft| {
        let row = draft.row().clone();
        draft.rows.push(row);
    });
    let twice = cases.reactions();
    cases.draft("twice, one between", Code::OperationIllegal, twice, |draft| draft.rows[2] = draft.rows[0].clone());
    let both = cases.honest(&cases.setup.page(), &[cases.setup.reacts("🍇", true), cases.setup.reacts("👍", false)]);
    cases.draft("put and deleted", Code::OperationIllegal, both, |draft| {
        let deleted = Row { place: draft.rows[0].place.clone(), ..draft.rows[1].clone() };
        draft.rows[1] = deleted;
    });
    let victims = Fact::Locked(true).write().0.to_string();
    cases.draft("of the conversation, deleted where it cannot be", Code::OperationIllegal, cases.title(), |draft| {
        let row =
            Row { action: DELETE, predecessors: draft.rows[0].predecessors.clone(), ..Row::put(&victims, Cell::NULL) };
        draft.rows = vec![row];
    });
}
