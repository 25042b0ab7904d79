//! Profiles and names of accounts, and the own account's contacts, settings and blocks. An
//! administrator of the tenant may also change the profile of another account.

use crate::{
    api::{BlockedRow, ContactRow, ConversationRow},
    doc::Home,
    engine::{Engine, Update, context::Context, screen::inbox::Draw, store::record},
    ids::{AccountId, ContactId, DocumentId, StreamId},
    model::{Profile, Reachability},
    sorted::{SortedMap, SortedSet},
    wire::ProfileNotice,
};

/// Accounts with a new name: by themselves, and by the contact that names them.
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

#[derive(Debug, Default)]
pub(in crate::engine) struct Accounts {
    profiles: SortedMap<AccountId, Profile>,
    home: Home,
    /// Accounts with a new name since the screen was last updated.
    renamed: Renamed,
}

impl Accounts {
    pub(in crate::engine) fn restore(&mut self, account: AccountId, profile: Profile) {
        self.profiles.insert(account, profile);
    }

    /// Shows all profiles.
    pub(in crate::engine) fn show(&self, ctx: &mut Context) {
        for (account, profile) in self.profiles.clone() {
            ctx.update(Update::Profile { account, profile });
        }
    }

    pub(in crate::engine) fn receive(&mut self, ctx: &mut Context, profiles: Vec<ProfileNotice>) {
        for ProfileNotice { account, profile } in profiles {
            if self.profiles.get(&account) != Some(&profile) {
                ctx.store.write(record::put(record::profile_key(&account), &profile));
                self.set(ctx, account, profile);
            }
        }
    }

    /// The server's store was put back: it tells anew when it accepted the own profile, if it did.
    pub(in crate::engine) fn forget_own_times(&mut self, ctx: &mut Context) {
        let account = ctx.session.account.clone();
        let Some(held) = self.profiles.get(&account).cloned() else { return };
        let profile = Profile { created_at: None, updated_at: None, ..held };
        self.receive(ctx, vec![ProfileNotice { account, profile }]);
    }

    fn set(&mut self, ctx: &mut Context, account: AccountId, profile: Profile) {
        self.profiles.insert(account.clone(), profile.clone());
        self.renamed.accounts.insert(account.clone());
        ctx.update(Update::Profile { account, profile });
    }

    pub(in crate::engine) fn drain_renamed(&mut self) -> Renamed {
        core::mem::take(&mut self.renamed)
    }

    /// The name shown for an account: the contact's nickname, the profile's display name, or the id.
    pub(in crate::engine) fn name_of(&self, account: &AccountId) -> String {
        let profile = self.profiles.get(account).and_then(|profile| profile.display_name.as_deref());
        self.home.nickname(account).or(profile).map_or_else(|| account.to_string(), str::to_owned)
    }

    /// Fills in the name of a row, and the account's own settings for the conversation.
    pub(in crate::engine) fn complete(&self, row: &mut ConversationRow) {
        row.set(&self.home);
        row.set_name(|account| self.name_of(account));
    }
}

impl Engine {
    /// Reads an account's documents again.
    pub(in crate::engine) fn read_account(&mut self, stream: &StreamId) {
        let Some(replica) = self.replica(stream) else { return };
        let StreamId::Account(account) = stream.clone() else { return };
        let (view, whole) = (replica.view(), replica.whole);
        let written = view.document(&DocumentId::Account(account.clone())).map(Profile::read).unwrap_or_default();
        let home = view.document(&DocumentId::Home(account.clone())).map(Home::read).unwrap_or_default();
        let shown = self.accounts.profiles.get(&account).cloned().unwrap_or_default();
        // An empty profile means nothing while the documents are incomplete.
        let says = whole || written != Profile::default();
        let profile = Profile { created_at: shown.created_at, updated_at: shown.updated_at, ..written };
        let is_own = account == self.ctx.session.account;
        if profile != shown && says {
            if !is_own {
                // The documents of another account are not kept, so its profile is stored.
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
