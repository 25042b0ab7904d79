//! Questions to the server about an address book. Nothing of one is stored:
//! without a link there is no answer, and one that is lost is asked again by
//! whoever asked.

use std::collections::BTreeMap;

use crate::{
    code::Code,
    engine::{Engine, Update},
    wire::{ClientFrame, ContactMatches, MatchContacts, Refused},
};

/// Whose question each request of the link is.
pub(super) type Matching = BTreeMap<u64, u64>;

impl Engine {
    pub(super) fn match_contacts(&mut self, asked: u64, points: Vec<String>, region: Option<String>) {
        if !self.link.is_online() {
            return self.fail(asked, Code::Unreachable, "only the server knows who has an account");
        }
        if points.len() > self.limits.contact_points_max as usize {
            let detail = format!("at most {} at once", self.limits.contact_points_max);
            return self.fail(asked, Code::TooManyContacts, &detail);
        }
        let request = self.link.new_request();
        self.matching.insert(request, asked);
        self.send(&ClientFrame::MatchContacts(MatchContacts { request, points, region }));
    }

    pub(super) fn contacts_matched(&mut self, frame: ContactMatches) {
        if let Some(request) = self.matching.remove(&frame.request) {
            self.update(Update::ContactsMatched { request, matches: frame.matches });
        }
    }

    /// Whether a refusal answers a question; it is then told to whoever asked.
    pub(super) fn match_refused(&mut self, refused: &Refused) -> bool {
        let asked = self.matching.remove(&refused.request);
        if let Some(asked) = asked {
            self.fail(asked, refused.code, &refused.detail);
        }
        asked.is_some()
    }

    /// The link is lost, and the answers with it.
    pub(super) fn forget_matching(&mut self) {
        for asked in core::mem::take(&mut self.matching).into_values() {
            self.fail(asked, Code::Unreachable, "the link was lost before the answer");
        }
    }
}
