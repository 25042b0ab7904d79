//! What only the server can answer, and has not answered yet.

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
