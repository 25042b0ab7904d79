//! Lists in pages, which are read both ways.

use serde_json::{Value, json};

use super::{FLAGS, group, messages, say};
use crate::support::{
    database::Database,
    on_each_store,
    rest::{Caller, segment},
    scrape::Scrape,
    server::TestServer,
};

on_each_store! {
    t6_messages_are_listed_both_ways,
    t6_conversations_and_the_directory_are_listed_both_ways,
    t6_a_page_is_loaded_again_only_once_something_was_written_on_it,
}

async fn t6_messages_are_listed_both_ways(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    let path = messages(&conversation);
    let empty = ann.get(&path).await.is(200);
    assert_eq!((&empty["messages"], &empty["older"]), (&json!([]), &Value::Null));
    let texts: Vec<String> = (0..19).map(|number| format!("number {number}")).collect();
    for text in &texts {
        say(&ann, &conversation, text).await;
    }
    let text_of = |page: &Value| -> Vec<String> {
        let rows = page["messages"].as_array().unwrap();
        rows.iter().map(|row| row["content"]["text"].as_str().unwrap().to_owned()).collect()
    };
    // Behind where it was empty, and then on.
    let (mut forward, mut cursor) = (Vec::new(), empty["newer"].clone());
    loop {
        let page = ann.get(&format!("{path}?limit=5&after={}", cursor.as_str().unwrap())).await.is(200);
        cursor = page["newer"].clone();
        let found = text_of(&page);
        if found.is_empty() {
            break;
        }
        assert!(found.len() <= 5);
        forward.extend(found);
    }
    assert_eq!(forward, texts);
    // From the newest back to the first.
    let mut page = ann.get(&format!("{path}?limit=7")).await.is(200);
    let mut backward = text_of(&page);
    assert_eq!(backward.len(), 7);
    while let Some(older) = page["older"].as_str().map(str::to_owned) {
        page = ann.get(&format!("{path}?limit=7&before={older}")).await.is(200);
        backward = text_of(&page).into_iter().chain(backward).collect();
    }
    assert_eq!(backward, texts);
    say(&ann, &conversation, "later").await;
    let later = ann.get(&format!("{path}?after={}", cursor.as_str().unwrap())).await.is(200);
    assert_eq!(text_of(&later), ["later"]);
    server.stop().await;
}

async fn t6_conversations_and_the_directory_are_listed_both_ways(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let ann = Caller::of(server.address, "ann");
    for number in 0..5 {
        let asked = json!({ "kind": "group", "title": format!("Boats {number}"), "name": format!("boats-{number}"),
            "scope": "public" });
        ann.post("/v1/conversations", asked).await.is(201);
    }
    for path in ["/v1/conversations?limit=2", "/v1/directory?limit=2&q=boats"] {
        let titles = |page: &Value| -> Vec<String> {
            let rows = page["conversations"].as_array().unwrap();
            rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
        };
        let mut page = ann.get(path).await.is(200);
        assert_eq!(page["previous"], Value::Null, "nothing is in front of the first");
        let mut pages = vec![titles(&page)];
        while let Some(next) = page["next"].as_str().map(str::to_owned) {
            page = ann.get(&format!("{path}&after={next}")).await.is(200);
            pages.push(titles(&page));
        }
        let mut all = pages.concat();
        all.sort();
        assert_eq!((pages.len(), all.join(", ").as_str()), (3, "Boats 0, Boats 1, Boats 2, Boats 3, Boats 4"));
        while let Some(previous) = page["previous"].as_str().map(str::to_owned) {
            pages.pop();
            page = ann.get(&format!("{path}&before={previous}")).await.is(200);
            assert_eq!(Some(&titles(&page)), pages.last());
            assert_ne!(page["next"], Value::Null);
        }
        assert_eq!(pages.len(), 1);
        ann.get(&format!("{path}&before=yesterday")).await.is_refused(400, "value_invalid");
    }
    server.stop().await;
}

async fn t6_a_page_is_loaded_again_only_once_something_was_written_on_it(database: Database) {
    let first = TestServer::start(&database, &[]).await;
    let second = TestServer::start(&database, &["--metrics-listen", "127.0.0.1:0"]).await;
    let (ann, bob) = (Caller::of(first.address, "ann"), Caller::of(second.address, "bob"));
    let conversation = group(&ann).await;
    let path = messages(&conversation);
    let loaded =
        async || Scrape::of(second.metrics.unwrap()).await.value("tidings_store_call_seconds_count{call=\"document\"}");
    let texts = async || -> Vec<String> {
        let page = bob.get(&path).await.is(200);
        let rows = page["messages"].as_array().unwrap().iter();
        rows.map(|row| row["content"]["text"].as_str().unwrap_or("deleted").to_owned()).collect()
    };
    let mut said = Vec::new();
    for text in ["one", "two"] {
        said.push(say(&ann, &conversation, text).await["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts().await, ["one", "two"]);
    let before = loaded().await;
    assert_eq!(texts().await, ["one", "two"]);
    bob.get(&format!("{path}/{}", segment(&said[0]))).await.is(200);
    assert_eq!(loaded().await, before);
    ann.delete(&format!("{path}/{}", segment(&said[0]))).await.is(200);
    assert_eq!(texts().await, ["deleted", "two"]);
    assert_eq!(loaded().await, before + 1.0);
    first.stop().await;
    second.stop().await;
}
