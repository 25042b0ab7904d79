//! The examples of the docs, run as somebody who found them would: against a real server, and killed.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{
    database::{Database, unique},
    on_each_store,
    process::Process,
    rest::{Caller, segment},
    server::{PATIENCE, labelled_token},
};

on_each_store! {
    the_poll_keeper_misses_nothing_and_says_nothing_twice_although_it_is_killed,
}

/// The bot, as a process. It is killed with its value.
struct Bot {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Bot {
    fn start(server: &Process, state: &Path) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/poll-keeper");
        let token = labelled_token("keeper", Duration::from_secs(600), &["rest:read", "rest:write"]);
        let mut child = Command::new("node")
            .arg("poll-keeper.mjs")
            .current_dir(folder)
            .env("TIDINGS_URL", format!("http://{}", server.address))
            .env("TIDINGS_TOKEN", token)
            .env("POLL_KEEPER_STATE", state)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits until it says something.
    async fn says(&mut self, wanted: &str) {
        let said = async { while self.lines.recv().await.expect("the bot goes on") != wanted {} };
        tokio::time::timeout(PATIENCE, said).await.unwrap_or_else(|_| panic!("{wanted}"));
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that is gone with its value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn id(message: &Value) -> &str {
    message["id"].as_str().unwrap()
}

async fn the_poll_keeper_misses_nothing_and_says_nothing_twice_although_it_is_killed(database: Database) {
    let folder = Folder(std::env::temp_dir().join(unique()));
    std::fs::create_dir_all(&folder.0).unwrap();
    let (state, before) = (folder.0.join("id"), folder.0.join("before"));
    let server = Process::start(&database.address, &["--dev"]);
    let ann = Arc::new(Caller::of(server.address, "ann"));
    let new = json!({ "kind": "group", "title": "Lunch", "members": ["bob", "keeper"] });
    let group = ann.post("/v1/conversations", new).await.is(201)["conversation_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/conversations/{group}/messages");
    let mut bot = Bot::start(&server, &state);
    bot.says("following").await;
    // The state is written a moment after it says so; from the first message on it is there.
    let first = ann.post(&path, json!({ "content": "/poll Where? | At the pier | In town" })).await.is(201);
    bot.says(&format!("answered {}", id(&first))).await;
    std::fs::copy(&state, &before).unwrap();
    let second = ann.post(&path, json!({ "content": "/poll When? | Now | Later" })).await.is(201);
    bot.says(&format!("answered {}", id(&second))).await;
    drop(bot);
    // As if it had been killed before it noted what it did. Meanwhile the server is killed too, and asked more.
    std::fs::copy(&before, &state).unwrap();
    server.end("-KILL");
    let server = Process::start(&database.address, &["--dev"]);
    let (ann, bob) = (Caller::of(server.address, "ann"), Caller::of(server.address, "bob"));
    let said = ann.get(&path).await.is(200)["messages"].clone();
    let poll = said.as_array().unwrap().iter().find(|message| message["replyTo"]["id"] == first["id"]).unwrap();
    for caller in [&ann, &bob] {
        caller.put(&format!("{path}/{}/reactions/{}", segment(id(poll)), segment("2️⃣"))).await.is(200);
    }
    let closed = ann.post(&path, json!({ "content": "/close", "replyTo": id(poll) })).await.is(201);
    let mut bot = Bot::start(&server, &state);
    bot.says(&format!("answered {}", id(&closed))).await;
    bot.says("following").await;
    let said = ann.get(&path).await.is(200)["messages"].clone();
    let texts = said.as_array().unwrap().iter().filter(|message| message["author"] == "keeper");
    let texts: Vec<&str> = texts.map(|message| message["content"]["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "Poll: Where?\n1️⃣ At the pier\n2️⃣ In town",
            "Poll: When?\n1️⃣ Now\n2️⃣ Later",
            "Closed: Where?\n1️⃣ At the pier: 0\n2️⃣ In town: 2",
        ]
    );
    drop(bot);
    drop(server);
}
