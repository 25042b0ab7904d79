//! The content of messages, one kind per file. The authority decides what a kind may contain
//! (`authority/content.rs`), and the app how it is shown.
//!
//! Content is encoded as an array of its kind's name and a map of its fields. Key 0 of that map, if it is a
//! text, expresses the content in words for every kind, so that a version that does not know the kind still has
//! something to show.

mod custom;
mod location;
mod proposal;
mod proposal_response;
mod text;
mod unknown;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use self::{
    custom::Custom,
    location::Location,
    proposal::{MeetingKind, Proposal, ProposalAnswer, ProposalKind, ProposalStatus},
    proposal_response::{ProposalResponse, ResponseKind, Slot},
    text::Text,
    unknown::Unknown,
};
use crate::{ids::MessageId, time::WallTime};

/// The fields of all kinds in JSON. They are read at once, because the kind's name may come after its fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    kind: String,
    text: Option<String>,
    name: Option<String>,
    #[serde(default, deserialize_with = "location::read_degrees")]
    latitude: Option<i32>,
    #[serde(default, deserialize_with = "location::read_degrees")]
    longitude: Option<i32>,
    #[serde(rename = "type")]
    of: Option<String>,
    payload: Option<String>,
    proposal_type: Option<ProposalKind>,
    time_start: Option<WallTime>,
    time_end: Option<WallTime>,
    timezone: Option<String>,
    meeting_type: Option<MeetingKind>,
    location: Option<String>,
    from_resource_address: Option<bool>,
    expires_at: Option<WallTime>,
    proposal: Option<MessageId>,
    response: Option<ResponseKind>,
    comment: Option<String>,
    suggested_slots: Option<Vec<Slot>>,
}

/// Characters of a message that the conversation list shows.
const PREVIEW_CHARACTERS: usize = 100;

/// The table of kinds. Those with many fields are boxed, because most messages are texts.
macro_rules! contents {
    ($($(#[$meta:meta])* $kind:ident($fields:ty) = $name:literal,)+) => {
        /// The content of a message.
        #[derive(Clone, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "ts", derive(tsify::Tsify))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Content {
            $($(#[$meta])* $kind($fields),)+
            /// A kind that this version does not know.
            Unknown(Unknown),
        }

        impl Content {
            /// The stable name of its kind.
            pub fn kind(&self) -> &str {
                match self {
                    $(Content::$kind(_) => $name,)+
                    Content::Unknown(content) => &content.kind,
                }
            }

            /// The content in words: its text, a caption, or a substitute if the kind is unknown.
            pub fn text(&self) -> Option<&str> {
                match self {
                    $(Content::$kind(content) => content.text(),)+
                    Content::Unknown(content) => content.text(),
                }
            }

            /// Returns true if it requires `message:send_media`.
            pub fn is_media(&self) -> bool {
                match self {
                    $(Content::$kind(_) => $kind::IS_MEDIA,)+
                    Content::Unknown(_) => true,
                }
            }

            /// The excerpt that a list shows: its words cut to one short line, and nothing large. An unknown
            /// kind is kept whole: a version that knows it may read the stored row later, and needs its fields.
            #[must_use]
            pub fn preview(&self) -> Content {
                match self {
                    $(Content::$kind(content) => content.preview().into(),)+
                    Content::Unknown(_) => self.clone(),
                }
            }
        }

        impl<C> Encode<C> for Content {
            fn encode<W: encode::Write>(
                &self,
                encoder: &mut Encoder<W>,
                context: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                encoder.array(2)?.str(self.kind())?;
                match self {
                    $(Content::$kind(content) => content.encode(encoder, context),)+
                    Content::Unknown(content) => content.encode_fields(encoder),
                }
            }
        }

        impl<'b, C> Decode<'b, C> for Content {
            fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
                if decoder.array()? != Some(2) {
                    return Err(decode::Error::message("content is a kind and its fields"));
                }
                match decoder.str()? {
                    $($name => <$fields>::decode(decoder, context).map(Content::$kind),)+
                    kind => Unknown::decode_fields(kind, decoder).map(Content::Unknown),
                }
            }
        }

        impl<'de> Deserialize<'de> for Content {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let fields = Fields::deserialize(deserializer)?;
                let content = match fields.kind.as_str() {
                    $($name => $kind::read(fields).map(Content::from),)+
                    _ => None,
                };
                content.ok_or_else(|| D::Error::custom("content is of a known kind, with the fields of it"))
            }
        }

        $(impl From<$kind> for Content {
            fn from(content: $kind) -> Self {
                Content::$kind(content.into())
            }
        })+
    };
}

contents! {
    /// Text in a subset of Markdown.
    Text(Text) = "text",
    /// A place on Earth.
    Location(Location) = "location",
    /// Application-defined content.
    Custom(Custom) = "custom",
    /// A visit or a booking that the owner of a resource proposes to the client.
    Proposal(Box<Proposal>) = "proposal",
    /// The client's response to a proposal.
    ProposalResponse(Box<ProposalResponse>) = "proposal_response",
}

impl<T: Into<String>> From<T> for Content {
    fn from(text: T) -> Self {
        Content::Text(Text { text: text.into() })
    }
}

impl core::fmt::Debug for Content {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{}, {} bytes of words", self.kind(), self.text().map_or(0, str::len))
    }
}

/// The first characters of a text, on one line.
fn cut(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(PREVIEW_CHARACTERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{AccountId, Stamp},
        model::Party,
        wire::{decode, encode},
    };

    fn every_kind() -> Vec<Content> {
        vec![
            "first\nsecond".into(),
            Location { name: Some("The pier".into()), latitude: 521_234_567, longitude: -1_799_999_999 }.into(),
            Custom { text: Some("rolled a 4".into()), of: "demo.dice".into(), payload: r#"{"pips":4}"#.into() }.into(),
            visit().into(),
            ProposalResponse {
                comment: Some("Can we move it to tomorrow?".into()),
                proposal: MessageId { stamp: Stamp::from_bytes([7; 16]), author: AccountId::parse("olga").unwrap() },
                page: 2,
                response: ResponseKind::RequestChange,
                suggested_slots: vec![Slot {
                    start_date_time: WallTime::from_millis(3),
                    end_date_time: WallTime::from_millis(4),
                    timezone: "America/Mexico_City".into(),
                }],
            }
            .into(),
        ]
    }

    fn visit() -> Proposal {
        Proposal {
            text: Some("A visit at four".into()),
            proposal_type: ProposalKind::Visit,
            time_start: WallTime::from_millis(1_776_268_800_000),
            time_end: WallTime::from_millis(1_776_270_600_000),
            timezone: "America/Mexico_City".into(),
            meeting_type: Some(MeetingKind::OnSite),
            location: Some("Long Street 1".into()),
            from_resource_address: true,
            expires_at: Some(WallTime::from_millis(1_776_124_800_000)),
            created_by_role: Some(Party::Owner),
        }
    }

    #[test]
    fn a100_what_became_of_a_proposal_follows_from_its_answer_and_its_end() {
        let (visit, [before, end]) = (visit(), [1_776_124_799_999, 1_776_124_800_000].map(WallTime::from_millis));
        let response = MessageId { stamp: Stamp::from_bytes([8; 16]), author: AccountId::parse("cleo").unwrap() };
        let answer = |status| ProposalAnswer { status, response: response.clone() };
        for (answered, now, expected) in [
            (None, before, ProposalStatus::Pending),
            (None, end, ProposalStatus::Expired),
            (Some(ProposalStatus::RescheduleRequested), before, ProposalStatus::RescheduleRequested),
            (Some(ProposalStatus::RescheduleRequested), end, ProposalStatus::Expired),
            (Some(ProposalStatus::Accepted), end, ProposalStatus::Accepted),
            (Some(ProposalStatus::Rejected), end, ProposalStatus::Rejected),
        ] {
            assert_eq!(visit.status(answered.map(answer).as_ref(), now), expected, "{answered:?} at {now:?}");
        }
        let endless = Proposal { expires_at: None, ..visit };
        assert_eq!(endless.status(None, WallTime::from_millis(u64::MAX)), ProposalStatus::Pending);
    }

    #[test]
    fn d25_content_is_read_as_it_was_written() {
        for content in every_kind() {
            assert_eq!(decode::<Content>(&encode(&content)).unwrap(), content);
        }
        assert_eq!(encode(&Content::from("hi")), b"\x82\x64text\xa1\x00\x62hi");
        let short = [0x81, 0x64, b't', b'e', b'x', b't'];
        assert!(decode::<Content>(&short).is_err(), "a kind without its fields");
    }

    #[test]
    fn d26_an_unknown_kind_is_kept_to_the_byte_and_tells_its_words() {
        // ["hologram", {0: "a whale", 7: [1, 2, 3]}] and the same without words.
        let with_words = b"\x82\x68hologram\xa2\x00\x67a whale\x07\x83\x01\x02\x03";
        let without = b"\x82\x68hologram\xa1\x07\x83\x01\x02\x03";
        for (bytes, text) in [(&with_words[..], Some("a whale")), (&without[..], None)] {
            let content: Content = decode(bytes).unwrap();
            assert_eq!((content.kind(), content.text()), ("hologram", text));
            assert_eq!(encode(&content), bytes);
            assert_eq!(content.preview().text(), text);
            assert_eq!(encode(&content.preview()), bytes, "whoever knows the kind reads it");
        }
        for bytes in [&b"\x82\x68hologram\x07"[..], b"\x82\x68hologram\xa1\x00", b"\x82\x68hologram"] {
            assert!(decode::<Content>(bytes).is_err(), "no map of fields");
        }
    }

    #[test]
    fn a_preview_is_one_short_line_of_the_same_kind() {
        let long = "word\n".repeat(1_000);
        for mut content in every_kind() {
            match &mut content {
                Content::Text(Text { text }) => text.clone_from(&long),
                Content::Location(Location { name: text, .. }) | Content::Custom(Custom { text, .. }) => {
                    *text = Some(long.clone());
                }
                Content::Proposal(proposal) => proposal.text = Some(long.clone()),
                Content::ProposalResponse(response) => response.comment = Some(long.clone()),
                Content::Unknown(_) => unreachable!("every kind is known"),
            }
            let preview = content.preview();
            assert_eq!(preview.kind(), content.kind());
            let text = preview.text().unwrap();
            assert_eq!(text.chars().count(), PREVIEW_CHARACTERS);
            assert!(!text.contains('\n'));
            assert!(encode(&preview).len() < 200, "{}", preview.kind());
        }
    }

    #[test]
    fn what_is_printed_of_content_tells_no_words() {
        for content in every_kind() {
            let printed = format!("{content:?}");
            assert!(!printed.contains(content.text().unwrap()), "{printed}");
        }
    }
}
