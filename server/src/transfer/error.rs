//! Why an export or an import ended early. Each cause has a stable code.

use std::{io, path::PathBuf};

use tidings_core::code::Code;

use crate::store::StoreError;

/// Why an export or import failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A file cannot be read or written.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// What was given is not an export of the kind that it was said to be.
    #[error("{file}: {detail}")]
    Format {
        /// The file within the export.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// There is nothing to bring in.
    #[error("there is not one message in it: is it the right file, and a complete one?")]
    Nothing,
    /// The archive to go on with is of another export.
    #[error("the file cannot be gone on with: {0}; write a new one")]
    Resume(String),
    /// The tenant has no conversation.
    #[error("the tenant {0} has nothing in this store")]
    TenantUnknown(String),
    /// An option does not fit.
    #[error("{0}")]
    Option(String),
    /// Nothing more could be written for now. What was written stays; the same import goes on from there.
    #[error("stopped after {written} messages: {detail}; the same import goes on from there")]
    Stopped {
        /// The messages that were written.
        written: u64,
        /// The code of the refusal.
        code: Code,
        /// The cause.
        detail: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TransferError {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "transfer_file_failed",
            Self::Format { .. } => "transfer_format_invalid",
            Self::Nothing => "transfer_empty",
            Self::Resume(_) => "transfer_not_resumable",
            Self::TenantUnknown(_) => "tenant_unknown",
            Self::Option(_) => "transfer_option_invalid",
            Self::Stopped { code, .. } => code.as_str(),
            Self::Store(error) => error.code().as_str(),
        }
    }

    /// A file that could not be read or written.
    pub(super) fn file(file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |source| Self::File { file, source }
    }

    /// Something that is not as its format says.
    pub(super) fn format(file: impl Into<String>, detail: impl ToString) -> Self {
        Self::Format { file: file.into(), detail: detail.to_string() }
    }
}
