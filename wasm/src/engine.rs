//! The exported engine: the core's contract with converted inputs and outputs.

use serde::Deserialize;
use tidings_core::{engine as core, ids::ConversationId};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::{
    bytes::Bytes,
    failure::{Checked, Failure},
    id,
    input::Input,
    output::Output,
    time::now,
};

/// Who the engine works for.
#[derive(Clone, Deserialize, Tsify)]
pub struct EngineConfig {
    /// The tenant.
    pub tenant: String,
    /// The account.
    pub account: String,
    /// 32 bytes of fresh entropy.
    pub seed: Bytes,
    /// Whether to decide anew about every entry that the server admitted.
    #[serde(default)]
    #[tsify(optional)]
    pub verify: bool,
    /// How many conversations are fetched ahead, so that they can be read without
    /// a network: those of the newest activity. 50 if left out, 0 for none.
    #[serde(default, rename = "prefetchConversations")]
    #[tsify(optional)]
    pub prefetch_conversations: Option<u32>,
}

/// The thread that starts from a message of a conversation, or of one of its
/// threads, whether it was opened already or not.
///
/// # Errors
/// `id_invalid` for what is no id.
#[wasm_bindgen(js_name = threadOf)]
pub fn thread_of(tenant: &str, conversation: &str, message: &str) -> Result<String, Failure> {
    let (conversation, message) = (id::conversation(conversation)?, id::message(message)?);
    Ok(ConversationId::thread(&id::tenant(tenant)?, conversation, &message).to_string())
}

/// The direct of two accounts, whether there is one already or not.
///
/// # Errors
/// `id_invalid` for what is no id.
#[wasm_bindgen(js_name = directOf)]
pub fn direct_of(tenant: &str, account: &str, peer: &str) -> Result<String, Failure> {
    let (account, peer) = (id::account(account)?, id::account(peer)?);
    Ok(ConversationId::direct(&id::tenant(tenant)?, &account, &peer).to_string())
}

/// One engine. After it is made, and after each input, the caller polls its
/// outputs until there is none.
#[wasm_bindgen]
pub struct Engine(core::Engine);

#[wasm_bindgen]
impl Engine {
    /// A new engine, with both clocks in milliseconds.
    ///
    /// # Errors
    /// `id_invalid` for a tenant or account that is none, `value_invalid` for
    /// what is no config.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(js_name = monotonicMs)] monotonic_ms: f64,
        #[wasm_bindgen(js_name = wallMs)] wall_ms: f64,
        config: Ts<EngineConfig>,
    ) -> Result<Engine, Failure> {
        let config = config.to_rust().map_err(Failure::read)?.try_into()?;
        Ok(Self(core::Engine::new(now(monotonic_ms, wall_ms), config)))
    }

    /// Takes an input.
    ///
    /// # Errors
    /// `id_invalid` or `value_invalid` for what is no input, `misuse` before
    /// the outputs of the last one were taken and after the end.
    pub fn handle(
        &mut self,
        #[wasm_bindgen(js_name = monotonicMs)] monotonic_ms: f64,
        #[wasm_bindgen(js_name = wallMs)] wall_ms: f64,
        input: Ts<Input>,
    ) -> Result<(), Failure> {
        #[cfg(feature = "testing")]
        crate::contract::trap_if_asked();
        let input = input.to_rust().map_err(Failure::read)?.try_into()?;
        self.0.handle(now(monotonic_ms, wall_ms), input).map_err(Failure::from)
    }

    /// The next output; none when everything is taken.
    ///
    /// # Errors
    /// `value_invalid` when the output cannot be converted.
    pub fn poll(&mut self) -> Result<Option<Ts<Output>>, Failure> {
        self.0.poll().map(|output| Output::from(output).into_ts().map_err(Failure::value)).transpose()
    }
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
        Ok(Self { tenant: id::tenant(&tenant)?, account: id::account(&account)?, seed, verify, settings })
    }
}
