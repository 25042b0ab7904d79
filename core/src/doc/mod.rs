//! The only code that names Automerge: documents as flat root maps, what a
//! change states (from its own operations, never from patches), and reading
//! the model back. Deciding whether a change may be is `authority`'s.

mod beside;
mod change;
pub(crate) mod chunk;
pub(crate) mod column;
mod contents;
mod conversation;
mod document;
mod fact;
mod home;
mod key;
mod page;
mod run;
mod snapshot;
mod value;

pub use change::{Change, DecodedChange, Operation, OperationKind, ParseChangeError, Predecessor};
pub(crate) use document::Admit;
pub use document::{ApplyChangeError, Document, RestoreDocumentError};
pub use fact::{Fact, ParseFactError, ProfileField, SettingField};
pub use home::Home;
pub use key::Key;
pub use page::Message;
pub use value::Value;
