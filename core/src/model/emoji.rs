//! Recognizes an emoji: one picture, as one grapheme. Decided by structure, with the ranges that Unicode
//! reserves for pictures, so that emoji of future versions are already accepted.
//!
//! Source: UTS #51, ED-16 and ED-17, and `emoji-data.txt` of Unicode 16.0. The table takes 624 bytes of the
//! module; the crates that have one come with names and grapheme tables of fifty times that.

/// Maximum bytes of an emoji; the longest sequences in Unicode have 35.
pub const EMOJI_BYTES_MAX: usize = 40;

const JOINER: char = '\u{200d}';
/// The selector that asks for the picture where there is a letter form too.
const PICTURE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const TAG_END: char = '\u{e007f}';

/// Returns true if a text is one emoji.
pub fn is_emoji(text: &str) -> bool {
    let characters: Vec<char> = match text.len() {
        1..=EMOJI_BYTES_MAX => text.chars().collect(),
        _ => return false,
    };
    match characters[..] {
        ['0'..='9' | '#' | '*', PICTURE, KEYCAP] => true,
        [one, other] if is_regional(one) && is_regional(other) => true,
        _ => characters.split(|character| *character == JOINER).all(is_element),
    }
}

/// One picture of a sequence: possibly with a skin tone, or with the tags of a region's flag.
fn is_element(characters: &[char]) -> bool {
    let Some((picture, rest)) = characters.split_first() else { return false };
    let is_tag = |character: &char| ('\u{e0020}'..TAG_END).contains(character);
    is_picture(*picture)
        && match rest {
            [] | [PICTURE | '\u{1f3fb}'..='\u{1f3ff}'] => true,
            [tags @ .., TAG_END] => !tags.is_empty() && tags.iter().all(is_tag),
            _ => false,
        }
}

/// A regional indicator; two of them are the flag of a country.
fn is_regional(character: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&character)
}

fn is_picture(character: char) -> bool {
    let number = u32::from(character);
    let at = PICTURES.partition_point(|(_, last)| *last < number);
    PICTURES.get(at).is_some_and(|(first, _)| *first <= number)
}

/// The property Extended_Pictographic: first and last of each range.
#[rustfmt::skip]
static PICTURES: [(u32, u32); 78] = [
    (0xa9, 0xa9), (0xae, 0xae), (0x203c, 0x203c), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139),
    (0x2194, 0x2199), (0x21a9, 0x21aa), (0x231a, 0x231b), (0x2328, 0x2328), (0x2388, 0x2388), (0x23cf, 0x23cf),
    (0x23e9, 0x23f3), (0x23f8, 0x23fa), (0x24c2, 0x24c2), (0x25aa, 0x25ab), (0x25b6, 0x25b6), (0x25c0, 0x25c0),
    (0x25fb, 0x25fe), (0x2600, 0x2605), (0x2607, 0x2612), (0x2614, 0x2685), (0x2690, 0x2705), (0x2708, 0x2712),
    (0x2714, 0x2714), (0x2716, 0x2716), (0x271d, 0x271d), (0x2721, 0x2721), (0x2728, 0x2728), (0x2733, 0x2734),
    (0x2744, 0x2744), (0x2747, 0x2747), (0x274c, 0x274c), (0x274e, 0x274e), (0x2753, 0x2755), (0x2757, 0x2757),
    (0x2763, 0x2767), (0x2795, 0x2797), (0x27a1, 0x27a1), (0x27b0, 0x27b0), (0x27bf, 0x27bf), (0x2934, 0x2935),
    (0x2b05, 0x2b07), (0x2b1b, 0x2b1c), (0x2b50, 0x2b50), (0x2b55, 0x2b55), (0x3030, 0x3030), (0x303d, 0x303d),
    (0x3297, 0x3297), (0x3299, 0x3299), (0x1f000, 0x1f0ff), (0x1f10d, 0x1f10f), (0x1f12f, 0x1f12f),
    (0x1f16c, 0x1f171), (0x1f17e, 0x1f17f), (0x1f18e, 0x1f18e), (0x1f191, 0x1f19a), (0x1f1ad, 0x1f1e5),
    (0x1f201, 0x1f20f), (0x1f21a, 0x1f21a), (0x1f22f, 0x1f22f), (0x1f232, 0x1f23a), (0x1f23c, 0x1f23f),
    (0x1f249, 0x1f3fa), (0x1f400, 0x1f53d), (0x1f546, 0x1f64f), (0x1f680, 0x1f6ff), (0x1f774, 0x1f77f),
    (0x1f7d5, 0x1f7ff), (0x1f80c, 0x1f80f), (0x1f848, 0x1f84f), (0x1f85a, 0x1f85f), (0x1f888, 0x1f88f),
    (0x1f8ae, 0x1f8ff), (0x1f90c, 0x1f93a), (0x1f93c, 0x1f945), (0x1f947, 0x1faff), (0x1fc00, 0x1fffd),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a79_an_emoji_is_one_picture() {
        for emoji in ["👍", "👍🏽", "❤️", "❤", "🌊", "👩‍👩‍👧", "🏳️‍🌈", "🧑🏿‍❤️‍💋‍🧑🏻", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#️⃣", "☕", "©️", "🫨"]
        {
            assert!(is_emoji(emoji), "{emoji:?}");
        }
    }

    #[test]
    fn a79_words_are_no_emoji() {
        for text in [
            "",
            "abc",
            "x",
            "é",
            "1",
            "#",
            "<b>",
            "you-are-all-stupid",
            "👍👍",
            "👍 ",
            "👍x",
            "x👍",
            "🇩",
            "🇩🇪🇫🇷",
            "\u{200d}",
            "👍\u{200d}",
            "\u{200d}👍",
            "👍\u{200b}",
            "👍🏽🏽",
            "\u{1f3fb}x",
            "🏴\u{e007f}",
            "\u{fe0f}",
            "a\u{fe0f}",
            "漢",
            "👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
            "👍/",
            "👍\n",
        ] {
            assert!(!is_emoji(text), "{text:?}");
        }
    }

    #[test]
    fn the_ranges_are_in_order() {
        assert!(PICTURES.iter().all(|(first, last)| first <= last));
        assert!(PICTURES.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }
}
