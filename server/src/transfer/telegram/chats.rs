//! The chats of an export as a stream: one message in memory at a time.

use std::{fmt, io::Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::transfer::error::TransferError;

/// A chat.
#[derive(Debug, Clone, Default)]
pub(super) struct Chat {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) name: Option<String>,
}

/// What is called with each message.
pub(super) trait Visit {
    fn message(&mut self, chat: &Chat, message: &Value) -> Result<(), TransferError>;

    /// The chat has no more messages.
    fn end(&mut self, chat: &Chat) -> Result<(), TransferError>;
}

/// Calls with each message of each chat.
pub(super) fn walk(file: &str, read: impl Read, visit: &mut dyn Visit) -> Result<(), TransferError> {
    let mut failed = None;
    let mut json = serde_json::Deserializer::from_reader(read);
    let walked = json.deserialize_map(Level { visit, failed: &mut failed });
    match (failed, walked) {
        (Some(error), _) => Err(error),
        (None, walked) => walked.map_err(|error| TransferError::format(file, error)),
    }
}

/// An object: a chat, or what holds chats.
struct Level<'a> {
    visit: &'a mut dyn Visit,
    /// Why a visit ended the walk: serde takes a text only.
    failed: &'a mut Option<TransferError>,
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an export of Telegram Desktop")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut chat = Chat::default();
        let mut has_id = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "chats" | "left_chats" => {
                    map.next_value_seed(Level { visit: self.visit, failed: self.failed })?;
                }
                "list" => map.next_value_seed(List { visit: self.visit, failed: self.failed })?,
                "id" => {
                    let id: Value = map.next_value()?;
                    (chat.id, has_id) = (id.as_i64().unwrap_or_default(), id.is_i64());
                }
                "type" => chat.kind = map.next_value::<Value>()?.as_str().unwrap_or_default().to_owned(),
                "name" => chat.name = map.next_value::<Value>()?.as_str().map(str::to_owned),
                "messages" if !has_id => return Err(A::Error::custom("messages of a chat without an id")),
                "messages" => {
                    let (visit, failed) = (&mut *self.visit, &mut *self.failed);
                    map.next_value_seed(Messages { chat: &chat, visit, failed })?;
                    let ended = self.visit.end(&chat);
                    if let Err(error) = ended {
                        *self.failed = Some(error);
                        return Err(A::Error::custom("ended"));
                    }
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct List<'a> {
    visit: &'a mut dyn Visit,
    failed: &'a mut Option<TransferError>,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of chats")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Level { visit: &mut *self.visit, failed: &mut *self.failed })?.is_some() {}
        Ok(())
    }
}

struct Messages<'a> {
    chat: &'a Chat,
    visit: &'a mut dyn Visit,
    failed: &'a mut Option<TransferError>,
}

impl<'de> DeserializeSeed<'de> for Messages<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(message) = list.next_element::<Value>()? {
            if let Err(error) = self.visit.message(self.chat, &message) {
                *self.failed = Some(error);
                return Err(A::Error::custom("ended"));
            }
        }
        Ok(())
    }
}
