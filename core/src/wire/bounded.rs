//! Vectors in frames, bounded while they are decoded: one byte of a frame may announce a large item, so what a
//! stranger sends is counted before it is stored. The bounds are `limits::frame_items`.

use minicbor::{Decode, Decoder, data::Type, decode::Error};

/// Decodes an array of at most `MAX` items: for `#[cbor(decode_with)]`.
///
/// # Errors
/// When there are more items, or one does not decode.
pub fn decode<'b, const MAX: usize, Ctx, T: Decode<'b, Ctx>>(
    decoder: &mut Decoder<'b>,
    context: &mut Ctx,
) -> Result<Vec<T>, Error> {
    let announced = decoder.array()?;
    let mut items = Vec::new();
    loop {
        let is_over = match announced {
            Some(count) => items.len() as u64 == count,
            None => decoder.datatype()? == Type::Break,
        };
        if is_over {
            break;
        }
        if items.len() == MAX || announced.is_some_and(|count| count > MAX as u64) {
            return Err(Error::message("more items than a frame may hold"));
        }
        items.push(T::decode(decoder, context)?);
    }
    if announced.is_none() {
        decoder.skip()?;
    }
    Ok(items)
}

/// Decodes an optional array of at most `MAX` items.
///
/// # Errors
/// As `decode`.
pub fn decode_optional<'b, const MAX: usize, Ctx, T: Decode<'b, Ctx>>(
    decoder: &mut Decoder<'b>,
    context: &mut Ctx,
) -> Result<Option<Vec<T>>, Error> {
    if decoder.datatype()? == Type::Null {
        decoder.skip()?;
        return Ok(None);
    }
    decode::<MAX, Ctx, T>(decoder, context).map(Some)
}
