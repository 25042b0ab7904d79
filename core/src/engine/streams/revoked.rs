//! Memberships that ended: the account may read no more of a conversation, and its commands are refused here, until
//! it is let in again.

use crate::{
    engine::{Engine, screen::inbox::Draw, streams::replica::Replica},
    ids::{AccountId, StreamId},
    journal::Position,
    model::MemberStatus,
    wire::Revoked,
};

impl Replica {
    /// Records the account's status in the conversation, which decides whether it may write here.
    pub(in crate::engine) fn set_status(&mut self, status: MemberStatus) {
        self.revoked = Some(status).filter(|status| *status != MemberStatus::Active);
        self.touched.row = true;
        self.touched.detail = true;
        self.drop_withheld();
    }

    /// The server says which entry ended the account's membership.
    pub(in crate::engine) fn revoke(&mut self, status: MemberStatus, at: Position) {
        self.revoked_at = at;
        self.set_status(status);
    }

    /// Everything up to a position was fetched: who has come in again by then is in, though the summary that says so
    /// is still to come.
    pub(super) fn note_return(&mut self, fetched: Position, me: &AccountId) {
        let is_in = || self.confirmed.conversation().active_member(me).is_some();
        if self.revoked.is_some() && fetched >= self.revoked_at && is_in() {
            self.set_status(MemberStatus::Active);
        }
    }

    /// Stops assuming what followed from the account's last changes: a former member is not sent it.
    pub(super) fn drop_withheld(&mut self) {
        if self.revoked.is_none() {
            return;
        }
        // The conversation is read anew, with what is queued. A flush that fails is reported by the compaction.
        let _ = self.confirmed.flush();
        if self.confirmed.drop_consequences() {
            self.touched.all = true;
            self.touched.row = true;
            self.touched.detail = true;
            self.reapply();
        }
    }
}

impl Engine {
    pub(in crate::engine) fn receive_revoked(&mut self, stream: &StreamId, revoked: &Revoked) {
        let Revoked { conversation, status, position } = *revoked;
        self.requests.memberships.end_granted(&mut self.ctx, conversation);
        let record = self.inbox.get_mut(&conversation).filter(|record| record.row.status != status);
        if let Some(record) = record {
            record.row.status = status;
            self.inbox.store(conversation);
            self.inbox.draw(conversation, Draw::Any);
        }
        let Some(replica) = self.replica(stream) else { return };
        // Pending changes may have been admitted before: the server answers them, and after its first
        // refusal the rest is refused here.
        replica.revoke(status, position);
        self.stream_heads.change(stream);
        self.hurry_parked(stream);
        if self.link.is_online() && self.stream_heads.moved(stream) {
            self.start_over(stream);
        }
        self.watch(conversation);
    }
}
