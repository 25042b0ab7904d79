//! Step 9: every field's range and length. Types were checked when the
//! operations were read.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::{Fact, ProfileField, emoji_is_legal},
    ids::MessageId,
    model::{Contact, MessageBody},
    time::WallTime,
};

const TITLE_CHARACTERS_MAX: usize = 200;
const DESCRIPTION_CHARACTERS_MAX: usize = 2_000;
const DISPLAY_NAME_CHARACTERS_MAX: usize = 120;
const AVATAR_URL_BYTES_MAX: usize = 2_048;
const BIO_CHARACTERS_MAX: usize = 160;
const STATUS_CHARACTERS_MAX: usize = 80;

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    facts.iter().try_for_each(|fact| check_fact(context, fact))?;
    check_pins(context, facts)
}

fn check_fact(context: &Context<'_>, fact: &Fact) -> Result<(), Refusal> {
    match fact {
        Fact::Created(created) => check_time(context, created.at),
        Fact::Title(Some(title)) => check_line("title", title, TITLE_CHARACTERS_MAX),
        Fact::Description(Some(text)) => check_characters("description", text, DESCRIPTION_CHARACTERS_MAX),
        Fact::Pin(_, Some(pin)) => check_time(context, pin.at),
        Fact::Message(message, body) => check_message(context, message, body),
        Fact::Edit(_, edit) => {
            check_time(context, edit.at)?;
            check_text(context, &edit.text)
        }
        Fact::Deleted(_, deletion) => check_time(context, deletion.at),
        Fact::Reaction(_, emoji, _, _) if !emoji_is_legal(emoji) => refuse(Code::ValueInvalid, "not an emoji"),
        Fact::Profile(field, Some(text)) => check_profile(*field, text),
        Fact::Contact(_, Some(contact)) => check_contact(contact),
        Fact::Title(None)
        | Fact::Description(None)
        | Fact::State(_)
        | Fact::Locked(_)
        | Fact::SendPolicy(_)
        | Fact::MemberRole(..)
        | Fact::MemberStatus(..)
        | Fact::Pin(_, None)
        | Fact::Reaction(..)
        | Fact::ProfileKind(_)
        | Fact::Profile(_, None)
        | Fact::Contact(_, None)
        | Fact::Setting(..) => Ok(()),
    }
}

fn check_message(context: &Context<'_>, message: &MessageId, body: &MessageBody) -> Result<(), Refusal> {
    check_time(context, message.created_at())?;
    check_text(context, &body.text)?;
    let mentions = body.mentions.as_ref().map_or(0, Vec::len);
    if mentions > context.limits.mentions_max as usize {
        return refuse(Code::TooManyMentions, format!("at most {}", context.limits.mentions_max));
    }
    Ok(())
}

fn check_text(context: &Context<'_>, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return refuse(Code::TextEmpty, "a message says something");
    }
    check_characters("text", text, context.limits.message_characters_max as usize)
}

fn check_profile(field: ProfileField, text: &str) -> Result<(), Refusal> {
    match field {
        ProfileField::DisplayName => check_line("display name", text, DISPLAY_NAME_CHARACTERS_MAX),
        ProfileField::AvatarUrl if text.len() > AVATAR_URL_BYTES_MAX => {
            refuse(Code::TextTooLong, format!("avatar_url: at most {AVATAR_URL_BYTES_MAX} bytes"))
        }
        ProfileField::AvatarUrl if !text.starts_with("https://") && !text.starts_with("http://") => {
            refuse(Code::ValueInvalid, "avatar_url: not an http(s) address")
        }
        ProfileField::AvatarUrl => Ok(()),
        ProfileField::Bio => check_characters("bio", text, BIO_CHARACTERS_MAX),
        ProfileField::Status => check_characters("status", text, STATUS_CHARACTERS_MAX),
    }
}

fn check_contact(contact: &Contact) -> Result<(), Refusal> {
    match &contact.nickname {
        Some(nickname) => check_line("nickname", nickname, DISPLAY_NAME_CHARACTERS_MAX),
        None => Ok(()),
    }
}

fn check_line(field: &str, text: &str, characters_max: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return refuse(Code::TextEmpty, format!("{field}: empty"));
    }
    check_characters(field, text, characters_max)
}

fn check_characters(field: &str, text: &str, characters_max: usize) -> Result<(), Refusal> {
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
    let pins = &context.conversation().pins;
    let added = facts.iter().filter(|fact| matches!(fact, Fact::Pin(message, Some(_)) if !pins.contains_key(message)));
    let added = added.count();
    if added > 0 && pins.len() + added > context.limits.pins_max as usize {
        return refuse(Code::TooManyPins, format!("at most {}", context.limits.pins_max));
    }
    Ok(())
}
