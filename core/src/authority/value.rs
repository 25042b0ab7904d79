//! Step 9: every field's range and length. Types were checked when the
//! operations were read.

use crate::{
    authority::{Context, Refusal, content, refuse},
    code::Code,
    doc::{Fact, ProfileField},
    ids::{AccountId, MessageId},
    limits::Limits,
    model::{
        Contact, Created, Email, Grant, InfoField, Invite, LeadOpened, Member, MemberField, Membership, MessageBody,
        Phone, Policy, PolicyValue, Resource, RoleDefinition, Theme, is_emoji, is_line, shows,
    },
    time::WallTime,
};

const TITLE_CHARACTERS_MAX: usize = 200;
const DESCRIPTION_CHARACTERS_MAX: usize = 2_000;
const DISPLAY_NAME_CHARACTERS_MAX: usize = 120;
const URL_BYTES_MAX: usize = 2_048;
const NAME_CHARACTERS_MAX: usize = 64;
const LINK_ID_CHARACTERS_MAX: usize = 64;
const RESOURCE_ID_CHARACTERS_MAX: usize = 64;
const BIO_CHARACTERS_MAX: usize = 160;
const STATUS_CHARACTERS_MAX: usize = 80;
const REFERENCE_CHARACTERS_MAX: usize = 64;
const LEAD_NAME_CHARACTERS_MAX: usize = 64;
const CLOSURE_REASON_CHARACTERS_MAX: usize = 500;

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    facts.iter().try_for_each(|fact| check_fact(context, fact))?;
    check_pins(context, facts)
}

fn check_fact(context: &Context<'_>, fact: &Fact) -> Result<(), Refusal> {
    match fact {
        Fact::Created(created) => check_created(context, created),
        Fact::Info(field, Some(text)) => check_info(*field, text),
        Fact::Theme(Some(theme)) => check_theme(theme),
        Fact::Policy(policy) => check_policy(*policy),
        Fact::RoleDefinition(_, Some(role)) => check_definition(role),
        Fact::MemberRole(account, _) | Fact::MemberStatus(account, _) if account.is_system() => {
            refuse(Code::ValueInvalid, "the account of the system is nobody's member")
        }
        Fact::MemberStatus(account, membership) => check_membership(context, account, membership),
        Fact::MemberGrant(_, _, Some(grant)) => check_grant(context, grant),
        Fact::Invite(_, Some(invite)) => check_invite(context, invite),
        Fact::MemberText(_, MemberField::DisplayName, Some(text)) => {
            check_line("display name", text, DISPLAY_NAME_CHARACTERS_MAX)
        }
        Fact::MemberText(_, MemberField::Color, Some(color)) => check_color(color),
        Fact::Pin(_, Some(pin)) => check_time(context, pin.at),
        Fact::Held(_, held) => check_time(context, held.at),
        Fact::LeadOpened(_, opened) => check_lead(context, opened),
        Fact::LeadClosureReason(_, Some(reason)) => {
            check_characters("closure reason", reason, CLOSURE_REASON_CHARACTERS_MAX)
        }
        Fact::Message(message, body) => check_message(context, message, body),
        Fact::Edit(_, edit) => {
            check_time(context, edit.at)?;
            content::check(context.limits, &edit.content)
        }
        Fact::Deleted(_, deletion) => check_time(context, deletion.at),
        Fact::Reaction(_, emoji, _, true) if !is_emoji(emoji) => refuse(Code::EmojiInvalid, "not one emoji"),
        Fact::Profile(field, Some(text)) => check_profile(*field, text),
        Fact::Contact(_, Some(contact)) => check_contact(contact),
        Fact::Info(_, None)
        | Fact::Theme(None)
        | Fact::Scope(_)
        | Fact::State(_)
        | Fact::Locked(_)
        | Fact::RoleDefinition(_, None)
        | Fact::MemberRole(..)
        | Fact::MemberGrant(_, _, None)
        | Fact::MemberText(_, _, None)
        | Fact::Invite(_, None)
        | Fact::InviteUses(..)
        | Fact::Pin(_, None)
        | Fact::LeadStage(..)
        | Fact::LeadArchived(..)
        | Fact::LeadClosureReason(_, None)
        | Fact::ProposalAnswer(..)
        | Fact::Reaction(..)
        | Fact::ProfileKind(_)
        | Fact::Profile(_, None)
        | Fact::Contact(_, None)
        | Fact::Blocked(..)
        | Fact::Reachability(_)
        | Fact::Notifications(..)
        | Fact::Setting(..) => Ok(()),
    }
}

fn check_created(context: &Context<'_>, created: &Created) -> Result<(), Refusal> {
    if created.link.as_ref().is_some_and(|link| !(1..=LINK_ID_CHARACTERS_MAX).contains(&link.id.chars().count())) {
        return refuse(Code::ValueInvalid, format!("link: an id of 1 to {LINK_ID_CHARACTERS_MAX} characters"));
    }
    created.link.as_ref().map_or(Ok(()), |link| check_line("link", &link.id, LINK_ID_CHARACTERS_MAX))?;
    created.resource.as_deref().map_or(Ok(()), check_resource)?;
    check_time(context, created.at)
}

fn check_resource(resource: &Resource) -> Result<(), Refusal> {
    let Resource { id, title, client: _, client_name, owner: _, owner_name } = resource;
    if id.is_empty() {
        return refuse(Code::ValueInvalid, "resource: an id");
    }
    check_line("resource", id, RESOURCE_ID_CHARACTERS_MAX)?;
    title.as_deref().map_or(Ok(()), |title| check_line("title", title, TITLE_CHARACTERS_MAX))?;
    for name in [client_name, owner_name].into_iter().flatten() {
        check_line("name", name, DISPLAY_NAME_CHARACTERS_MAX)?;
    }
    Ok(())
}

fn check_lead(context: &Context<'_>, opened: &LeadOpened) -> Result<(), Refusal> {
    for (field, name) in [("intent", &opened.intent), ("contact channel", &opened.contact_channel)] {
        name.as_deref().map_or(Ok(()), |name| check_line(field, name, LEAD_NAME_CHARACTERS_MAX))?;
    }
    check_time(context, opened.at)
}

fn check_info(field: InfoField, text: &str) -> Result<(), Refusal> {
    match field {
        InfoField::Name => check_name(text),
        InfoField::Title | InfoField::ResourceTitle => check_line("title", text, TITLE_CHARACTERS_MAX),
        InfoField::Description => check_characters("description", text, DESCRIPTION_CHARACTERS_MAX),
        InfoField::AvatarUrl => check_url("avatar_url", text),
    }
}

/// Checks a name for machines: lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let starts = name.bytes().next().is_some_and(plain);
    if !starts || !name.bytes().all(|byte| plain(byte) || b"-_.".contains(&byte)) {
        return refuse(Code::ValueInvalid, "name: lower-case letters, digits and -_. only");
    }
    check_characters("name", name, NAME_CHARACTERS_MAX)
}

fn check_theme(theme: &Theme) -> Result<(), Refusal> {
    theme.background_url.as_deref().map_or(Ok(()), |url| check_url("background_url", url))?;
    theme.color.as_deref().map_or(Ok(()), check_color)
}

fn check_color(color: &str) -> Result<(), Refusal> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6);
    match digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        true => Ok(()),
        false => refuse(Code::ValueInvalid, "color: not #RRGGBB"),
    }
}

fn check_url(field: &str, url: &str) -> Result<(), Refusal> {
    if url.len() > URL_BYTES_MAX {
        return refuse(Code::TextTooLong, format!("{field}: at most {URL_BYTES_MAX} bytes"));
    }
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return refuse(Code::ValueInvalid, format!("{field}: not an http(s) address"));
    }
    Ok(())
}

fn check_policy(policy: Policy) -> Result<(), Refusal> {
    match (policy.value(), policy.name().number_max()) {
        (PolicyValue::Number(number), Some(max)) if number > u64::from(max) => {
            refuse(Code::ValueInvalid, format!("{}: at most {max}", policy.name()))
        }
        _ => Ok(()),
    }
}

fn check_definition(role: &RoleDefinition) -> Result<(), Refusal> {
    match role.rank {
        1..=99 => Ok(()),
        _ => refuse(Code::ValueInvalid, "rank: 1 to 99"),
    }
}

/// Checks that a status change is consistent with the member's previous status.
fn check_membership(context: &Context<'_>, account: &AccountId, membership: &Membership) -> Result<(), Refusal> {
    let former = context.conversation().members.get(account).and_then(|member: &Member| member.membership.as_ref());
    if *membership != Membership::next(former, membership.status, &membership.by, membership.at) {
        return refuse(Code::ValueInvalid, "not what follows from where the member stood");
    }
    check_time(context, membership.at)
}

fn check_grant(context: &Context<'_>, grant: &Grant) -> Result<(), Refusal> {
    if grant.until.is_some_and(|until| until <= grant.at) {
        return refuse(Code::ValueInvalid, "a grant that ends before it begins");
    }
    check_time(context, grant.at)
}

fn check_invite(context: &Context<'_>, invite: &Invite) -> Result<(), Refusal> {
    if invite.until.is_some_and(|until| until <= invite.at) || invite.uses_max == Some(0) {
        return refuse(Code::ValueInvalid, "an invite that lets nobody in");
    }
    check_time(context, invite.at)
}

fn check_message(context: &Context<'_>, message: &MessageId, body: &MessageBody) -> Result<(), Refusal> {
    check_time(context, message.created_at())?;
    if let Some(answered) = &body.reply_to {
        if answered == message {
            return refuse(Code::MessageUnknown, "a reply to itself");
        }
        check_time(context, answered.created_at())?;
    }
    check_body(context.limits, body)
}

/// Checks the body of a message, new or edited.
pub(super) fn check_body(limits: &Limits, body: &MessageBody) -> Result<(), Refusal> {
    content::check(limits, &body.content)?;
    let mentions = body.mentions.as_ref().map_or(0, Vec::len);
    if mentions > limits.mentions_max as usize {
        return refuse(Code::TooManyMentions, format!("at most {}", limits.mentions_max));
    }
    Ok(())
}

fn check_profile(field: ProfileField, text: &str) -> Result<(), Refusal> {
    match field {
        ProfileField::DisplayName => check_line("display name", text, DISPLAY_NAME_CHARACTERS_MAX),
        ProfileField::AvatarUrl => check_url("avatar_url", text),
        ProfileField::Bio => check_characters("bio", text, BIO_CHARACTERS_MAX),
        ProfileField::Status if text.is_empty() => Ok(()),
        ProfileField::Status => check_line("status", text, STATUS_CHARACTERS_MAX),
        ProfileField::Reference => check_line("reference", text, REFERENCE_CHARACTERS_MAX),
    }
}

fn check_contact(contact: &Contact) -> Result<(), Refusal> {
    if contact.phone.as_deref().is_some_and(|phone| Phone::parse(phone).is_none()) {
        return refuse(Code::PhoneInvalid, "phone: + and 7 to 15 digits");
    }
    if contact.email.as_deref().is_some_and(|email| Email::parse(email).is_none()) {
        return refuse(Code::EmailInvalid, "email: not an address");
    }
    match &contact.nickname {
        Some(nickname) => check_line("nickname", nickname, DISPLAY_NAME_CHARACTERS_MAX),
        None => Ok(()),
    }
}

/// Checks a text that is shown as one line.
pub(super) fn check_line(field: &str, text: &str, characters_max: usize) -> Result<(), Refusal> {
    if !shows(text) {
        return refuse(Code::TextEmpty, format!("{field}: empty"));
    }
    if !is_line(text) {
        return refuse(Code::LineInvalid, format!("{field}: one line, with nothing hidden in it"));
    }
    check_characters(field, text, characters_max)
}

pub(super) fn check_characters(field: &str, text: &str, characters_max: usize) -> Result<(), Refusal> {
    if text.chars().count() > characters_max {
        return refuse(Code::TextTooLong, format!("{field}: at most {characters_max} characters"));
    }
    Ok(())
}

fn check_time(context: &Context<'_>, time: WallTime) -> Result<(), Refusal> {
    if time > context.accepted_at.plus(context.limits.clock_ahead_max()) {
        return refuse(Code::ClockAhead, "a time ahead of the server");
    }
    Ok(())
}

fn check_pins(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let pins = &context.timeline().pins;
    let added = facts.iter().filter(|fact| matches!(fact, Fact::Pin(message, Some(_)) if !pins.contains_key(message)));
    let added = added.count();
    if added > 0 && pins.len() + added > context.limits.pins_max as usize {
        return refuse(Code::TooManyPins, format!("at most {}", context.limits.pins_max));
    }
    Ok(())
}
