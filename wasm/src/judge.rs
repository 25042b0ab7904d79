//! The core's authority on its own, for tests with hostile input.

use serde::Deserialize;
use tidings_core::{
    authority::{self, Session},
    ids::{AccountId, DeviceId, TenantId},
    time::WallTime,
    wire::{ClientFrame, ServerFrame, decode, encode},
};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::{
    bytes::Bytes,
    failure::{Checked, Failure},
};

/// The session that pushes, and the stream it pushes to.
#[derive(Clone, Deserialize, Tsify)]
pub struct JudgeConfig {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// True for a tenant administrator.
    pub administrator: bool,
    /// The device, 16 bytes.
    pub device: Bytes,
    /// The stream, as a Fetched frame of a restart.
    pub fetched: Bytes,
}

/// The authority of one stream.
#[wasm_bindgen]
pub struct Judge(authority::Judge);

#[wasm_bindgen]
impl Judge {
    /// Judges what a session pushes into a stream.
    ///
    /// # Errors
    /// `id_invalid` or `value_invalid` for an invalid config.
    #[wasm_bindgen(constructor)]
    pub fn new(config: Ts<JudgeConfig>) -> Result<Judge, Failure> {
        let JudgeConfig { tenant, account, administrator, device, fetched } =
            config.to_rust().map_err(Failure::read)?;
        let session = Session {
            tenant,
            account,
            device: DeviceId::try_from(&device.0[..]).map_err(Failure::value)?,
            administrator,
        };
        let ServerFrame::Fetched(fetched) = decode(&fetched.0).map_err(Failure::value)? else {
            return Err(Failure::value("not a frame Fetched"));
        };
        authority::Judge::new(session, &fetched).map(Judge).map_err(Failure::value)
    }

    /// The frame that answers a Push frame. The stream stays unchanged.
    ///
    /// # Errors
    /// `value_invalid` for anything but a Push frame.
    pub fn judge(&self, push: &[u8], #[wasm_bindgen(js_name = acceptedAt)] accepted_at: f64) -> Checked<Vec<u8>> {
        let ClientFrame::Push(push) = decode(push).map_err(Failure::value)? else {
            return Err(Failure::value("not a frame Push"));
        };
        Ok(encode(&self.0.judge(&push, WallTime::from_millis(accepted_at as u64))))
    }
}
