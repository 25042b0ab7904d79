//! The detail of an open conversation: the panel beside its timeline.

use core::cmp::Reverse;

use crate::{
    api::{ConversationDetail, GrantRow, InviteRow, MemberChange, MemberRow, PinRow, PlacedMember, RoleRow, Roster},
    doc::Document,
    engine::{
        Engine, Update,
        screen::{
            drawing::{Drawing, preview_of},
            touched::Touched,
        },
        streams::replica::Replica,
    },
    ids::{AccountId, ConversationId, InviteId, StreamId, TimelineId},
    model::{
        Conversation, ConversationKind, ConversationState, InfoField, Invite, Member, MemberField, MemberStatus,
        Permission, Power, PresenceKind,
    },
    time::WallTime,
};

/// Former members in a detail: a history of years would be drawn with every change.
const FORMER_MAX: usize = 200;

impl Engine {
    pub(in crate::engine) fn flush_detail(&mut self, conversation: ConversationId) {
        let drawing = self.drawing();
        let Some((_, replica)) = drawing.shown(conversation) else { return };
        self.ctx.count(|counts| counts.details += 1);
        let Some(detail) = drawing.detail(replica, replica.timeline(conversation)) else {
            return self.drop_thread_detail(conversation);
        };
        let Some(open) = self.open.get_mut(&conversation) else { return };
        let grants =
            detail.members.iter().chain(&detail.candidates).chain(&detail.former).flat_map(|member| &member.grants);
        open.grants_end = grants.filter_map(|row| row.grant.until).min();
        self.requests.held.shown(conversation, &detail.held);
        if open.detail.as_ref() != Some(&detail) {
            open.detail = Some(detail.clone());
            self.ctx.update(Update::Conversation(Box::new(detail)));
        }
    }

    /// Sends the members who changed instead of the whole detail.
    pub(in crate::engine) fn flush_members(&mut self, timeline: ConversationId, touched: &Touched) {
        let drawing = self.drawing();
        let Some((open, replica)) = drawing.shown(timeline) else { return };
        let conversation = open.conversation();
        let is_touched = |account: &AccountId| touched.members.contains(account);
        let resource = replica.view().conversation().resource();
        let is_party = resource.is_some_and(|resource| is_touched(&resource.client) || is_touched(&resource.owner));
        let is_own = is_touched(&self.ctx.session.account);
        let is_apart = |detail: &&ConversationDetail| {
            let shows_uses = touched.invites && detail.permissions.holds(Permission::InviteCreate);
            !is_own && !is_party && !shows_uses && detail.former.len() + touched.members.len() <= FORMER_MAX
        };
        if open.detail.as_ref().filter(is_apart).is_none() {
            return self.flush_detail(timeline);
        }
        let state = replica.view().conversation();
        let Some(power) = drawing.own_power(replica, conversation) else { return self.flush_detail(timeline) };
        let Some(updated_at) = updated_at(replica, replica.timeline(timeline)) else { return };
        let rows: Vec<(AccountId, Option<(Roster, MemberRow)>)> = touched
            .members
            .iter()
            .map(|account| {
                let member = state.members.get_key_value(account);
                let row = member
                    .and_then(|one| Some((roster_of(one.1)?, drawing.member_row(replica, conversation, power, one))));
                (account.clone(), row)
            })
            .collect();
        let Some(replica) = self.streams.loaded(&StreamId::Conversation(conversation)) else { return };
        let Some(detail) = self.open.get_mut(&timeline).and_then(|open| open.detail.as_mut()) else { return };
        let state = replica.view().conversation();
        let mut changes = Vec::new();
        for (account, row) in rows {
            let former = detail.remove_member(&account);
            let row = row.map(|(roster, member)| {
                let order = place_of(roster, &member, state);
                let place = detail.roster(roster).partition_point(|other| place_of(roster, other, state) < order);
                PlacedMember { roster, place, member }
            });
            let is_other = former != row;
            let change = MemberChange { account, row };
            detail.change_member(change.clone());
            changes.extend(is_other.then_some(change));
        }
        if !changes.is_empty() || detail.updated_at != updated_at {
            detail.updated_at = updated_at;
            self.ctx.update(Update::Members { conversation: timeline, changes, updated_at });
        }
    }
}

impl Drawing<'_> {
    fn member_row(
        self,
        replica: &Replica,
        conversation: ConversationId,
        power: Power,
        (account, member): (&AccountId, &Member),
    ) -> MemberRow {
        self.ctx.count(|counts| counts.members += 1);
        let state = replica.view().conversation();
        MemberRow {
            account: account.clone(),
            name: self.name_in(replica, account),
            color: member.text(MemberField::Color).map(str::to_owned),
            role: member.role.clone(),
            status: member.status(),
            status_at: member.membership.as_ref().map(|membership| membership.at),
            status_by: member.membership.as_ref().map(|membership| membership.by.clone()),
            joined_at: member.membership.as_ref().and_then(|membership| membership.joined_at),
            invited_by: member.membership.as_ref().and_then(|membership| membership.invited_by.clone()),
            grants: member
                .grants
                .iter()
                .filter(|(_, grant)| grant.holds_at(self.ctx.wall()))
                .map(|(permission, grant)| GrantRow { permission: *permission, grant: grant.clone() })
                .collect(),
            presence: match member.is_active() {
                true => self.presence.of(conversation, account),
                false => PresenceKind::Offline,
            },
            below: *account != *self.me()
                && state.rank_of(&member.role) < power.rank
                && state.kind() != Some(ConversationKind::Direct),
        }
    }

    /// The rank and permissions of the own account, as the authority judges them; none for an account
    /// that is no member and does not administer the tenant.
    fn own_power(self, replica: &Replica, conversation: ConversationId) -> Option<Power> {
        let state = replica.view().conversation();
        if self.ctx.session.administrator {
            return Some(Power::administrator());
        }
        let me = self.own_member(replica, conversation)?;
        Some(match replica.revoked.unwrap_or(me.status()) {
            MemberStatus::Active => state.power_at(&me, self.ctx.wall()),
            _ => Power::default(),
        })
    }

    fn detail(self, replica: &Replica, timeline: TimelineId) -> Option<ConversationDetail> {
        let conversation = timeline.conversation;
        let state = replica.view().conversation();
        let own = replica.view().timeline(timeline)?;
        let created = own.created.as_ref()?;
        let power = self.own_power(replica, conversation)?;
        let permissions = power.permissions;
        let me = self.own_member(replica, conversation);
        let row = |member: (&AccountId, &Member)| self.member_row(replica, conversation, power, member);
        let mut members: Vec<MemberRow> = state.active_members().map(row).collect();
        members.sort_by_cached_key(|row| place_of(Roster::Members, row, state));
        let of = |roster| state.members.iter().filter(move |(_, member)| roster_of(member) == Some(roster));
        let mut candidates: Vec<MemberRow> = of(Roster::Candidates).map(row).collect();
        candidates.sort_by_cached_key(|row| place_of(Roster::Candidates, row, state));
        let former = of(Roster::Former);
        let mut former: Vec<_> =
            former.map(|one| (Reverse(one.1.membership.as_ref().map(|membership| membership.at)), one)).collect();
        former.sort_unstable_by_key(|(at, (account, _))| (*at, *account));
        former.truncate(FORMER_MAX);
        let former: Vec<MemberRow> = former.into_iter().map(|(_, one)| row(one)).collect();
        let mut invites: Vec<InviteRow> = Vec::new();
        if permissions.holds(Permission::InviteCreate) {
            let uses = |id: &InviteId| state.invite_uses.get(id).copied().unwrap_or_default();
            let row =
                |(id, invite): (&InviteId, &Invite)| InviteRow { id: *id, invite: invite.clone(), uses: uses(id) };
            invites.extend(state.invites.iter().map(row));
        }
        invites.sort_by_key(|row| Reverse(row.invite.at));
        let decides = permissions.holds(Permission::MemberApprove);
        let held = if decides { self.held.rows(state, timeline.thread) } else { Vec::new() };
        let mut pins: Vec<PinRow> = own
            .pins
            .iter()
            .map(|(message, pin)| PinRow {
                message: message.clone(),
                by: pin.by.clone(),
                at: pin.at,
                preview: preview_of(replica, message),
            })
            .collect();
        pins.sort_by_key(|row| Reverse(row.at));
        let text = |field: InfoField| own.text(field).map(str::to_owned);
        // A conversation that is closed to writing closes its threads.
        let lifecycle = match state.state() {
            ConversationState::Active => own.state(),
            over => over,
        };
        Some(ConversationDetail {
            conversation: timeline.id(),
            parent: created.parent.clone(),
            kind: created.kind,
            resource: own.present_resource(|account| self.name_in(replica, account)),
            lead: own.lead().cloned(),
            party: own.party(self.me()),
            name: text(InfoField::Name),
            title: own.title().map(str::to_owned),
            description: text(InfoField::Description),
            avatar_url: text(InfoField::AvatarUrl),
            theme: state.theme.clone(),
            scope: state.scope(),
            state: lifecycle,
            locked: state.locked || own.locked,
            policies: state.policies.clone(),
            roles: RoleRow::of(&state.roles),
            created_at: created.at,
            created_by: created.by.clone(),
            updated_at: updated_at(replica, timeline)?,
            account: created.account.clone(),
            link: created.link.clone(),
            subscriber_count: self.inbox.get(&conversation).map_or(0, |record| record.row.subscriber_count),
            role: me.as_ref().map(|me| me.role.clone()),
            status: me.map(|me| replica.revoked.unwrap_or(me.status())),
            permissions,
            members,
            candidates,
            former,
            invites,
            held,
            pins,
        })
    }
}

/// When the document of a timeline was last changed, or created if nothing of it is admitted yet.
fn updated_at(replica: &Replica, timeline: TimelineId) -> Option<WallTime> {
    let document = replica.confirmed.document(&timeline.document());
    let created_at = || Some(replica.view().timeline(timeline)?.created.as_ref()?.at);
    document.and_then(Document::updated_at).or_else(created_at)
}

/// The list that a member is in.
fn roster_of(member: &Member) -> Option<Roster> {
    match member.status() {
        MemberStatus::Active => Some(Roster::Members),
        MemberStatus::Invited | MemberStatus::Requested | MemberStatus::Banned => Some(Roster::Candidates),
        MemberStatus::Left | MemberStatus::Removed => Some(Roster::Former),
        MemberStatus::Subscribed | MemberStatus::Unknown => None,
    }
}

/// The sort key in a list: members by rank and name, candidates by name, former members by when they left.
fn place_of(roster: Roster, row: &MemberRow, state: &Conversation) -> impl Ord + use<> {
    let rank = (roster == Roster::Members).then(|| Reverse(state.rank_of(&row.role)));
    let went = (roster == Roster::Former).then_some(Reverse(row.status_at));
    let name = if roster == Roster::Former { String::new() } else { row.name.to_lowercase() };
    (went, rank, name, row.account.clone())
}
