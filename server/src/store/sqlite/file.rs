//! The file of a SQLite store: created for its owner alone, since it holds what everybody wrote, and copied
//! while a server has it open.

use std::{
    fs::{OpenOptions, Permissions},
    io::ErrorKind,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use sqlx::{ConnectOptions as _, Connection as _, Sqlite, sqlite::SqliteConnectOptions};

use crate::store::{MissingFile, StoreError, sql::SqlStore};

/// Read and write for the owner only.
const OWNER_ALONE: u32 = 0o600;

/// Creates the file if it is missing, and removes everybody else's permissions. SQLite gives its side files the
/// same permissions.
pub(super) fn prepare(path: &Path, missing: MissingFile) -> Result<(), StoreError> {
    if missing == MissingFile::Refuse {
        return if path.is_file() { Ok(()) } else { Err(StoreError::Missing(path.to_owned())) };
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|source| StoreError::File { path: parent.to_owned(), source })?;
    }
    match create(path) {
        Err(StoreError::File { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        restrict(&file)?;
    }
    Ok(())
}

/// Creates an empty file, unless there is one.
fn create(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path);
    made.map(drop).map_err(|source| StoreError::File { path: path.to_owned(), source })
}

fn restrict(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { path: path.to_owned(), source };
    let mode = match std::fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(OWNER_ALONE)).map_err(failed)
}

/// The path of one of SQLite's side files.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Implements `Store::backup`. SQLite writes into an empty file as into a new one. It reads one moment on a
/// connection of its own, so nobody waits for it.
pub(super) async fn copy(store: &SqlStore<Sqlite>, file: &Path) -> Result<(), StoreError> {
    create(file)?;
    let copied = write_copy(store, file).await;
    if copied.is_err() {
        // An incomplete copy must not be mistaken for a backup.
        let _ = std::fs::remove_file(file);
    }
    copied
}

async fn write_copy(store: &SqlStore<Sqlite>, file: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { path: file.to_owned(), source };
    let name = file.to_str().ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?;
    const COPY: &str = "VACUUM INTO $1";
    match &store.feed.path {
        Some(path) => {
            let connect = SqliteConnectOptions::new().filename(path).create_if_missing(false);
            let mut connection = connect.busy_timeout(super::BUSY_TIMEOUT).connect().await?;
            sqlx::query(COPY).bind(name).execute(&mut connection).await?;
            connection.close().await?;
        }
        None => {
            // A database in memory would copy into memory, unless the target is an explicit file.
            sqlx::query(COPY).bind(format!("file:{name}?mode=rwc")).execute(&store.writes).await?;
        }
    }
    // A reported backup must survive a power failure.
    OpenOptions::new().read(true).open(file).and_then(|copy| copy.sync_all()).map_err(failed)
}
