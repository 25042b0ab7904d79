//! The only code that names Automerge: documents as flat root maps, the facts of a change (from its
//! own operations, never from patches), and reading the model back. `authority` decides whether a
//! change is allowed.

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
mod repeat;
mod run;
mod share;
mod snapshot;
mod value;

pub use change::{Change, DecodedChange, Operation, OperationKind, ParseChangeError, Predecessor};
pub(crate) use document::Admit;
pub use document::{ApplyChangeError, Document, Generation, RestoreDocumentError, Statement};
pub use fact::{Fact, ParseFactError, ProfileField, SettingField};
pub use home::Home;
pub use key::Key;
pub use page::Message;
pub use share::Shares;
pub(crate) use share::{cost, payer};
pub use value::Value;
