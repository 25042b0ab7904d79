//! The interface for other services against its own description: requests that Schemathesis makes from the document that a server
//! serves, good ones and bad ones, and chains of them along its links; each answer is one that the document has.

mod schemathesis {
    use std::process::Stdio;

    use serde_json::json;
    use tokio::process::Command;

    use crate::support::{database::Database, rest::Caller, server::TestServer};

    /// Shares that last: what is refused for its rate is not tried.
    const FLAGS: &[&str] = &[
        "--account-fetches=100000+1000/s",
        "--account-changes=100000+1000/s",
        "--account-people=100000+1000/s",
        "--account-searches=100000+1000/s",
        "--account-receipts=100000+1000/s",
        "--account-membership-requests=100000+1000/s",
        "--webhooks-max=1000",
        "--webhook-allow-private",
    ];
    const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
        negative_data_rejection";
    /// What is not tried: events have no end, and whoever suspends itself is answered nothing else from then on.
    const NOT_TRIED: [&str; 2] = ["events_listen", "accounts_suspend"];

    /// Something of everything, for what only reads or changes.
    async fn fill(root: &Caller) {
        for number in 0..3 {
            let webhook = root.post("/v1/webhooks", json!({ "url": "https://127.0.0.1:9/" })).await.is(201);
            let webhook = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
            root.patch(&webhook, json!({ "enabled": false })).await.is(200);
            let group = json!({ "kind": "group", "title": format!("Boat {number}"), "members": ["ann", "bob"] });
            let made = root.post("/v1/conversations", group).await.is(201);
            let at = format!("/v1/conversations/{}", made["conversation_id"].as_str().unwrap());
            root.post(&format!("{at}/messages"), json!({ "content": "hello" })).await.is(201);
            root.post(&format!("{at}/invites"), json!({})).await.is(201);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn t12_a_server_answers_as_its_description_says() {
        let program = std::env::var("TIDINGS_SCHEMATHESIS").expect("TIDINGS_SCHEMATHESIS names the program");
        let database = Database::sqlite();
        let server = TestServer::start(&database, FLAGS).await;
        let root = Caller::administrator(server.address, "root");
        fill(&root).await;
        let mut command = Command::new(program);
        command
            .arg("run")
            .arg(format!("http://{}/v1/openapi.json", server.address))
            .args(["--header", &format!("Authorization: Bearer {}", root.token.unwrap())])
            .args(["--checks", CHECKS])
            // The same requests every time, and as many as can be waited for.
            .args(["--generation-deterministic", "--max-examples", "10", "--workers", "1"])
            .args(["--request-timeout", "15", "--continue-on-failure", "--no-color"])
            .args(NOT_TRIED.iter().flat_map(|operation| ["--exclude-operation-id", operation]))
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null());
        let output = command.output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        // It did follow the links.
        let covered = told.lines().find_map(|line| line.trim().strip_prefix("API Links:"));
        let covered = covered.and_then(|line| line.trim().split(' ').next()?.parse::<u32>().ok());
        assert!(covered.is_some_and(|covered| covered > 0), "{told}");
        server.stop().await;
    }
}
