//! What an account keeps for itself, as its own screen shows it.

use super::*;
use crate::{
    api::ConversationRow,
    command::{AddContact, BlockAccount, CreateDirect, SetConversationSetting, SettingChange},
    ids::ContactId,
    model::{Contact, ContactKind, NotificationLevel, Profile},
    wire::ProfileNotice,
};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn start() -> (Engine, MemoryStore) {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    (engine, store)
}

fn command(engine: &mut Engine, store: &mut MemoryStore, command: impl Into<Command>) -> Vec<Output> {
    give(engine, store, Input::Command { request: 9, command: command.into() })
}

/// The row of the only conversation, if it was told.
fn row(outputs: &[Output]) -> Option<&ConversationRow> {
    outputs.iter().rev().find_map(|output| match output {
        Output::Update(Update::Conversations(rows)) => rows.last(),
        _ => None,
    })
}

fn failure(outputs: &[Output]) -> Option<Code> {
    outputs.iter().find_map(|output| match output {
        Output::Update(Update::CommandFailed { code, .. }) => Some(*code),
        _ => None,
    })
}

#[test]
fn c1_a_number_is_taken_as_people_write_it_and_what_is_none_is_refused_at_once() {
    let (mut engine, mut store) = start();
    let contact = |phone: &str, email: &str| {
        let (phone, email) = (Some(phone.to_owned()), Some(email.to_owned()));
        AddContact {
            id: ContactId::from_bytes([1; 16]),
            contact: Contact { phone, email, ..Contact::new(ContactKind::Person) },
        }
    };
    let outputs = command(&mut engine, &mut store, contact("+49 (30) 12-34.56", " Bob@Example.org"));
    let sent = outputs.iter().find_map(|output| match output {
        Output::Update(Update::Contacts { rows, .. }) => Some(rows[0].contact.clone()),
        _ => None,
    });
    let sent = sent.expect("a contact is told");
    assert_eq!((sent.phone.as_deref(), sent.email.as_deref()), (Some("+4930123456"), Some("bob@example.org")));
    assert_eq!(failure(&command(&mut engine, &mut store, contact("030 1234", "b@c.de"))), Some(Code::PhoneInvalid));
    assert_eq!(failure(&command(&mut engine, &mut store, contact("+4930123456", "bob"))), Some(Code::EmailInvalid));
}

#[test]
fn c3_a_contact_is_called_by_the_own_name_for_it() {
    let (mut engine, mut store) = start();
    let outputs = command(&mut engine, &mut store, CreateDirect { peer: account("bob") });
    assert_eq!(row(&outputs).map(|row| &*row.name), Some("bob"));
    let id = ContactId::of_account(&account("bob"));
    let contact = Contact { nickname: Some("Bobby".into()), ..Contact::new(ContactKind::Person) };
    let outputs = command(&mut engine, &mut store, AddContact { id, contact });
    assert_eq!(row(&outputs).map(|row| &*row.name), Some("Bobby"));
}

#[test]
fn c4_what_an_account_sets_for_itself_is_in_the_row() {
    let (mut engine, mut store) = start();
    let outputs = command(&mut engine, &mut store, CreateDirect { peer: account("bob") });
    let conversation = row(&outputs).expect("the direct is listed").conversation;
    let mut set = |setting| {
        let outputs = command(&mut engine, &mut store, SetConversationSetting { conversation, setting });
        row(&outputs).expect("the row is told").clone()
    };
    let until = now().wall.plus(Duration::from_secs(60));
    assert_eq!(set(SettingChange::MutedUntil(Some(until))).muted_until, Some(until));
    assert_eq!(set(SettingChange::Pinned(true)).pinned_at, Some(now().wall));
    assert_eq!(set(SettingChange::Archived(true)).archived_at, Some(now().wall));
    let level = NotificationLevel::Mentions;
    assert_eq!(set(SettingChange::Notifications(level)).notifications, level);
    let row = set(SettingChange::Notifications(NotificationLevel::All));
    assert_eq!((row.notifications, row.muted_until), (NotificationLevel::All, Some(until)));
}

#[test]
fn c4_whoever_is_blocked_is_listed_and_so_is_the_direct_with_them() {
    let (mut engine, mut store) = start();
    command(&mut engine, &mut store, CreateDirect { peer: account("bob") });
    let block = |blocked| BlockAccount { account: account("bob"), blocked };
    let sent = |outputs: &[Output]| {
        let listed = outputs.iter().find_map(|output| match output {
            Output::Update(Update::Blocked(accounts)) => {
                Some(accounts.iter().map(|row| row.account.to_string()).collect())
            }
            _ => None,
        });
        (listed.unwrap_or_else(Vec::new), row(outputs).expect("the row is told").blocked)
    };
    assert_eq!(sent(&command(&mut engine, &mut store, block(true))), (vec!["bob".to_owned()], true));
    assert_eq!(sent(&command(&mut engine, &mut store, block(false))), (vec![], false));
    // On the screen of the direct, it is as if they had gone.
    let conversation = ConversationId::direct(&config().tenant, &account("ann"), &account("bob"));
    give(&mut engine, &mut store, Input::OpenConversation(conversation));
    let outputs = command(&mut engine, &mut store, block(true));
    let gone = |output: &Output| {
        let Output::Update(Update::Presence { account, kind, .. }) = output else { return false };
        account.as_str() == "bob" && *kind == PresenceKind::Offline
    };
    assert!(outputs.iter().any(gone));
    let myself = BlockAccount { account: account("ann"), blocked: true };
    assert_eq!(failure(&command(&mut engine, &mut store, myself)), Some(Code::ValueInvalid));
}

#[test]
fn a_contact_of_an_account_has_the_id_that_is_derived_from_it() {
    let (mut engine, mut store) = start();
    let mut added = |id: [u8; 16], name: &str| {
        let contact = Contact { account: Some(account(name)), ..Contact::new(ContactKind::Person) };
        let outputs = command(&mut engine, &mut store, AddContact { id: ContactId::from_bytes(id), contact });
        let sent = outputs.iter().find_map(|output| match output {
            Output::Update(Update::Contacts { rows, .. }) => Some(rows[0].id),
            _ => None,
        });
        sent.expect("a contact is told")
    };
    assert_eq!(added([0; 16], "bob"), ContactId::of_account(&account("bob")));
    assert_eq!(added([4; 16], "carl"), ContactId::from_bytes([4; 16]), "one with an id keeps it");
}

#[test]
fn e64_when_a_profile_was_accepted_is_told_anew_by_a_store_that_was_put_back() {
    let (mut engine, mut store) = start();
    let told = |outputs: &[Output]| {
        let own = outputs.iter().rev().find_map(|output| match output {
            Output::Update(Update::Profile { account, profile }) if account.as_str() == "ann" => Some(profile),
            _ => None,
        });
        own.cloned()
    };
    session::begin_session(&mut engine, &mut store);
    let at = Some(now().wall);
    let profile = Profile { created_at: at, updated_at: at, ..Profile::default() };
    let notice = ProfileNotice { account: account("ann"), profile: profile.clone() };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Profiles(vec![notice]));
    assert_eq!(told(&outputs), Some(profile));
    give(&mut engine, &mut store, Input::LinkLost);
    give(&mut engine, &mut store, Input::ConnectNow);
    give(&mut engine, &mut store, Input::Token("token".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let welcome = Welcome { incarnation: IncarnationId::from_bytes([8; 16]), ..session::welcome() };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(welcome)));
    assert_eq!(told(&outputs), Some(Profile::default()), "the store that has it tells it again");
    let mut again = Engine::new(now(), config());
    let outputs = drain(&mut again, &mut store);
    assert_eq!(told(&outputs), Some(Profile::default()), "and it is stored so");
}
