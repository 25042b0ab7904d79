//! External ids: the names that an operator's own systems have for accounts and conversations. They are the
//! operator's, so no document and no journal holds them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use tidings_core::{api::refuse, code::Code};
use utoipa::ToSchema;

/// Characters of an external id at most.
const CHARACTERS_MAX: usize = 128;

/// A name that the operator's own systems have for something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(value_type = String)]
pub struct ExternalId(String);

/// A text that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an external id has 1 to {CHARACTERS_MAX} characters, none of them a control character, and no space at its ends"
)]
pub struct ExternalIdError;

impl ExternalId {
    /// Parses one: characters of any script, compared as they are.
    ///
    /// # Errors
    /// `ExternalIdError` for an empty or too long text, and for one that cannot be told from another by looking
    /// at it.
    pub fn parse(text: &str) -> Result<Self, ExternalIdError> {
        let is_legal = (1..=CHARACTERS_MAX).contains(&text.chars().count())
            && text.trim() == text
            && !text.chars().any(char::is_control);
        if is_legal { Ok(Self(text.to_owned())) } else { Err(ExternalIdError) }
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ExternalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| refuse(Code::IdInvalid, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t15_an_external_id_is_any_text_of_its_length_that_can_be_seen() {
        for text in ["7", "crm-77", "Käse 12/3", "\"'\\", "番号", &"x".repeat(128), &"ж".repeat(128)] {
            assert_eq!(ExternalId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        }
        for text in ["", " ", " a", "a ", "a\n", "a\0b", "\u{85}", &"x".repeat(129)] {
            assert_eq!(ExternalId::parse(text), Err(ExternalIdError), "{text:?}");
        }
    }
}
