//! The exported engine: the core's contract with converted inputs and outputs.

use serde::Deserialize;
use tidings_core::{
    engine as core,
    ids::{AccountId, TenantId},
    storage::TaskId,
    time::{MonotonicTime, Now, WallTime},
};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::{
    bytes::Bytes,
    failure::{Checked, Failure},
    output::Output,
    storage::StorageAnswer,
};

/// The account of an engine, and its options.
#[derive(Clone, Deserialize, Tsify)]
pub struct EngineConfig {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// 32 bytes of fresh entropy.
    pub seed: Bytes,
    /// If true, the engine judges every admitted entry again.
    #[serde(default)]
    #[tsify(optional)]
    pub verify: bool,
    /// Number of conversations to fetch ahead, by newest activity, so that they can be read without a network.
    /// 50 if left out, 0 for none.
    #[serde(default, rename = "prefetchConversations")]
    #[tsify(optional)]
    pub prefetch_conversations: Option<u32>,
}

/// One engine. After creating it, and after each input, poll its outputs until there are none.
#[wasm_bindgen]
pub struct Engine(core::Engine);

#[wasm_bindgen]
impl Engine {
    /// A new engine, with both clocks in milliseconds.
    ///
    /// # Errors
    /// `id_invalid` for an invalid tenant or account, `value_invalid` for an invalid config.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(js_name = monotonicMs)] monotonic_ms: f64,
        #[wasm_bindgen(js_name = wallMs)] wall_ms: f64,
        config: Ts<EngineConfig>,
    ) -> Result<Engine, Failure> {
        let config = config.to_rust().map_err(Failure::read)?.try_into()?;
        Ok(Self(core::Engine::new(now(monotonic_ms, wall_ms), config)))
    }

    /// Handles an input.
    ///
    /// # Errors
    /// The code of what is wrong with it; `misuse` before the outputs of the last input were polled, and after
    /// the end.
    pub fn handle(
        &mut self,
        #[wasm_bindgen(js_name = monotonicMs)] monotonic_ms: f64,
        #[wasm_bindgen(js_name = wallMs)] wall_ms: f64,
        input: Ts<core::Input>,
    ) -> Checked<()> {
        #[cfg(feature = "testing")]
        crate::contract::trap_if_asked();
        self.take(monotonic_ms, wall_ms, input.to_rust().map_err(Failure::read)?)
    }

    /// Handles a frame from the server.
    ///
    /// # Errors
    /// `misuse`, as for an input.
    #[wasm_bindgen(js_name = frameReceived)]
    pub fn frame_received(
        &mut self,
        #[wasm_bindgen(js_name = monotonicMs)] monotonic_ms: f64,
        #[wasm_bindgen(js_name = wallMs)] wall_ms: f64,
        frame: Vec<u8>,
    ) -> Checked<()> {
        #[cfg(feature = "testing")]
        crate::contract::trap_if_asked();
        self.take(monotonic_ms, wall_ms, core::Input::FrameReceived(frame))
    }

    /// Handles the store's answer to a task.
    ///
    /// # Errors
    /// `value_invalid` for something that is not an answer, `misuse` as for an input.
    #[wasm_bindgen(js_name = storageFinished)]
    pub fn storage_finished(
        &mut self,
        #[wasm_bindgen(js_name = monotonicMs)] monotonic_ms: f64,
        #[wasm_bindgen(js_name = wallMs)] wall_ms: f64,
        task: f64,
        answer: Ts<StorageAnswer>,
    ) -> Checked<()> {
        #[cfg(feature = "testing")]
        crate::contract::trap_if_asked();
        let answer = answer.to_rust().map_err(Failure::read)?;
        self.take(monotonic_ms, wall_ms, core::Input::StorageFinished(TaskId(task as u64), answer.into()))
    }

    /// The next output; none if there are no more.
    ///
    /// # Errors
    /// `value_invalid` when the output cannot be converted.
    pub fn poll(&mut self) -> Result<Option<Ts<Output>>, Failure> {
        self.0.poll().map(|output| Output::from(output).into_ts().map_err(Failure::value)).transpose()
    }

    fn take(&mut self, monotonic_ms: f64, wall_ms: f64, input: core::Input) -> Checked<()> {
        self.0.handle(now(monotonic_ms, wall_ms), input).map_err(Failure::from)
    }
}

/// Both clocks at the time of a call; fractions of a millisecond are truncated.
fn now(monotonic_ms: f64, wall_ms: f64) -> Now {
    // A cast saturates, and turns NaN into zero.
    Now { monotonic: MonotonicTime::from_millis(monotonic_ms as u64), wall: WallTime::from_millis(wall_ms as u64) }
}

impl TryFrom<EngineConfig> for core::EngineConfig {
    type Error = Failure;

    fn try_from(config: EngineConfig) -> Checked<Self> {
        let EngineConfig { tenant, account, seed, verify, prefetch_conversations } = config;
        let mut settings = core::Settings::default();
        if let Some(count) = prefetch_conversations {
            settings.prefetch_conversations = usize::try_from(count).map_err(|_| Failure::value("too many"))?;
        }
        let seed = <[u8; 32]>::try_from(seed.0).map_err(|_| Failure::value("a seed has 32 bytes"))?;
        Ok(Self { tenant, account, seed, verify, settings })
    }
}
