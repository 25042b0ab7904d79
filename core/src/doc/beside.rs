//! Data saved beside a document because the library does not have it: the total bytes of its changes, by which
//! pages close, the time of the last admission, its writers' shares, and the admissions of its messages.
//! Recounting the bytes would require encoding every change again.

use crate::{
    doc::Shares,
    ids::MessageId,
    journal::{Admission, Admissions, DecodeAdmissionsError, read_varint, write_varint},
    time::WallTime,
};

/// Encodes the data beside a document.
pub(super) fn encode(change_bytes: u64, updated_at: WallTime, shares: &Shares, admissions: &Admissions) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_varint(&mut bytes, change_bytes);
    write_varint(&mut bytes, updated_at.as_millis());
    shares.encode(&mut bytes);
    bytes.extend(Admission::encode_all(admissions));
    bytes
}

/// Decodes the data beside a document with these messages, in rising order.
///
/// # Errors
/// When the bytes are not those of `encode` for that many messages.
pub(super) fn decode(
    messages: impl IntoIterator<Item = MessageId>,
    mut bytes: &[u8],
) -> Result<(u64, WallTime, Shares, Admissions), DecodeAdmissionsError> {
    let change_bytes = read_varint(&mut bytes)?;
    let updated_at = WallTime::from_millis(read_varint(&mut bytes)?);
    let shares = Shares::decode(&mut bytes)?;
    Ok((change_bytes, updated_at, shares, Admission::decode_all(messages, bytes)?))
}
