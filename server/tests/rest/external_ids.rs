//! External ids: given by administrators, shown to readers, and found by nobody else.

use serde_json::{Value, json};

use super::group;
use crate::support::{database::Database, on_each_store, rest::Caller, server::TestServer};

on_each_store! {
    t15_an_account_is_found_by_its_external_id_by_whoever_may_read_it,
    t15_a_conversation_is_found_by_its_external_id_by_whoever_may_read_it,
    t15_an_external_id_is_of_one_account_and_of_one_conversation,
    t15_a_conversation_is_begun_with_its_external_id_or_not_at_all,
}

async fn name(root: &Caller, account: &str, id: &str) -> Value {
    let path = format!("/v1/accounts/{account}/external-id");
    root.ask("PUT", &path, Some(json!({ "externalId": id })), &[]).await.is(200)
}

async fn t15_an_account_is_found_by_its_external_id_by_whoever_may_read_it(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (ann, zoe) = (Caller::of(server.address, "ann"), Caller::of(server.address, "zoe"));
    let root = Caller::administrator(server.address, "root");
    group(&ann).await;
    assert_eq!(name(&root, "bob", "CRM 7/ж").await, json!({ "account": "bob", "externalId": "CRM 7/ж" }));
    let path = "/v1/accounts?external_id=CRM%207/%D0%B6";
    for caller in [&ann, &root, &Caller::of(server.address, "bob")] {
        let found = caller.get(path).await.is(200);
        assert_eq!((&found["account"], &found["externalId"]), (&json!("bob"), &json!("CRM 7/ж")));
        assert_eq!(found, caller.get("/v1/accounts/bob").await.is(200));
    }
    // To a stranger it is like one that nobody has.
    let (there, not_there) = (zoe.get(path).await, zoe.get("/v1/accounts?external_id=nobody").await);
    there.is_refused(404, "member_unknown");
    assert_eq!(there.text, not_there.text);
    // Another one takes its place, and then none.
    name(&root, "bob", "crm-8").await;
    root.get(path).await.is_refused(404, "member_unknown");
    root.get("/v1/accounts?external_id=crm-8").await.is(200);
    let none = root.delete("/v1/accounts/bob/external-id").await.is(200);
    assert_eq!(none, json!({ "account": "bob" }));
    root.get("/v1/accounts?external_id=crm-8").await.is_refused(404, "member_unknown");
    for wrong in ["", "?external_id=", "?external_id=%0A", "?external_id=%20a"] {
        root.get(&format!("/v1/accounts{wrong}")).await.is_refused(400, "value_invalid");
    }
    let wrong = json!({ "externalId": "x".repeat(129) });
    root.ask("PUT", "/v1/accounts/bob/external-id", Some(wrong), &[]).await.is_refused(400, "id_invalid");
    server.stop().await;
}

async fn t15_a_conversation_is_found_by_its_external_id_by_whoever_may_read_it(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (ann, bob) = (Caller::of(server.address, "ann"), Caller::of(server.address, "bob"));
    let (zoe, root) = (Caller::of(server.address, "zoe"), Caller::administrator(server.address, "root"));
    let conversation = group(&ann).await;
    let at = format!("/v1/conversations/{conversation}");
    let named = root.patch(&at, json!({ "externalId": "partner-77" })).await.is(200);
    assert_eq!(named["external_id"], "partner-77");
    name(&root, "bob", "crm-bob").await;
    let path = "/v1/conversations?external_id=partner-77";
    for caller in [&ann, &bob, &root] {
        let found = caller.get(path).await.is(200);
        assert_eq!((&found["conversation_id"], &found["external_id"]), (&json!(conversation), &json!("partner-77")));
        let mut of_people: Vec<&Value> =
            found["participants"].as_array().unwrap().iter().map(|one| &one["external_user_id"]).collect();
        of_people.sort_by_key(|id| id.to_string());
        assert_eq!(of_people, ["ann", "crm-bob"]);
    }
    // A title that is changed leaves it alone.
    assert_eq!(ann.patch(&at, json!({ "title": "Ships" })).await.is(200)["external_id"], "partner-77");
    ann.patch(&at, json!({ "externalId": "mine" })).await.is_refused(403, "permission_denied");
    // To a stranger it is like one that nothing has, and to whoever was removed.
    let not_there = zoe.get("/v1/conversations?external_id=nothing").await;
    not_there.is_refused(404, "conversation_unknown");
    assert_eq!(zoe.get(path).await.text, not_there.text);
    ann.delete(&format!("{at}/members/bob")).await.is(200);
    assert_eq!(bob.get(path).await.text, not_there.text);
    // Whoever deletes it gives the name back.
    ann.delete(&at).await.is(200);
    root.get(path).await.is_refused(404, "conversation_unknown");
    let next = group(&ann).await;
    let next = format!("/v1/conversations/{next}");
    assert_eq!(root.patch(&next, json!({ "externalId": "partner-77" })).await.is(200)["external_id"], "partner-77");
    assert_eq!(root.patch(&next, json!({ "externalId": null })).await.is(200)["external_id"], Value::Null);
    root.get(path).await.is_refused(404, "conversation_unknown");
    root.patch(&at, json!({ "externalId": "partner-78" })).await.is_refused(410, "conversation_deleted");
    server.stop().await;
}

async fn t15_an_external_id_is_of_one_account_and_of_one_conversation(database: Database) {
    let first = TestServer::start(&database, &[]).await;
    let second = TestServer::start(&database, &[]).await;
    let (ann, root) = (Caller::of(first.address, "ann"), Caller::administrator(second.address, "root"));
    let (one, other) = (group(&ann).await, group(&ann).await);
    name(&root, "ann", "7").await;
    let taken = root.ask("PUT", "/v1/accounts/bob/external-id", Some(json!({ "externalId": "7" })), &[]).await;
    taken.is_refused(409, "external_id_taken");
    // Of those who ask at once one is given it; and an account keeps no conversation from it.
    let ask = async |root: &Caller, conversation: &str| {
        root.patch(&format!("/v1/conversations/{conversation}"), json!({ "externalId": "7" })).await
    };
    let elsewhere = Caller::administrator(first.address, "root");
    let (here, there) = tokio::join!(ask(&root, &one), ask(&elsewhere, &other));
    let mut answers = [here, there];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].status, 200, "{answers:?}");
    answers[1].is_refused(409, "external_id_taken");
    // Whoever has it is given it again.
    name(&root, "ann", "7").await;
    first.stop().await;
    second.stop().await;
}

async fn t15_a_conversation_is_begun_with_its_external_id_or_not_at_all(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    let body = json!({ "kind": "group", "title": "Boats", "members": ["ann"], "externalId": "partner-77" });
    let begin = async |caller: &Caller, key: &str| {
        caller.ask("POST", "/v1/conversations", Some(body.clone()), &[("Idempotency-Key", key)]).await
    };
    begin(&ann, "one").await.is_refused(403, "permission_denied");
    let begun = begin(&root, "one").await.is(201);
    assert_eq!(begun["external_id"], "partner-77");
    begin(&root, "two").await.is_refused(409, "external_id_taken");
    let listed = ann.get("/v1/conversations").await.is(200);
    assert_eq!(listed["conversations"].as_array().unwrap().len(), 1, "nothing was begun without its name");
    // Made again, the request does not give back a name that was taken away since.
    let at = format!("/v1/conversations/{}", begun["conversation_id"].as_str().unwrap());
    root.patch(&at, json!({ "externalId": null })).await.is(200);
    let again = begin(&root, "one").await.is(201);
    assert_eq!((&again["conversation_id"], &again["external_id"]), (&begun["conversation_id"], &Value::Null));
    // Nor does it matter to it that another one has the name by now.
    begin(&root, "three").await.is(201);
    assert_eq!(begin(&root, "one").await.is(201)["conversation_id"], begun["conversation_id"]);
    server.stop().await;
}
