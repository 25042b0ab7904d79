//! The link to the server: when there is one, what goes over it, and the server's time.
//!
//! | file | holds |
//! |---|---|
//! | `connection` | `Link`: connecting, the session, the token, the cursor; which frame goes where |
//! | `backoff` | the delay before the next try |
//! | `clock` | `ServerClock`: how far the device's clock is off |

pub(super) mod backoff;
pub(super) mod clock;
pub(super) mod connection;
