//! Writes the hostile corpus with the answers of the authority to a file, for
//! tests that give it to the same authority elsewhere: `hostile-corpus FILE`.

use std::{env, fs, io, path::PathBuf};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tidings_core::{
    authority::Judge,
    ids::{ConversationId, TenantId},
    time::WallTime,
    wire::{ClientFrame, DocumentSnapshot, Fetched, Push, PushedChange, ServerFrame, encode},
};
use tidings_tests::hostile::{Scene, corpus};

fn main() -> io::Result<()> {
    let path = env::args_os().nth(1).map(PathBuf::from).ok_or_else(|| io::Error::other("name the file to write"))?;
    fs::write(path, file().to_string())
}

fn file() -> Value {
    let tenant = TenantId::parse("acme").expect("a legal id");
    let now = WallTime::from_millis(1_767_225_600_000);
    let (mut scene, _) = Scene::new(&tenant, ConversationId::from_bytes([0xb0; 16]), now);
    let fetched = fetched(&scene);
    let start = encode(&ServerFrame::Fetched(fetched.clone()));
    let attacker = scene.attacker.clone();
    let judge = Judge::new(attacker.clone(), &fetched).expect("what was saved loads");
    let answer = |name: String, pushed: &PushedChange| {
        let push = Push { request: 7, stream: fetched.stream.clone(), changes: vec![pushed.clone()] };
        let answer = encode(&judge.judge(&push, now));
        json!({
            "name": name,
            "push": BASE64.encode(&encode(&ClientFrame::Push(push))),
            "answer": BASE64.encode(&answer),
        })
    };
    let cases: Vec<Value> = corpus(&scene).iter().map(|case| answer(case.to_string(), &case.pushed)).collect();
    let honest = scene.next_message(&attacker);
    json!({
        "tenant": tenant.as_str(),
        "account": attacker.account.as_str(),
        "device": BASE64.encode(attacker.device.as_bytes()),
        "acceptedAt": now.as_millis(),
        "fetched": BASE64.encode(&start),
        "honest": answer("honest".to_owned(), &honest),
        "cases": cases,
    })
}

/// The stream as a server would send it: snapshots, and the entries behind them.
fn fetched(scene: &Scene) -> Fetched {
    let documents: Vec<DocumentSnapshot> = scene
        .earlier
        .documents()
        .map(|document| {
            let (position, data, admissions) = document.save();
            DocumentSnapshot { document: document.id().clone(), position, data, admissions }
        })
        .collect();
    let behind = scene.journal.iter().filter(|entry| entry.position > scene.earlier.position());
    Fetched {
        request: 1,
        stream: scene.stream.id().clone(),
        head: scene.stream.position(),
        page: scene.stream.page(),
        restart: true,
        documents,
        entries: behind.cloned().collect(),
        receipts: Vec::new(),
    }
}
