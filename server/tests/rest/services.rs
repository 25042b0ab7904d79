//! Tokens of services: what their scopes allow, and requests on behalf of accounts.

use std::time::Duration;

use serde_json::json;
use tidings_core::{
    code::Code,
    ids::{ConversationId, StreamId, TenantId},
    journal::Position,
    wire::{ClientFrame, ServerFrame},
};
use tidings_server::store::Suspension;

use super::{group, messages, say};
use crate::support::{
    author::account,
    client::{Client, device, hello},
    database::Database,
    on_each_store,
    rest::Caller,
    server::{TestServer, labelled_token},
};

on_each_store! {
    t13_a_service_does_what_its_scopes_allow,
    t13_a_service_acts_for_an_account_with_its_rights_and_the_journal_says_so,
}

/// A service with these scopes.
pub fn service(like: &Caller, scopes: &[&str]) -> Caller {
    Caller { token: Some(labelled_token("crm", Duration::from_secs(600), scopes)), ..like.clone() }
}

async fn t13_a_service_does_what_its_scopes_allow(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let (reader, writer) = (service(&ann, &["rest:read"]), service(&ann, &["rest:write"]));
    let new = json!({ "kind": "group", "title": "Boats" });
    reader.get("/v1/conversations").await.is(200);
    reader.post("/v1/conversations", new.clone()).await.is_refused(403, "permission_denied");
    writer.get("/v1/conversations").await.is_refused(403, "permission_denied");
    writer.post("/v1/conversations", new).await.is(201);
    // A session would do what the scopes do not allow.
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(reader.token.clone().unwrap(), device(7), None))).await;
    match client.next().await {
        ServerFrame::Closed(closed) => assert_eq!(closed.code, Code::TokenInvalid),
        other => panic!("a session was opened: {other:?}"),
    }
    // Without the scope nobody acts for others: neither a service, nor a person, nor an administrator.
    let for_ann = [("tidings-account", "ann")];
    let both = service(&ann, &["rest:read", "rest:write"]);
    for caller in [&both, &Caller::of(server.address, "bob"), &Caller::administrator(server.address, "root")] {
        caller.ask("GET", "/v1/conversations", None, &for_ann).await.is_refused(403, "permission_denied");
    }
    server.stop().await;
}

async fn t13_a_service_acts_for_an_account_with_its_rights_and_the_journal_says_so(database: Database) {
    let store = database.open().await;
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let crm = service(&ann, &["rest:read", "rest:write", "act", "admin"]);
    let conversation = group(&ann).await;
    let (path, for_ann) = (messages(&conversation), [("tidings-account", "ann")]);
    let said = crm.ask("POST", &path, Some(json!({ "content": "from the CRM" })), &for_ann).await.is(201);
    assert_eq!((&said["author"], &said["own"]), (&json!("ann"), &json!(true)));
    say(&ann, &conversation, "from myself").await;
    // The journal has ann for both, from different devices, and no administrator.
    let stream = StreamId::Conversation(ConversationId::parse(&conversation).unwrap());
    let tenant = TenantId::parse("acme").unwrap();
    let entries = store.entries_after(&tenant, &stream, Position::new(1), 10).await.unwrap();
    let devices: Vec<_> =
        entries.iter().map(|entry| tidings_core::doc::Change::parse(&entry.change).unwrap().device()).collect();
    assert!(entries.len() == 2 && devices[0] != devices[1], "{devices:?}");
    assert!(entries.iter().all(|entry| entry.account == account("ann") && !entry.administrator));
    // It may do no more than the account may, although it is an administrator itself.
    crm.ask("GET", &path, None, &[("tidings-account", "zoe")]).await.is_refused(404, "conversation_unknown");
    for wrong in ["", "no spaces", ":system"] {
        crm.ask("GET", &path, None, &[("tidings-account", wrong)]).await.is_refused(400, "id_invalid");
    }
    // Neither may be suspended.
    for suspended in ["ann", "crm"] {
        store.set_suspension(&tenant, &account(suspended), Suspension::Suspended).await.unwrap();
        crm.ask("GET", &path, None, &for_ann).await.is_refused(403, "account_suspended");
        store.set_suspension(&tenant, &account(suspended), Suspension::Lifted).await.unwrap();
    }
    crm.ask("GET", &path, None, &for_ann).await.is(200);
    server.stop().await;
}
