//! What is saved beside a document, since the library does not know it: the sum
//! of the bytes of its changes, by which pages close, and the admissions of its
//! messages. To count the bytes anew, each change would have to be made again.

use crate::{
    ids::MessageId,
    journal::{Admission, Admissions, DecodeAdmissionsError, read_varint, write_varint},
};

/// Encodes what is saved beside a document.
pub(super) fn encode(change_bytes: u64, admissions: &Admissions) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_varint(&mut bytes, change_bytes);
    bytes.extend(Admission::encode_all(admissions));
    bytes
}

/// Decodes what was saved beside a document with these messages, in rising order.
///
/// # Errors
/// When the bytes are not those of `encode` for as many messages.
pub(super) fn decode(
    messages: impl IntoIterator<Item = MessageId>,
    mut bytes: &[u8],
) -> Result<(u64, Admissions), DecodeAdmissionsError> {
    let change_bytes = read_varint(&mut bytes)?;
    Ok((change_bytes, Admission::decode_all(messages, bytes)?))
}
