//! The frame round every page, and what pages are made of: tables, facts, links to what follows, forms that act.

use axum::response::Html;
use maud::{DOCTYPE, Markup, Render, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tidings_core::time::WallTime;

use super::failure::Failure;
use crate::http::v1::time::Rfc3339;

/// Rows of a page.
pub(super) const ROWS_MAX: u32 = 50;

/// A page, or why it is not shown.
pub(super) type Answer = Result<Html<String>, Failure>;

/// The entries of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    None,
    Overview,
    Sessions,
    Suspensions,
    Webhooks,
    Quarantine,
}

const TABS: [(Tab, &str, &str); 5] = [
    (Tab::Overview, "/admin", "Overview"),
    (Tab::Sessions, "/admin/sessions", "Sessions"),
    (Tab::Suspensions, "/admin/suspensions", "Suspensions"),
    (Tab::Webhooks, "/admin/webhooks", "Webhooks"),
    (Tab::Quarantine, "/admin/quarantine", "Quarantine"),
];

/// A whole page.
pub(super) fn page(tab: Tab, title: &str, body: Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Tidings" }
                link rel="stylesheet" href="/admin/style.css";
            }
            body {
                header {
                    span.brand { "Tidings" }
                    nav aria-label="Pages" {
                        @for (other, path, name) in TABS {
                            a href=(path) aria-current=[(other == tab).then_some("page")] { (name) }
                        }
                    }
                }
                main {
                    h1 { (title) }
                    (body)
                }
            }
        }
    };
    Html(page.into_string())
}

/// An address with these values.
pub(super) fn link(path: &str, values: &[(&str, &str)]) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let values: Vec<String> = values.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if values.is_empty() { path.to_owned() } else { format!("{path}?{}", values.join("&")) }
}

/// The column of a table.
pub(super) struct Column {
    name: &'static str,
    class: &'static str,
}

/// A column of text.
pub(super) const fn text(name: &'static str) -> Column {
    Column { name, class: "text" }
}

/// A column of numbers.
pub(super) const fn number(name: &'static str) -> Column {
    Column { name, class: "number" }
}

/// A table; on a phone each row is a card whose lines have the names of the columns.
pub(super) fn table<const N: usize>(columns: &[Column; N], rows: &[[Markup; N]], nothing: &str) -> Markup {
    if rows.is_empty() {
        return html! { p.nothing { (nothing) } };
    }
    html! {
        table {
            thead { tr { @for column in columns { th scope="col" class=(column.class) { (column.name) } } } }
            tbody {
                @for row in rows {
                    tr {
                        @for (column, cell) in columns.iter().zip(row) {
                            td class=(column.class) data-name=(column.name) { div { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// Facts about one thing, by name.
pub(super) fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! { dl { @for (name, fact) in facts { div { dt { (name) } dd { (fact) } } } } }
}

/// The way on from a page that is full, and back to the first one.
pub(super) fn pager(path: &str, values: &[(&str, &str)], is_first: bool, next: Option<&[(&str, &str)]>) -> Markup {
    html! {
        @if !is_first || next.is_some() {
            nav.pager aria-label="Rows" {
                @if !is_first { a href=(link(path, values)) { "First rows" } }
                @if let Some(next) = next { a rel="next" href=(link(path, &[values, next].concat())) { "Next rows" } }
            }
        }
    }
}

/// The last row of a full page, behind which the next one begins.
pub(super) fn last<T>(rows: &[T]) -> Option<&T> {
    rows.last().filter(|_| rows.len() >= ROWS_MAX as usize)
}

/// A button that posts these values.
pub(super) fn act(path: &str, values: &[(&str, &str)], name: &str) -> Markup {
    html! {
        form.act method="post" action=(path) {
            @for (name, value) in values { input type="hidden" name=(name) value=(value); }
            button { (name) }
        }
    }
}

/// A field that leads to one thing of a tenant by its id.
pub(super) fn find(path: &str, tenant: &str, name: &str, label: &str) -> Markup {
    html! {
        form.find method="get" action=(path) {
            input type="hidden" name="tenant" value=(tenant);
            label { (label) " " input name=(name) required autocomplete="off" autocapitalize="off" spellcheck="false"; }
            button { "Open" }
        }
    }
}

/// A time in UTC.
pub(super) fn time(at: WallTime) -> Markup {
    let whole = Rfc3339(at).to_string();
    let (day, of_day) = (whole.get(..10).unwrap_or_default(), whole.get(11..19).unwrap_or_default());
    html! { time datetime=(whole) { span { (day) } " " span { (of_day) " UTC" } } }
}

/// A time that may not be known.
pub(super) fn maybe_time(at: Option<WallTime>) -> Markup {
    html! { @match at { Some(at) => (time(at)), None => "–" } }
}

/// A state, marked if somebody should look at it.
pub(super) fn state(name: &str, is_odd: bool) -> Markup {
    html! { span.state.odd[is_odd] { (name) } }
}

/// Something short that stays on one line.
pub(super) fn word(short: impl Render) -> Markup {
    html! { span.word { (short) } }
}

/// An id, which may be broken anywhere.
pub(super) fn id(text: impl ToString) -> Markup {
    html! { code { (text.to_string()) } }
}

/// A link to one thing by its id.
pub(super) fn linked_id(path: &str, values: &[(&str, &str)], text: impl ToString) -> Markup {
    html! { a href=(link(path, values)) { (id(text)) } }
}

/// What an act has done, told on the page that it leads to. No words come from the address, which anybody may make up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    Suspended,
    Lifted,
    Mended,
    Squashed,
    Replayed,
}

impl Done {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::Lifted => "lifted",
            Self::Mended => "mended",
            Self::Squashed => "squashed",
            Self::Replayed => "replayed",
        }
    }
}

/// What an act has done, and how much.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Notice {
    done: Option<Done>,
    count: Option<u64>,
}

impl Notice {
    /// The line at the top of the page; nothing without an act.
    pub(super) fn show(self) -> Markup {
        let Some(done) = self.done else { return Markup::default() };
        let count = self.count.unwrap_or_default();
        let text = match done {
            Done::Suspended => "The account is suspended, and its sessions end.".to_owned(),
            Done::Lifted => "The suspension is lifted.".to_owned(),
            Done::Mended if count == 0 => "Every row is as the journal states.".to_owned(),
            Done::Mended => format!("Rows put right: {count}."),
            Done::Squashed => format!("The document was written anew, at position {count}."),
            Done::Replayed => format!("Delivered again: {count}."),
        };
        html! { p.done role="status" { (text) } }
    }
}

/// Reads a part of an address or form.
pub(super) fn read<T, E: ToString>(
    name: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    parse(text.trim()).map_err(|error| Failure::Input { name, detail: error.to_string() })
}
