//! Contact points: a phone number or an e-mail address, judged by its form alone. Servers check numbers against
//! the countries' numbering plans, which would be a third of the browser's module.

use core::fmt;

/// A phone number in the form of E.164: `+`, a country code, and 7 to 15 digits
/// in all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

/// An e-mail address, in lower case, since case makes no difference.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// A phone number or an e-mail address. Its text needs no escaping in JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactPoint {
    /// A phone number.
    Phone(Phone),
    /// An e-mail address.
    Email(Email),
}

/// Maximum bytes of an address, as mail servers accept it.
const EMAIL_BYTES_MAX: usize = 254;
/// Maximum bytes of the part before the `@`.
const LOCAL_PART_BYTES_MAX: usize = 64;
const DOMAIN_LABEL_BYTES_MAX: usize = 63;

impl Phone {
    /// Parses a number in E.164 form.
    pub fn parse(text: &str) -> Option<Phone> {
        let digits = text.strip_prefix('+')?;
        let legal = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        (legal && !digits.starts_with('0')).then(|| Phone(text.to_owned()))
    }

    /// Removes the separators that people write between digits, and the zero in brackets that is dropped after
    /// a country code.
    pub fn tidy(text: &str) -> String {
        let text = text.trim();
        let text = if text.starts_with('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
        text.replace(|character: char| character.is_whitespace() || "-./()".contains(character), "")
    }

    /// Its text, for example `+4930123456`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Email {
    /// Parses an address, as a browser's e-mail field does.
    ///
    /// Source: WHATWG HTML, "valid e-mail address"; the lengths are of RFC 5321.
    pub fn parse(text: &str) -> Option<Email> {
        let (local, domain) = text.split_once('@')?;
        let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
        let is_local = (1..=LOCAL_PART_BYTES_MAX).contains(&local.len()) && local.bytes().all(is_atom);
        let legal = text.len() <= EMAIL_BYTES_MAX && is_local && domain.split('.').all(is_label);
        legal.then(|| Email(text.to_ascii_lowercase()))
    }

    /// Its text, for example `ann@example.org`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ContactPoint {
    /// Parses either of them.
    pub fn parse(text: &str) -> Option<ContactPoint> {
        let phone = Phone::parse(text).map(ContactPoint::Phone);
        phone.or_else(|| Email::parse(text).map(ContactPoint::Email))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        match self {
            ContactPoint::Phone(phone) => phone.as_str(),
            ContactPoint::Email(email) => email.as_str(),
        }
    }
}

impl fmt::Display for ContactPoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

fn is_label(label: &str) -> bool {
    let legal = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    legal && (1..=DOMAIN_LABEL_BYTES_MAX).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
}

// Debug output must not contain a person's number.
impl fmt::Debug for Phone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Phone({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Email({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c1_a_phone_number_has_the_form_of_e164() {
        for text in ["+4930123456", "+2904000", "+123456789012345"] {
            assert_eq!(Phone::parse(text).unwrap().as_str(), text);
        }
        for text in
            ["", "+", "4930123456", "+49 30 123456", "+04930123456", "+123456", "+1234567890123456", "+49301x34"]
        {
            assert!(Phone::parse(text).is_none(), "{text:?}");
        }
        assert_eq!(Phone::tidy(" +49 (0)30 / 12-34.56 "), "+4930123456");
        assert_eq!(Phone::tidy("(030) 123456"), "030123456");
        assert!(!format!("{:?}", Phone::parse("+4930123456")).contains("30123"));
    }

    #[test]
    fn c1_an_email_address_has_the_form_of_one() {
        for text in ["ann@example.org", "a.n+n@b-c.example", "root@localhost"] {
            assert_eq!(Email::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Email::parse("Ann@Example.ORG"), Email::parse("ann@example.org"));
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}org", "example.".repeat(40));
        for text in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "a nn@example.org",
            "ann@exa mple.org",
            "ann@-a.org",
            "ann@a..org",
            "ann@example.org@b.org",
            "änn@example.org",
            &long,
            &longer,
        ] {
            assert!(Email::parse(text).is_none(), "{text:?}");
        }
    }
}
