//! Renamed accounts: every row that shows their name is drawn again.

use crate::{
    engine::{
        Engine,
        screen::{accounts::Renamed, drawing::Drawing, open::OpenConversation},
        streams::loading::Slot,
    },
    ids::{AccountId, ContactId, MessageId, StreamId},
    sorted::SortedSet,
};

impl Engine {
    pub(super) fn flush_names(&mut self) {
        let renamed = self.accounts.drain_renamed();
        if renamed.is_empty() {
            return;
        }
        let renamed = self.drawing().renamed_accounts(renamed);
        for account in &renamed {
            let drawn = self.inbox.draw_naming(account);
            self.ctx.count(|counts| counts.names += drawn);
        }
        for open in self.open.values() {
            let stream = StreamId::Conversation(open.conversation());
            let Some(replica) = self.streams.loaded(&stream) else { continue };
            let members = &replica.view().conversation().members;
            let is_member = renamed.iter().any(|account| members.contains_key(account));
            let rows = open.rows_naming(&renamed).inspect(|_| self.ctx.count(|counts| counts.names += 1));
            let rows: Vec<MessageId> = rows.cloned().collect();
            if !is_member && rows.is_empty() {
                continue;
            }
            if let Some(Slot::Loaded(replica)) = self.streams.get_mut(&stream) {
                replica.touched.messages.extend(rows);
                replica.touched.detail |= is_member;
            }
        }
    }
}

impl Drawing<'_> {
    /// The renamed accounts, those of contacts included. A contact's id is a hash of its account, so
    /// the accounts named on the screen are compared with it; only the own address book brings this about.
    fn renamed_accounts(self, renamed: Renamed) -> SortedSet<AccountId> {
        let Renamed { mut accounts, contacts } = renamed;
        if contacts.is_empty() {
            return accounts;
        }
        let shown = self.open.conversations().map(|conversation| StreamId::Conversation(*conversation));
        let replicas = shown.filter_map(|stream| self.streams.loaded(&stream));
        let members = replicas.flat_map(|replica| replica.view().conversation().members.keys());
        let authors = self.open.values().flat_map(OpenConversation::named);
        let named: SortedSet<&AccountId> = self.inbox.named().chain(members).chain(authors).collect();
        let contacts = named.into_iter().filter(|account| contacts.contains(&ContactId::of_account(account)));
        accounts.extend(contacts.cloned());
        accounts
    }
}
