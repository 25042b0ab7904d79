//! Presence: what an account does in a conversation, and who is sent it.

use std::collections::HashSet;

use tidings_core::{
    ids::AccountId,
    model::PresenceKind,
    wire::{MemberPresence, PresenceNotice, Present, ServerFrame},
};

use super::Session;
use crate::{
    live::{Frame, fanout},
    store::Notice,
};

impl Session {
    pub(super) async fn note_presence(&mut self, notice: PresenceNotice) {
        let PresenceNotice { conversation, kind } = notice;
        let (tenant, account, session) = (&self.identity.tenant, &self.identity.account, self.handle.id);
        let has_room = self.online.len() < self.node.config.node.bounds.online_max;
        let mut has_come = false;
        if kind == PresenceKind::Offline {
            self.online.remove(&conversation);
            if !self.node.live.present.leave(tenant, conversation, account, session) {
                return;
            }
        } else if self.online.contains(&conversation) || has_room {
            self.online.insert(conversation);
            has_come = self.node.live.present.note(tenant, conversation, account, session, kind);
        } else {
            // Beyond the limit no end is sent, but presence still is.
            has_come = kind == PresenceKind::Online;
        }
        let members = self.pass_presence(notice).await;
        let Some(members) = members.filter(|_| has_come) else { return };
        match fanout::present_for(&self.node.live, tenant, conversation, &members, account).await {
            Ok(members) if members.is_empty() => {}
            Ok(members) => {
                let frame = Frame::new(&ServerFrame::Present(Present { conversation, members }));
                self.handle.outgoing.send(&frame);
            }
            Err(error) => tracing::debug!(%error, "who is there was not told"),
        }
    }

    /// Sends presence to the other sessions of the conversation's active members, on every node, and
    /// returns the members; none if the account is not one of them. Nothing depends on it, so a store
    /// failure is only logged.
    pub(super) async fn pass_presence(&self, notice: PresenceNotice) -> Option<Vec<AccountId>> {
        let PresenceNotice { conversation, kind } = notice;
        let tenant = &self.identity.tenant;
        let presence = MemberPresence { conversation, account: self.identity.account.clone(), kind };
        match fanout::presence(&self.node.live, tenant, &presence, &HashSet::from([self.handle.id])).await {
            Ok(members) => {
                if members.is_some() {
                    self.node.store.notify(Notice::Presence { tenant: tenant.clone(), presence });
                }
                members
            }
            Err(error) => {
                tracing::debug!(%error, "presence was not passed on");
                None
            }
        }
    }
}
