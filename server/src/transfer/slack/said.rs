//! What a message of Slack says: its markup as text that people can read.

use std::collections::HashMap;

use serde_json::Value;

use crate::transfer::emoji;

/// What users and channels are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) users: HashMap<String, String>,
    pub(super) channels: HashMap<String, String>,
}

/// What a message says.
pub(super) struct Said {
    pub(super) text: String,
    /// The users it mentions.
    pub(super) mentions: Vec<String>,
    pub(super) unplaced: Vec<(&'static str, u64)>,
}

/// Says what a message says.
pub(super) fn said(message: &Value, names: &Names) -> Said {
    let (mut unplaced, mut mentions) = (Vec::new(), Vec::new());
    let mut lines = Vec::new();
    lines.extend(message["text"].as_str().map(|text| plain(text, names, &mut mentions)));
    let attachments = message["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !attachments.is_empty() {
        unplaced.push(("attachments of programs and links, of which the words are kept", attachments.len() as u64));
        let words =
            |one: &Value| ["text", "fallback"].into_iter().find_map(|field| one[field].as_str().map(str::to_owned));
        lines.extend(attachments.iter().filter_map(words).map(|words| plain(&words, names, &mut mentions)));
    }
    let files = message["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !files.is_empty() {
        unplaced.push(("files, of which the names are kept", files.len() as u64));
        let name = |file: &Value| {
            ["name", "title", "id"].into_iter().find_map(|field| file[field].as_str().map(str::to_owned))
        };
        lines.extend(files.iter().map(|file| format!("📎 {}", name(file).unwrap_or_default()).trim_end().to_owned()));
    }
    lines.retain(|line| !line.trim().is_empty());
    Said { text: lines.join("\n"), mentions, unplaced }
}

/// Markup as text.
fn plain(text: &str, names: &Names, mentions: &mut Vec<String>) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, marked)) = rest.split_once('<') {
        plain.push_str(&unescaped(before));
        let Some((inner, behind)) = marked.split_once('>') else {
            plain.push('<');
            rest = marked;
            continue;
        };
        plain.push_str(&of_mark(inner, names, mentions));
        rest = behind;
    }
    plain.push_str(&unescaped(rest));
    plain
}

/// What stands between angle brackets: somebody, a channel, everybody, or a link, each perhaps with a label.
fn of_mark(inner: &str, names: &Names, mentions: &mut Vec<String>) -> String {
    let (target, label) = match inner.split_once('|') {
        Some((target, label)) => (target, Some(unescaped(label))),
        None => (inner, None),
    };
    if let Some(user) = target.strip_prefix('@') {
        mentions.push(user.to_owned());
        let name = names.users.get(user).cloned().or(label).unwrap_or_else(|| user.to_owned());
        return format!("@{name}");
    }
    if let Some(channel) = target.strip_prefix('#') {
        let name = names.channels.get(channel).cloned().or(label.filter(|label| !label.is_empty()));
        return format!("#{}", name.unwrap_or_else(|| channel.to_owned()));
    }
    if let Some(all) = target.strip_prefix('!') {
        return label.unwrap_or_else(|| format!("@{}", all.split('^').next().unwrap_or(all)));
    }
    let link = unescaped(target.strip_prefix("mailto:").unwrap_or(target));
    match label {
        Some(label) if label != link => format!("{label} ({link})"),
        _ => link,
    }
}

/// Text without its three entities, and with the emoji that it names.
fn unescaped(text: &str) -> String {
    let text = with_emoji(text);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn with_emoji(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(':') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let name_end =
            from[1..].find(|character: char| !(character.is_ascii_alphanumeric() || "_+-".contains(character)));
        let end = name_end.map(|end| end + 1).filter(|end| *end > 1 && from[*end..].starts_with(':'));
        match end.and_then(|end| Some((emoji::named(&from[1..end])?, end))) {
            Some((emoji, end)) => {
                out.push_str(&emoji);
                rest = &from[end + 1..];
            }
            None => {
                out.push(':');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        let mut names = Names::default();
        names.users.insert("U1".to_owned(), "Ann".to_owned());
        names.channels.insert("C1".to_owned(), "boats".to_owned());
        let mut mentions = Vec::new();
        let text = "<@U1> see <#C1|old> &amp; <https://x.example|the page> &lt;now&gt; :tada: at 10:30:15 <!here> <mailto:a@b.example|a@b.example>";
        let plain = plain(text, &names, &mut mentions);
        assert_eq!(plain, "@Ann see #boats & the page (https://x.example) <now> 🎉 at 10:30:15 @here a@b.example");
        assert_eq!(mentions, ["U1"]);
    }

    #[test]
    fn what_is_no_markup_stays() {
        let plain = |text: &str| plain(text, &Names::default(), &mut Vec::new());
        for text in ["a < b", "::", ":no_such_emoji:", "a:b", ""] {
            assert_eq!(plain(text), text);
        }
    }
}
