//! One hostile change with its name and its answer.

use core::fmt;

use tidings_core::{
    code::Code,
    doc::{Fact, Key},
    ids::DocumentId,
    model::InfoField,
    wire::PushedChange,
};

use super::{RawChange, Setup, draft::Draft, raw};

/// The required answer to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Refused, with this code.
    Refused(Code),
    /// Accepted: it looks odd, but an honest client could have written it.
    Harmless,
}

/// A change that an attacker pushes.
#[derive(Clone)]
pub struct Case {
    /// The class of the violation.
    pub class: &'static str,
    /// The name of the case, unique in its class.
    pub name: &'static str,
    /// The change, as it is pushed.
    pub pushed: PushedChange,
    /// Its answer.
    pub expected: Expected,
}

impl Case {
    /// Returns true if a frame can carry it: its document id must be a canonical one.
    pub fn fits_a_frame(&self) -> bool {
        self.pushed.document.is_canonical()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.class, self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}, {} bytes, {:?}", self.pushed.change.len(), self.expected)
    }
}

/// The cases so far, and their ingredients.
pub(super) struct Cases<'a> {
    pub(super) setup: &'a Setup,
    pub(super) all: Vec<Case>,
    class: &'static str,
}

impl<'a> Cases<'a> {
    pub(super) fn new(setup: &'a Setup) -> Self {
        Self { setup, all: Vec::new(), class: "" }
    }

    /// Begins a class.
    pub(super) fn class(&mut self, class: &'static str) {
        self.class = class;
    }

    /// Adds bytes for the page.
    pub(super) fn bytes(&mut self, name: &'static str, code: Code, change: Vec<u8>) {
        let document = self.setup.page();
        self.push(name, Expected::Refused(code), PushedChange { document, change });
    }

    /// Adds a whole push.
    pub(super) fn push(&mut self, name: &'static str, expected: Expected, pushed: PushedChange) {
        self.all.push(Case { class: self.class, name, pushed, expected });
    }

    /// Adds a draft with changed rows; its columns are written as the library would.
    pub(super) fn draft(&mut self, name: &'static str, code: Code, mut draft: Draft, change: impl FnOnce(&mut Draft)) {
        change(&mut draft);
        self.push(name, Expected::Refused(code), draft.pushed());
    }

    /// Adds a draft with changed raw parts.
    pub(super) fn raw(&mut self, name: &'static str, code: Code, draft: Draft, change: impl FnOnce(&mut RawChange)) {
        let document = draft.document.clone();
        let mut raw = draft.raw();
        change(&mut raw);
        self.push(name, Expected::Refused(code), PushedChange { document, change: raw.encode() });
    }

    /// Adds a draft with changed bytes of its body.
    pub(super) fn body(&mut self, name: &'static str, code: Code, draft: Draft, change: impl FnOnce(&mut Vec<u8>)) {
        let document = draft.document.clone();
        let mut body = draft.raw().body();
        change(&mut body);
        self.push(
            name,
            Expected::Refused(code),
            PushedChange { document, change: raw::chunk(raw::CHANGE_CHUNK, &body) },
        );
    }

    /// An honest change of the attacker.
    pub(super) fn honest(&self, document: &DocumentId, facts: &[Fact]) -> Draft {
        Draft::write(&self.setup.stream, &self.setup.attacker, document, self.setup.now, facts)
    }

    /// The number of the operation that is visible under a key of the page.
    pub(super) fn counter_under(&self, key: &Key) -> u64 {
        let page = self.setup.stream.document(&self.setup.page()).expect("the page is loaded");
        page.visible(&key.to_string(), None)[0].0
    }

    /// The key of the attacker's first message.
    pub(super) fn own_message(&self) -> Key {
        Key::Message(self.setup.message_id(&self.setup.attacker, 2))
    }

    /// A new message: one operation that replaces nothing.
    pub(super) fn message(&self) -> Draft {
        self.honest(&self.setup.page(), &[self.setup.says("one more")])
    }

    /// An edit that resolves three concurrent ones by three devices: one operation with three predecessors.
    pub(super) fn edit(&self) -> Draft {
        self.honest(&self.setup.page(), &[self.setup.edits("settled")])
    }

    /// Four reactions: four operations that differ only in their keys.
    pub(super) fn reactions(&self) -> Draft {
        let facts = ["🍎", "🍐", "🍊", "🍋"].map(|emoji| self.setup.reacts(emoji, true));
        self.honest(&self.setup.page(), &facts)
    }

    /// A removed reaction: one delete with one predecessor.
    pub(super) fn unreaction(&self) -> Draft {
        self.honest(&self.setup.page(), &[self.setup.reacts("👍", false)])
    }

    /// A new title, in a document in which the attacker has written nothing yet.
    pub(super) fn title(&self) -> Draft {
        self.honest(&self.setup.conversation(), &[Fact::Info(InfoField::Title, Some("Taken over".into()))])
    }
}
