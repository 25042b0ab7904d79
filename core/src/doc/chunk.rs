//! The frame around everything that Automerge writes: magic, checksum, type, length and content. Checked here
//! before anything reads the content.
//!
//! Source: the chunk header of the Automerge binary format.

use sha2::{Digest, Sha256};

use crate::doc::column::Reader;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHECKSUM_BYTES: usize = 4;

/// One chunk with nothing after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a> {
    pub(crate) kind: ChunkKind,
    /// The content.
    pub(crate) content: &'a [u8],
    checksum: &'a [u8],
    /// Type, length and content: the input of the checksum.
    summed: &'a [u8],
}

/// The kind of content of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkKind {
    Document,
    Change,
    CompressedChange,
    Other,
}

/// Why bytes are not one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadChunkError {
    #[error("not an Automerge chunk")]
    Magic,
    #[error("the chunk's length is not that of the bytes")]
    Length,
}

impl<'a> Chunk<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ReadChunkError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(ReadChunkError::Magic)?;
        let (checksum, summed) = rest.split_at_checked(CHECKSUM_BYTES).ok_or(ReadChunkError::Length)?;
        let mut reader = Reader::new(summed);
        let (Ok(kind), Ok(length)) = (reader.byte(), reader.unsigned()) else { return Err(ReadChunkError::Length) };
        if length != reader.rest().len() as u64 {
            return Err(ReadChunkError::Length);
        }
        let kind = match kind {
            0 => ChunkKind::Document,
            1 => ChunkKind::Change,
            2 => ChunkKind::CompressedChange,
            _ => ChunkKind::Other,
        };
        Ok(Self { kind, content: reader.rest(), checksum, summed })
    }

    /// Returns true if the checksum matches the content.
    pub(crate) fn is_intact(&self) -> bool {
        Sha256::digest(self.summed).starts_with(self.checksum)
    }
}
