//! What accounts are called, and what the own one keeps for itself (contacts, settings, whom it
//! blocks), as the screen is told of them; also of another one, while an administrator of the
//! tenant changes it.

use crate::{
    api::{BlockedRow, ContactRow, ConversationRow},
    doc::Home,
    engine::{Engine, Update, context::Context, screen::inbox::Draw, store::record},
    ids::{AccountId, ContactId, DocumentId, StreamId},
    model::{Profile, Reachability},
    sorted::{SortedMap, SortedSet},
    wire::ProfileNotice,
};

/// Who is called otherwise: accounts, and whom contacts stand for.
#[derive(Debug, Default)]
pub(in crate::engine) struct Renamed {
    pub(in crate::engine) accounts: SortedSet<AccountId>,
    pub(in crate::engine) contacts: SortedSet<ContactId>,
}

impl Renamed {
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.contacts.is_empty()
    }
}

/// What is known of accounts, and what they are called.
#[derive(Debug, Default)]
pub(in crate::engine) struct Accounts {
    profiles: SortedMap<AccountId, Profile>,
    home: Home,
    /// Who is called otherwise since the screen last looked.
    renamed: Renamed,
}

impl Accounts {
    /// Puts back a profile that was stored.
    pub(in crate::engine) fn restore(&mut self, account: AccountId, profile: Profile) {
        self.profiles.insert(account, profile);
    }

    /// Shows all profiles.
    pub(in crate::engine) fn show(&self, ctx: &mut Context) {
        for (account, profile) in self.profiles.clone() {
            ctx.update(Update::Profile { account, profile });
        }
    }

    /// Takes in profiles that the server told.
    pub(in crate::engine) fn receive(&mut self, ctx: &mut Context, profiles: Vec<ProfileNotice>) {
        for ProfileNotice { account, profile } in profiles {
            if self.profiles.get(&account) != Some(&profile) {
                ctx.store.write(record::put(record::profile_key(&account), &profile));
                self.set(ctx, account, profile);
            }
        }
    }

    fn set(&mut self, ctx: &mut Context, account: AccountId, profile: Profile) {
        self.profiles.insert(account.clone(), profile.clone());
        self.renamed.accounts.insert(account.clone());
        ctx.update(Update::Profile { account, profile });
    }

    pub(in crate::engine) fn drain_renamed(&mut self) -> Renamed {
        core::mem::take(&mut self.renamed)
    }

    /// The name for people: the own one for a contact, the profile's, or the
    /// account itself.
    pub(in crate::engine) fn name_of(&self, account: &AccountId) -> String {
        let profile = self.profiles.get(account).and_then(|profile| profile.display_name.as_deref());
        self.home.nickname(account).or(profile).map_or_else(|| account.to_string(), str::to_owned)
    }

    /// Says in a row what the account keeps for itself about the conversation, and its name.
    pub(in crate::engine) fn complete(&self, row: &mut ConversationRow) {
        row.set(&self.home);
        row.set_name(|account| self.name_of(account));
    }
}

impl Engine {
    /// What an account's documents say now.
    pub(in crate::engine) fn read_account(&mut self, stream: &StreamId) {
        let Some(replica) = self.replica(stream) else { return };
        let StreamId::Account(account) = stream.clone() else { return };
        let (view, whole) = (replica.view(), replica.whole);
        let written = view.document(&DocumentId::Account(account.clone())).map(Profile::read).unwrap_or_default();
        let home = view.document(&DocumentId::Home(account.clone())).map(Home::read).unwrap_or_default();
        let shown = self.accounts.profiles.get(&account).cloned().unwrap_or_default();
        // Where not everything is held, that there is none says nothing.
        let says = whole || written != Profile::default();
        let profile = Profile { created_at: shown.created_at, updated_at: shown.updated_at, ..written };
        let is_own = account == self.ctx.session.account;
        if profile != shown && says {
            if !is_own {
                // Its documents are not kept, from which it could be read again.
                self.ctx.store.write(record::put(record::profile_key(&account), &profile));
            }
            self.accounts.set(&mut self.ctx, account, profile);
        }
        if is_own {
            self.set_home(home);
        }
    }

    fn set_home(&mut self, home: Home) {
        let former = core::mem::replace(&mut self.accounts.home, home.clone());
        let changed = home.contacts.iter().filter(|(id, contact)| former.contacts.get(*id) != Some(*contact));
        let rows: Vec<_> = changed.map(|(id, contact)| ContactRow { id: *id, contact: contact.clone() }).collect();
        let is_gone = |id: &&ContactId| !home.contacts.contains_key(*id);
        let removed: Vec<ContactId> = former.contacts.keys().filter(is_gone).copied().collect();
        if !rows.is_empty() || !removed.is_empty() {
            self.accounts.renamed.contacts.extend(rows.iter().map(|row| row.id).chain(removed.iter().copied()));
            self.ctx.update(Update::Contacts { rows, removed });
        }
        for account in home.blocked.keys().filter(|account| !former.blocked.contains_key(*account)) {
            self.leave_blocked(account);
        }
        if former.blocked != home.blocked {
            let either = former.blocked.keys().chain(home.blocked.keys());
            let is_other =
                |account: &&AccountId| former.blocked.contains_key(*account) != home.blocked.contains_key(*account);
            for account in either.filter(is_other) {
                self.inbox.draw_naming(account);
            }
            let rows =
                home.blocked.iter().map(|(account, since)| BlockedRow { account: account.clone(), since: *since });
            self.ctx.update(Update::Blocked(rows.collect()));
        }
        if former.reachability != home.reachability {
            self.ctx.update(Update::Reachability(home.reachability.unwrap_or(Reachability::Everybody)));
        }
        let conversations = former.settings.keys().chain(home.settings.keys());
        let changed = conversations.filter(|id| former.settings.get(*id) != home.settings.get(*id));
        for conversation in changed.copied().collect::<Vec<_>>() {
            self.inbox.draw(conversation, Draw::Changed);
        }
    }
}
