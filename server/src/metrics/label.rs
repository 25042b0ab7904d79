//! The labels of metrics: closed sets of words.

use std::iter;

use tidings_core::code::Code;

use super::kind::Label;
use crate::store::{Notice, StoreCall, StoreError};

/// The code that the peer was sent; none if it was gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndCode(pub Option<Code>);

impl From<Code> for EndCode {
    fn from(code: Code) -> Self {
        Self(Some(code))
    }
}

impl Label for EndCode {
    const NAME: &'static str = "code";

    fn all() -> impl Iterator<Item = Self> {
        iter::once(Self(None)).chain(Code::ALL.iter().chain([&Code::Unknown]).map(|code| Self(Some(*code))))
    }

    fn index(self) -> usize {
        // Codes are numbered in the order in which they are listed.
        self.0.map_or(0, |code| code as usize + 1)
    }

    fn text(self) -> &'static str {
        self.0.map_or("gone", Code::as_str)
    }
}

/// Declares a label whose values are the variants of an enum.
macro_rules! label {
    ($(#[$meta:meta])* $name:ident as $label:literal { $($variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each says its name")]
        pub enum $name { $($variant,)+ }

        impl Label for $name {
            const NAME: &'static str = $label;

            fn all() -> impl Iterator<Item = Self> {
                [$(Self::$variant,)+].into_iter()
            }

            fn index(self) -> usize {
                self as usize
            }

            fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

label! {
    /// The kind of a notice between nodes.
    NoticeKind as "kind" {
        Entries = "entries",
        Receipts = "receipts",
        Subscriptions = "subscriptions",
        Presence = "presence",
        Present = "present",
        Suspended = "suspended",
    }
}

impl From<&Notice> for NoticeKind {
    fn from(notice: &Notice) -> Self {
        match notice {
            Notice::Entries { .. } => Self::Entries,
            Notice::Receipts { .. } => Self::Receipts,
            Notice::Subscriptions { .. } => Self::Subscriptions,
            Notice::Presence { .. } => Self::Presence,
            Notice::Present { .. } => Self::Present,
            Notice::Suspended { .. } => Self::Suspended,
        }
    }
}

label! {
    /// The cause of a failed store call.
    StoreFailure as "kind" {
        Unavailable = "unavailable",
        Full = "full",
        Corrupt = "corrupt",
        Damaged = "damaged",
        Refused = "refused",
    }
}

impl From<&StoreError> for StoreFailure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Full(_) => Self::Full,
            StoreError::Corrupt { .. } => Self::Corrupt,
            StoreError::Damaged { .. } => Self::Damaged,
            StoreError::Migrate(_)
            | StoreError::Missing(_)
            | StoreError::File { .. }
            | StoreError::NoBackup
            | StoreError::Schema(_)
            | StoreError::UrlUnsupported { .. }
            | StoreError::PutBack
            | StoreError::Database(_) => Self::Refused,
        }
    }
}

impl Label for StoreCall {
    const NAME: &'static str = "call";

    fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    fn index(self) -> usize {
        self as usize
    }

    fn text(self) -> &'static str {
        self.as_str()
    }
}

label! {
    /// A table derived from the journal, or kept beside it.
    Table as "table" {
        Streams = "streams",
        Conversations = "conversations",
        Members = "members",
        Threads = "threads",
        HeldMessages = "held_messages",
        Receipts = "receipts",
        Accounts = "accounts",
        Reachability = "reachability",
    }
}

impl Table {
    /// The table with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|table| table.text() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<L: Label>() {
        for (number, label) in L::all().enumerate() {
            assert_eq!(label.index(), number, "{label:?}");
        }
    }

    #[test]
    fn each_value_of_a_label_has_its_own_place() {
        check::<EndCode>();
        check::<NoticeKind>();
        check::<StoreFailure>();
        check::<StoreCall>();
        check::<Table>();
    }
}
