//! Notifications: of which messages, and for whom.

use serde_json::{Value, json};
use tidings_core::{
    command::{BlockAccount, Command, SetConversationSetting, SettingChange},
    ids::{ConversationId, StreamId, TenantId},
    model::NotificationLevel,
    time::WallTime,
};
use tidings_server::store::Suspension;

use super::{Receiver, Say, Setup, hook, say, set_up};
use crate::support::{
    author::{Author, account},
    client::{Client, device},
    database::Database,
    on_each_store,
    rest::{Caller, segment},
    server::TestServer,
};

on_each_store! {
    h11_whoever_was_not_reached_and_wants_to_be_is_notified,
    h11_a_message_that_was_taken_back_notifies_nobody,
    h11_notifications_wait_and_hold_back_nothing,
}

/// Somebody sets something for themselves, on a device that is gone then.
async fn set(server: &TestServer, name: &str, number: u8, command: impl Into<Command>) {
    let mut client = Client::connect(server, name, device(number)).await;
    let change = Author::of_account(name, device(number)).write(command);
    client.push_accepted(StreamId::Account(account(name)), vec![change]).await;
}

async fn group(ann: &Caller, members: &[&str]) -> String {
    let made = ann.post("/v1/conversations", json!({ "kind": "group", "title": "Boats", "members": members })).await;
    made.is(201)["conversation_id"].as_str().unwrap().to_owned()
}

/// The accounts of the next notification, which is of a message.
async fn notified(receiver: &mut Receiver, message: &Value) -> Value {
    let next = receiver.next().await;
    assert_eq!((next.kind(), &next.body["data"]["message"]["id"]), ("notification", &message["id"]));
    assert_eq!(next.body["data"]["message"]["content"], message["content"]);
    next.body["data"]["accounts"].clone()
}

/// What is sent is refused once, and then a dead letter: a replay finds anew whom to notify.
const AT_ONCE: [&str; 4] = ["--notification-delay", "0ms", "--webhook-retry-for", "0ms"];

/// Waits until the first attempts for messages with these words have failed for good.
async fn dead(database: &Database, receiver: &mut Receiver, count: u32) {
    for _ in 0..count {
        assert_eq!(receiver.next().await.kind(), "notification");
    }
    let dead = "SELECT count(*) FROM webhook_deliveries WHERE state = 'dead'";
    database.wait_for(dead, i64::from(count)).await;
}

async fn h11_whoever_was_not_reached_and_wants_to_be_is_notified(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &AT_ONCE).await;
    let (path, _) = hook(&root, &receiver.url(), &["notification"]).await;
    let names = ["bob", "cat", "dan", "eve", "fay", "gil", "hal", "ivy", "jim"];
    let conversation = group(&ann, &names).await;
    let id = ConversationId::parse(&conversation).unwrap();
    let setting = |setting| SetConversationSetting { conversation: id, setting };
    let (later, earlier) = (WallTime::from_millis(u64::MAX), WallTime::from_millis(1));
    set(&server, "cat", 3, setting(SettingChange::MutedUntil(Some(later)))).await;
    set(&server, "dan", 4, setting(SettingChange::Notifications(NotificationLevel::None))).await;
    set(&server, "eve", 5, setting(SettingChange::Notifications(NotificationLevel::Mentions))).await;
    set(&server, "fay", 6, setting(SettingChange::Notifications(NotificationLevel::Mentions))).await;
    set(&server, "gil", 7, BlockAccount { account: account("ann"), blocked: true }).await;
    set(&server, "hal", 8, setting(SettingChange::MutedUntil(Some(earlier)))).await;
    let tenant = TenantId::parse("acme").unwrap();
    database.open().await.set_suspension(&tenant, &account("ivy"), Suspension::Suspended).await.unwrap();
    for text in ["who is in?", "anybody?"] {
        receiver.script.then(text, Say::Status(500));
    }
    let messages = format!("/v1/conversations/{conversation}/messages");
    let mentions = json!({ "content": "who is in?", "mentions": ["fay", "cat", "dan"] });
    let asked = ann.post(&messages, mentions).await.is(201);
    ann.post(&format!("/v1/conversations/{conversation}/members"), json!({ "account": "kim" })).await.is(200);
    let second = say(&ann, &conversation, "anybody?").await;
    dead(&database, &mut receiver, 2).await;
    // One device of theirs has got it, whichever node that is at.
    let jim = Caller::of(server.address, "jim");
    let receipt = json!({ "delivered": asked["position"], "read": 0 });
    jim.ask("PUT", &format!("/v1/conversations/{conversation}/receipt"), Some(receipt), &[]).await.is(200);
    root.post(&format!("{path}/deliveries/replay"), json!({})).await.is(200);
    // Kim came after the first one, and did not miss it.
    assert_eq!(notified(&mut receiver, &asked).await, json!(["bob", "fay", "hal"]));
    assert_eq!(notified(&mut receiver, &second).await, json!(["bob", "hal", "jim", "kim"]));
    server.stop().await;
}

async fn h11_a_message_that_was_taken_back_notifies_nobody(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &AT_ONCE).await;
    let (path, _) = hook(&root, &receiver.url(), &["notification"]).await;
    let conversation = group(&ann, &["bob"]).await;
    for text in ["regretted", "kept"] {
        receiver.script.then(text, Say::Status(500));
    }
    let regretted = say(&ann, &conversation, "regretted").await;
    let kept = say(&ann, &conversation, "kept").await;
    dead(&database, &mut receiver, 2).await;
    let at = segment(regretted["id"].as_str().unwrap());
    ann.delete(&format!("/v1/conversations/{conversation}/messages/{at}")).await.is(200);
    root.post(&format!("{path}/deliveries/replay"), json!({})).await.is(200);
    assert_eq!(notified(&mut receiver, &kept).await, json!(["bob"]));
    server.stop().await;
}

async fn h11_notifications_wait_and_hold_back_nothing(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &["--notification-delay", "1h"]).await;
    let (path, _) = hook(&root, &receiver.url(), &["notification", "message.created"]).await;
    let conversation = group(&ann, &["bob"]).await;
    let said = [say(&ann, &conversation, "one").await, say(&ann, &conversation, "two").await];
    let created = receiver.messages(2).await;
    assert_eq!((created[0].0.as_str(), created[1].0.as_str()), ("one", "two"));
    database.wait_for("SELECT 1 - count(*) FROM webhook_deliveries WHERE lane = 0", 1).await;
    let waiting = root.get(&format!("{path}/deliveries?state=pending")).await.is(200);
    let due: Vec<u64> =
        waiting["deliveries"].as_array().unwrap().iter().map(|it| it["dueAt"].as_u64().unwrap()).collect();
    assert_eq!(due, said.map(|message| message["acceptedAt"].as_u64().unwrap() + 3_600_000));
    server.stop().await;
}
