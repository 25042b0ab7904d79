//! Where an export is read from: a folder, a zip file, a tar file that may be compressed, or a single file. The
//! files in it are read as streams, so none has to fit into memory.

use std::{
    fs::{self, File},
    io::{BufReader, Read, Seek as _},
    path::{Path, PathBuf},
};

use super::error::TransferError;

/// Bytes that one file of a compressed archive may have, so that a small one does not fill a disk.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;

/// An export.
pub(super) enum Source {
    /// A folder, with the paths of its files.
    Folder(PathBuf, Vec<String>),
    /// A zip file.
    Zip(PathBuf, Vec<String>),
    /// A single file.
    File(PathBuf, String),
}

/// A folder that was made to unpack a tar file into, gone with its value.
pub(super) struct Unpacked(PathBuf);

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Source {
    /// Opens what is at a path. A tar file, which cannot be read out of order, is unpacked for the time of the
    /// import.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<Unpacked>), TransferError> {
        let failed = || TransferError::file(path);
        if fs::metadata(path).map_err(failed())?.is_dir() {
            return Ok((Self::folder(path)?, None));
        }
        let mut head = [0; 4];
        let mut file = File::open(path).map_err(failed())?;
        let read = file.read(&mut head).map_err(failed())?;
        file.rewind().map_err(failed())?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match head {
            [b'P', b'K', 3, 4] => {
                let archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(path, &error))?;
                let named = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
                let mut names: Vec<String> = named.filter(|name| !name.ends_with('/')).collect();
                names.sort();
                Ok((Self::Zip(path.to_owned(), names), None))
            }
            [0x1f, 0x8b, ..] => unpack(path, flate2::read::GzDecoder::new(BufReader::new(file))),
            _ if read == 4 && name.ends_with(".tar") => unpack(path, BufReader::new(file)),
            _ => Ok((Self::File(path.to_owned(), name), None)),
        }
    }

    fn folder(path: &Path) -> Result<Self, TransferError> {
        let mut names = Vec::new();
        list(path, "", &mut names)?;
        names.sort();
        Ok(Self::Folder(path.to_owned(), names))
    }

    /// The paths of its files, in order.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::Folder(_, names) | Self::Zip(_, names) => names,
            Self::File(_, name) => std::slice::from_ref(name),
        }
    }

    /// The path of the file that ends so, the one of the fewest folders if there are several.
    pub(super) fn find(&self, end: &str) -> Option<String> {
        let fits = |name: &&String| **name == end || name.ends_with(&format!("/{end}"));
        self.names().iter().filter(fits).min_by_key(|name| name.matches('/').count()).cloned()
    }

    /// The name of the export, without what says of which kind its file is.
    pub(super) fn title(&self) -> String {
        let (Self::Folder(path, _) | Self::Zip(path, _) | Self::File(path, _)) = self;
        path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Reads a file of it, with what reads it.
    pub(super) fn read<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut dyn Read) -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        match self {
            Self::Folder(path, _) => {
                let path = path.join(name);
                let file = File::open(&path).map_err(TransferError::file(&path))?;
                work(&mut BufReader::new(file))
            }
            Self::File(path, _) => {
                let file = File::open(path).map_err(TransferError::file(path))?;
                work(&mut BufReader::new(file))
            }
            Self::Zip(path, _) => {
                let file = File::open(path).map_err(TransferError::file(path))?;
                let mut archive =
                    zip::ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(path, &error))?;
                let entry = archive.by_name(name).map_err(|error| unreadable(path, &error))?;
                work(&mut BufReader::new(entry.take(FILE_BYTES_MAX)))
            }
        }
    }
}

fn unreadable(path: &Path, error: &impl ToString) -> TransferError {
    TransferError::format(path.display().to_string(), error.to_string())
}

fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Result<(), TransferError> {
    for entry in fs::read_dir(folder).map_err(TransferError::file(folder))? {
        let entry = entry.map_err(TransferError::file(folder))?;
        let kind = entry.file_type().map_err(TransferError::file(entry.path()))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link could lead out of the export.
        if kind.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else if kind.is_file() {
            names.push(name);
        }
    }
    Ok(())
}

/// Unpacks the JSON files of a tar file beside it.
fn unpack(path: &Path, read: impl Read) -> Result<(Source, Option<Unpacked>), TransferError> {
    let folder = std::env::temp_dir().join(format!("tidings-import-{:016x}", rand::random::<u64>()));
    fs::create_dir(&folder).map_err(TransferError::file(&folder))?;
    let unpacked = Unpacked(folder.clone());
    let mut archive = tar::Archive::new(read);
    for entry in archive.entries().map_err(|error| unreadable(path, &error))? {
        let mut entry = entry.map_err(|error| unreadable(path, &error))?;
        let is_json = entry.path().is_ok_and(|name| name.extension().is_some_and(|end| end == "json"));
        if is_json && entry.header().entry_type().is_file() && entry.size() <= FILE_BYTES_MAX {
            // Writes nothing outside of the folder, whatever the names say.
            entry.unpack_in(&folder).map_err(|error| unreadable(path, &error))?;
        }
    }
    let source = Source::folder(&folder)?;
    if source.names().is_empty() {
        return Err(TransferError::format(path.display().to_string(), "no JSON files in it"));
    }
    Ok((source, Some(unpacked)))
}
