//! A change chunk taken apart into its fields and columns, and put together again without checks. What the
//! library would never write, a stranger can.
//!
//! Source: the change chunk of the Automerge binary format.

use sha2::{Digest, Sha256};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// The chunk type of a change that is not compressed.
pub const CHANGE_CHUNK: u8 = 1;

/// A change as its parts. `encode` writes them as they are, with a matching checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChange {
    /// 1 for a change.
    pub chunk_type: u8,
    /// Hashes of the changes it depends on.
    pub dependencies: Vec<[u8; 32]>,
    /// The actor that wrote it.
    pub actor: Vec<u8>,
    /// Its number among the actor's changes.
    pub sequence: u64,
    /// The counter of its first operation.
    pub start_operation: u64,
    /// Seconds since 1970.
    pub time: i64,
    /// The commit message.
    pub message: Vec<u8>,
    /// The actors its operations name beside its own.
    pub other_actors: Vec<Vec<u8>>,
    /// Column specifications with their data.
    pub columns: Vec<(u32, Vec<u8>)>,
    /// The bytes after the columns.
    pub extra: Vec<u8>,
}

impl RawChange {
    /// Takes an honest change apart.
    ///
    /// # Panics
    /// When the bytes are not an uncompressed change.
    pub fn parse(bytes: &[u8]) -> Self {
        assert_eq!((&bytes[..4], bytes[8]), (&MAGIC[..], CHANGE_CHUNK), "not a plain change");
        let mut input = &bytes[9..];
        let length = unsigned(&mut input);
        assert_eq!(length, input.len());
        let dependencies = (0..unsigned(&mut input))
            .map(|_| take(&mut input, 32).try_into().expect("the length was asked for"))
            .collect();
        let actor = prefixed(&mut input);
        let sequence = unsigned(&mut input) as u64;
        let start_operation = unsigned(&mut input) as u64;
        let time = leb128::read::signed(&mut input).expect("a change has a time");
        let message = prefixed(&mut input);
        let other_actors = (0..unsigned(&mut input)).map(|_| prefixed(&mut input)).collect();
        let specifications: Vec<(u32, usize)> = (0..unsigned(&mut input))
            .map(|_| (u32::try_from(unsigned(&mut input)).expect("a specification is small"), unsigned(&mut input)))
            .collect();
        let columns = specifications
            .into_iter()
            .map(|(specification, length)| (specification, take(&mut input, length).to_vec()))
            .collect();
        Self {
            chunk_type: CHANGE_CHUNK,
            dependencies,
            actor,
            sequence,
            start_operation,
            time,
            message,
            other_actors,
            columns,
            extra: input.to_vec(),
        }
    }

    /// The body: everything after the chunk's header.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put(&mut body, self.dependencies.len() as u64);
        body.extend(self.dependencies.iter().flatten());
        put_prefixed(&mut body, &self.actor);
        put(&mut body, self.sequence);
        put(&mut body, self.start_operation);
        leb128::write::signed(&mut body, self.time).expect("a vector takes every byte");
        put_prefixed(&mut body, &self.message);
        put(&mut body, self.other_actors.len() as u64);
        for actor in &self.other_actors {
            put_prefixed(&mut body, actor);
        }
        put(&mut body, self.columns.len() as u64);
        for (specification, data) in &self.columns {
            put(&mut body, u64::from(*specification));
            put(&mut body, data.len() as u64);
        }
        body.extend(self.columns.iter().flat_map(|(_, data)| data));
        body.extend(&self.extra);
        body
    }

    /// The chunk, with the checksum of its content.
    pub fn encode(&self) -> Vec<u8> {
        chunk(self.chunk_type, &self.body())
    }

    /// The data of a column, inserted in its place if it is missing.
    pub fn column(&mut self, specification: u32) -> &mut Vec<u8> {
        let index = self.columns.partition_point(|(other, _)| *other < specification);
        if self.columns.get(index).is_none_or(|(other, _)| *other != specification) {
            self.columns.insert(index, (specification, Vec::new()));
        }
        &mut self.columns[index].1
    }
}

/// A chunk of this type around a body, with its checksum.
pub fn chunk(chunk_type: u8, body: &[u8]) -> Vec<u8> {
    let mut framed = vec![chunk_type];
    put(&mut framed, body.len() as u64);
    framed.extend(body);
    let hash = Sha256::digest(&framed);
    [&MAGIC[..], &hash[..4], &framed].concat()
}

/// Writes an unsigned LEB128 number.
pub fn put(output: &mut Vec<u8>, number: u64) {
    leb128::write::unsigned(output, number).expect("a vector takes every byte");
}

/// Writes a signed LEB128 number.
pub fn put_signed(output: &mut Vec<u8>, number: i64) {
    leb128::write::signed(output, number).expect("a vector takes every byte");
}

fn put_prefixed(output: &mut Vec<u8>, bytes: &[u8]) {
    put(output, bytes.len() as u64);
    output.extend(bytes);
}

fn unsigned(input: &mut &[u8]) -> usize {
    let number = leb128::read::unsigned(input).expect("an honest change has whole numbers");
    usize::try_from(number).expect("an honest change has small lengths")
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(length);
    *input = rest;
    taken
}

fn prefixed(input: &mut &[u8]) -> Vec<u8> {
    let length = unsigned(input);
    take(input, length).to_vec()
}

#[cfg(test)]
mod tests {
    use tidings_core::{
        doc::{Document, Fact},
        ids::{ConversationId, DeviceId, TimelineId},
        model::InfoField,
        time::WallTime,
    };

    use super::*;

    #[test]
    fn an_honest_change_is_written_as_it_was_read() {
        let mut document = Document::new(TimelineId::of(ConversationId::from_bytes([1; 16])).document());
        let mut write = |device: u8, title: &str| {
            let facts = [Fact::Info(InfoField::Title, Some(title.into()))];
            let change = document.write(DeviceId::from_bytes([device; 16]), WallTime::from_millis(5_000), &facts);
            change.expect("the title is new").bytes().to_vec()
        };
        write(1, "one");
        let bytes = write(2, "two");
        let raw = RawChange::parse(&bytes);
        assert_eq!((raw.dependencies.len(), raw.other_actors.len(), raw.sequence), (1, 1, 1));
        assert_eq!(raw.encode(), bytes);
    }
}
