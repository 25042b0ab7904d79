//! An account's private data: its address book and its blocks.

use super::*;
use crate::model::{Contact, ContactKind, NotificationLevel};

/// Ann's home, written by her.
#[derive(Clone)]
struct HomeOf {
    stream: Stream,
    limits: Limits,
}

impl HomeOf {
    fn new() -> Self {
        let home = DocumentId::Home(account("ann"));
        let tenant = TenantId::parse("acme").unwrap();
        let mut stream = Stream::new(tenant, home.stream());
        stream.insert(Document::new(home));
        Self { stream, limits: Limits::default() }
    }

    fn push(&mut self, fact: &Fact) -> Result<(), Code> {
        let (ann, document) = (session("ann"), DocumentId::Home(account("ann")));
        let (change, _) = self.stream.clone().write(ann.device, &document, NOW, std::slice::from_ref(fact)).unwrap();
        let pushed = PushedChange { document, change: change.bytes().to_vec() };
        match self.stream.admit(&ann, &pushed, NOW, &self.limits) {
            Ok(_) => Ok(()),
            Err(AdmitError::Refused(refusal)) => Err(refusal.code),
            Err(AdmitError::AlreadyAdmitted(_)) => panic!("each change is new"),
        }
    }
}

fn contact(number: u8, contact: Contact) -> Fact {
    Fact::Contact(ContactId::from_bytes([number; 16]), Some(contact))
}

fn person() -> Contact {
    Contact::new(ContactKind::Person)
}

fn blocked(name: &str, on: bool) -> Fact {
    Fact::Blocked(account(name), on.then_some(NOW))
}

#[test]
fn a_contact_and_a_setting_have_a_stream_of_their_own() {
    let mut home = HomeOf::new();
    let bob = Contact { account: Some(account("bob")), favorite: true, ..person() };
    home.push(&Fact::Contact(ContactId::of_account(&account("bob")), Some(bob))).unwrap();
    let level = Some(NotificationLevel::Mentions);
    home.push(&Fact::Notifications(ConversationId::from_bytes([1; 16]), level)).unwrap();
    assert_eq!(home.stream.position(), Position::new(2));
}

#[test]
fn c1_a_contact_says_what_it_can_be() {
    let mut home = HomeOf::new();
    let mut check = |fields: Contact, expected| assert_eq!(home.push(&contact(1, fields)), expected);
    check(Contact { phone: Some("+4930123456".into()), ..person() }, Ok(()));
    check(Contact { email: Some("ann@example.org".into()), ..person() }, Ok(()));
    check(Contact { phone: Some("030 123456".into()), ..person() }, Err(Code::PhoneInvalid));
    check(Contact { email: Some("ann at home".into()), ..person() }, Err(Code::EmailInvalid));
    check(Contact { nickname: Some("é".repeat(120)), ..person() }, Ok(()));
    check(Contact { nickname: Some("é".repeat(121)), ..person() }, Err(Code::TextTooLong));
    check(Contact { nickname: Some(" ".into()), ..person() }, Err(Code::TextEmpty));
}

#[test]
fn c1_a_profile_has_its_lengths() {
    let tenant = TenantId::parse("acme").unwrap();
    let document = DocumentId::Account(account("ann"));
    let stream = Stream::new(tenant, document.stream());
    let check = |field, text: String, expected| {
        let fact = Fact::Profile(field, Some(text));
        let decided = stream.decide(&session("ann"), &document, &[fact], NOW, &Limits::default());
        assert_eq!(decided.map_err(|refusal| refusal.code), expected, "{field:?}");
    };
    let fields = [
        (ProfileField::DisplayName, 120),
        (ProfileField::Bio, 160),
        (ProfileField::Status, 80),
        (ProfileField::Reference, 64),
    ];
    for (field, characters_max) in fields {
        check(field, "🍵".repeat(characters_max), Ok(()));
        check(field, "🍵".repeat(characters_max + 1), Err(Code::TextTooLong));
    }
    let url = |bytes: usize| format!("https://{}", "a".repeat(bytes - 8));
    check(ProfileField::AvatarUrl, url(2_048), Ok(()));
    check(ProfileField::AvatarUrl, url(2_049), Err(Code::TextTooLong));
    check(ProfileField::AvatarUrl, "ftp://example.org/a.png".into(), Err(Code::ValueInvalid));
}

#[test]
fn c2_an_address_book_has_an_end() {
    let mut home = HomeOf::new();
    home.limits.contacts_max = 2;
    home.push(&contact(1, person())).unwrap();
    home.push(&contact(2, person())).unwrap();
    assert_eq!(home.push(&contact(3, person())), Err(Code::TooManyContacts));
    home.push(&contact(2, Contact { favorite: true, ..person() })).unwrap();
    home.push(&Fact::Contact(ContactId::from_bytes([1; 16]), None)).unwrap();
    home.push(&contact(3, person())).unwrap();
    home.push(&blocked("bob", true)).unwrap();
    home.push(&blocked("carl", true)).unwrap();
    assert_eq!(home.push(&blocked("dora", true)), Err(Code::TooManyContacts));
    home.push(&blocked("bob", false)).unwrap();
    home.push(&blocked("dora", true)).unwrap();
    assert_eq!(home.clone().push(&blocked("ann", true)), Err(Code::ValueInvalid));
}
