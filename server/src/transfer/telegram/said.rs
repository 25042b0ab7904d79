//! What a message of Telegram says: its words, a place, or words for what else it was.

use serde_json::Value;
use tidings_core::model::{
    Content,
    content::{Location, Text},
};

/// What a message says.
pub(super) struct Said {
    pub(super) content: Content,
    /// The ids of those it mentions.
    pub(super) mentions: Vec<u64>,
    pub(super) unplaced: Vec<(&'static str, u64)>,
}

/// Says what a message says.
pub(super) fn said(message: &Value) -> Said {
    let mut unplaced = Vec::new();
    let (words, mentions) = words(&message["text"]);
    if message["forwarded_from"].is_string() {
        unplaced.push(("marks that a message was forwarded", 1));
    }
    if let Some(location) = location(message).filter(|_| words.is_empty()) {
        return Said { content: location.into(), mentions, unplaced };
    }
    let mut lines = Vec::new();
    let poll = &message["poll"];
    if poll.is_object() {
        unplaced.push(("polls, of which the words are kept", 1));
        lines.push(format!("📊 {}", plain(&poll["question"])));
        let answers = poll["answers"].as_array().into_iter().flatten();
        lines.extend(answers.map(|answer| format!("– {}", plain(&answer["text"]))));
    }
    let contact = &message["contact_information"];
    if contact.is_object() {
        unplaced.push(("contacts, of which the words are kept", 1));
        let fields = ["first_name", "last_name", "phone_number"].map(|field| plain(&contact[field]));
        lines.push(format!("👤 {}", fields.join(" ").trim()));
    }
    if let Some(name) = file(message) {
        unplaced.push(("files, of which the names are kept", 1));
        lines.push(format!("📎 {name}").trim_end().to_owned());
    }
    lines.extend(Some(words).filter(|words| !words.is_empty()));
    Said { content: Content::Text(Text { text: lines.join("\n") }), mentions, unplaced }
}

fn plain(value: &Value) -> String {
    words(value).0
}

/// The words of a text, which is one or in pieces.
fn words(text: &Value) -> (String, Vec<u64>) {
    let (mut words, mut mentions) = (String::new(), Vec::new());
    match text {
        Value::String(text) => words.push_str(text),
        Value::Array(pieces) => {
            for piece in pieces {
                match piece {
                    Value::String(text) => words.push_str(text),
                    piece => {
                        words.push_str(piece["text"].as_str().unwrap_or_default());
                        let link = piece["href"].as_str().filter(|link| !link.is_empty());
                        words.extend(link.map(|link| format!(" ({link})")));
                        mentions.extend(piece["user_id"].as_u64());
                    }
                }
            }
        }
        _ => {}
    }
    (words, mentions)
}

/// The name of the file of a message, or what kind of file it is; none if it has none.
fn file(message: &Value) -> Option<&str> {
    let named = message["file_name"].as_str();
    let path = ["file", "photo"].into_iter().find_map(|field| message[field].as_str());
    let kind = message["media_type"].as_str();
    // Instead of a path there may be words that it was left out.
    let name = path.filter(|path| !path.starts_with('(')).and_then(|path| path.rsplit('/').next());
    named.or(name).or(kind).or(path.map(|_| ""))
}

fn location(message: &Value) -> Option<Location> {
    let place = &message["location_information"];
    let units = |field: &str| {
        let units = (place[field].as_f64()? * f64::from(Location::UNITS_PER_DEGREE)).round();
        (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&units).then_some(units as i32)
    };
    Some(Location { name: None, latitude: units("latitude")?, longitude: units("longitude")? })
}
