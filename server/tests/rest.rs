//! What other services ask of a server over HTTP: that it is written by the way in that sockets use,
//! judged alike, and seen live.

mod account_erasure;
mod account_export;
mod by_session;
mod erased_elsewhere;
mod events;
mod external_ids;
mod lists;
mod page;
mod repeated;
mod resources;
mod routes;
mod services;
mod shapes;
mod tenant_events;

use std::time::Duration;

use serde_json::{Value, json};
use tidings_core::{
    doc::{Change, Document, Message},
    ids::{ConversationId, TenantId},
    journal::Entry,
    wire::{FetchScope, ServerFrame},
};
use tidings_server::store::Suspension;

use crate::support::{
    author::{account, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    rest::{Answer, Caller, segment},
    server::{TestServer, token},
};

on_each_store! {
    t1_whoever_asks_is_named_by_a_token,
    t2_what_is_sent_is_seen_live_and_what_is_said_live_is_read,
    t2_what_is_done_to_a_message_is_done_on_the_page_that_it_is_on,
    t3_what_one_has_no_part_in_is_answered_like_what_does_not_exist,
    t4_a_request_that_is_made_again_is_written_once,
    t4_a_key_is_for_one_request_whichever_conversation_it_is_about,
    t4_a_key_is_the_accounts_whichever_token_it_comes_with,
    t4_of_many_that_are_made_at_once_one_is_written,
    t5_what_is_wrong_with_a_request_is_told_by_its_code,
    t7_a_permission_check_is_never_of_yesterday,
    t9_whoever_has_an_answer_is_not_sent_it_again,
    t10_other_origins_read_only_where_the_operator_has_named_them,
    t12_the_page_to_read_it_on_asks_no_other_host,
    t11_requests_are_paid_from_the_shares_that_sessions_pay_from,
}

/// Pages that close soon, and no look of a session that could tell what fan-out did not.
const FLAGS: [&str; 6] = ["--cursor-interval", "1h", "--page-changes-soft", "4", "--page-changes-max", "40"];

fn messages(conversation: &str) -> String {
    format!("/v1/conversations/{conversation}/messages")
}

/// A group of ann's with bob, over HTTP.
async fn group(ann: &Caller) -> String {
    let asked = json!({ "kind": "group", "title": "Boats", "members": ["bob"] });
    let made = ann.post("/v1/conversations", asked).await.is(201);
    made["conversation_id"].as_str().unwrap().to_owned()
}

async fn say(caller: &Caller, conversation: &str, text: &str) -> Value {
    caller.post(&messages(conversation), json!({ "content": text })).await.is(201)
}

/// What the messages that these entries make say, by rising position.
fn said(entries: &[Entry]) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in entries.iter().filter(|entry| entry.document.page().is_some()) {
        let mut page = Document::new(entry.document.clone());
        if page.apply(&Change::parse(&entry.change).unwrap()).is_ok() {
            texts.extend(Message::read_all(&page).iter().map(|message| message.text().to_owned()));
        }
    }
    texts
}

async fn t1_whoever_asks_is_named_by_a_token(database: Database) {
    let store = database.open().await;
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    let path = messages(&conversation);
    for wrong in [None, Some("nonsense".to_owned()), Some(token("ann", Duration::ZERO))] {
        let refused = Caller { token: wrong.clone(), ..ann.clone() }.get(&path).await;
        let code = if wrong.is_some_and(|token| token.len() > 20) { "token_expired" } else { "token_invalid" };
        refused.is_refused(401, code);
        assert_eq!(refused.headers["www-authenticate"], "Bearer");
    }
    let tenant = TenantId::parse("acme").unwrap();
    store.set_suspension(&tenant, &account("ann"), Suspension::Suspended).await.unwrap();
    let permissions = format!("/v1/conversations/{conversation}/members/bob/permissions");
    for path in ["/v1/conversations", &path, &permissions] {
        ann.get(path).await.is_refused(403, "account_suspended");
    }
    ann.post(&path, json!({ "content": "hi" })).await.is_refused(403, "account_suspended");
    store.set_suspension(&tenant, &account("ann"), Suspension::Lifted).await.unwrap();
    ann.get(&path).await.is(200);
    server.stop().await;
}

async fn t2_what_is_sent_is_seen_live_and_what_is_said_live_is_read(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let ann = Caller::of(server.address, "ann");
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let conversation = group(&ann).await;
    let id = ConversationId::parse(&conversation).unwrap();
    bob.wait("the new conversation", |frame| match frame {
        ServerFrame::Summaries(summaries) => summaries.iter().any(|it| it.conversation == id).then_some(()),
        _ => None,
    })
    .await;
    let row = say(&ann, &conversation, "hello").await;
    let entries = bob.entries_to(&stream(id), 2).await;
    assert_eq!(said(&entries), ["hello"]);
    assert_eq!(entries.last().unwrap().account, account("ann"));
    assert_eq!((row["position"].as_u64(), row["own"].as_bool()), (Some(2), Some(true)));
    let place = json!({ "kind": "location", "name": "The pier", "latitude": 52.5, "longitude": -1.5 });
    let answered = json!({ "content": place, "replyTo": row["id"], "mentions": ["bob"] });
    let reply = Caller::of(server.address, "bob").post(&messages(&conversation), answered).await.is(201);
    assert_eq!(reply["replyTo"]["author"], "ann");
    // Both are read as the other one has them.
    let listed = ann.get(&messages(&conversation)).await.is(200);
    let listed = listed["messages"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["content"], json!({ "kind": "text", "text": "hello" }));
    assert_eq!((&listed[1]["content"], &listed[1]["mentions"]), (&place, &json!(["bob"])));
    assert_eq!(listed[1]["replyTo"]["preview"], listed[0]["content"]);
    assert_eq!(
        (&listed[0]["authorName"], &listed[0]["own"], &listed[1]["own"]),
        (&json!("ann"), &json!(true), &json!(false))
    );
    // The answer to the request is the row that is read, but for what follows from others.
    for field in ["id", "author", "content", "createdAt", "acceptedAt", "position", "mentions", "reactions"] {
        assert_eq!(row[field], listed[0][field], "{field}");
    }
    server.stop().await;
}

async fn t2_what_is_done_to_a_message_is_done_on_the_page_that_it_is_on(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let (ann, bob) = (Caller::of(server.address, "ann"), Caller::of(server.address, "bob"));
    let conversation = group(&ann).await;
    let first = say(&ann, &conversation, "first").await;
    for number in 0..12 {
        say(&bob, &conversation, &format!("more {number}")).await;
    }
    let first = first["id"].as_str().unwrap();
    let message = format!("{}/{}", messages(&conversation), segment(first));
    ann.patch(&message, json!({ "content": "first, edited" })).await.is(200);
    bob.put(&format!("{message}/reactions/{}", segment("👍"))).await.is(200);
    bob.patch(&message, json!({ "content": "not mine" })).await.is_refused(403, "not_the_author");
    ann.put(&format!("{message}/reactions/no")).await.is_refused(400, "emoji_invalid");
    let row = ann.get(&message).await.is(200);
    assert_eq!(row["content"]["text"], "first, edited");
    assert_eq!(row["reactions"], json!([{ "emoji": "👍", "accounts": ["bob"], "own": false }]));
    bob.delete(&format!("{message}/reactions/{}", segment("👍"))).await.is(200);
    ann.put(&format!("{message}/reactions/{}", segment("🎉"))).await.is(200);
    ann.delete(&message).await.is(200);
    let row = bob.get(&message).await.is(200);
    assert_eq!((&row["content"], &row["deletedBy"], &row["reactions"]), (&Value::Null, &json!("ann"), &json!([])));
    ann.patch(&message, json!({ "content": "again" })).await.is_refused(410, "message_deleted");
    // A device has the same.
    let mut client = Client::connect(&server, "bob", device(2)).await;
    let id = ConversationId::parse(&conversation).unwrap();
    let page = client.fetch(&stream(id), FetchScope::Page(1)).await.unwrap();
    assert!(page.entries.len() + page.documents.len() > 0);
    let nowhere = format!("{}/{}", messages(&conversation), segment(&first.replace("ann", "cat")));
    ann.get(&nowhere).await.is_refused(404, "message_unknown");
    ann.delete(&nowhere).await.is_refused(404, "message_unknown");
    server.stop().await;
}

async fn t3_what_one_has_no_part_in_is_answered_like_what_does_not_exist(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    let row = say(&ann, &conversation, "ours").await;
    let message = segment(row["id"].as_str().unwrap());
    let cat = Caller::of(server.address, "cat");
    let nothing = boats().to_string();
    let routes: [(&str, &str, Option<Value>); 14] = [
        ("GET", "", None),
        ("PATCH", "", Some(json!({ "title": "mine" }))),
        ("DELETE", "", None),
        ("GET", "/messages", None),
        ("POST", "/messages", Some(json!({ "content": "hi" }))),
        ("GET", "/messages/{message}", None),
        ("PATCH", "/messages/{message}", Some(json!({ "content": "hi" }))),
        ("DELETE", "/messages/{message}", None),
        ("PUT", "/messages/{message}/reactions/%F0%9F%91%8D", None),
        ("GET", "/members", None),
        ("POST", "/members", Some(json!({ "account": "cat" }))),
        ("PATCH", "/members/bob", Some(json!({ "role": "admin" }))),
        ("DELETE", "/members/bob", None),
        ("GET", "/members/bob/permissions", None),
    ];
    for (method, rest, body) in routes {
        let at = |id: &str| format!("/v1/conversations/{id}{}", rest.replace("{message}", &message));
        let (there, not_there) = (
            cat.ask(method, &at(&conversation), body.clone(), &[]).await,
            cat.ask(method, &at(&nothing), body.clone(), &[]).await,
        );
        there.is_refused(404, "conversation_unknown");
        assert_eq!((there.status, &there.text), (not_there.status, &not_there.text), "{method} {rest}");
        // Whoever was a member is told what became of that.
        let without = Caller { token: None, ..cat.clone() }.ask(method, &at(&conversation), body, &[]).await;
        without.is_refused(401, "token_invalid");
    }
    ann.delete(&format!("/v1/conversations/{conversation}/members/bob")).await.is(200);
    let bob = Caller::of(server.address, "bob");
    bob.get(&messages(&conversation)).await.is_refused(403, "member_removed");
    bob.post(&messages(&conversation), json!({ "content": "hi" })).await.is_refused(403, "member_removed");
    server.stop().await;
}

async fn t4_a_request_that_is_made_again_is_written_once(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let ann = Caller::of(server.address, "ann");
    let bob = Caller::of(server.address, "bob");
    let key = [("idempotency-key", "\"one\"")];
    let asked = Some(json!({ "kind": "group", "title": "Boats", "members": ["bob"] }));
    let made = ann.ask("POST", "/v1/conversations", asked.clone(), &key).await.is(201);
    let again = ann.ask("POST", "/v1/conversations", asked, &key).await.is(201);
    assert_eq!(made["conversation_id"], again["conversation_id"]);
    let conversation = made["conversation_id"].as_str().unwrap().to_owned();
    let (path, key) = (messages(&conversation), [("idempotency-key", "two")]);
    let send = |caller: Caller, text: &'static str| {
        let path = path.clone();
        async move { caller.ask("POST", &path, Some(json!({ "content": text })), &key).await }
    };
    let first = send(ann.clone(), "once").await.is(201);
    for number in 0..6 {
        say(&bob, &conversation, &format!("meanwhile {number}")).await;
    }
    let again = send(ann.clone(), "once").await.is(201);
    for field in ["id", "position", "acceptedAt", "content"] {
        assert_eq!(first[field], again[field], "{field}");
    }
    send(ann.clone(), "something else").await.is_refused(422, "key_reused");
    // Whose key it is: another account's is another one.
    let of_bob = send(bob.clone(), "once").await.is(201);
    assert_ne!(of_bob["id"], first["id"]);
    let message = format!("{path}/{}", segment(first["id"].as_str().unwrap()));
    for _ in 0..2 {
        let edit = Some(json!({ "content": "edited" }));
        let edited = ann.ask("PATCH", &message, edit, &[("idempotency-key", "three")]).await.is(200);
        assert_eq!(edited["position"], 10);
    }
    ann.ask("POST", &path, Some(json!({ "content": "x" })), &[("idempotency-key", "")])
        .await
        .is_refused(400, "value_invalid");
    let listed = ann.get(&path).await.is(200);
    assert_eq!(listed["messages"].as_array().unwrap().len(), 8);
    server.stop().await;
}

async fn t4_a_key_is_for_one_request_whichever_conversation_it_is_about(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let ann = Caller::of(server.address, "ann");
    let (first, second) = (group(&ann).await, group(&ann).await);
    let send = async |conversation: &str, key: &str| {
        let body = Some(json!({ "content": "once" }));
        ann.ask("POST", &messages(conversation), body, &[("idempotency-key", key)]).await
    };
    send(&first, "one").await.is(201);
    send(&second, "one").await.is_refused(422, "key_reused");
    assert_eq!(ann.get(&messages(&second)).await.is(200)["messages"], json!([]));
    send(&second, "two").await.is(201);
    server.stop().await;
}

async fn t4_a_key_is_the_accounts_whichever_token_it_comes_with(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let ann = Caller::of(server.address, "ann");
    let refreshed = Caller { token: Some(token("ann", Duration::from_secs(900))), ..ann.clone() };
    assert_ne!(ann.token, refreshed.token);
    let conversation = group(&ann).await;
    let path = messages(&conversation);
    let mut answers = Vec::new();
    for caller in [&ann, &refreshed] {
        let body = Some(json!({ "content": "once" }));
        answers.push(caller.ask("POST", &path, body, &[("idempotency-key", "one")]).await.is(201));
    }
    assert_eq!(answers[0]["id"], answers[1]["id"]);
    assert_eq!(ann.get(&path).await.is(200)["messages"].as_array().unwrap().len(), 1);
    server.stop().await;
}

async fn t4_of_many_that_are_made_at_once_one_is_written(database: Database) {
    // Two nodes of one store, where the database can have several.
    let first = TestServer::start(&database, &FLAGS).await;
    let second = TestServer::start(&database, &FLAGS).await;
    let ann = Caller::of(first.address, "ann");
    let conversation = group(&ann).await;
    let path = messages(&conversation);
    let send = |address, number: usize| {
        let (ann, path, key) = (Caller::of(address, "ann"), path.clone(), format!("key {}", number / 8));
        async move { ann.ask("POST", &path, Some(json!({ "content": "once" })), &[("idempotency-key", &key)]).await }
    };
    let all = (0..32).map(|number| send([first.address, second.address][number % 2], number));
    let answers: Vec<Answer> = futures_util::future::join_all(all).await;
    let ids: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.clone().is(201)["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 4);
    let listed = ann.get(&path).await.is(200);
    assert_eq!(listed["messages"].as_array().unwrap().len(), 4);
    first.stop().await;
    second.stop().await;
}

async fn t5_what_is_wrong_with_a_request_is_told_by_its_code(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let path = messages(&group(&ann).await);
    for (body, code) in [
        ("", "value_invalid"),
        ("{", "value_invalid"),
        ("[]", "value_invalid"),
        ("{}", "value_invalid"),
        (r#"{"content":"hi","colour":"red"}"#, "value_invalid"),
        (r#"{"content":7}"#, "value_invalid"),
        (r#"{"content":{"kind":"hologram","text":"whale"}}"#, "value_invalid"),
        (r#"{"content":" "}"#, "text_empty"),
        (r#"{"content":"hi","replyTo":"nobody"}"#, "id_invalid"),
        (r#"{"content":"hi","mentions":["no spaces"]}"#, "id_invalid"),
    ] {
        let refused = ann.ask_text("POST", &path, body, &[]).await;
        refused.is_refused(400, code);
    }
    let long = json!({ "content": "x".repeat(4_001) });
    ann.post(&path, long).await.is_refused(400, "text_too_long");
    let huge = format!(r#"{{"content":"{}"}}"#, "x".repeat(300_000));
    ann.ask_text("POST", &path, &huge, &[]).await.is_refused(413, "body_too_large");
    ann.get("/v1/conversations/nope").await.is_refused(400, "id_invalid");
    ann.get(&format!("{path}?before=yesterday")).await.is_refused(400, "value_invalid");
    ann.get(&format!("{path}?limit=many")).await.is_refused(400, "value_invalid");
    ann.get("/v1/nothing").await.is_refused(404, "route_unknown");
    ann.put(&path).await.is_refused(405, "route_unknown");
    // Who has suspended themselves could not lift it.
    let root = Caller::administrator(server.address, "root");
    root.put("/v1/accounts/root/suspension").await.is_refused(400, "value_invalid");
    root.get("/v1/conversations").await.is(200);
    server.stop().await;
}

async fn t7_a_permission_check_is_never_of_yesterday(database: Database) {
    let first = TestServer::start(&database, &[]).await;
    let second = TestServer::start(&database, &[]).await;
    let (ann, bob) = (Caller::of(first.address, "ann"), Caller::of(second.address, "bob"));
    let conversation = group(&ann).await;
    let of = |account: &str| format!("/v1/conversations/{conversation}/members/{account}/permissions");
    let check = |caller: &Caller, account: &str, held: &[&str], not_held: &[&str]| {
        let (caller, path) = (caller.clone(), of(account));
        let (held, not_held): (Vec<Value>, Vec<Value>) =
            (held.iter().map(|it| json!(it)).collect(), not_held.iter().map(|it| json!(it)).collect());
        async move {
            let answer = caller.get(&path).await.is(200);
            let permissions = answer["permissions"].as_array().unwrap().clone();
            assert!(held.iter().all(|one| permissions.contains(one)), "{answer}");
            assert!(!not_held.iter().any(|one| permissions.contains(one)), "{answer}");
            answer
        }
    };
    let answer = check(&ann, "bob", &["message:send", "message:react"], &["member:add", "pin:add"]).await;
    assert_eq!(
        (&answer["active"], &answer["role"], &answer["status"]),
        (&json!(true), &json!("member"), &json!("active"))
    );
    check(&bob, "ann", &["conversation:delete", "member:ban"], &[]).await;
    let at = format!("/v1/conversations/{conversation}");
    let member = format!("{at}/members/bob");
    ann.patch(&member, json!({ "role": "moderator" })).await.is(200);
    check(&bob, "bob", &["pin:add", "message:delete_any"], &["member:add"]).await;
    ann.patch(&member, json!({ "role": "member" })).await.is(200);
    ann.patch(&at, json!({ "locked": true })).await.is(200);
    check(&bob, "bob", &[], &["message:send", "message:react"]).await;
    check(&bob, "ann", &["message:send"], &[]).await;
    ann.patch(&at, json!({ "locked": false, "state": "archived" })).await.is(200);
    check(&bob, "ann", &["conversation:archive"], &["message:send"]).await;
    ann.patch(&at, json!({ "state": "active" })).await.is(200);
    check(&bob, "bob", &["message:send"], &[]).await;
    ann.delete(&member).await.is(200);
    let answer = ann.get(&of("bob")).await.is(200);
    assert_eq!(
        (&answer["active"], &answer["status"], &answer["permissions"]),
        (&json!(false), &json!("removed"), &json!([]))
    );
    let answer = ann.get(&of("stranger")).await.is(200);
    assert_eq!(
        (&answer["active"], &answer["status"], &answer["permissions"]),
        (&json!(false), &Value::Null, &json!([]))
    );
    let root = Caller::administrator(first.address, "root");
    root.get(&of("ann")).await.is(200);
    root.get(&format!("/v1/conversations/{}/members/ann/permissions", boats()))
        .await
        .is_refused(404, "conversation_unknown");
    first.stop().await;
    second.stop().await;
}

async fn t9_whoever_has_an_answer_is_not_sent_it_again(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    for path in [messages(&conversation), format!("/v1/conversations/{conversation}"), "/v1/conversations".to_owned()] {
        let first = ann.get(&path).await;
        let tag = first.headers["etag"].clone();
        let second = ann.ask("GET", &path, None, &[("if-none-match", &tag)]).await;
        assert_eq!((second.status, second.text.as_str(), &second.headers["etag"]), (304, "", &tag), "{path}");
        say(&ann, &conversation, "something new").await;
        let third = ann.ask("GET", &path, None, &[("if-none-match", &tag)]).await;
        assert_eq!(third.status, 200, "{path}");
        assert_ne!(third.headers["etag"], tag);
    }
    server.stop().await;
}

async fn t11_requests_are_paid_from_the_shares_that_sessions_pay_from(database: Database) {
    let server = TestServer::start(&database, &["--account-fetches", "6+1/h"]).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    let mut session = Client::connect(&server, "ann", device(1)).await;
    let id = ConversationId::parse(&conversation).unwrap();
    for _ in 0..3 {
        session.fetch(&stream(id), FetchScope::Anew).await.unwrap();
        ann.get(&messages(&conversation)).await.is(200);
    }
    let refused = ann.get(&messages(&conversation)).await;
    refused.is_refused(429, "rate_limited");
    let seconds: u64 = refused.headers["retry-after"].parse().unwrap();
    assert!((1..=3_600).contains(&seconds), "{seconds}");
    assert!(refused.body["retryAt"].is_u64(), "{refused:?}");
    let refused = session.fetch(&stream(id), FetchScope::Anew).await.unwrap_err();
    assert_eq!(refused.code.as_str(), "rate_limited");
    // Nobody else pays for that, and it is no reason not to write.
    Caller::of(server.address, "bob").get(&messages(&conversation)).await.is(200);
    say(&ann, &conversation, "still here").await;
    server.stop().await;
}

async fn t10_other_origins_read_only_where_the_operator_has_named_them(database: Database) {
    let flags = ["--cors-origin", "https://app.example.org,https://admin.example.org"];
    let server = TestServer::start(&database, &flags).await;
    let ann = Caller::of(server.address, "ann");
    for (origin, allowed) in
        [("https://app.example.org", true), ("https://admin.example.org", true), ("https://evil.example.org", false)]
    {
        let read = ann.ask("GET", "/v1/conversations", None, &[("origin", origin)]).await;
        assert_eq!(read.headers.get("access-control-allow-origin").map(String::as_str), allowed.then_some(origin));
        let asked = [("origin", origin), ("access-control-request-method", "PATCH")];
        let preflight = Caller { token: None, ..ann.clone() }.ask("OPTIONS", "/v1/conversations/x", None, &asked).await;
        assert_eq!(preflight.headers.contains_key("access-control-allow-origin"), allowed, "{preflight:?}");
    }
    server.stop().await;
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let read = ann.ask("GET", "/v1/conversations", None, &[("origin", "https://app.example.org")]).await;
    assert!(!read.headers.contains_key("access-control-allow-origin"));
    server.stop().await;
}

async fn t12_the_page_to_read_it_on_asks_no_other_host(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let nobody = Caller { address: server.address, token: None };
    let description = nobody.get("/v1/openapi.json").await.is(200);
    assert_eq!(description["info"]["title"], "Tidings");
    let page = nobody.get("/v1/docs/").await;
    assert_eq!(page.status, 200);
    let named = page.text.split(&['"', '\''][..]).filter(|part| part.ends_with(".js") || part.ends_with(".css"));
    let files: Vec<&str> = named.collect();
    assert!(files.len() >= 3, "{}", page.text);
    for file in files {
        assert!(!file.contains("//"), "{file}");
        let file = nobody.get(&format!("/v1/docs/{}", file.trim_start_matches("./"))).await;
        assert_eq!(file.status, 200);
    }
    let settings = nobody.get("/v1/docs/swagger-initializer.js").await;
    assert!(
        settings.text.contains("/v1/openapi.json") && settings.text.contains("\"validatorUrl\": \"none\""),
        "{}",
        settings.text
    );
    server.stop().await;
}

#[test]
fn t12_what_the_interface_says_of_itself_is_made_from_its_code() {
    let description = serde_json::to_value(tidings_server::http::v1::description()).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{}", description["openapi"]);
    let paths = description["paths"].as_object().unwrap();
    let send = &paths["/v1/conversations/{conversation}/messages"]["post"];
    assert_eq!(
        send["responses"]["201"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/TimelineRow"
    );
    // Every route has a text for its reader, and says how it refuses.
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["4XX"].is_object(), "{method} {path}");
        }
    }
    // All that is named is there.
    let text = description.to_string();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for named in text.split("#/components/schemas/").skip(1) {
        let name = named.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}
