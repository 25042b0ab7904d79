//! The operator's page: who may open it, what it shows of a store with something in it, and what its buttons do.

use std::net::SocketAddr;

use data_encoding::BASE64;
use serde_json::json;
use tidings_core::{code::Code, ids::ConversationId};

use crate::support::{
    author::{Author, boats, group},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    plain::request,
    process::{Process, program},
    rest::{Answer, Caller, segment},
    server::TestServer,
};

on_each_store! {
    o1_the_page_is_beside_the_metrics_if_there_is_a_secret,
    o2_nothing_is_shown_without_the_secret,
    o3_only_the_page_itself_acts,
    o4_what_is_shown_is_escaped_and_no_message_is_among_it,
    o5_every_list_is_read_in_pages,
    o6_an_account_is_suspended_and_let_in_again,
    o6_rows_are_mended_and_a_document_is_squashed,
    o6_dead_letters_are_delivered_again,
    o6_each_act_is_logged_with_its_outcome,
}

const SECRET: &str = "an operator's secret of 32 bytes";

const FLAGS: [&str; 4] = ["--metrics-listen", "127.0.0.1:0", "--admin-secret", SECRET];

/// An operator with a browser.
struct Operator {
    address: SocketAddr,
    credentials: String,
}

impl Operator {
    fn new(address: SocketAddr, secret: &str) -> Self {
        Self { address, credentials: format!("Basic {}", BASE64.encode(format!("ops:{secret}").as_bytes())) }
    }

    fn at(server: &TestServer) -> Self {
        Self::new(server.metrics.unwrap(), SECRET)
    }

    async fn ask(&self, method: &str, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let caller = Caller { address: self.address, token: None };
        let own = [("authorization", self.credentials.as_str())];
        caller.ask_form(method, path, form, &[&own, headers].concat()).await
    }

    /// A page that is shown.
    #[track_caller]
    fn see(&self, path: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask("GET", path, "", &[]).await;
            assert_eq!(answer.status, 200, "{path} at {caller}: {answer:?}");
            answer.text
        }
    }

    /// Presses a button: where that leads, and what is shown there.
    async fn press(&self, path: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<String> = values.iter().map(|(name, value)| format!("{name}={}", segment(value))).collect();
        let answer = self.ask("POST", path, &values.join("&"), &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        self.see(&answer.headers["location"]).await
    }
}

async fn o1_the_page_is_beside_the_metrics_if_there_is_a_secret(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let page = Operator::at(&server).see("/admin").await;
    assert!(page.contains("The store is empty."), "{page}");
    assert_eq!(request(server.address, "GET", "/admin").await.0, 404, "not for the public");
    assert_eq!(request(server.metrics.unwrap(), "GET", "/metrics").await.0, 200, "metrics need no secret");
    server.stop().await;
    let server = TestServer::start(&database, &FLAGS[..2]).await;
    assert_eq!(request(server.metrics.unwrap(), "GET", "/admin").await.0, 404);
    server.stop().await;
    // What cannot be meant is told at the start, and an empty secret is none.
    let serve = ["serve", "--dev", "--listen", "127.0.0.1:0", "--store", &database.address];
    for (flags, code) in [
        (&["--metrics-listen", "127.0.0.1:0", "--admin-secret", &SECRET[1..]][..], "admin_secret_too_short"),
        (&FLAGS[2..], "admin_without_metrics"),
    ] {
        let ended = program(&[&serve, flags].concat()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && said.contains(&format!("tidings-server: {code}: ")), "{said}");
    }
    let process = Process::start(&database.address, &["--dev", "--admin-secret", ""]);
    process.drain().await;
}

async fn o2_nothing_is_shown_without_the_secret(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let metrics = server.metrics.unwrap();
    let paths = ["/admin", "/admin/sessions", "/admin/style.css", "/admin/account?tenant=acme&account=ann"];
    for path in paths {
        for operator in [
            Operator { credentials: String::new(), address: metrics },
            Operator::new(metrics, &SECRET[1..]),
            Operator::new(metrics, ""),
            Operator { credentials: format!("Bearer {SECRET}"), address: metrics },
        ] {
            let answer = operator.ask("GET", path, "", &[]).await;
            assert_eq!(answer.status, 401, "{path}: {answer:?}");
            assert!(answer.headers["www-authenticate"].starts_with("Basic "), "{answer:?}");
            assert!(!answer.text.contains('<'), "{answer:?}");
        }
    }
    // Nor is anything done.
    let thief = Operator::new(metrics, "a secret that somebody has guessed");
    let form = "tenant=acme&account=ann";
    assert_eq!(thief.ask("POST", "/admin/suspend", form, &[("sec-fetch-site", "same-origin")]).await.status, 401);
    server.stop().await;
}

async fn suspended(database: &Database) -> i64 {
    database.number("SELECT count(*) FROM accounts WHERE suspended").await
}

async fn o3_only_the_page_itself_acts(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let operator = Operator::at(&server);
    let _ann = Client::connect(&server, "ann", device(1)).await;
    let host = server.metrics.unwrap().to_string();
    let form = "tenant=acme&account=ann";
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://test")],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", &format!("http://{host}"))],
    ] {
        let answer = operator.ask("POST", "/admin/suspend", form, headers).await;
        assert_eq!(answer.status, 403, "{headers:?}: {answer:?}");
    }
    // An address does nothing.
    assert_eq!(operator.ask("GET", &format!("/admin/suspend?{form}"), "", &[]).await.status, 405);
    assert_eq!(suspended(&database).await, 0);
    // `test` is the host that these requests name.
    let answer = operator.ask("POST", "/admin/suspend", form, &[("origin", "http://test")]).await;
    assert_eq!((answer.status, suspended(&database).await), (303, 1), "{answer:?}");
    server.stop().await;
}

async fn o4_what_is_shown_is_escaped_and_no_message_is_among_it(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let operator = Operator::at(&server);
    let ann = Caller::of(server.address, "<b>ann&co");
    let group = json!({ "kind": "group", "title": "<script>alert(1)</script>", "members": ["bob"] });
    let made = ann.post("/v1/conversations", group).await.is(201);
    let conversation = made["conversation_id"].as_str().unwrap();
    let content = json!({ "content": "a secret of ours" });
    ann.post(&format!("/v1/conversations/{conversation}/messages"), content).await.is(201);
    let _here = Client::connect(&server, "<b>ann&co", device(1)).await;
    let account = segment("<b>ann&co");
    let paths = [
        "/admin".to_owned(),
        "/admin/sessions".to_owned(),
        "/admin/suspensions".to_owned(),
        "/admin/webhooks".to_owned(),
        "/admin/quarantine".to_owned(),
        "/admin/accounts?tenant=acme".to_owned(),
        format!("/admin/account?tenant=acme&account={account}"),
        "/admin/conversations?tenant=acme".to_owned(),
        format!("/admin/conversation?tenant=acme&conversation={conversation}"),
    ];
    let mut all = String::new();
    for path in &paths {
        let answer = operator.ask("GET", path, "", &[]).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("script"), "{policy}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        all.push_str(&answer.text);
    }
    assert!(all.contains("&lt;b&gt;ann&amp;co") && all.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!all.contains("<b>") && !all.contains("<script") && !all.contains("a secret of ours"));
    // What is asked for is answered escaped, too.
    for path in
        ["/admin/account?tenant=acme&account=%3Cb%3Enobody", "/admin/conversation?tenant=acme&conversation=%3Cb%3E"]
    {
        let answer = operator.ask("GET", path, "", &[]).await;
        assert!([400, 404].contains(&answer.status) && !answer.text.contains("<b>"), "{answer:?}");
    }
    server.stop().await;
}

/// The texts between tags that begin with these words, in the order of the page.
fn found(page: &str, begin: &str) -> Vec<String> {
    let texts = page.split('>').filter_map(|part| part.split('<').next());
    texts.filter(|text| text.starts_with(begin)).map(str::to_owned).collect()
}

/// Everything that a list shows, page by page.
async fn all_of(operator: &Operator, first: &str, begin: &str) -> (Vec<String>, usize) {
    let (mut all, mut pages, mut path) = (Vec::new(), 0, Some(first.to_owned()));
    while let Some(at) = path {
        let page = operator.see(&at).await;
        let rows = found(&page, begin);
        assert!(rows.len() <= 50, "{} rows on one page", rows.len());
        all.extend(rows);
        pages += 1;
        path = page
            .split_once("rel=\"next\" href=\"")
            .map(|(_, rest)| rest.split('"').next().unwrap().replace("&amp;", "&"));
    }
    (all, pages)
}

async fn o5_every_list_is_read_in_pages(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let operator = Operator::at(&server);
    let numbers: Vec<String> = (100..220).map(|number| number.to_string()).collect();
    let rows = |row: &dyn Fn(&str) -> String| {
        let rows: Vec<String> = numbers.iter().map(|number| row(number)).collect();
        rows.join(", ")
    };
    let bytes = database.literal(&[7; 64]);
    let ids = (0..120).map(|number| ConversationId::from_bytes([number; 16]).to_string());
    let mut ids: Vec<String> = ids.collect();
    ids.sort_unstable();
    let conversation = |number: &str| &ids[number.parse::<usize>().unwrap() - 100];
    for insert in [
        format!(
            "accounts (tenant, account, suspended, tick) VALUES {}",
            rows(&|n| format!("('t-{n}', 'lone-{n}', TRUE, 1)"))
        ),
        format!(
            "members (tenant, conversation, account, role, status, position, tick) VALUES {}",
            rows(&|n| format!("('big', '{}', 'member-{n}', 'member', 'active', 1, 1)", conversation(n)))
        ),
        format!(
            "conversations (tenant, conversation, kind, title, state, member_count, some_members, created_at, activity_at) VALUES {}",
            rows(&|n| format!("('big', '{}', 'group', 'title-{n}', 'active', 1, {bytes}, 1, 1)", conversation(n)))
        ),
        format!(
            "quarantine (tenant, document, position, quarantined_at, reason, checksum, admissions, data) VALUES {}",
            rows(&|n| format!("('big', 'account/member-{n}', 1, 1, 'reason-{n}', {bytes}, {bytes}, {bytes})"))
        ),
        format!(
            "webhook_endpoints (tenant, endpoint, url, events, keys, state, created_at) VALUES {}",
            rows(&|n| format!("('t-{n}', 'wh_{n}', 'https://x.example/path', '', {bytes}, 'on', 1)"))
        ),
        format!(
            "webhook_deliveries (tenant, endpoint, conversation, position, ordinal, event, type, lane, accepted_at, since, due_at, state, body) VALUES {}",
            rows(&|n| format!(
                "('t-100', 'wh_100', '{}', 1, 0, 'event-{n}', 'message.created', 0, 1, 1, 1, 'dead', {bytes})",
                conversation(n)
            ))
        ),
    ] {
        database.execute(&format!("INSERT INTO {insert}")).await;
    }
    let numbered = |begin: &str| numbers.iter().map(|number| format!("{begin}{number}")).collect::<Vec<_>>();
    for (path, begin) in [
        ("/admin", "t-"),
        ("/admin/suspensions", "lone-"),
        ("/admin/accounts?tenant=big", "member-"),
        ("/admin/conversations?tenant=big", "title-"),
        ("/admin/quarantine", "reason-"),
        ("/admin/webhooks", "wh_"),
        ("/admin/webhook?tenant=t-100&webhook=wh_100", "event-"),
    ] {
        assert_eq!(all_of(&operator, path, begin).await, (numbered(begin), 3), "{path}");
    }
    // Sessions are of accounts in order.
    let mut clients = Vec::new();
    for number in &numbers[..60] {
        let own = device(number.parse().unwrap());
        clients.push(Client::connect(&server, &format!("here-{number}"), own).await);
    }
    let here: Vec<String> = numbers[..60].iter().map(|number| format!("here-{number}")).collect();
    assert_eq!(all_of(&operator, "/admin/sessions", "here-").await, (here, 2));
    server.stop().await;
}

async fn o6_an_account_is_suspended_and_let_in_again(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let operator = Operator::at(&server);
    let ann = [("tenant", "acme"), ("account", "ann")];
    let unknown =
        operator.ask("POST", "/admin/suspend", "tenant=acme&account=ann", &[("sec-fetch-site", "same-origin")]);
    assert_eq!(unknown.await.status, 404);
    let mut client = Client::connect(&server, "ann", device(1)).await;
    let path = "/admin/account?tenant=acme&account=ann";
    assert!(operator.see(path).await.contains(">active<"));
    let page = operator.press("/admin/suspend", &ann).await;
    assert!(page.contains("The account is suspended") && page.contains(">suspended<"), "{page}");
    assert_eq!(client.closed_code().await, Code::AccountSuspended);
    assert!(operator.see("/admin/suspensions").await.contains(">ann<"));
    let page = operator.press("/admin/lift", &ann).await;
    assert!(page.contains("The suspension is lifted.") && page.contains(">active<"), "{page}");
    assert!(operator.see("/admin/suspensions").await.contains("No account is suspended."));
    let _again = Client::connect(&server, "ann", device(1)).await;
    server.stop().await;
}

async fn o6_rows_are_mended_and_a_document_is_squashed(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let operator = Operator::at(&server);
    let (mut ann, mut author): (Client, Author) = group(&server, &["bob"]).await;
    ann.push_accepted(stream(boats()), vec![author.say("one")]).await;
    let boats = boats().to_string();
    let conversation = [("tenant", "acme"), ("conversation", boats.as_str())];
    assert!(operator.press("/admin/mend", &conversation).await.contains("Every row is as the journal states."));
    database.execute("UPDATE members SET role = 'rot' WHERE account = 'bob'").await;
    assert!(operator.press("/admin/mend", &conversation).await.contains("Rows put right: 1."));
    assert_eq!(database.number("SELECT count(*) FROM members WHERE role = 'rot'").await, 0);
    let page = operator.press("/admin/squash", &conversation).await;
    assert!(page.contains("The document was written anew, at position 3."), "{page}");
    server.stop().await;
}

async fn o6_dead_letters_are_delivered_again(database: Database) {
    let flags = [&FLAGS[..], &["--webhook-allow-private", "--webhook-retry-for", "0ms", "--webhook-interval", "20ms"]];
    let server = TestServer::start(&database, &flags.concat()).await;
    let operator = Operator::at(&server);
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    // Nobody listens there.
    let url = json!({ "url": "http://127.0.0.1:9/a-secret-path", "events": ["message.created"] });
    let added = root.post("/v1/webhooks", url).await.is(201);
    let (webhook, secret) = (added["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    let made = ann.post("/v1/conversations", json!({ "kind": "group", "title": "Boats", "members": [] })).await.is(201);
    let conversation = made["conversation_id"].as_str().unwrap();
    for _ in 0..2 {
        let content = json!({ "content": "words of ours" });
        ann.post(&format!("/v1/conversations/{conversation}/messages"), content).await.is(201);
    }
    let dead = "SELECT count(*) FROM webhook_deliveries WHERE state = 'dead'";
    database.wait_for(dead, 2).await;
    let listed = operator.see("/admin/webhooks").await;
    assert!(listed.contains(webhook) && listed.contains("http://127.0.0.1:9"), "{listed}");
    let page = operator.see(&format!("/admin/webhook?tenant=acme&webhook={webhook}")).await;
    assert!(page.contains("Dead letters (2)") && page.contains(conversation), "{page}");
    for hidden in ["a-secret-path", secret, "words of ours"] {
        assert!(!listed.contains(hidden) && !page.contains(hidden), "{hidden}");
    }
    let event = page.split_once("name=\"event\" value=\"").unwrap().1.split('"').next().unwrap();
    let of = [("tenant", "acme"), ("webhook", webhook)];
    let one = operator.press("/admin/replay", &[of[0], of[1], ("event", event)]).await;
    assert!(one.contains("Delivered again: 1."), "{one}");
    // It is tried at once, and fails again: its attempts are counted anew.
    database.wait_for(dead, 2).await;
    assert!(operator.press("/admin/replay", &of).await.contains("Delivered again: 2."));
    server.stop().await;
}

async fn o6_each_act_is_logged_with_its_outcome(database: Database) {
    let server = Process::start(&database.address, &[&["--dev"], &FLAGS[..]].concat());
    server.logged("metrics on http://").await;
    let log = server.log();
    let address = log.split_once("metrics on http://").and_then(|(_, rest)| rest.split_once("/metrics")).unwrap().0;
    let operator = Operator::new(address.parse().unwrap(), SECRET);
    let form = "tenant=acme&account=ann";
    let own_page = [("sec-fetch-site", "same-origin")];
    assert_eq!(operator.ask("POST", "/admin/suspend", form, &own_page).await.status, 404);
    let _ann = Client::at(server.address, "ann", device(1)).await;
    operator.press("/admin/suspend", &[("tenant", "acme"), ("account", "ann")]).await;
    assert_eq!(Operator::new(operator.address, "").ask("POST", "/admin/lift", form, &own_page).await.status, 401);
    let log = server.drain().await;
    let acts: Vec<&str> = log.lines().filter(|line| line.contains("tidings_server::admin")).collect();
    let [failed, done, refused] = acts[..] else { panic!("two acts, and one that was not let in: {acts:#?}") };
    let names = |line: &str, words: &[&str]| words.iter().all(|word| line.contains(word));
    assert!(names(failed, &["WARN", "an act of an operator failed", "ann", "account_unknown"]), "{failed}");
    assert!(names(done, &["INFO", "an operator acted by the page", "acme", "ann", "suspend"]), "{done}");
    assert!(names(refused, &["WARN", "wrong secret"]), "{refused}");
    assert!(!log.contains(SECRET), "{log}");
}
