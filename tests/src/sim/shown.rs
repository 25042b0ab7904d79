//! The parts of a screen that a device must be able to show again from its store: everything but the connection
//! and presence.

use std::{collections::BTreeMap, fmt::Debug};

use tidings_core::{
    api::{ConversationDetail, ConversationRow, RefusedRow, TimelineRow},
    ids::{AccountId, ContactId, ConversationId, MessageId},
    model::{Contact, PresenceKind, Profile},
    time::WallTime,
};

use super::{client::Screen, words::printed};

/// A copy of what a screen showed.
#[derive(Debug, Clone)]
pub struct Shown {
    inbox: BTreeMap<ConversationId, ConversationRow>,
    timelines: BTreeMap<ConversationId, BTreeMap<MessageId, TimelineRow>>,
    details: BTreeMap<ConversationId, ConversationDetail>,
    refused: BTreeMap<u64, RefusedRow>,
    profiles: BTreeMap<AccountId, Profile>,
    contacts: BTreeMap<ContactId, Contact>,
    blocked: BTreeMap<AccountId, WallTime>,
}

impl Shown {
    /// Copies what a screen shows now, with the given open conversations.
    pub fn of(screen: &Screen, conversations: &[ConversationId]) -> Self {
        let Screen { inbox, timelines, details, refused, profiles, contacts, blocked, .. } = screen;
        let (mut timelines, mut details) = (timelines.clone(), details.clone());
        timelines.retain(|conversation, _| conversations.contains(conversation));
        details.retain(|conversation, _| conversations.contains(conversation));
        let members = details.values_mut().flat_map(|detail| detail.members.iter_mut().chain(&mut detail.candidates));
        members.for_each(|member| member.presence = PresenceKind::Offline);
        // The server sends these, and devices do not store them.
        details.values_mut().flat_map(|detail| &mut detail.held).for_each(|row| row.content = None);
        // An empty profile looks like none.
        let mut profiles = profiles.clone();
        profiles.retain(|_, profile| *profile != Profile::default());
        Self {
            inbox: inbox.clone(),
            timelines,
            details,
            refused: refused.clone(),
            profiles,
            contacts: contacts.clone(),
            blocked: blocked.clone(),
        }
    }

    /// The number of rows of a timeline.
    pub fn rows(&self, conversation: ConversationId) -> usize {
        self.timelines.get(&conversation).map_or(0, BTreeMap::len)
    }

    /// Checks that a screen shows the same again.
    ///
    /// # Errors
    /// The first thing that differs.
    pub fn compare(&self, again: &Shown) -> Result<(), String> {
        compare("the list", &self.inbox, &again.inbox)?;
        compare("details", &self.details, &again.details)?;
        for (conversation, rows) in &self.timelines {
            let none = BTreeMap::new();
            let rows_again = again.timelines.get(conversation).unwrap_or(&none);
            compare(&format!("{conversation}"), &told(rows), &told(rows_again))?;
        }
        compare("what was refused", &self.refused, &again.refused)?;
        compare("profiles", &self.profiles, &again.profiles)?;
        compare("contacts", &self.contacts, &again.contacts)?;
        compare("who is blocked", &self.blocked, &again.blocked)
    }
}

/// Rows with all their contents, of which Debug shows little.
fn told(rows: &BTreeMap<MessageId, TimelineRow>) -> BTreeMap<&MessageId, String> {
    let tell = |row: &TimelineRow| {
        let TimelineRow { author_name, own, deleted_by, edited_at, mentions, reactions, created_at, .. } = row;
        let TimelineRow { accepted_at, position, state, read_by, pinned, unsynced, thread, .. } = row;
        let reply_to =
            row.reply_to.as_ref().map(|reply| (&reply.id, &reply.author_name, printed(reply.preview.as_ref())));
        let said = (
            author_name,
            own,
            printed(row.content.as_ref()),
            deleted_by,
            edited_at,
            reply_to,
            mentions,
            reactions,
            created_at,
        );
        format!("{said:?} {:?}", (accepted_at, position, state, read_by, pinned, unsynced, thread))
    };
    rows.iter().map(|(id, row)| (id, tell(row))).collect()
}

fn compare<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    before: &BTreeMap<K, V>,
    again: &BTreeMap<K, V>,
) -> Result<(), String> {
    let differs = before.keys().chain(again.keys()).find(|key| before.get(key) != again.get(key));
    match differs {
        None => Ok(()),
        Some(key) => Err(format!("{what}: {key:?} is {:?}, and was {:?}", again.get(key), before.get(key))),
    }
}
