//! Texts that people said: none may be lost, and none may be said twice.

use core::time::Duration;

use tidings_core::{
    command::{Command, SetInfo, SetMemberText},
    ids::{AccountId, ConversationId, MessageId},
    model::{
        Content, InfoField,
        content::{Custom, Location, MeetingKind, Proposal, ProposalKind, ProposalResponse, ResponseKind},
    },
    time::WallTime,
    wire::encode,
};

use super::actions::WORDS;

/// A text on its way to being safe, or safe.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) account: AccountId,
    /// True if it may be lost or said twice: the device was copied, restored, or went down before it reported
    /// the text safe.
    pub(super) doubtful: bool,
    /// The message with this text.
    pub(super) message: Option<MessageId>,
}

/// A command of a device that was not answered yet.
pub(super) struct Asked {
    /// What it says.
    pub(super) words: Option<String>,
    /// Whether that is the title of a new conversation.
    pub(super) is_title: bool,
}

/// The number of a text among all texts of a run.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(WORDS)?;
    let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// What an account's statement with a text is said of; none of other commands.
pub(super) fn subject(account: &AccountId, command: &Command) -> Option<String> {
    match command {
        Command::SetInfo(SetInfo { conversation, field, .. }) => Some(of_conversation(*field, *conversation)),
        Command::SetMemberText(SetMemberText { conversation, field, .. }) => {
            Some(format!("{field:?} of {account} in {conversation}"))
        }
        _ => None,
    }
}

/// What a text of a conversation is said of.
pub(super) fn of_conversation(field: InfoField, conversation: ConversationId) -> String {
    format!("{field:?} of {conversation}")
}

/// A text as content of some kind: of ten messages one is a place, and one is application-defined. No
/// randomness is drawn for it.
pub(super) fn said(words: String) -> Content {
    match number(&words).map(|number| number % 10) {
        Some(3) => place(words),
        Some(7) => dice(words),
        _ => words.into(),
    }
}

/// A new text for a message, as content of the same kind.
pub(super) fn edited(former: Option<&Content>, words: String) -> Content {
    match former {
        Some(Content::Location(_)) => place(words),
        Some(Content::Custom(_)) => dice(words),
        // Proposals and responses cannot be edited.
        Some(Content::Text(_) | Content::Proposal(_) | Content::ProposalResponse(_) | Content::Unknown(_)) | None => {
            words.into()
        }
    }
}

/// A visit, open to responses for a while only, or at any time.
pub(super) fn visit(words: String, now: WallTime, answered_within: Option<Duration>) -> Content {
    let later = |seconds| now.plus(Duration::from_secs(seconds));
    Proposal {
        text: Some(words),
        proposal_type: ProposalKind::Visit,
        time_start: later(3_600),
        time_end: later(7_200),
        timezone: "America/Mexico_City".into(),
        meeting_type: Some(MeetingKind::VideoCall),
        location: None,
        from_resource_address: false,
        expires_at: answered_within.map(|within| now.plus(within)),
        created_by_role: None,
    }
    .into()
}

pub(super) fn response(words: String, proposal: &MessageId, response: ResponseKind) -> Content {
    let proposal = proposal.clone();
    ProposalResponse { comment: Some(words), proposal, page: 0, response, suggested_slots: Vec::new() }.into()
}

fn place(words: String) -> Content {
    Location { name: Some(words), latitude: 521_234_567, longitude: -43_210_987 }.into()
}

fn dice(words: String) -> Content {
    Custom { text: Some(words), of: "demo.dice".into(), payload: r#"{"pips":4}"#.into() }.into()
}

/// The whole content as text, of which Debug shows little.
pub(super) fn printed(content: Option<&Content>) -> String {
    content.map(|content| String::from_utf8_lossy(&encode(content)).into_owned()).unwrap_or_default()
}
