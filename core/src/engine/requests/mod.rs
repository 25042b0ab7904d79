//! What only the server can answer, and has not answered yet.
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

/// Each of them is asked again, or answered from here, when the link is lost.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) memberships: MembershipRequests,
    pub(super) held: HeldWords,
    pub(super) lists: Lists,
    pub(super) questions: Questions,
    pub(super) watched: Watched,
}
