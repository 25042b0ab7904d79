//! `tidings-server webhook`: an operator looks at endpoints and dead letters, and has these delivered again.

use super::{Say, Setup, group, hook, say, set_up};
use crate::support::{database::Database, on_each_store, process::program};

on_each_store! {
    h12_an_operator_lists_dead_letters_and_has_them_delivered_again,
}

/// Runs a command on webhooks of the tenant of the tests: whether it was content, and what it said.
fn webhook(database: &Database, arguments: &[&str]) -> (bool, String) {
    let place = ["--tenant", "acme", "--store", &database.address];
    let ended = program(&[&["webhook"], arguments, &place].concat()).output().unwrap();
    (ended.status.success(), String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap())
}

/// The lines that it said, when it was content.
#[track_caller]
fn lines(database: &Database, arguments: &[&str]) -> Vec<String> {
    let (content, said) = webhook(database, arguments);
    assert!(content, "{said}");
    said.lines().map(str::to_owned).collect()
}

async fn h12_an_operator_lists_dead_letters_and_has_them_delivered_again(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &["--webhook-retry-for", "0ms"]).await;
    assert_eq!(lines(&database, &["list"]), Vec::<String>::new());
    let conversation = group(&ann).await;
    let (path, secret) = hook(&root, &receiver.url(), &["message.created"]).await;
    let id = path.rsplit('/').next().unwrap();
    let texts = ["one", "two", "three"];
    for text in texts {
        receiver.script.then(text, Say::Status(400));
        say(&ann, &conversation, text).await;
    }
    let failed = receiver.messages(3).await;
    database.wait_for("SELECT count(*) FROM webhook_deliveries WHERE state = 'dead'", 3).await;
    // The path may be a secret of the receiver, and the other is one.
    let origin = receiver.url().replace("/hook", "");
    let listed = lines(&database, &["list"]);
    assert_eq!(listed, [format!("{id}: on, 0 pending, 3 dead, message.created, {origin}")]);
    assert!(!listed[0].contains(&secret));
    let page = lines(&database, &["dead", "--webhook", id, "--limit", "2"]);
    assert_eq!(page.len(), 3, "{page:?}");
    let event = failed[0].1.header("webhook-id");
    assert!(page[0].starts_with(&format!("{event}: message.created, {conversation} at ")), "{page:?}");
    assert!(page[0].ends_with("after 1 attempts: answered 400") && !page.concat().contains("one"), "{page:?}");
    let after = page[2].strip_prefix("more with --after ").unwrap();
    let rest = lines(&database, &["dead", "--webhook", id, "--after", after]);
    assert!(rest.len() == 1 && rest[0].starts_with(failed[2].1.header("webhook-id")), "{rest:?}");
    // One, and then all that are left.
    assert_eq!(lines(&database, &["replay", "--webhook", id, "--event", event]), ["1 events are delivered again"]);
    assert_eq!(receiver.messages(1).await[0].0, "one");
    database.wait_for("SELECT 2 - count(*) FROM webhook_deliveries", 0).await;
    let (content, said) = webhook(&database, &["replay", "--webhook", id, "--event", event]);
    assert!(!content && said.contains("tidings-server: delivery_unknown: "), "{said}");
    assert_eq!(lines(&database, &["replay", "--webhook", id, "--all"]), ["2 events are delivered again"]);
    let again: Vec<String> = receiver.messages(2).await.into_iter().map(|(text, _)| text).collect();
    assert_eq!(again, ["two", "three"]);
    for command in [&["dead"][..], &["replay", "--all"]] {
        let (content, said) = webhook(&database, &[command, &["--webhook", "wh_none"]].concat());
        assert!(!content && said.contains("tidings-server: webhook_unknown: "), "{said}");
    }
    let (content, said) = webhook(&database, &["dead", "--webhook", id, "--after", "?"]);
    assert!(!content && said.contains("must be what a list ended with"), "{said}");
    server.stop().await;
}
