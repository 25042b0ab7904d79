//! Requests that only the server can answer.
//!
//! | file | holds |
//! |---|---|
//! | `membership` | requests to join, accept, decline or leave |
//! | `held` | messages written before the removal was known, handed in and decided about |
//! | `lists` | pages of own conversations and of the directory |
//! | `questions` | address books, and the subscribers of a channel |
//! | `watch` | conversations that an administrator looks at without being a member |

pub(super) mod held;
pub(super) mod lists;
pub(super) mod membership;
mod questions;
mod watch;

use held::HeldWords;
use lists::Lists;
use membership::MembershipRequests;
use questions::Questions;
use watch::Watched;

/// When the link is lost, each is sent again, failed, or answered from this device.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) memberships: MembershipRequests,
    pub(super) held: HeldWords,
    pub(super) lists: Lists,
    pub(super) questions: Questions,
    pub(super) watched: Watched,
}
