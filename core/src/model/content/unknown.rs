//! A kind of content that this version does not know.

use minicbor::{Decode, Decoder, Encoder, decode, encode};
use serde::Serialize;

/// Content of a kind that this version does not know, as it was written.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unknown {
    /// The name of the kind.
    #[serde(rename = "name")]
    pub kind: String,
    /// The content in words, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The map of its fields, as CBOR.
    #[serde(skip)]
    fields: Vec<u8>,
}

/// The field that all kinds share.
#[derive(Decode)]
#[cbor(map)]
struct Words {
    #[n(0)]
    text: Option<String>,
}

impl Unknown {
    /// The content in words, if it has any.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn encode_fields<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.writer_mut().write_all(&self.fields).map_err(encode::Error::write)
    }

    pub(super) fn decode_fields(kind: &str, decoder: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        let from = decoder.position();
        decoder.map()?;
        decoder.set_position(from);
        decoder.skip()?;
        let fields = &decoder.input()[from..decoder.position()];
        // A newer kind may have something else under key 0.
        let text = minicbor::decode::<Words>(fields).ok().and_then(|words| words.text);
        Ok(Self { kind: kind.to_owned(), text, fields: fields.to_vec() })
    }
}
