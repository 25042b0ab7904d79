//! Rooms with a history, some of it concurrent.

use core::time::Duration;

use tidings_core::{
    doc::{Fact, ProfileField, SettingField},
    ids::{ContactId, ConversationId, DocumentId, StreamId, TimelineId},
    model::{
        Contact, ContactKind, ConversationKind, Created, Edit, Grant, InfoField, Parent, Permission, Pin, Role,
        RoleDefinition,
    },
};

use super::{BEGIN, DEVICES, NAMES, ROLES, Room, account, facts::role_name, says, tenant};
use crate::roster::first_members;

/// A conversation that nobody has created yet.
pub(super) fn nothing() -> Room {
    Room::new(StreamId::Conversation(ConversationId::from_bytes([7; 16])))
}

pub(super) fn group() -> Room {
    let conversation = ConversationId::from_bytes([7; 16]);
    let (document, page) = (TimelineId::of(conversation).document(), TimelineId::of(conversation).page(1));
    let mut room = Room::new(StreamId::Conversation(conversation));
    let mut facts = vec![
        Fact::Created(Created::new(ConversationKind::Group, account("ow"), BEGIN)),
        Fact::Info(InfoField::Title, Some("Trip".into())),
    ];
    let members = NAMES.into_iter().map(account).zip(ROLES);
    facts.extend(first_members(&account("ow"), BEGIN, members));
    room.say(0, &document, &facts);
    (0..DEVICES.len()).for_each(|device| room.sync(device));
    let first = room.new_message(&account("me"));
    room.say(3, &page, &[says(first.clone(), "who is in?")]);
    (0..DEVICES.len()).for_each(|device| room.sync(device));
    // Both devices of one person edit at the same time, while others react.
    for (device, text) in [(3, "who comes along?"), (4, "who would come?")] {
        room.say(device, &page, &[Fact::Edit(first.clone(), Edit { content: text.into(), at: BEGIN })]);
    }
    for (device, name) in [(1, "ad"), (2, "mo")] {
        let second = room.new_message(&account(name));
        let reaction = Fact::Reaction(first.clone(), "👍".into(), account(name), true);
        let _ = room.write(device, &page, &[says(second, "me")]).expect("something new is said");
        room.say(device, &page, &[reaction]);
    }
    room.say(1, &document, &[Fact::Info(InfoField::Title, Some("The trip".into()))]);
    room.sync(2);
    room.say(2, &document, &[Fact::Pin(first.clone(), Some(Pin { by: account("mo"), at: BEGIN, page: 1 }))]);
    room.sync(0);
    // A thread with a reply, from which a thread can be opened too.
    let thread = ConversationId::thread(&tenant(), conversation, &first);
    let parent = Parent { conversation, message: first, page: 1, depth: 1 };
    let created = Created::new(ConversationKind::Thread, account("ow"), BEGIN);
    let created = Fact::Created(Created { parent: Some(parent), ..created });
    room.say(0, &TimelineId::of_thread(conversation, thread).document(), &[created]);
    room.sync(0);
    let reply = room.new_message(&account("ow"));
    room.say(0, &TimelineId::of_thread(conversation, thread).page(1), &[says(reply, "who else?")]);
    room.sync(0);
    // A custom role, and a grant that expires soon.
    let cook =
        RoleDefinition { rank: 30, permissions: [Permission::MessageSend, Permission::PinAdd].into_iter().collect() };
    let definition = Fact::RoleDefinition(role_name("cook"), Some(cook));
    let until = Some(BEGIN.plus(Duration::from_secs(30)));
    let grant = Grant { allowed: true, by: account("ow"), at: BEGIN, until };
    let grant = Fact::MemberGrant(account("me"), Permission::ConversationInfo, Some(grant));
    room.say(0, &document, &[definition, grant]);
    room
}

pub(super) fn direct() -> Room {
    let conversation = ConversationId::direct(&tenant(), &account("me"), &account("ad"));
    let (document, page) = (TimelineId::of(conversation).document(), TimelineId::of(conversation).page(1));
    let mut room = Room::new(StreamId::Conversation(conversation));
    let mut facts = vec![Fact::Created(Created::new(ConversationKind::Direct, account("me"), BEGIN))];
    let members = ["me", "ad"].map(|name| (account(name), Role::Member));
    facts.extend(first_members(&account("me"), BEGIN, members));
    room.say(3, &document, &facts);
    for device in [1, 3, 4] {
        room.sync(device);
        let author = room.devices[device].session.account.clone();
        let message = room.new_message(&author);
        room.say(device, &page, &[says(message, "hello")]);
    }
    room
}

pub(super) fn account_stream() -> Room {
    let me = account("me");
    let mut room = Room::new(StreamId::Account(me.clone()));
    // Both devices at the same time: a conflict that Automerge resolves.
    for (device, name) in [(3, "Me"), (4, "Myself")] {
        let name = Fact::Profile(ProfileField::DisplayName, Some(name.into()));
        room.say(device, &DocumentId::Account(me.clone()), &[name]);
    }
    let contact = Contact { account: Some(account("ad")), ..Contact::new(ContactKind::Person) };
    let contact = Fact::Contact(ContactId::of_account(&account("ad")), Some(contact));
    let muted = Fact::Setting(ConversationId::from_bytes([7; 16]), SettingField::MutedUntil, Some(BEGIN));
    room.say(3, &DocumentId::Home(me), &[contact, muted]);
    room
}
