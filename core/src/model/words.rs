//! The words by which a conversation is found: those of its title and name, in lower case, and its whole name
//! after an `@`, which no word contains.

use crate::{
    code::Code,
    model::{Conversation, ConversationKind, ConversationState, InfoField, Listing, Scope},
    sorted::SortedSet,
};

/// Maximum characters of a search; longer ones are refused with `text_too_long`.
pub const SEARCH_CHARACTERS_MAX: usize = 200;

/// Maximum words of a search; more are refused with `text_too_long`.
pub const SEARCH_WORDS_MAX: usize = 8;

/// Significant characters of a word; the rest of a longer one is ignored.
const WORD_CHARACTERS_MAX: usize = 64;

/// The mark before a name among words.
const NAME_MARK: char = '@';

/// The words of a text: runs of letters and digits, in lower case.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).take(WORD_CHARACTERS_MAX).collect())
}

/// The terms of a directory search: each is a prefix of a word, or of a name.
///
/// # Errors
/// `text_empty` without a word, `text_too_long` for too many words or characters, `value_invalid` for
/// characters that no name has.
pub fn search(text: &str) -> Result<SortedSet<String>, Code> {
    if text.chars().nth(SEARCH_CHARACTERS_MAX).is_some() {
        return Err(Code::TextTooLong);
    }
    let mut prefixes = SortedSet::new();
    for part in text.split_whitespace() {
        match part.strip_prefix(NAME_MARK) {
            Some(name) if name.chars().all(is_of_name) => {
                prefixes.insert(format!("{NAME_MARK}{}", name.to_ascii_lowercase()));
            }
            Some(_) => return Err(Code::ValueInvalid),
            None => prefixes.extend(words(part)),
        }
    }
    match prefixes.len() {
        0 => Err(Code::TextEmpty),
        count if count > SEARCH_WORDS_MAX => Err(Code::TextTooLong),
        _ => Ok(prefixes),
    }
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

/// Returns true if for each word of a search the text has a word with that prefix. An empty search
/// matches everything.
pub fn is_found(text: &str, search: &str) -> bool {
    let held: Vec<String> = words(text).collect();
    words(search).all(|wanted| held.iter().any(|word| word.starts_with(&wanted)))
}

impl Conversation {
    /// Its public part; none unless it is public and active.
    pub fn listing(&self) -> Option<Listing> {
        let closed = [ConversationKind::Direct, ConversationKind::Thread, ConversationKind::Resource];
        let has_doors = !closed.contains(&self.kind()?);
        let is_listed = self.scope() == Scope::Public && self.state() == ConversationState::Active && has_doors;
        let text = |field| self.text(field).map(str::to_owned);
        is_listed.then(|| Listing {
            name: text(InfoField::Name),
            description: text(InfoField::Description),
            avatar_url: text(InfoField::AvatarUrl),
            join: self.policies.join,
            join_approval: self.policies.join_approval,
        })
    }

    /// The words under which the directory lists it; none unless it is listed.
    pub fn directory_words(&self) -> SortedSet<String> {
        let Some(Listing { name, .. }) = self.listing() else { return SortedSet::new() };
        let title = self.text(InfoField::Title).unwrap_or_default();
        let name = name.unwrap_or_default();
        let whole = (!name.is_empty()).then(|| format!("{NAME_MARK}{name}"));
        words(title).chain(words(&name)).chain(whole).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Created;

    fn prefixes(text: &str) -> Result<Vec<String>, Code> {
        search(text).map(|prefixes| prefixes.into_iter().collect())
    }

    #[test]
    fn words_are_letters_and_digits_in_lower_case() {
        let split = |text| words(text).collect::<Vec<_>>();
        assert_eq!(
            split("The Green-House, №2: ÄPFEL & Straße 東京"),
            ["the", "green", "house", "2", "äpfel", "straße", "東京"]
        );
        assert_eq!(split(" -- \0 🌊 "), [""; 0]);
        assert_eq!(split(&"İ".repeat(100))[0].chars().count(), WORD_CHARACTERS_MAX);
    }

    #[test]
    fn a_search_is_of_words_and_names_within_bounds() {
        assert_eq!(prefixes(" Green HO ").unwrap(), ["green", "ho"]);
        assert_eq!(prefixes("@Boats-2 @ sail").unwrap(), ["@", "@boats-2", "sail"]);
        assert_eq!(prefixes("green-house").unwrap(), ["green", "house"]);
        for (text, code) in [("", Code::TextEmpty), (" .. ", Code::TextEmpty), ("@a/b", Code::ValueInvalid)] {
            assert_eq!(prefixes(text), Err(code), "{text:?}");
        }
        assert_eq!(prefixes(&"a".repeat(201)), Err(Code::TextTooLong));
        assert_eq!(prefixes("a b c d e f g h i"), Err(Code::TextTooLong));
    }

    #[test]
    fn a_text_is_found_by_how_its_words_begin() {
        assert!(is_found("Green Garden Club", "gar GREEN"));
        assert!(is_found("Anything", "  "));
        assert!(!is_found("Green Garden Club", "arden"));
    }

    #[test]
    fn l4_only_what_is_public_and_goes_on_is_in_the_directory() {
        let owner = crate::ids::AccountId::parse("ann").unwrap();
        let at = crate::time::WallTime::from_millis(1);
        let mut conversation = Conversation {
            created: Some(Created::new(ConversationKind::Channel, owner, at)),
            scope: Some(Scope::Public),
            ..Conversation::default()
        };
        conversation.info.insert(InfoField::Title, "Old Boats".to_owned());
        conversation.info.insert(InfoField::Name, "boats-2".to_owned());
        let found = |conversation: &Conversation| conversation.directory_words().into_iter().collect::<Vec<_>>();
        assert_eq!(found(&conversation), ["2", "@boats-2", "boats", "old"]);
        for state in [ConversationState::Archived, ConversationState::Closed, ConversationState::Deleted] {
            assert_eq!(found(&Conversation { state: Some(state), ..conversation.clone() }), [""; 0]);
        }
        for scope in [Scope::Private, Scope::Organization] {
            assert_eq!(found(&Conversation { scope: Some(scope), ..conversation.clone() }), [""; 0]);
        }
        assert_eq!(found(&Conversation::default()), [""; 0]);
    }
}
