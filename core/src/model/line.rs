//! Texts shown as one line (names, titles), and visibility of characters. A name that is invisible, breaks its
//! line or changes its direction would mislead others.

/// Returns true if anything of a text is visible.
pub fn shows(text: &str) -> bool {
    text.chars().any(|character| !character.is_whitespace() && !is_hidden(character) && !joins(character))
}

/// Returns true if a text is one line in the direction of its letters, without invisible characters except
/// those that shape their neighbours.
pub fn is_line(text: &str) -> bool {
    !text.chars().any(is_hidden)
}

/// Invisible characters: controls and line breaks, those that change the direction, and blanks that are
/// not spaces.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e001f}'
        )
}

/// Characters that shape their neighbours, as in Persian, Mongolian and emoji, and are invisible alone.
fn joins(character: char) -> bool {
    matches!(
        character,
        '\u{180b}'..='\u{180d}'
            | '\u{180f}'
            | '\u{200c}'
            | '\u{200d}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0020}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a75_what_shows_nothing_is_no_text() {
        for text in
            ["", " \n\t", "\u{200b}", "\u{3164}", "\u{2800}", "\u{ad}\u{feff}", "\u{200d}\u{fe0f}", "\u{a0}\u{3000}"]
        {
            assert!(!shows(text), "{text:?}");
        }
        for text in ["x", "\u{200b}x", "漢", "👩‍👩‍👧", "می‌خواهم", "\u{301}", "first\nsecond"] {
            assert!(shows(text), "{text:?}");
        }
    }

    #[test]
    fn a75_a_line_neither_breaks_nor_turns_nor_hides() {
        for text in ["Trip to the sea", "می‌خواهم", "👩‍👩‍👧 family", "שלום", "Łódź", "e\u{301}", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
        {
            assert!(is_line(text), "{text:?}");
        }
        for text in [
            "two\nlines",
            "a\rb",
            "a\tb",
            "a\u{0}",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{2029}b",
            "\u{202e}nna",
            "a\u{2066}b",
            "a\u{200e}",
            "a\u{200f}",
            "a\u{61c}",
            "a\u{200b}b",
            "ad\u{ad}min",
            "\u{3164}a",
            "\u{2800}a",
            "a\u{feff}",
        ] {
            assert!(!is_line(text), "{text:?}");
        }
    }
}
