//! The database's own metadata: the version of its tables, as the migrator recorded it, and the
//! store's incarnation.

use sqlx::migrate::Migrator;
use tidings_core::ids::IncarnationId;

use super::{Backend, ReadRow, backend::fetch, migrator, row::Fields};
use crate::store::{SchemaError, StoreError};

/// The Postgres code for a missing table. (SQLite has one code for every invalid statement.)
const UNDEFINED_TABLE: &str = "42P01";

/// Implements `Store::check_schema`.
pub(super) async fn check<B: Backend>(connection: &mut B::Connection) -> Result<(), StoreError> {
    const APPLIED: &str = "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version";
    let rows = match fetch::<B>(connection, APPLIED, []).await {
        Err(StoreError::Database(error)) if is_undefined(&error) => return Err(SchemaError::Absent.into()),
        answered => answered?,
    };
    let own: Migrator = migrator(B::MIGRATIONS);
    let expected = own.iter().map(|migration| migration.version).max().unwrap_or_default();
    let mut found = 0;
    for row in &rows {
        let version = row.number("version")?;
        let Some(migration) = own.iter().find(|migration| migration.version == version) else {
            return Err(SchemaError::Ahead { found: version, expected }.into());
        };
        if !row.flag("success")? || row.bytes("checksum")?.as_deref() != Some(migration.checksum.as_ref()) {
            return Err(SchemaError::Other(version).into());
        }
        found = version;
    }
    match found {
        0 => Err(SchemaError::Absent.into()),
        _ if found < expected => Err(SchemaError::Behind { found, expected }.into()),
        _ => Ok(()),
    }
}

fn is_undefined(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|refused| refused.code());
    code.is_some_and(|code| code == UNDEFINED_TABLE || code == "1")
}

/// Implements `Store::incarnation`.
pub(super) async fn incarnation<B: Backend>(connection: &mut B::Connection) -> Result<IncarnationId, StoreError> {
    let rows = fetch::<B>(connection, "SELECT incarnation FROM clock", []).await?;
    let row = rows.first().ok_or(StoreError::Unavailable(sqlx::Error::RowNotFound))?;
    Fields::of("clock", row).decode("incarnation", |bytes| IncarnationId::try_from(bytes))
}

/// Implements `Store::restored`, within a transaction.
pub(super) async fn renew<B: Backend>(connection: &mut B::Connection) -> Result<IncarnationId, StoreError> {
    let incarnation = IncarnationId::from_bytes(rand::random());
    let values = [incarnation.as_bytes().to_vec().into()];
    fetch::<B>(connection, "UPDATE clock SET incarnation = $1", values).await?;
    Ok(incarnation)
}
