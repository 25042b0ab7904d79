//! Why something that a person wrote is not sent yet, and until when.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{code::Code, time::WallTime};

/// Why a command waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wait {
    /// The server's reason, such as `slow_mode` or `rate_limited`.
    #[n(0)]
    pub code: Code,
    /// The end of the wait, by the server's clock.
    #[n(1)]
    pub until: WallTime,
}
