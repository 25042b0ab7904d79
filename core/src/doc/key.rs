//! The grammar `entity/id/field` of the root keys, by kind of document. A key prints to one text, and only that
//! text parses to it.

use core::fmt;

use crate::{
    ids::{AccountId, ContactId, ConversationId, DocumentId, InviteId, MessageId, Stamp},
    model::{EMOJI_BYTES_MAX, InfoField, LeadNumber, MemberField, Permission, PolicyName, RoleName},
};

/// A root key of one of the four kinds of documents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Conversation: its creation.
    Created,
    /// Conversation: a text that describes it.
    Info(InfoField),
    /// Conversation: its theme.
    Theme,
    /// Conversation: its visibility.
    Scope,
    /// Conversation: its state.
    State,
    /// Conversation: its lock.
    Locked,
    /// Conversation: a policy.
    Policy(PolicyName),
    /// Conversation: one of its own roles.
    RoleDefinition(RoleName),
    /// Conversation: a member's role.
    MemberRole(AccountId),
    /// Conversation: a member's status.
    MemberStatus(AccountId),
    /// Conversation: a permission granted or denied to a member.
    MemberGrant(AccountId, Permission),
    /// Conversation: a text of a member's own entry.
    MemberText(AccountId, MemberField),
    /// Conversation: an invite link.
    Invite(InviteId),
    /// Conversation: the number of accounts that joined with an invite link.
    InviteUses(InviteId),
    /// Conversation: a removed member's message that is or was held.
    Held(MessageId),
    /// Conversation: a pinned message.
    Pin(MessageId),
    /// Resource conversation: the opening of a lead.
    LeadOpened(LeadNumber),
    /// Resource conversation: the stage of a lead.
    LeadStage(LeadNumber),
    /// Resource conversation: archiving of a lead.
    LeadArchived(LeadNumber),
    /// Resource conversation: the reason why a lead was closed.
    LeadClosureReason(LeadNumber),
    /// Page: a message.
    Message(MessageId),
    /// Page: a message's content after an edit.
    Edit(MessageId),
    /// Page: the deletion of a message.
    Deleted(MessageId),
    /// Page: an account's emoji on a message.
    Reaction(MessageId, String, AccountId),
    /// Page: the answer to a proposal.
    ProposalAnswer(MessageId),
    /// Account: its kind.
    ProfileKind,
    /// Account: the name for people.
    ProfileDisplayName,
    /// Account: URL of the picture.
    ProfileAvatarUrl,
    /// Account: a short description.
    ProfileBio,
    /// Account: the current status.
    ProfileStatus,
    /// Account: its name in the operator's own systems.
    ProfileReference,
    /// Home: a contact.
    Contact(ContactId),
    /// Home: an account that is blocked.
    Blocked(AccountId),
    /// Home: who may invite the account, add it, or begin a direct conversation with it.
    Reachability,
    /// Home: until when a conversation is muted.
    MutedUntil(ConversationId),
    /// Home: since when a conversation is pinned to the top.
    PinnedAt(ConversationId),
    /// Home: since when a conversation is archived.
    ArchivedAt(ConversationId),
    /// Home: the notification level of a conversation.
    Notifications(ConversationId),
}

/// Returns true if a text can be the emoji part of a reaction's key: short, without spaces, controls or
/// slashes. The authority decides whether it is an emoji.
fn emoji_fits(text: &str) -> bool {
    let legal = |character: char| !character.is_control() && !character.is_whitespace() && character != '/';
    (1..=EMOJI_BYTES_MAX).contains(&text.len()) && text.chars().all(legal)
}

impl Key {
    /// Parses a key of a document of this kind; none if it is not one.
    pub fn parse(document: &DocumentId, text: &str) -> Option<Key> {
        match document {
            DocumentId::Timeline(_) => parse_conversation(text),
            DocumentId::Page(..) => parse_page(text),
            DocumentId::Account(_) => parse_account(text),
            DocumentId::Home(_) => parse_home(text),
        }
    }
}

fn parse_conversation(text: &str) -> Option<Key> {
    match text {
        "info/created" => return Some(Key::Created),
        "info/theme" => return Some(Key::Theme),
        "info/scope" => return Some(Key::Scope),
        "state/lifecycle" => return Some(Key::State),
        "state/locked" => return Some(Key::Locked),
        _ => {}
    }
    match text.split_once('/')? {
        ("info", field) => Some(Key::Info(InfoField::parse(field)?)),
        ("policy", name) => Some(Key::Policy(PolicyName::parse(name)?)),
        ("role", name) => Some(Key::RoleDefinition(RoleName::parse(name)?)),
        ("member", rest) => {
            let (account, field) = rest.split_once('/')?;
            let account = AccountId::parse(account).ok()?;
            match field {
                "role" => Some(Key::MemberRole(account)),
                "status" => Some(Key::MemberStatus(account)),
                _ => match field.strip_prefix("grant/") {
                    Some(permission) => Some(Key::MemberGrant(account, Permission::parse(permission)?)),
                    None => Some(Key::MemberText(account, MemberField::parse(field)?)),
                },
            }
        }
        ("invite", rest) => match rest.split_once('/') {
            None => Some(Key::Invite(InviteId::parse(rest).ok()?)),
            Some((invite, "uses")) => Some(Key::InviteUses(InviteId::parse(invite).ok()?)),
            Some(_) => None,
        },
        ("held", message) => Some(Key::Held(MessageId::parse(message).ok()?)),
        ("pin", message) => Some(Key::Pin(MessageId::parse(message).ok()?)),
        ("lead", rest) => {
            let Some((number, field)) = rest.split_once('/') else { return parse_number(rest).map(Key::LeadOpened) };
            let number = parse_number(number)?;
            match field {
                "stage" => Some(Key::LeadStage(number)),
                "archived" => Some(Key::LeadArchived(number)),
                "closure_reason" => Some(Key::LeadClosureReason(number)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Parses a number from 1 on, of digits alone and without leading zeros.
fn parse_number(text: &str) -> Option<LeadNumber> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

fn parse_page(text: &str) -> Option<Key> {
    let rest = text.strip_prefix("msg/")?;
    let (id, field) = match rest.split_once('/') {
        Some((id, field)) => (id, Some(field)),
        None => (rest, None),
    };
    let (inverted, author) = id.split_once('.')?;
    let stamp = Stamp::parse(inverted).ok()?.inverted();
    let message = MessageId { stamp, author: AccountId::parse(author).ok()? };
    match field {
        None => Some(Key::Message(message)),
        Some("edit") => Some(Key::Edit(message)),
        Some("deleted") => Some(Key::Deleted(message)),
        Some("answer") => Some(Key::ProposalAnswer(message)),
        Some(field) => {
            let (emoji, account) = field.strip_prefix("react/")?.split_once('/')?;
            let account = AccountId::parse(account).ok()?;
            emoji_fits(emoji).then(|| Key::Reaction(message, emoji.to_owned(), account))
        }
    }
}

fn parse_account(text: &str) -> Option<Key> {
    match text.strip_prefix("profile/")? {
        "kind" => Some(Key::ProfileKind),
        "display_name" => Some(Key::ProfileDisplayName),
        "avatar_url" => Some(Key::ProfileAvatarUrl),
        "bio" => Some(Key::ProfileBio),
        "status" => Some(Key::ProfileStatus),
        "reference" => Some(Key::ProfileReference),
        _ => None,
    }
}

fn parse_home(text: &str) -> Option<Key> {
    if text == "privacy/reachability" {
        return Some(Key::Reachability);
    }
    match text.split_once('/')? {
        ("contact", id) => Some(Key::Contact(ContactId::parse(id).ok()?)),
        ("blocked", account) => Some(Key::Blocked(AccountId::parse(account).ok()?)),
        ("setting", rest) => {
            let (id, field) = rest.split_once('/')?;
            let conversation = ConversationId::parse(id).ok()?;
            match field {
                "muted_until" => Some(Key::MutedUntil(conversation)),
                "pinned_at" => Some(Key::PinnedAt(conversation)),
                "archived_at" => Some(Key::ArchivedAt(conversation)),
                "notifications" => Some(Key::Notifications(conversation)),
                _ => None,
            }
        }
        _ => None,
    }
}

struct InvertedId<'a>(&'a MessageId);

impl fmt::Display for InvertedId<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0.stamp.inverted(), self.0.author)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Created => formatter.write_str("info/created"),
            Key::Info(field) => write!(formatter, "info/{field}"),
            Key::Theme => formatter.write_str("info/theme"),
            Key::Scope => formatter.write_str("info/scope"),
            Key::State => formatter.write_str("state/lifecycle"),
            Key::Locked => formatter.write_str("state/locked"),
            Key::Policy(name) => write!(formatter, "policy/{name}"),
            Key::RoleDefinition(name) => write!(formatter, "role/{name}"),
            Key::MemberRole(account) => write!(formatter, "member/{account}/role"),
            Key::MemberStatus(account) => write!(formatter, "member/{account}/status"),
            Key::MemberGrant(account, permission) => write!(formatter, "member/{account}/grant/{permission}"),
            Key::MemberText(account, field) => write!(formatter, "member/{account}/{field}"),
            Key::Invite(invite) => write!(formatter, "invite/{invite}"),
            Key::InviteUses(invite) => write!(formatter, "invite/{invite}/uses"),
            Key::Held(message) => write!(formatter, "held/{message}"),
            Key::Pin(message) => write!(formatter, "pin/{message}"),
            Key::LeadOpened(number) => write!(formatter, "lead/{number}"),
            Key::LeadStage(number) => write!(formatter, "lead/{number}/stage"),
            Key::LeadArchived(number) => write!(formatter, "lead/{number}/archived"),
            Key::LeadClosureReason(number) => write!(formatter, "lead/{number}/closure_reason"),
            Key::Message(message) => write!(formatter, "msg/{}", InvertedId(message)),
            Key::Edit(message) => write!(formatter, "msg/{}/edit", InvertedId(message)),
            Key::Deleted(message) => write!(formatter, "msg/{}/deleted", InvertedId(message)),
            Key::Reaction(message, emoji, account) => {
                write!(formatter, "msg/{}/react/{emoji}/{account}", InvertedId(message))
            }
            Key::ProposalAnswer(message) => write!(formatter, "msg/{}/answer", InvertedId(message)),
            Key::ProfileKind => formatter.write_str("profile/kind"),
            Key::ProfileDisplayName => formatter.write_str("profile/display_name"),
            Key::ProfileAvatarUrl => formatter.write_str("profile/avatar_url"),
            Key::ProfileBio => formatter.write_str("profile/bio"),
            Key::ProfileStatus => formatter.write_str("profile/status"),
            Key::ProfileReference => formatter.write_str("profile/reference"),
            Key::Contact(contact) => write!(formatter, "contact/{contact}"),
            Key::Blocked(account) => write!(formatter, "blocked/{account}"),
            Key::Reachability => formatter.write_str("privacy/reachability"),
            Key::MutedUntil(conversation) => write!(formatter, "setting/{conversation}/muted_until"),
            Key::PinnedAt(conversation) => write!(formatter, "setting/{conversation}/pinned_at"),
            Key::ArchivedAt(conversation) => write!(formatter, "setting/{conversation}/archived_at"),
            Key::Notifications(conversation) => write!(formatter, "setting/{conversation}/notifications"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::TimelineId, limits::Limits};

    #[track_caller]
    fn check(document: &DocumentId, key: &Key) {
        assert_eq!(Key::parse(document, &key.to_string()).as_ref(), Some(key));
    }

    #[test]
    fn d2_every_key_prints_what_it_parses() {
        let conversation = ConversationId::from_bytes([1; 16]);
        let account = AccountId::parse("ann.b").unwrap();
        let message = MessageId { stamp: Stamp::from_bytes([7; 16]), author: account.clone() };
        let document = TimelineId::of(conversation).document();
        for key in [
            Key::Created,
            Key::Theme,
            Key::Scope,
            Key::State,
            Key::Locked,
            Key::RoleDefinition(RoleName::parse("trip planner").unwrap()),
            Key::MemberRole(account.clone()),
            Key::MemberStatus(account.clone()),
            Key::MemberGrant(account.clone(), Permission::PinAdd),
            Key::MemberText(account.clone(), MemberField::DisplayName),
            Key::MemberText(account.clone(), MemberField::Color),
            Key::Invite(InviteId::from_bytes([3; 16])),
            Key::InviteUses(InviteId::from_bytes([3; 16])),
            Key::Held(message.clone()),
            Key::Pin(message.clone()),
            Key::LeadOpened(1),
            Key::LeadStage(20),
            Key::LeadArchived(3),
            Key::LeadClosureReason(LeadNumber::MAX),
        ] {
            check(&document, &key);
        }
        InfoField::ALL.iter().for_each(|&field| check(&document, &Key::Info(field)));
        PolicyName::ALL.iter().for_each(|&name| check(&document, &Key::Policy(name)));
        let document = TimelineId::of(conversation).page(1);
        for key in [
            Key::Message(message.clone()),
            Key::Edit(message.clone()),
            Key::Deleted(message.clone()),
            Key::Reaction(message, "👍🏽".into(), account.clone()),
        ] {
            check(&document, &key);
        }
        let document = DocumentId::Account(account.clone());
        for key in [
            Key::ProfileKind,
            Key::ProfileDisplayName,
            Key::ProfileAvatarUrl,
            Key::ProfileBio,
            Key::ProfileStatus,
            Key::ProfileReference,
        ] {
            check(&document, &key);
        }
        let document = DocumentId::Home(account.clone());
        for key in [
            Key::Blocked(account),
            Key::Reachability,
            Key::Notifications(conversation),
            Key::Contact(ContactId::from_bytes([2; 16])),
            Key::MutedUntil(conversation),
            Key::PinnedAt(conversation),
            Key::ArchivedAt(conversation),
        ] {
            check(&document, &key);
        }
    }

    #[test]
    fn i28_the_longest_key_with_two_accounts_is_a_key() {
        let longest = |character: &str| AccountId::parse(&character.repeat(128)).unwrap();
        let message = MessageId { stamp: Stamp::from_bytes([7; 16]), author: longest("|") };
        let document = TimelineId::of(ConversationId::from_bytes([1; 16])).page(1);
        let key = Key::Reaction(message, "👍🏽".repeat(5), longest("."));
        check(&document, &key);
        assert!(key.to_string().len() <= Limits::DEFAULT.key_bytes_max as usize, "{} bytes", key.to_string().len());
    }

    #[test]
    fn d4_a_later_message_has_the_smaller_key() {
        let author = AccountId::parse("ann").unwrap();
        let early = MessageId { stamp: Stamp::from_bytes([1; 16]), author: author.clone() };
        let held = MessageId { stamp: Stamp::from_bytes([2; 16]), author };
        assert!(Key::Message(held).to_string() < Key::Message(early).to_string());
    }

    #[test]
    fn illegal_keys_do_not_parse() {
        let page = TimelineId::of(ConversationId::from_bytes([1; 16])).page(1);
        let id = format!("{}.ann", Stamp::from_bytes([1; 16]));
        for text in [
            String::new(),
            "info/title".into(),
            format!("msg/{id}/"),
            format!("msg/{id}/edit/"),
            format!("msg/{id}/react/a b/ann"),
            format!("msg/{id}/react//ann"),
            format!("msg/{}", id.to_uppercase()),
        ] {
            assert_eq!(Key::parse(&page, &text), None, "{text:?}");
        }
        let conversation = TimelineId::of(ConversationId::from_bytes([1; 16])).document();
        for text in ["lead/0/stage", "lead/01/stage", "lead/+1/stage", "lead/4294967296/stage", "lead/", "lead/1/x"] {
            assert_eq!(Key::parse(&conversation, text), None, "{text:?}");
        }
    }
}
