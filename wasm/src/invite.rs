//! Invite links, and what one who is not a member can ask for.

use serde::{Deserialize, Serialize};
use tidings_core::{
    command as core,
    ids::InviteCode,
    model::{self, Role},
    view,
};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::{
    failure::{Checked, Failure},
    id,
    time::{millis, wall_time},
};

/// An invite link. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct InviteRow {
    /// Which. Its code cannot be had from it.
    pub id: String,
    /// What who comes in by it becomes.
    pub role: Role,
    /// From when on it lets nobody in; none for never.
    pub until: Option<f64>,
    /// How many it lets in; none for any number.
    pub uses_max: Option<u32>,
    /// How many came in by it.
    pub uses: u32,
    /// Whether it lets anybody in at the moment.
    pub enabled: bool,
    /// Who made it, or changed it last.
    pub by: String,
    /// When it was made, or changed last, in milliseconds since 1970.
    pub at: f64,
}

/// What an invite link does.
#[derive(Clone, PartialEq, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct InviteTerms {
    /// What who comes in by it becomes: a member at most.
    pub role: Role,
    /// From when on it lets nobody in, in milliseconds since 1970; none for never.
    #[tsify(optional)]
    pub until: Option<f64>,
    /// How many it lets in; none for any number.
    #[tsify(optional)]
    pub uses_max: Option<u32>,
    /// Whether it lets anybody in.
    pub enabled: bool,
}

/// What one who is not a member asks for.
#[derive(Clone, PartialEq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To be let in, by the link of this code if one is given.
    Join(Option<String>),
    /// To take an invitation.
    Accept,
    /// To decline an invitation, or take back the wish to be let in.
    Decline,
}

/// The code of a new invite link, from 16 random bytes.
///
/// # Errors
/// `value_invalid` for another number of bytes.
#[wasm_bindgen(js_name = inviteCode)]
pub fn invite_code(random: &[u8]) -> Result<String, Failure> {
    let bytes = random.try_into().map_err(|_| Failure::value("an invite code is made from 16 bytes"))?;
    Ok(InviteCode::from_bytes(bytes).to_string())
}

/// The id of the invite link that has this code.
///
/// # Errors
/// `id_invalid` for what is no code.
#[wasm_bindgen(js_name = inviteOf)]
pub fn invite_of(code: &str) -> Result<String, Failure> {
    Ok(id::invite_code(code)?.invite().to_string())
}

impl From<view::InviteRow> for InviteRow {
    fn from(row: view::InviteRow) -> Self {
        let view::InviteRow { id, invite: model::Invite { role, until, uses_max, enabled, by, at }, uses } = row;
        Self {
            id: id.to_string(),
            role,
            until: until.map(millis),
            uses_max,
            uses,
            enabled,
            by: by.to_string(),
            at: millis(at),
        }
    }
}

impl TryFrom<InviteTerms> for core::InviteTerms {
    type Error = Failure;

    fn try_from(terms: InviteTerms) -> Checked<Self> {
        let InviteTerms { role, until, uses_max, enabled } = terms;
        Ok(Self { role, until: until.map(wall_time).transpose()?, uses_max, enabled })
    }
}

impl TryFrom<Wish> for model::Wish {
    type Error = Failure;

    fn try_from(wish: Wish) -> Checked<Self> {
        Ok(match wish {
            Wish::Join(code) => model::Wish::Join(code.map(|code| id::invite_code(&code)).transpose()?),
            Wish::Accept => model::Wish::Accept,
            Wish::Decline => model::Wish::Decline,
        })
    }
}
