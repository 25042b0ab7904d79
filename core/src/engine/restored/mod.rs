//! A server whose store was restored to an older state: how that is noticed, and how the account's
//! own words are offered again.
//!
//! | file | holds |
//! |---|---|
//! | `history` | comparing the server's journal with the one on this device |
//! | `incarnation` | streams of a former incarnation, fetched anew |
//! | `own` | what the account wrote of a stream, and the commands that would write it again |
//! | `asking` | asking the server, in batches, which of these changes it lacks |
//! | `maybe_admitted` | messages in the outbox that may have been admitted on pages left out |

pub(super) mod asking;
pub(super) mod history;
pub(super) mod incarnation;
pub(super) mod maybe_admitted;
pub(super) mod own;
