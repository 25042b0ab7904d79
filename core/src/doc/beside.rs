//! What is saved beside a document, since the library does not know it: the sum
//! of the bytes of its changes, by which pages close, when the last one was admitted, the
//! shares of those who wrote them, and the admissions of its messages. To count the bytes anew, each change
//! would have to be made again.

use crate::{
    doc::Shares,
    ids::MessageId,
    journal::{Admission, Admissions, DecodeAdmissionsError, read_varint, write_varint},
    time::WallTime,
};

/// Encodes what is saved beside a document.
pub(super) fn encode(change_bytes: u64, updated_at: WallTime, shares: &Shares, admissions: &Admissions) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_varint(&mut bytes, change_bytes);
    write_varint(&mut bytes, updated_at.as_millis());
    shares.encode(&mut bytes);
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
) -> Result<(u64, WallTime, Shares, Admissions), DecodeAdmissionsError> {
    let change_bytes = read_varint(&mut bytes)?;
    let updated_at = WallTime::from_millis(read_varint(&mut bytes)?);
    let shares = Shares::decode(&mut bytes)?;
    Ok((change_bytes, updated_at, shares, Admission::decode_all(messages, bytes)?))
}
