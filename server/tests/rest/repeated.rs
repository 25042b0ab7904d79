//! Requests that are made again under their key: every operation that writes, as the interface describes itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidings_core::ids::{ConversationId, StreamId, TenantId};

use super::{group, messages, say};
use crate::support::{
    database::Database,
    on_each_store,
    rest::{Answer, Caller, segment},
    server::TestServer,
};

on_each_store! {
    t4_every_request_that_writes_is_carried_out_once_under_its_key,
    t4_what_became_of_it_since_is_not_undone_by_a_request_that_is_made_again,
    t4_of_many_that_make_a_webhook_at_once_one_makes_it_and_is_told_its_secret,
    t4_a_key_is_for_one_request_in_whichever_thread,
}

/// Nobody is sent anything: the addresses are closed ports of this machine. What there is is read very often.
const FLAGS: [&str; 5] = ["--webhook-allow-private", "--webhook-interval", "1h", "--account-fetches", "100000+1000/s"];

/// Operations that ask something by a method that usually writes.
const QUESTIONS: [(&str, &str); 1] = [("post", "/v1/contacts/match")];

/// A request under a key.
async fn keyed(caller: &Caller, method: &str, path: &str, body: &Value, key: &str) -> Answer {
    let body = Some(body.clone()).filter(|body| !body.is_null());
    caller.ask(method, path, body, &[("idempotency-key", key)]).await
}

/// The operations of the description that write, and whether they say that they may be made again.
async fn writes(caller: &Caller) -> Vec<((String, String), bool)> {
    let described = caller.get("/v1/openapi.json").await.is(200);
    let mut writes = Vec::new();
    for (path, operations) in described["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let is_question = QUESTIONS.contains(&(method.as_str(), path.as_str()));
            if !["put", "post", "patch", "delete"].contains(&method.as_str()) || is_question {
                continue;
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut keys = parameters.filter(|one| one["in"] == "header" && one["name"] == "Idempotency-Key");
            writes.push(((method.to_uppercase(), path.clone()), keys.next().is_some()));
        }
    }
    writes
}

/// A server with what there is to write about.
struct World {
    database: Database,
    server: TestServer,
    ann: Caller,
    root: Caller,
    /// A group of ann's with bob and cat.
    conversation: String,
    /// A public group of ann's.
    public: String,
    /// One of gus with ann, about something of hers.
    resource: String,
    message: String,
    invite: String,
    webhook: String,
}

impl World {
    async fn new(database: Database) -> Self {
        let server = TestServer::start(&database, &FLAGS).await;
        let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
        let conversation = group(&ann).await;
        let at = format!("/v1/conversations/{conversation}");
        ann.post(&format!("{at}/members"), json!({ "account": "cat" })).await.is(200);
        let asked = json!({ "kind": "group", "title": "Open boats", "name": "boats", "scope": "public",
            "policies": [{ "join": "open" }] });
        let public = ann.post("/v1/conversations", asked).await.is(201)["conversation_id"].as_str().unwrap().to_owned();
        let asked = json!({ "resourceId": "flat-7", "ownerUserId": "ann" });
        let gus = Caller::of(server.address, "gus");
        let resource = gus.post("/v1/conversations/resource", asked).await.is(201)["id"].as_str().unwrap().to_owned();
        let message = say(&ann, &conversation, "hi").await["id"].as_str().unwrap().to_owned();
        let invite = ann.post(&format!("{at}/invites"), json!({})).await.is(201)["id"].as_str().unwrap().to_owned();
        let url = json!({ "url": "https://127.0.0.1:9/" });
        let webhook = root.post("/v1/webhooks", url).await.is(201)["id"].as_str().unwrap().to_owned();
        Self { database, server, ann, root, conversation, public, resource, message, invite, webhook }
    }

    fn caller(&self, name: &str) -> Caller {
        match name {
            "root" => self.root.clone(),
            name => Caller::of(self.server.address, name),
        }
    }

    /// All that requests change and that anybody is shown, and how much the journal has of it.
    async fn state(&self) -> Vec<Value> {
        let mut state = Vec::new();
        let store = self.database.open().await;
        let tenant = TenantId::parse("acme").unwrap();
        for conversation in [&self.conversation, &self.public, &self.resource] {
            let stream = StreamId::Conversation(ConversationId::parse(conversation).unwrap());
            state.push(json!(store.stream_head(&tenant, &stream).await.unwrap().position.to_string()));
            for what in ["", "/members", "/invites", "/receipts"] {
                state.push(self.root.get(&format!("/v1/conversations/{conversation}{what}")).await.body);
            }
        }
        store.close().await;
        for path in ["/v1/webhooks", "/v1/accounts/bob", "/v1/accounts/eve", "/v1/accounts/fay"] {
            state.push(self.root.get(path).await.body);
        }
        state.push(self.ann.get("/v1/conversations").await.body);
        state
    }
}

async fn t4_every_request_that_writes_is_carried_out_once_under_its_key(database: Database) {
    let world = World::new(database).await;
    let (c, m, w) = ("/v1/conversations/{conversation}", "/v1/conversations/{conversation}/messages", "/v1/webhooks");
    let at_message = format!("{m}/{{message}}");
    let at_member = format!("{c}/members/{{account}}");
    let at_webhook = format!("{w}/{{webhook}}");
    let none = Value::Null;
    // Who asks, the operation, the account or conversation that it is about, and its body.
    let steps: Vec<(&str, &str, String, &str, Value)> = vec![
        ("ann", "POST", "/v1/conversations".into(), "", json!({ "kind": "group", "title": "Ships" })),
        ("ann", "POST", "/v1/conversations/direct".into(), "", json!({ "peer": "dan" })),
        ("ann", "POST", "/api/chat/conversations/direct/".into(), "", json!({ "peer_user_id": "eve" })),
        (
            "ann",
            "POST",
            "/v1/conversations/resource".into(),
            "",
            json!({ "resourceId": "flat-8", "ownerUserId": "bob", "body": "hi" }),
        ),
        ("ann", "PATCH", format!("{c}/lead"), "resource", json!({ "status": "visit_planned" })),
        ("ann", "PUT", "/v1/resources/{resource}".into(), "", json!({ "title": "Eight rooms" })),
        ("ann", "PATCH", c.into(), "", json!({ "title": "Ships", "locked": false, "state": "active" })),
        ("root", "PATCH", c.into(), "", json!({ "title": "Sails", "externalId": "partner-1" })),
        ("ann", "POST", format!("{c}/members"), "", json!({ "account": "dan" })),
        ("ann", "PATCH", at_member.clone(), "dan", json!({ "role": "moderator" })),
        ("ann", "DELETE", at_member.clone(), "dan", none.clone()),
        ("ann", "PUT", format!("{at_member}/ban"), "dan", none.clone()),
        ("ann", "DELETE", format!("{at_member}/ban"), "dan", none.clone()),
        ("ann", "POST", m.into(), "", json!({ "content": "once" })),
        ("ann", "PATCH", at_message.clone(), "", json!({ "content": "edited" })),
        ("bob", "PUT", format!("{at_message}/reactions/{{emoji}}"), "", none.clone()),
        ("bob", "DELETE", format!("{at_message}/reactions/{{emoji}}"), "", none.clone()),
        ("bob", "PUT", format!("{c}/receipt"), "", json!({ "read": 2 })),
        ("ann", "DELETE", at_message.clone(), "", none.clone()),
        ("ann", "POST", format!("{c}/invitations"), "", json!({ "account": "dan" })),
        ("dan", "PUT", format!("{c}/invitation"), "", none.clone()),
        ("ann", "POST", format!("{c}/invitations"), "", json!({ "account": "eve" })),
        ("eve", "DELETE", format!("{c}/invitation"), "", none.clone()),
        ("ann", "POST", format!("{c}/invites"), "", json!({ "usesMax": 3 })),
        ("ann", "DELETE", format!("{c}/invites/{{invite}}"), "", none.clone()),
        ("eve", "POST", format!("{c}/join"), "public", json!({})),
        ("ann", "PUT", "/v1/accounts/{account}".into(), "ann", json!({ "displayName": "Ann" })),
        ("root", "PUT", "/v1/accounts/{account}/external-id".into(), "bob", json!({ "externalId": "crm-bob" })),
        ("root", "DELETE", "/v1/accounts/{account}/external-id".into(), "bob", none.clone()),
        ("root", "PUT", "/v1/accounts/{account}/suspension".into(), "bob", none.clone()),
        ("root", "DELETE", "/v1/accounts/{account}/suspension".into(), "bob", none.clone()),
        ("root", "POST", w.into(), "", json!({ "url": "https://127.0.0.1:9/once" })),
        ("root", "PATCH", at_webhook.clone(), "", json!({ "enabled": false })),
        ("root", "POST", format!("{at_webhook}/rotate"), "", none.clone()),
        ("root", "POST", format!("{at_webhook}/deliveries/replay"), "", none.clone()),
        ("root", "DELETE", at_webhook.clone(), "", none.clone()),
        ("ann", "DELETE", c.into(), "", none.clone()),
        ("root", "PUT", "/v1/accounts/{account}/erasure".into(), "fay", none.clone()),
    ];
    // An account that there is, to be erased, and one to be joined as.
    for name in ["eve", "fay"] {
        let profile = Some(json!({ "displayName": name }));
        world.root.ask("PUT", &format!("/v1/accounts/{name}"), profile, &[]).await.is(200);
    }
    let mut asked = BTreeSet::new();
    for (number, (name, method, template, subject, body)) in steps.iter().enumerate() {
        let (caller, key) = (world.caller(name), format!("key {number}"));
        let conversation = match *subject {
            "public" => &world.public,
            "resource" => &world.resource,
            _ => &world.conversation,
        };
        let path = template
            .replace("{conversation}", conversation)
            .replace("{message}", &segment(&world.message))
            .replace("{account}", subject)
            .replace("{resource}", "flat-7")
            .replace("{emoji}", &segment("👍"))
            .replace("{invite}", &world.invite)
            .replace("{webhook}", &world.webhook);
        let what = format!("{name}: {method} {template}");
        let first = keyed(&caller, method, &path, body, &key).await;
        assert!((200..300).contains(&first.status), "{what}: {first:?}");
        let before = world.state().await;
        let again = keyed(&caller, method, &path, body, &key).await;
        let after = world.state().await;
        assert_eq!(first.status, again.status, "{what}: {again:?}");
        // What is told once is not told again.
        let told_once = |body: &Value| {
            let mut body = body.clone();
            body.as_object_mut().map(|fields| (fields.remove("secret"), fields.remove("code")));
            body
        };
        if !template.ends_with("/erasure") {
            assert_eq!(told_once(&first.body), told_once(&again.body), "{what}");
            assert_eq!(before, after, "{what}");
        }
        assert!(again.body.get("secret").is_none() && again.body.get("code").is_none(), "{what}: {again:?}");
        // Another request under the key: with another body, or about something else.
        let (name_of_ann, otherwise) = (json!({ "externalId": "x" }), told_otherwise(body));
        let other = match body {
            Value::Null => keyed(&caller, "PUT", "/v1/accounts/ann/external-id", &name_of_ann, &key).await,
            _ => keyed(&caller, method, &path, &otherwise, &key).await,
        };
        match body {
            // Not everybody may do that; whoever may is refused because of the key.
            Value::Null if *name != "root" => other.is_refused(403, "permission_denied"),
            _ => other.is_refused(422, "key_reused"),
        }
        assert_eq!(after, world.state().await, "{what}");
        asked.insert(((*method).to_owned(), template.clone()));
    }
    for (operation, is_said) in writes(&world.ann).await {
        assert!(is_said, "{operation:?} does not say that it takes an Idempotency-Key");
        // One dead letter is delivered again by the same way as all of them; a test of webhooks has one.
        assert!(operation.1.contains("{delivery}") || asked.contains(&operation), "no case for {operation:?}");
    }
    world.server.stop().await;
}

/// A body that asks something else: the last of its texts, numbers or flags is another one.
fn told_otherwise(body: &Value) -> Value {
    let mut body = body.clone();
    let Some(field) = body.as_object_mut().and_then(|fields| fields.values_mut().next_back()) else {
        return json!({ "code": null });
    };
    *field = match field {
        Value::String(text) => match text.as_str() {
            "active" => json!("archived"),
            "moderator" => json!("member"),
            text if text.starts_with("https") => json!("https://127.0.0.1:9/other"),
            _ => json!("other"),
        },
        Value::Number(_) => json!(1),
        Value::Bool(flag) => json!(!*flag),
        other => panic!("nothing else for {other}"),
    };
    body
}

async fn t4_what_became_of_it_since_is_not_undone_by_a_request_that_is_made_again(database: Database) {
    let world = World::new(database).await;
    let (ann, root) = (&world.ann, &world.root);
    let at = format!("/v1/conversations/{}", world.conversation);
    let webhook = format!("/v1/webhooks/{}", world.webhook);
    let join = format!("/v1/conversations/{}/join", world.public);
    let eve = world.caller("eve");
    let once = async || {
        keyed(ann, "PATCH", &at, &json!({ "title": "Ships" }), "title").await.is(200);
        keyed(root, "PATCH", &at, &json!({ "externalId": "one" }), "name").await.is(200);
        keyed(root, "PATCH", &webhook, &json!({ "enabled": false }), "off").await.is(200);
        keyed(root, "PUT", "/v1/accounts/bob/suspension", &Value::Null, "out").await.is(200);
        keyed(root, "PUT", "/v1/accounts/bob/external-id", &json!({ "externalId": "bob-1" }), "bob").await.is(200);
        keyed(&eve, "POST", &join, &json!({}), "in").await.is(200);
    };
    once().await;
    ann.patch(&at, json!({ "title": "Sails" })).await.is(200);
    root.patch(&at, json!({ "externalId": "two" })).await.is(200);
    root.patch(&webhook, json!({ "enabled": true })).await.is(200);
    root.delete("/v1/accounts/bob/suspension").await.is(200);
    root.delete("/v1/accounts/bob/external-id").await.is(200);
    eve.delete(&format!("/v1/conversations/{}/members/eve", world.public)).await.is(200);
    let before = world.state().await;
    once().await;
    assert_eq!(before, world.state().await);
    world.server.stop().await;
}

async fn t4_of_many_that_make_a_webhook_at_once_one_makes_it_and_is_told_its_secret(database: Database) {
    let first = TestServer::start(&database, &FLAGS).await;
    let second = TestServer::start(&database, &FLAGS).await;
    let ask = async |number: usize, path: &str, body: Value| {
        let address = [first.address, second.address][number % 2];
        keyed(&Caller::administrator(address, "root"), "POST", path, &body, path).await
    };
    let url = json!({ "url": "https://127.0.0.1:9/" });
    let made = futures_util::future::join_all((0..8).map(|number| ask(number, "/v1/webhooks", url.clone()))).await;
    let made: Vec<Value> = made.into_iter().map(|answer| answer.is(201)).collect();
    let ids: BTreeSet<&str> = made.iter().map(|webhook| webhook["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), made.iter().filter(|webhook| webhook["secret"].is_string()).count()), (1, 1));
    let path = format!("/v1/webhooks/{}/rotate", made[0]["id"].as_str().unwrap());
    let rotated = futures_util::future::join_all((0..8).map(|number| ask(number, &path, Value::Null))).await;
    let rotated: Vec<Value> = rotated.into_iter().map(|answer| answer.is(200)).collect();
    let keys: BTreeSet<&str> = rotated.iter().map(|webhook| webhook["publicKey"].as_str().unwrap()).collect();
    assert_eq!((keys.len(), rotated.iter().filter(|webhook| webhook["secret"].is_string()).count()), (1, 1));
    let root = Caller::administrator(first.address, "root");
    assert_eq!(root.get("/v1/webhooks").await.is(200)["webhooks"].as_array().unwrap().len(), 1);
    first.stop().await;
    second.stop().await;
}

async fn t4_a_key_is_for_one_request_in_whichever_thread(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    let path = messages(&conversation);
    keyed(&ann, "POST", &path, &json!({ "content": "hi" }), "one").await.is(201);
    let in_thread = format!("{path}?thread={conversation}");
    keyed(&ann, "POST", &in_thread, &json!({ "content": "hi" }), "one").await.is_refused(422, "key_reused");
    server.stop().await;
}
