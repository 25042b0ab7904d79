//! The link to the server: when there is one, what goes over it, and the server's time.
//!
//! | file | holds |
//! |---|---|
//! | `connection` | `Link`: the connection, the token, the cursor; when to connect, what ends with a connection |
//! | `session` | a session, from Hello and Welcome to the reason it ends for |
//! | `frames` | frames from the server, each handed to the part that it is for |
//! | `backoff` | the delay before the next try |
//! | `clock` | `ServerClock`: how far the device's clock is off |

pub(super) mod backoff;
pub(super) mod clock;
pub(super) mod connection;
mod frames;
mod session;
