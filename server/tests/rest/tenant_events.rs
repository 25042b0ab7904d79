//! Events of a whole tenant, as a service that administers it reads them.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use tidings_core::ids::TenantId;
use tidings_server::{auth::Keys, clock};

use super::{
    FLAGS,
    events::{Follower, Told, messages_told},
    group, say,
    services::service,
};
use crate::support::{author::account, database::Database, on_each_store, rest::Caller, server::TestServer};

on_each_store! {
    t17_whoever_follows_a_tenant_is_told_live_of_every_conversation_in_it,
    t17_a_tenant_is_followed_by_a_service_that_administers_it,
    t17_nothing_is_missed_while_servers_end_and_begin,
}

const FOLLOWS: [&str; 2] = ["rest:read", "admin"];

/// The texts that are told of each conversation.
fn texts(told: &[Told]) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (conversation, text) in messages_told(told) {
        all.entry(conversation).or_default().push(text);
    }
    all
}

/// A group of these, without whom follows.
async fn group_of(owner: &Caller, member: &str) -> String {
    let asked = json!({ "kind": "group", "title": "Quiet", "members": [member] });
    let made = owner.post("/v1/conversations", asked).await.is(201);
    made["conversation_id"].as_str().unwrap().to_owned()
}

async fn t17_whoever_follows_a_tenant_is_told_live_of_every_conversation_in_it(database: Database) {
    // Nothing is found by looking now and then.
    let server = TestServer::start(&database, &FLAGS).await;
    let other = match database.address.starts_with("postgres") {
        true => Some(TestServer::start(&database, &FLAGS).await),
        false => None,
    };
    let ann = Caller::of(other.as_ref().unwrap_or(&server).address, "ann");
    let zoe = Caller::of(server.address, "zoe");
    let before = group(&ann).await;
    let crm = service(&ann, &FOLLOWS).token.unwrap();
    let mut all = Follower::of_tenant(server.address, &crm, "").await;
    all.until("ready").await;
    say(&ann, &before, "one").await;
    let after = group_of(&zoe, "bob").await;
    say(&zoe, &after, "two").await;
    let in_rival = {
        let labels: [String; 0] = [];
        let ttl = Duration::from_secs(600);
        let rival = TenantId::parse("rival").unwrap();
        let token = Keys::development().issue(&rival, &account("eve"), &labels, clock::wall_now(), ttl).unwrap();
        let eve = Caller { token: Some(token), ..zoe.clone() };
        let conversation = group(&eve).await;
        say(&eve, &conversation, "elsewhere").await;
        conversation
    };
    say(&ann, &before, "three").await;
    let mut told = Vec::new();
    while texts(&told).values().map(Vec::len).sum::<usize>() < 3 {
        told.push(all.next().await.unwrap());
    }
    let found = texts(&told);
    assert_eq!((&found[&*before], &found[&*after]), (&vec!["one", "three"], &vec!["two"]));
    assert!(told.iter().any(|(name, body)| name == "conversation.created" && body["conversation"] == after.as_str()));
    assert!(told.iter().all(|(_, body)| body["conversation"] != in_rival.as_str()));
    ann.delete(&format!("/v1/conversations/{before}")).await.is(200);
    let (_, body) = all.until("conversation.changed").await.pop().unwrap();
    assert_eq!(body["conversation"], before.as_str());
    drop(all);
    server.stop().await;
    if let Some(other) = other {
        other.stop().await;
    }
}

async fn t17_a_tenant_is_followed_by_a_service_that_administers_it(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    let path = "/v1/events?tenant=true";
    for caller in [&ann, &root, &service(&ann, &["rest:read"]), &service(&ann, &["rest:write", "admin"])] {
        caller.get(path).await.is_refused(403, "permission_denied");
    }
    let acts = service(&ann, &["rest:read", "admin", "act"]);
    acts.ask("GET", path, None, &[("tidings-account", "ann")]).await.is_refused(403, "permission_denied");
    ann.get("/v1/events?tenant=perhaps").await.is_refused(400, "value_invalid");
    server.stop().await;
}

async fn t17_nothing_is_missed_while_servers_end_and_begin(database: Database) {
    let crm = |caller: &Caller| service(caller, &FOLLOWS).token.unwrap();
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let mut conversations = Vec::new();
    for _ in 0..4 {
        conversations.push(group(&ann).await);
    }
    let mut reader = Follower::of_tenant(server.address, &crm(&ann), "").await;
    reader.until("ready").await;
    let mut told: Vec<Told> = Vec::new();
    say(&ann, &conversations[0], "0").await;
    told.extend(reader.until("message.created").await);
    server.stop().await;
    let ended = reader.until("closed").await;
    assert_eq!(ended.last().unwrap().1["code"], "draining");
    told.extend(ended);
    let mut written = vec![(conversations[0].clone(), "0".to_owned())];
    // What one server writes while nobody reads, and another one beside its reader.
    for round in 0..3 {
        let server = TestServer::start(&database, &[]).await;
        let ann = Caller::of(server.address, "ann");
        for number in 0..8 {
            let (conversation, text) = (&conversations[number % 4], format!("{round}.{number}"));
            say(&ann, conversation, &text).await;
            written.push((conversation.clone(), text));
        }
        if round > 0 {
            let mut reader_again = Follower::of_tenant(server.address, &crm(&ann), &reader.id).await;
            told.extend(reader_again.until("ready").await);
            let text = format!("live {round}");
            say(&ann, &conversations[round], &text).await;
            written.push((conversations[round].clone(), text));
            told.extend(reader_again.until("message.created").await);
            reader = reader_again;
        }
        server.stop().await;
        if round > 0 {
            told.extend(reader.until("closed").await);
        }
    }
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (conversation, text) in &written {
        wanted.entry(conversation).or_default().push(text);
    }
    assert_eq!(texts(&told), wanted);
}
