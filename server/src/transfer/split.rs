//! Texts that are longer than a message may be, as several: cut behind a line, else behind a word, else behind a
//! character. Nothing is lost but what shows nothing.

use tidings_core::model::shows;

/// The text in parts of at most so many characters. A text that fits is one part.
pub(super) fn split(text: &str, characters_max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((beyond, _)) = rest.char_indices().nth(characters_max.max(1)) {
        let window = &rest[..beyond];
        let cut = behind_last(window, |character| character == '\n')
            .or_else(|| behind_last(window, char::is_whitespace))
            .unwrap_or(beyond);
        let (part, more) = rest.split_at(cut);
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    parts.retain(|part| shows(part));
    parts
}

/// The place behind the last such character in the second half of a text: parts must not become short.
fn behind_last(text: &str, is_it: impl Fn(char) -> bool) -> Option<usize> {
    let found = text.char_indices().rev().find(|(_, character)| is_it(*character));
    found.map(|(index, character)| index + character.len_utf8()).filter(|cut| *cut * 2 >= text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_behind_a_line_a_word_or_a_character() {
        assert_eq!(split("short", 10), ["short"]);
        assert_eq!(split("one two\nthree four", 12), ["one two\n", "three four"]);
        assert_eq!(split("one two three four", 10), ["one two ", "three four"]);
        assert_eq!(split("äöüäöüäöü", 4), ["äöüä", "öüäö", "ü"]);
        assert_eq!(split("  \n ", 2), [""; 0]);
    }

    proptest! {
        #[test]
        fn nothing_that_shows_is_lost(text in "[a-zäß漢👍 \n]{0,200}", characters_max in 1..20usize) {
            let parts = split(&text, characters_max);
            prop_assert!(parts.iter().all(|part| part.chars().count() <= characters_max));
            let visible = |text: &str| text.chars().filter(|character| !character.is_whitespace()).collect::<String>();
            prop_assert_eq!(visible(&parts.concat()), visible(&text));
        }
    }
}
