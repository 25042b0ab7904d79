//! Emoji as other systems name them.

use tidings_core::model::is_emoji;

/// The emoji with a short name, such as `thumbsup` or `wave::skin-tone-3`; none for one of somebody's own.
pub(super) fn named(name: &str) -> Option<String> {
    let (name, tone) = match name.split_once("::skin-tone-") {
        Some((name, tone)) => (name, tone.parse::<u8>().ok()),
        None => (name, None),
    };
    let emoji = emojis::get_by_shortcode(name)?;
    let tone = match tone.unwrap_or_default() {
        2 => emojis::SkinTone::Light,
        3 => emojis::SkinTone::MediumLight,
        4 => emojis::SkinTone::Medium,
        5 => emojis::SkinTone::MediumDark,
        6 => emojis::SkinTone::Dark,
        _ => return shown(emoji.as_str()),
    };
    shown(emoji.with_skin_tone(tone).unwrap_or(emoji).as_str())
}

/// The emoji with these code points, in hexadecimal and joined by dashes.
pub(super) fn coded(code: &str) -> Option<String> {
    let points = code.split('-').map(|point| u32::from_str_radix(point, 16).ok().and_then(char::from_u32));
    let text: String = points.collect::<Option<String>>()?;
    shown(&text)
}

/// The emoji as the authority takes it: some are pictures only with the selector behind them.
fn shown(text: &str) -> Option<String> {
    [text.to_owned(), format!("{text}\u{fe0f}")].into_iter().find(|emoji| is_emoji(emoji))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_emoji() {
        assert_eq!(named("+1").as_deref(), Some("👍"));
        assert_eq!(named("tada").as_deref(), Some("🎉"));
        assert_eq!(named("wave::skin-tone-6").as_deref(), Some("👋🏿"));
        assert_eq!(named("our_logo"), None);
        assert_eq!(coded("1f44d").as_deref(), Some("👍"));
        assert!(coded("2764").is_some());
        assert_eq!(coded("1f1fa-1f1f8").as_deref(), Some("🇺🇸"));
        assert_eq!(coded("zz"), None);
    }
}
