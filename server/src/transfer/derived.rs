//! Ids made from what a source calls things, so that the same thing has the same id whenever it is imported.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};
use tidings_core::{
    ids::{AccountId, ConversationId, MessageId, Stamp},
    time::WallTime,
};

fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("a", "bc") from ("ab", "c"): a source may use any character.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// The conversation that a source calls so.
pub(super) fn conversation(source: &str, id: &str) -> ConversationId {
    let hash = hash(&["tidings import conversation 1", source, id]);
    let id = |first: u8| {
        let mut bytes: [u8; 16] = std::array::from_fn(|index| hash[index]);
        bytes[0] ^= first;
        ConversationId::from_bytes(bytes)
    };
    // Nothing is created under an id that looks like that of a direct.
    if id(0).is_derived() { id(1) } else { id(0) }
}

/// The stamp of a message that was written then, and that its source tells from others by these parts.
pub(super) fn stamp(at: WallTime, parts: &[&str]) -> Stamp {
    let hash = hash(&[&["tidings import message 1"], parts].concat());
    Stamp::new(at, 0, std::array::from_fn(|index| hash[index]))
}

/// The stamp of a further part of a message that is too long for one.
pub(super) fn part(message: &MessageId, index: usize) -> Stamp {
    stamp(message.created_at(), &["part", &message.to_string(), &index.to_string()])
}

/// The account of a sender to whom none was given. It can be read, and is another one for another sender.
pub(super) fn account(source: &str, sender: &str) -> AccountId {
    let readable = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if sender.len() <= 64
        && sender.chars().all(readable)
        && let Ok(account) = AccountId::parse(&format!("{source}.{sender}"))
    {
        return account;
    }
    let word: String = sender.to_lowercase().chars().filter(|character| readable(*character)).take(40).collect();
    let mark = BASE32_NOPAD.encode(&hash(&["tidings import account 1", source, sender])[..5]).to_lowercase();
    let text = format!("{source}.{word}~{mark}");
    AccountId::parse(&text).unwrap_or_else(|_| AccountId::parse(&format!("{source}~{mark}")).expect("plain letters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_can_be_read_and_differ() {
        assert_eq!(account("slack", "U024BE7LH").as_str(), "slack.U024BE7LH");
        let [anna, other] = ["Anna Müller", "Anna Möller"].map(|name| account("whatsapp", name));
        assert!(anna.as_str().starts_with("whatsapp.annamller~") && anna != other, "{anna} {other}");
        assert!(account("whatsapp", "+49 170 123").as_str().starts_with("whatsapp.49170123~"));
        assert!(account("whatsapp", "漢字").as_str().starts_with("whatsapp.~"));
    }

    #[test]
    fn ids_follow_from_the_parts_alone() {
        assert_eq!(conversation("slack", "C1"), conversation("slack", "C1"));
        assert_ne!(conversation("slack", "C1"), conversation("zulip", "C1"));
        let at = WallTime::from_millis(1_700_000_000_000);
        assert_eq!(stamp(at, &["a", "bc"]).wall(), at);
        assert_ne!(stamp(at, &["a", "bc"]), stamp(at, &["ab", "c"]));
    }
}
