//! Ids that apps derive: of direct conversations, threads and invite links.

use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};
use tidings_core::ids::{ConversationId, InviteCode};
use wasm_bindgen::prelude::*;

use crate::failure::{Checked, Failure};

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Checked<T> {
    let deserializer: value::StrDeserializer<'a, value::Error> = text.into_deserializer();
    T::deserialize(deserializer).map_err(Failure::read)
}

/// The thread that starts from a message of a conversation, or of one of its threads, opened or not.
///
/// # Errors
/// `id_invalid` for an invalid id.
#[wasm_bindgen(js_name = threadOf)]
pub fn thread_of(tenant: &str, conversation: &str, message: &str) -> Checked<String> {
    Ok(ConversationId::thread(&read(tenant)?, read(conversation)?, &read(message)?).to_string())
}

/// The direct conversation of two accounts, created or not.
///
/// # Errors
/// `id_invalid` for an invalid id.
#[wasm_bindgen(js_name = directOf)]
pub fn direct_of(tenant: &str, account: &str, peer: &str) -> Checked<String> {
    Ok(ConversationId::direct(&read(tenant)?, &read(account)?, &read(peer)?).to_string())
}

/// The code of a new invite link, from 16 random bytes.
///
/// # Errors
/// `value_invalid` for any other number of bytes.
#[wasm_bindgen(js_name = inviteCode)]
pub fn invite_code(random: &[u8]) -> Checked<String> {
    let bytes = random.try_into().map_err(|_| Failure::value("an invite code is made from 16 bytes"))?;
    Ok(InviteCode::from_bytes(bytes).to_string())
}

/// The id of the invite link with this code.
///
/// # Errors
/// `id_invalid` for an invalid code.
#[wasm_bindgen(js_name = inviteOf)]
pub fn invite_of(code: &str) -> Checked<String> {
    Ok(read::<InviteCode>(code)?.invite().to_string())
}
