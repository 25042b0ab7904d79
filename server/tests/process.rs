//! The program as an operator starts it: one clear line and a code when it
//! cannot serve, a quiet end on a signal, and logs without content.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use tidings_core::{
    code::Code,
    ids::ConversationId,
    journal::Position,
    wire::{ClientFrame, FetchScope, ServerFrame},
};

use crate::support::{
    author::Author,
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    process::{Process, program},
};

on_each_store! {
    logs_hold_no_message_text_and_no_token,
    sigint_drains_too,
    a_suspended_account_is_shut_out_until_that_is_lifted,
    j2_what_is_stored_is_verified_on_the_command_line,
    j6_what_rotted_is_told_in_the_log,
}

#[track_caller]
fn fails(arguments: &[&str], code: &str) {
    let Output { status, stdout, stderr } = program(arguments).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stdout.is_empty());
    let last = stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("tidings-server: {code}: ")), "{stderr}");
}

#[test]
fn without_a_key_it_does_not_start() {
    let database = Database::sqlite();
    fails(&["serve", "--listen", "127.0.0.1:0", "--store", &database.address], "key_missing");
}

#[test]
fn i20_a_secret_that_can_be_guessed_does_not_start() {
    let database = Database::sqlite();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--store", &database.address];
    fails(&[&serve[..], &["--jwt-secret", ""]].concat(), "key_missing");
    fails(&[&serve[..], &["--jwt-secret", "0123456789012345678901234567890"]].concat(), "secret_too_short");
    fails(&["token", "--account", "ann", "--jwt-secret", "x"], "secret_too_short");
    // As a compose file writes a variable that nobody has set.
    let output = program(&serve).env("TIDINGS_JWT_SECRET", "").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains("tidings-server: key_missing: "), "{stderr}");
}

#[test]
fn i23_a_development_server_is_reached_from_its_own_machine_only() {
    let database = Database::sqlite();
    let serve = ["serve", "--dev", "--store", &database.address, "--listen"];
    for address in ["0.0.0.0:0", "[::]:0"] {
        fails(&[&serve[..], &[address]].concat(), "dev_exposed");
    }
    let secret = tidings_server::auth::DEVELOPMENT_SECRET;
    fails(&[&serve[..], &["127.0.0.1:0", "--jwt-secret", secret]].concat(), "dev_beside_keys");
}

#[test]
fn a_key_set_must_be_readable_and_hold_a_key() {
    let database = Database::sqlite();
    let folder = database.address.trim_start_matches("sqlite:").trim_end_matches("tidings.db");
    let path = format!("{folder}jwks.json");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--store", &database.address, "--jwks", &path];
    fails(&arguments, "issuer_missing");
    let arguments = [&arguments[..], &["--jwt-any-issuer", "--jwt-any-audience"]].concat();
    fails(&arguments, "jwks_unreadable");
    std::fs::write(&path, "{ not json").unwrap();
    fails(&arguments, "jwks_invalid");
    std::fs::write(&path, r#"{"keys": []}"#).unwrap();
    fails(&arguments, "jwks_invalid");
}

#[test]
fn a_port_in_use_is_told() {
    let database = Database::sqlite();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(&["serve", "--dev", "--listen", &address, "--store", &database.address], "listen_failed");
}

#[test]
fn a_store_of_no_known_kind_is_told() {
    for address in ["mysql://localhost/tidings", "tidings.db", "", "postgres://[broken"] {
        fails(&["serve", "--dev", "--listen", "127.0.0.1:0", "--store", address], "store_address_invalid");
    }
}

#[test]
fn a_database_that_is_down_is_waited_for_then_told() {
    // A port that was free a moment ago: nothing answers there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = format!("postgres://nobody:hunter2@{free}/tidings");
    let arguments = ["serve", "--dev", "--listen", "127.0.0.1:0", "--store", &store, "--store-wait", "1s"];
    let started = std::time::Instant::now();
    fails(&arguments, "store_unavailable");
    assert!(started.elapsed() >= Duration::from_millis(400) && started.elapsed() < Duration::from_secs(8));
    let output = program(&arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("hunter2"));
    // Who is asked and what they say, not that somebody waited.
    let last = stderr.lines().last().unwrap_or_default();
    assert!(last.contains(&free.to_string()) && last.contains("refused"), "{last}");
}

#[tokio::test]
async fn what_runs_is_told_in_one_line_and_files_are_raised_to_the_hard_limit() {
    let database = Database::sqlite();
    let serve = Process::command(&database.address, &["--dev", "--sessions-max", "900", "--page-changes-max", "4001"]);
    let arguments: Vec<&std::ffi::OsStr> = serve.get_args().collect();
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg("ulimit -Sn 200 && ulimit -Hn 600 && exec \"$0\" \"$@\"");
    shell.arg(serve.get_program()).args(arguments);
    for (name, value) in serve.get_envs() {
        assert!(value.is_none(), "a variable is only taken away");
        shell.env_remove(name);
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Process::spawn(shell);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["600", "600"]);
    let (status, logs) = tokio::task::spawn_blocking(move || server.end("-TERM")).await.unwrap();
    assert!(status.success(), "{status}: {logs}");
    let line_of =
        |words: &str| logs.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {logs}"));
    assert!(line_of("fewer files may be open").contains("limit=600"), "{logs}");
    let starting = line_of("starting");
    let said =
        ["version=", "store=\"sqlite\"", "schema=1", "tokens=\"HS256 of a shared key\"", "files_max=600", "max: 4001"];
    said.iter().for_each(|words| assert!(starting.contains(words), "{words}: {starting}"));
    let usual = Process::start(&database.address, &["--dev"]).drain().await;
    assert!(usual.contains("starting version=") && usual.contains("limits=\"default\""), "{usual}");
}

#[tokio::test]
async fn the_kinds_of_tokens_that_are_taken_are_told_at_the_start() {
    let database = Database::sqlite();
    let path = format!("{}.jwks", database.address.trim_start_matches("sqlite:"));
    // The public key of RFC 8037, appendix A.2.
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJHURSo"}"#;
    std::fs::write(&path, format!(r#"{{"keys":[{key}]}}"#)).unwrap();
    let secret = tidings_server::auth::DEVELOPMENT_SECRET;
    let flags = ["--jwt-secret", secret, "--jwks", &path, "--jwt-issuer", "https://id.example.org/"];
    let logs = Process::start(&database.address, &[&flags[..], &["--jwt-audience", "chat"]].concat()).drain().await;
    let starting = logs.lines().find(|line| line.contains("starting")).unwrap();
    let said =
        ["tokens=\"HS256 of a shared key, EdDSA of a file\"", "issuers=[\"https://id.example.org/\"]", "[\"chat\"]"];
    said.iter().for_each(|words| assert!(starting.contains(words), "{words}: {starting}"));
    assert!(!logs.contains(secret));
}

#[test]
fn a_demo_folder_must_be_one() {
    let database = Database::sqlite();
    let demo = format!("{}.nothing", database.address.trim_start_matches("sqlite:"));
    let arguments = ["serve", "--dev", "--listen", "127.0.0.1:0", "--store", &database.address, "--demo", &demo];
    fails(&arguments, "demo_unreadable");
}

#[test]
fn a_token_is_issued_on_the_command_line() {
    let output = program(&["token", "--account", "ann", "--tenant", "acme", "--label", "admin"]).output().unwrap();
    assert!(output.status.success());
    let token = String::from_utf8(output.stdout).unwrap();
    let keys = tidings_server::auth::Keys::development();
    let identity = keys.verify(token.trim(), tidings_server::clock::wall_now()).unwrap();
    assert_eq!((identity.tenant.as_str(), identity.account.as_str()), ("acme", "ann"));
    assert!(identity.administrator);
}

async fn logs_hold_no_message_text_and_no_token(database: Database) {
    let server = Process::start(&database.address, &["--dev", "--log", "trace", "--log-format", "json"]);
    let token = crate::support::server::token("ann", Duration::from_secs(60));
    let boats = ConversationId::from_bytes([0xb0; 16]);
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token.clone(), device(1), None))).await;
    let mut author = Author::of("ann", device(1), boats);
    client.push_accepted(stream(boats), vec![author.create(&[]), author.say("the secret cove")]).await;
    let mut broken = author.say("another secret");
    broken.change.truncate(20);
    client.push_refused(stream(boats), vec![broken]).await;
    client.send_bytes(token.clone().into_bytes()).await;
    assert_eq!(client.closed_code().await, Code::FrameMalformed);
    let (status, logs) = server.end("-TERM");
    assert!(status.success(), "{status}: {logs}");
    assert!(logs.contains("session opened") && logs.contains("drained"), "{logs}");
    let signature = token.rsplit('.').next().unwrap();
    for secret in ["secret cove", "another secret", "Boats", token.as_str(), signature] {
        assert!(!logs.contains(secret), "{secret} in {logs}");
    }
}

async fn sigint_drains_too(database: Database) {
    let server = Process::start(&database.address, &["--jwt-secret", tidings_server::auth::DEVELOPMENT_SECRET]);
    let mut client = Client::dial(server.address).await;
    let token = crate::support::server::token("ann", Duration::from_secs(60));
    client.send(&ClientFrame::Hello(hello(token, device(1), None))).await;
    assert!(matches!(client.next().await, ServerFrame::Welcome(_)));
    let ended = tokio::task::spawn_blocking(move || server.end("-INT"));
    assert_eq!(client.closed_code().await, Code::Draining);
    let (status, logs) = ended.await.unwrap();
    assert!(status.success(), "{status}: {logs}");
}

#[test]
fn i29_a_server_does_not_start_with_limits_that_leave_nothing_usable() {
    let database = Database::sqlite();
    let serve = ["serve", "--dev", "--listen", "127.0.0.1:0", "--store", &database.address];
    for (flags, words) in [
        (["--page-bytes-max", "1000"], "--page-bytes-max 1000 is not from 786432 to 16777216: an open page"),
        (["--frame-bytes-max", "100000000"], "--frame-bytes-max 100000000 is not from 1112576 to 67108864"),
        (["--heartbeat-ms", "0"], "--heartbeat-ms 0 is not from 100 to 3600000"),
        (["--session-bytes-max", "1"], "--session-bytes-max 1 is not from 4194304 to"),
    ] {
        let Output { status, stderr, .. } = program(&[&serve[..], &flags[..]].concat()).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with(&format!("tidings-server: limit_invalid: {words}")), "{stderr}");
    }
}

#[track_caller]
fn suspend(database: &Database, more: &[&str]) {
    let arguments = ["suspend", "--account", "ann", "--tenant", "acme", "--store", &database.address];
    let Output { status, stderr, .. } = program(&[&arguments, more].concat()).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

async fn a_suspended_account_is_shut_out_until_that_is_lifted(database: Database) {
    let server = Process::start(&database.address, &["--dev", "--cursor-interval", "100ms"]);
    let say_hello = async |account, number| {
        let mut client = Client::dial(server.address).await;
        let token = crate::support::server::token(account, Duration::from_secs(60));
        client.send(&ClientFrame::Hello(hello(token, device(number), None))).await;
        client
    };
    let (mut ann, mut tablet) = (say_hello("ann", 1).await, say_hello("ann", 3).await);
    let mut bob = say_hello("bob", 2).await;
    for client in [&mut ann, &mut tablet, &mut bob] {
        assert!(matches!(client.next().await, ServerFrame::Welcome(_)));
    }
    suspend(&database, &[]);
    assert_eq!(ann.closed_code().await, Code::AccountSuspended);
    assert_eq!(tablet.closed_code().await, Code::AccountSuspended);
    assert_eq!(say_hello("ann", 1).await.closed_code().await, Code::AccountSuspended);
    bob.settle().await;
    suspend(&database, &["--lift"]);
    assert!(matches!(say_hello("ann", 1).await.next().await, ServerFrame::Welcome(_)));
    let ended = tokio::task::spawn_blocking(move || server.end("-TERM"));
    assert!(ended.await.unwrap().0.success());
}

#[test]
fn a_store_that_no_server_has_made_holds_no_account() {
    let database = Database::sqlite();
    fails(&["suspend", "--account", "ann", "--store", &database.address], "store_missing");
}

async fn j2_what_is_stored_is_verified_on_the_command_line(database: Database) {
    let server = Process::start(&database.address, &["--dev"]);
    let mut client = Client::dial(server.address).await;
    let token = crate::support::server::token("ann", Duration::from_secs(60));
    client.send(&ClientFrame::Hello(hello(token, device(1), None))).await;
    let boats = ConversationId::from_bytes([0xb0; 16]);
    let mut author = Author::of("ann", device(1), boats);
    client.push_accepted(stream(boats), vec![author.create(&[]), author.say("the secret cove")]).await;
    let conversation = boats.to_string();
    let one = ["verify", "--tenant", "acme", "--conversation", &conversation, "--store", &database.address];
    let all = ["verify", "--all", "--store", &database.address];
    // The server runs meanwhile.
    for arguments in [&one[..], &all] {
        let Output { status, stdout, stderr } = program(arguments).output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
        assert_eq!(stdout.trim(), "1 streams, 2 entries, 0 snapshots: all as they must be");
    }
    fails(&["verify", "--conversation", &conversation, "--store", &database.address], "conversation_unknown");
    database.execute("UPDATE journal SET accepted_at = 7 WHERE position = 2").await;
    for arguments in [&one[..], &all] {
        let Output { status, stdout, stderr } = program(arguments).output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with("tidings-server: journal_differs: "), "{stderr}");
        let lines: Vec<&str> = stdout.lines().collect();
        assert_eq!(lines[0], format!("tenant acme, stream {}, position 2: decision", stream(boats)));
        assert!(lines[1].starts_with("  expected: refused with clock_ahead"), "{stdout}");
        assert_eq!(lines[2], "  found: admitted from account ann at 7");
        assert!(!stdout.contains("secret cove"));
    }
    let ended = tokio::task::spawn_blocking(move || server.end("-TERM"));
    assert!(ended.await.unwrap().0.success());
}

async fn j6_what_rotted_is_told_in_the_log(database: Database) {
    let server =
        Process::start(&database.address, &["--dev", "--snapshot-entries", "2", "--snapshot-interval", "20ms"]);
    let mut client = Client::dial(server.address).await;
    let token = crate::support::server::token("ann", Duration::from_secs(60));
    client.send(&ClientFrame::Hello(hello(token, device(1), None))).await;
    let boats = ConversationId::from_bytes([0xb0; 16]);
    let mut author = Author::of("ann", device(1), boats);
    let changes = vec![author.create(&[]), author.say("the secret cove"), author.say("another secret")];
    client.push_accepted(stream(boats), changes).await;
    database.wait_for("SELECT coalesce(max(position), 0) FROM snapshots", 3).await;
    database.execute("UPDATE snapshots SET position = 2").await;
    client.fetch(&stream(boats), FetchScope::Page(1)).await.unwrap();
    database.wait_for("SELECT count(*) FROM quarantine", 1).await;
    // Cut anew: from here on nothing is stale, and the job is idle.
    database.wait_for("SELECT count(*) FROM snapshots", 1).await;
    database.execute("DELETE FROM journal WHERE position = 1").await;
    let refused = client.fetch(&stream(boats), FetchScope::After(Position::new(0))).await;
    assert!(refused.is_ok(), "the snapshot of the page and the rest of the journal are there");
    database.execute("UPDATE journal SET accepted_at = -1 WHERE position = 2").await;
    database.execute("DELETE FROM snapshots").await;
    let refused = client.fetch(&stream(boats), FetchScope::Page(1)).await.unwrap_err();
    assert_eq!(refused.code, Code::StreamDamaged);
    let ended = tokio::task::spawn_blocking(move || server.end("-TERM"));
    let (status, logs) = ended.await.unwrap();
    assert!(status.success(), "{status}: {logs}");
    let line = |words: &str| logs.lines().find(|line| line.contains(words)).map(str::to_owned);
    let line_of = |words: &str| line(words).unwrap_or_else(|| panic!("{words} in {logs}"));
    let quarantined = line_of("a snapshot was quarantined");
    for word in [
        "ERROR",
        "tenant=acme",
        &format!("stream={}", stream(boats)),
        &format!("document=page/{boats}/1"),
        "position=2",
    ] {
        assert!(quarantined.contains(word), "{word} in {quarantined}");
    }
    let damaged = line_of("the journal has to be mended");
    for word in ["ERROR", "tenant=acme", &format!("entry 2 of {}", stream(boats))] {
        assert!(damaged.contains(word), "{word} in {damaged}");
    }
    assert!(!logs.contains("secret"));
}
