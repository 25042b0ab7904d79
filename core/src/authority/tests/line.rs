//! Names and titles are one visible line; messages have visible content.

use super::*;
use crate::model::{Contact, ContactKind, MemberField};

/// Texts that are not a line, with the code that refuses each.
const NO_LINES: [(&str, Code); 6] = [
    ("two\nlines", Code::LineInvalid),
    ("\u{202e}nna", Code::LineInvalid),
    ("a\u{2066}b", Code::LineInvalid),
    ("an\u{200b}n", Code::LineInvalid),
    ("\u{3164}", Code::TextEmpty),
    ("\u{2800}\u{ad}", Code::TextEmpty),
];

#[test]
fn a75_what_people_are_called_is_one_line() {
    let fixture = Fixture::group();
    for (text, code) in NO_LINES {
        let name = Some(text.to_owned());
        fixture.check("ow", None, &[Fact::Info(InfoField::Title, name.clone())], Err(code));
        fixture.check(
            "ow",
            None,
            &[Fact::MemberText(account("ow"), MemberField::DisplayName, name.clone())],
            Err(code),
        );
        let ann = session("ann");
        let tenant = ann.tenant.clone();
        let nickname = Contact { nickname: name.clone(), ..Contact::new(ContactKind::Person) };
        for (document, fact) in [
            (DocumentId::Account(account("ann")), Fact::Profile(ProfileField::DisplayName, name.clone())),
            (DocumentId::Account(account("ann")), Fact::Profile(ProfileField::Status, name.clone())),
            (DocumentId::Home(account("ann")), Fact::Contact(ContactId::from_bytes([1; 16]), Some(nickname))),
        ] {
            let stream = Stream::new(tenant.clone(), document.stream());
            let decided = stream.decide(&ann, &document, std::slice::from_ref(&fact), NOW, &fixture.limits);
            assert_eq!(decided.map_err(|refusal| refusal.code), Err(code), "{fact:?}");
        }
    }
    for text in ["Trip to the sea", "می‌خواهم", "👩‍👩‍👧 family"] {
        fixture.check("ow", None, &[Fact::Info(InfoField::Title, Some(text.into()))], Ok(()));
    }
}

#[test]
fn a75_a_message_has_lines_and_shows_something() {
    let fixture = Fixture::group();
    let text = |text: &str| {
        let body = MessageBody { content: text.into(), reply_to: None, mentions: None };
        [Fact::Message(message(9, "me"), body)]
    };
    let edited = |text: &str| [Fact::Edit(message(2, "me"), Edit { content: text.into(), at: NOW })];
    for nothing in ["\u{200b}", "\u{3164}\n", "\u{2800} \u{feff}", "\u{200d}"] {
        fixture.check("me", Some(1), &text(nothing), Err(Code::TextEmpty));
        fixture.check("me", Some(1), &edited(nothing), Err(Code::TextEmpty));
    }
    fixture.check("me", Some(1), &text("first\n\nsecond\u{200b}"), Ok(()));
    fixture.check("me", Some(1), &edited("שלום\u{200f}"), Ok(()));
}
