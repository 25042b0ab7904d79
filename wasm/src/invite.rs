//! Codes of invite links, and what links they open.

use tidings_core::ids::InviteCode;
use wasm_bindgen::prelude::*;

use crate::{
    failure::{Checked, Failure},
    id,
};

/// The code of a new invite link, from 16 random bytes.
///
/// # Errors
/// `value_invalid` for another number of bytes.
#[wasm_bindgen(js_name = inviteCode)]
pub fn invite_code(random: &[u8]) -> Checked<String> {
    let bytes = random.try_into().map_err(|_| Failure::value("an invite code is made from 16 bytes"))?;
    Ok(InviteCode::from_bytes(bytes).to_string())
}

/// The id of the invite link that has this code.
///
/// # Errors
/// `id_invalid` for what is no code.
#[wasm_bindgen(js_name = inviteOf)]
pub fn invite_of(code: &str) -> Checked<String> {
    Ok(id::invite_code(code)?.invite().to_string())
}
