//! What docs/rest.md shows, as it stands there: each command is asked, and answered as the page says.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::Value;

use crate::support::{
    database::Database,
    on_each_store,
    rest::{Answer, Caller},
    server::TestServer,
};

on_each_store! {
    each_command_of_the_page_is_answered_as_the_page_says,
}

const PAGE: &str = include_str!("../../../docs/rest.md");

/// The commands of the page, each with what is answered.
fn commands() -> Vec<(&'static str, &'static str)> {
    let blocks: Vec<(&str, &str)> =
        PAGE.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect();
    let pairs = blocks.chunks(2).map(|pair| match pair {
        [("sh", command), ("json", answer)] => (*command, *answer),
        other => panic!("a command, then what is answered: {other:?}"),
    });
    pairs.collect()
}

/// The words of a command, as a shell reads them.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for character in command.replace("\\\n", " ").chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, space) if space.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, other) => word.push(other),
        }
    }
    words
}

/// Asks what a command of curl asks.
async fn ask(address: SocketAddr, command: &str, names: &BTreeMap<&str, String>) -> Answer {
    let command = names.iter().fold(command.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value));
    let mut words = words(&command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut method, mut path, mut body, mut headers) = (None, String::new(), String::new(), Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" => method = words.next(),
            "-d" => body = words.next().unwrap(),
            "-H" => headers.push(words.next().unwrap()),
            _ => path = word,
        }
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|header| header.split_once(": ").unwrap()).collect();
    Caller { address, token: None }.ask_text(method.as_deref().unwrap_or("GET"), &path, &body, &headers).await
}

/// Whether an answer is what the page says; `…` stands for anything.
fn is_like(found: &Value, said: &Value) -> bool {
    match (found, said) {
        (_, Value::String(anything)) if anything == "…" => true,
        (Value::Object(found), Value::Object(said)) => {
            found.len() == said.len()
                && said.iter().all(|(name, value)| found.get(name).is_some_and(|found| is_like(found, value)))
        }
        (Value::Array(found), Value::Array(said)) => {
            found.len() == said.len() && found.iter().zip(said).all(|(found, said)| is_like(found, said))
        }
        (found, said) => found == said,
    }
}

async fn each_command_of_the_page_is_answered_as_the_page_says(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut names = BTreeMap::from([("URL", String::new())]);
    for (name, caller) in [
        ("ANN", Caller::of(server.address, "ann")),
        ("BOB", Caller::of(server.address, "bob")),
        ("CLEO", Caller::of(server.address, "cleo")),
        ("ROOT", Caller::administrator(server.address, "root")),
        ("SERVICE", super::services::service(&Caller::of(server.address, "crm"), &["rest:read", "rest:write", "act"])),
    ] {
        names.insert(name, caller.token.unwrap());
    }
    let commands = commands();
    assert!(commands.len() > 8);
    for (command, said) in commands {
        let answer = ask(server.address, command, &names).await;
        if let Some(conversation) = answer.body["conversation_id"].as_str() {
            names.insert("GROUP", conversation.to_owned());
        }
        if answer.body["resourceId"].is_string() {
            names.insert("FLAT", answer.body["id"].as_str().unwrap().to_owned());
        }
        let said: Value = serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert!(is_like(&answer.body, &said), "{command}{}\nis not\n{said}", answer.text);
    }
    server.stop().await;
}
