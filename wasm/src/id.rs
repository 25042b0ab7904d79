//! Ids cross the boundary as text.

use tidings_core::ids::{
    AccountId, ContactId, ConversationId, InviteCode, InviteId, MessageId, ParseIdError, TenantId,
};

use crate::failure::{Checked, Failure};

fn named<T>(what: &str, text: &str, parsed: Result<T, ParseIdError>) -> Checked<T> {
    parsed.map_err(|error| {
        let mut failure = Failure::from(error);
        failure.detail = format!("{what} id `{}` {}", text.chars().take(80).collect::<String>(), failure.detail);
        failure
    })
}

/// Parses a tenant's id.
///
/// # Errors
/// `id_invalid`, as for every function here.
pub fn tenant(text: &str) -> Checked<TenantId> {
    named("tenant", text, TenantId::parse(text))
}

/// Parses an account's id.
pub fn account(text: &str) -> Checked<AccountId> {
    named("account", text, AccountId::parse(text))
}

/// Parses the ids of several accounts.
pub fn accounts(texts: &[String]) -> Checked<Vec<AccountId>> {
    texts.iter().map(|text| account(text)).collect()
}

/// Parses a conversation's id.
pub fn conversation(text: &str) -> Checked<ConversationId> {
    named("conversation", text, ConversationId::parse(text))
}

/// Parses a message's id.
pub fn message(text: &str) -> Checked<MessageId> {
    named("message", text, MessageId::parse(text))
}

/// Parses an invite link's id.
pub fn invite(text: &str) -> Checked<InviteId> {
    named("invite", text, InviteId::parse(text))
}

/// Parses the code of an invite link.
pub fn invite_code(text: &str) -> Checked<InviteCode> {
    named("invite code", text, InviteCode::parse(text))
}

/// Parses a contact's id.
pub fn contact(text: &str) -> Checked<ContactId> {
    named("contact", text, ContactId::parse(text))
}

/// The texts of ids.
pub fn texts<T: ToString>(ids: Vec<T>) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use tidings_core::code::Code;

    use super::*;

    #[test]
    fn a_failure_names_the_kind_and_the_text() {
        let failure = conversation("nope").unwrap_err();
        assert_eq!(failure.code, Code::IdInvalid);
        assert!(failure.detail.starts_with("conversation id `nope` must be 26"), "{}", failure.detail);
    }

    #[test]
    fn one_bad_account_refuses_them_all() {
        assert!(accounts(&["ada".into(), "not an id".into()]).is_err());
        assert_eq!(accounts(&["ada".into(), "bob".into()]).unwrap().len(), 2);
    }
}
