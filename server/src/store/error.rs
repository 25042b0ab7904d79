//! What a database error means for the caller: retry later, make room, or fix the program.

use sqlx::migrate::MigrateError;
use tidings_core::code::Code;

use super::StoreError;

/// The cause that the code of a database error stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Unavailable,
    Full,
    /// Two transactions collided; this one was rolled back.
    Collision,
    Other,
}

/// Classifies an error code. Postgres has SQLSTATEs of five characters, SQLite extended result codes of at most
/// four digits.
fn cause(code: &str) -> Cause {
    match code {
        "53100" => Cause::Full,
        // Too many connections; a standby that cannot write; a transaction that was idle for too long.
        "53300" | "25006" | "25P03" => Cause::Unavailable,
        "40001" | "40P01" => Cause::Collision,
        _ if code.len() == 5 && (code.starts_with("08") || code.starts_with("57P0")) => Cause::Unavailable,
        _ if code.len() == 5 => Cause::Other,
        _ => match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(13) => Cause::Full,
            // Busy beyond the timeout, locked, failed IO, cannot open. SQLite distinguishes a full disk from
            // failed IO itself.
            Ok(5 | 6 | 10 | 14) => Cause::Unavailable,
            _ => Cause::Other,
        },
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error),
            sqlx::Error::Database(refused) => match refused.code().map(|code| cause(&code)) {
                Some(Cause::Unavailable) => StoreError::Unavailable(error),
                Some(Cause::Full) => StoreError::Full(error),
                Some(Cause::Collision | Cause::Other) | None => StoreError::Database(error),
            },
            _ => StoreError::Database(error),
        }
    }
}

/// The database's message, without the location in its own source that Postgres adds.
pub(super) fn message_of(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(refused) => match refused.code() {
            Some(code) => format!("{} ({code})", refused.message()),
            None => refused.message().to_owned(),
        },
        None => error.to_string(),
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            error => StoreError::Migrate(error),
        }
    }
}

impl StoreError {
    /// The stable code that a peer is sent.
    pub fn code(&self) -> Code {
        match self {
            Self::Unavailable(_) => Code::StoreUnavailable,
            Self::Full(_) => Code::StoreFull,
            Self::Damaged { .. } => Code::StreamDamaged,
            Self::PutBack => Code::StoreRestored,
            Self::Corrupt { .. }
            | Self::Migrate(_)
            | Self::Missing(_)
            | Self::File { .. }
            | Self::NoBackup
            | Self::Schema(_)
            | Self::UrlUnsupported { .. }
            | Self::Database(_) => Code::Internal,
        }
    }

    /// Returns true if the same transaction may succeed when started again at once.
    pub(super) fn is_collision(&self) -> bool {
        let StoreError::Database(sqlx::Error::Database(refused)) = self else {
            return false;
        };
        refused.code().is_some_and(|code| cause(&code) == Cause::Collision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases_tell_their_cause() {
        for (code, expected) in [
            ("53100", Cause::Full),
            ("13", Cause::Full),
            ("08006", Cause::Unavailable),
            ("57P01", Cause::Unavailable),
            ("25P03", Cause::Unavailable),
            ("5", Cause::Unavailable),
            ("517", Cause::Unavailable),
            ("778", Cause::Unavailable),
            ("40P01", Cause::Collision),
            ("23505", Cause::Other),
            ("1555", Cause::Other),
        ] {
            assert_eq!(cause(code), expected, "{code}");
        }
    }
}
