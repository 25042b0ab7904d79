//! An account's export, as the account and its administrator read it.

use serde_json::{Value, json};

use super::{FLAGS, group, messages, say, segment};
use crate::support::{
    author::{Author, account},
    client::{Client, device},
    database::Database,
    on_each_store,
    rest::Caller,
    server::TestServer,
};
use tidings_core::{command::BlockAccount, ids::StreamId};

on_each_store! {
    t16_an_export_has_what_the_account_wrote_and_nothing_that_others_did,
    t16_an_export_is_for_the_account_and_its_administrators_and_ends_where_it_is_whole,
}

async fn exported(caller: &Caller, of: &str) -> Vec<Value> {
    let answer = caller.get(&format!("/v1/accounts/{of}/export")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/jsonl");
    assert!(!answer.headers.contains_key("etag"));
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

fn texts(lines: &[Value]) -> Vec<&str> {
    of_type(lines, "message").iter().map(|line| line["content"]["text"].as_str().unwrap()).collect()
}

async fn t16_an_export_has_what_the_account_wrote_and_nothing_that_others_did(database: Database) {
    // Pages close soon, so that there are many.
    let server = TestServer::start(&database, &FLAGS).await;
    let (ann, bob) = (Caller::of(server.address, "ann"), Caller::of(server.address, "bob"));
    let root = Caller::administrator(server.address, "root");
    let (conversation, left) = (group(&ann).await, group(&ann).await);
    let profile = json!({ "displayName": "Bob", "bio": "rows" });
    bob.ask("PUT", "/v1/accounts/bob", Some(profile), &[]).await.is(200);
    root.ask("PUT", "/v1/accounts/bob/external-id", Some(json!({ "externalId": "crm-2" })), &[]).await.is(200);
    let mut said = Vec::new();
    for number in 0..9 {
        say(&ann, &conversation, &format!("of ann {number}")).await;
        said.push(say(&bob, &conversation, &format!("of bob {number}")).await);
    }
    let path = messages(&conversation);
    let at = |row: &Value| format!("{path}/{}", segment(row["id"].as_str().unwrap()));
    bob.patch(&at(&said[0]), json!({ "content": "edited" })).await.is(200);
    bob.delete(&at(&said[1])).await.is(200);
    ann.put(&format!("{}/reactions/{}", at(&said[2]), segment("👍"))).await.is(200);
    // Where he wrote nothing else.
    let quiet = group(&ann).await;
    let of_ann = say(&ann, &quiet, "likeable").await;
    let there = format!("{}/{}", messages(&quiet), segment(of_ann["id"].as_str().unwrap()));
    bob.put(&format!("{there}/reactions/{}", segment("🎉"))).await.is(200);
    say(&bob, &left, "before I left").await;
    bob.delete(&format!("/v1/conversations/{left}/members/bob")).await.is(200);
    ann.patch(&format!("/v1/conversations/{left}"), json!({ "title": "Without Bob" })).await.is(200);

    let lines = exported(&bob, "bob").await;
    assert_eq!(
        (&lines[0]["type"], &lines[0]["account"], &lines[0]["externalId"]),
        (&json!("account"), &json!("bob"), &json!("crm-2"))
    );
    assert_eq!((&lines[0]["profile"]["bio"], &lines[0]["suspended"]), (&json!("rows"), &json!(false)));
    assert_eq!(lines[1]["type"], "home");
    let conversations = of_type(&lines, "conversation");
    let of = |id: &str| *conversations.iter().find(|line| line["conversation"] == id).unwrap();
    assert_eq!((&of(&conversation)["status"], &of(&conversation)["title"]), (&json!("active"), &json!("Boats")));
    assert_eq!((&of(&left)["status"], &of(&left)["title"]), (&json!("left"), &Value::Null));
    assert!(of(&conversation)["joinedAt"].is_u64() && of(&conversation)["invitedBy"] == "ann");
    let mut wanted = vec!["before I left".to_owned(), "edited".to_owned()];
    wanted.extend((2..9).map(|number| format!("of bob {number}")));
    let written = of_type(&lines, "message");
    let (deleted, there): (Vec<&Value>, Vec<&Value>) =
        written.into_iter().partition(|line| line["deleted"].is_object());
    assert_eq!((deleted.len(), &deleted[0]["id"]), (1, &said[1]["id"]));
    let mut found: Vec<String> =
        there.iter().map(|line| line["content"]["text"].as_str().unwrap().to_owned()).collect();
    found.sort();
    assert_eq!(found, wanted);
    assert!(there.iter().all(|line| line["position"].is_u64() && line["reactions"].is_null()), "{there:?}");
    let reactions = of_type(&lines, "reaction");
    assert_eq!(reactions.len(), 1);
    assert_eq!((&reactions[0]["message"], &reactions[0]["emoji"]), (&of_ann["id"], &json!("🎉")));
    assert_eq!(lines.last().unwrap(), &json!({ "type": "end", "conversations": 3, "messages": 10, "reactions": 1 }));
    assert_eq!(exported(&root, "bob").await, lines);
    server.stop().await;
}

async fn t16_an_export_is_for_the_account_and_its_administrators_and_ends_where_it_is_whole(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    let conversation = group(&ann).await;
    say(&ann, &conversation, "hello").await;
    let mut session = Client::connect(&server, "ann", device(1)).await;
    let block = BlockAccount { account: account("eve"), blocked: true };
    let block = Author::of_account("ann", device(1)).write(block);
    session.push_accepted(StreamId::Account(account("ann")), vec![block]).await;
    let lines = exported(&ann, "ann").await;
    assert_eq!(texts(&lines), ["hello"]);
    assert_eq!(lines[1]["blocked"][0]["account"], "eve");
    assert_eq!(lines.last().unwrap()["type"], "end");
    for (of, who) in [("ann", "bob"), ("nobody", "bob")] {
        let refused = Caller::of(server.address, who).get(&format!("/v1/accounts/{of}/export")).await;
        refused.is_refused(403, "not_the_owner");
    }
    root.get("/v1/accounts/nobody/export").await.is_refused(404, "member_unknown");
    // What the store lost on the way is not passed over: the last line is not there.
    let rot = format!("UPDATE journal SET hash = chain WHERE stream = 'conversation/{conversation}'");
    database.execute(&rot).await;
    let answer = root.get("/v1/accounts/ann/export").await;
    assert_ne!(answer.text.lines().last().map(|line| line.contains(r#""type":"end""#)), Some(true), "{answer:?}");
    server.stop().await;
}
