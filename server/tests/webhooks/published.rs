//! Published libraries accept the signatures, as receivers use them: in processes of their own.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Map, Value, json};

use super::{Received, Setup, group, hook, say, set_up};
use crate::support::database::Database;

/// Where a Python is that has `verifiers/requirements.txt` installed.
const PYTHON: &str = "TIDINGS_VERIFIERS_PYTHON";

/// What a program in the folder of verifiers says of a request.
fn ask(program: &str, script: &str, asked: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifiers");
    let mut command = Command::new(program);
    command.arg(script).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {script}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What receivers in Node.js and in Python say of a request, with the keys that they have.
fn verdicts(received: &Received, secret: &str, public_key: &str, body: &str) -> [Value; 2] {
    let python = std::env::var(PYTHON).unwrap_or_else(|_| panic!("{PYTHON} is not set: `cargo xtask test` sets it"));
    let headers: Map<String, Value> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .into_iter()
        .map(|name| (name.to_owned(), json!(received.header(name))))
        .collect();
    let asked = json!({ "secret": secret, "publicKey": public_key, "headers": headers, "body": body });
    [ask("node", "verify.mjs", &asked), ask(&python, "verify.py", &asked)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h1_published_libraries_accept_the_signatures_and_nothing_else() {
    let database = Database::sqlite();
    let Setup { server, mut receiver, ann, root } = set_up(&database, &[]).await;
    let conversation = group(&ann).await;
    let (path, former) = hook(&root, &receiver.url(), &["message.created"]).await;
    let former_key = root.get(&path).await.is(200)["publicKey"].as_str().unwrap().to_owned();
    assert!(former_key.starts_with("whpk_"), "{former_key}");
    let rotated = root.post(&format!("{path}/rotate"), json!({})).await.is(200);
    let (secret, key) = (rotated["secret"].as_str().unwrap(), rotated["publicKey"].as_str().unwrap());
    say(&ann, &conversation, "Grüße, 世界").await;
    let (_, received) = receiver.messages(1).await.remove(0);
    let body = std::str::from_utf8(&received.bytes).unwrap();
    // The new keys and, for a while, the former ones.
    for (secret, key) in [(secret, key), (&former, &former_key)] {
        assert_eq!(verdicts(&received, secret, key, body), [json!({ "v1": true, "v1a": true }), json!({ "v1": true })]);
    }
    let altered = body.replace("ann", "bob");
    let nothing = [json!({ "v1": false, "v1a": false }), json!({ "v1": false })];
    assert_eq!(verdicts(&received, secret, key, &altered), nothing);
    server.stop().await;
}
