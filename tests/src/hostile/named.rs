//! Names without a target, or that are not what they seem: pins of missing messages, words for emoji, names
//! that hide or change direction, and the system as a member.

use tidings_core::{
    code::Code,
    doc::Fact,
    ids::AccountId,
    model::{InfoField, MemberField, MemberStatus, Membership, Pin, Role},
};

use super::case::{Cases, Expected};

pub(super) fn add(cases: &mut Cases<'_>) {
    cases.class("named");
    let setup = cases.setup;
    let eve = setup.attacker.account.clone();
    let (page, conversation) = (setup.page(), setup.conversation());
    let pin = |number: u16, page: u32| {
        let pin = Pin { by: eve.clone(), at: setup.now, page };
        vec![Fact::Pin(setup.message_id(&setup.victim, number), Some(pin))]
    };
    let title = |text: &str| vec![Fact::Info(InfoField::Title, Some(text.into()))];
    let called = |text: &str| vec![Fact::MemberText(eve.clone(), MemberField::DisplayName, Some(text.into()))];
    let joined = Membership::next(None, MemberStatus::Active, &eve, setup.now);
    let system =
        vec![Fact::MemberRole(AccountId::system(), Role::Member), Fact::MemberStatus(AccountId::system(), joined)];
    for (name, code, document, facts) in [
        ("a pin of a message that nobody wrote", Code::MessageUnknown, &conversation, pin(77, 1)),
        ("a pin of a page that nobody began", Code::MessageUnknown, &conversation, pin(1, u32::MAX)),
        ("a pin of page 0", Code::MessageUnknown, &conversation, pin(1, 0)),
        ("words as an emoji", Code::EmojiInvalid, &page, vec![setup.reacts("you-are-all-stupid", true)]),
        ("two emoji as one", Code::EmojiInvalid, &page, vec![setup.reacts("🍎🍐", true)]),
        ("a title of two lines", Code::LineInvalid, &conversation, title("Boats\nAnn left")),
        ("a title that turns", Code::LineInvalid, &conversation, title("\u{202e}staoB")),
        ("a title that shows nothing", Code::TextEmpty, &conversation, title("\u{3164}")),
        ("a name with something hidden", Code::LineInvalid, &conversation, called("an\u{200b}n")),
        ("a message that shows nothing", Code::TextEmpty, &page, vec![setup.says("\u{2800}\u{200b}")]),
        ("the system as a member", Code::ValueInvalid, &conversation, system),
    ] {
        let draft = cases.honest(document, &facts);
        cases.push(name, Expected::Refused(code), draft.pushed());
    }
}
