//! What somebody said, of which nothing may be lost, and nothing be said twice.

use tidings_core::{
    ids::{AccountId, MessageId},
    model::content::{Content, Custom, Location},
    wire::encode,
};

use super::actions::WORDS;

/// Words on their way to be safe, or safe.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) account: AccountId,
    /// Whether they may be lost, or said twice: the device was copied, restored,
    /// or went down before it told that they are safe.
    pub(super) doubtful: bool,
    /// The message that they are the words of.
    pub(super) message: Option<MessageId>,
}

/// Where words stand among all that is said in a run.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(WORDS)?;
    let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Words as content of some kind: of ten messages one is a place, and one an application's own.
/// Nothing is drawn for it.
pub(super) fn said(words: String) -> Content {
    match number(&words).map(|number| number % 10) {
        Some(3) => place(words),
        Some(7) => dice(words),
        _ => words.into(),
    }
}

/// Other words for a message, as content of its kind.
pub(super) fn edited(former: Option<&Content>, words: String) -> Content {
    match former {
        Some(Content::Location(_)) => place(words),
        Some(Content::Custom(_)) => dice(words),
        Some(Content::Text(_) | Content::Unknown(_)) | None => words.into(),
    }
}

fn place(words: String) -> Content {
    Location { name: Some(words), latitude: 521_234_567, longitude: -43_210_987 }.into()
}

fn dice(words: String) -> Content {
    Custom { text: Some(words), of: "demo.dice".into(), payload: r#"{"pips":4}"#.into() }.into()
}

/// All that content says, of which its Debug tells little.
pub(super) fn printed(content: Option<&Content>) -> String {
    content.map(|content| String::from_utf8_lossy(&encode(content)).into_owned()).unwrap_or_default()
}
