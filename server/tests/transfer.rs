//! `tidings-server export` and `import`: a tenant that is exported and imported is the same one, and the exports of
//! other systems become conversations that read as they did.

mod everything;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use clap::Parser;
use proptest::prelude::*;
use serde_json::Value;
use tidings_core::ids::{StreamId, TenantId};
use tidings_server::{
    store::{Gate, Store, StoreCall, StoreError},
    transfer::{
        Report, TransferError,
        cli::{ImportRequest, import_into},
    },
};

use crate::support::{
    database::{Database, unique},
    on_each_store,
    process::{program, verify},
};

on_each_store! {
    x1_what_is_exported_and_imported_is_exported_the_same,
    x2_an_import_that_is_made_again_brings_nothing_twice,
    x2_an_import_that_was_cut_goes_on,
    x3_an_export_that_was_cut_goes_on,
    x4_a_workspace_of_slack_is_imported,
    x4_an_organization_of_zulip_is_imported,
    x4_a_chat_of_whatsapp_is_imported,
    x4_chats_of_telegram_are_imported,
    x5_long_texts_are_split_and_pages_close,
}

#[derive(Parser)]
struct Importing {
    #[command(flatten)]
    request: ImportRequest,
}

/// A folder of a test, gone with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(unique());
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transfer").join(name)
}

fn request(path: &Path, from: &str, more: &[&str]) -> ImportRequest {
    let own = ["import", path.to_str().unwrap(), "--from", from, "--tenant", "acme"];
    Importing::parse_from(own.iter().chain(more)).request
}

async fn import(database: &Database, path: &Path, from: &str, more: &[&str]) -> Result<Report, TransferError> {
    let store = database.open().await;
    let request = request(path, from, &[more, &["--store", &database.address]].concat());
    let report = import_into(Some(Arc::clone(&store)), request).await;
    store.close().await;
    report
}

async fn imported(database: &Database, path: &Path, from: &str, more: &[&str]) -> Report {
    let report = import(database, path, from, more).await.unwrap();
    assert!(report.refused.is_empty(), "{report}");
    verify(&database.address);
    report
}

/// The lines that the program exports.
fn export(database: &Database, more: &[&str], file: &Path) -> Vec<Value> {
    let own = ["export", "--tenant", "acme", "--store", &database.address, "--output", file.to_str().unwrap()];
    let output = program(&[&own, more].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    lines(&fs::read_to_string(file).unwrap())
}

fn exported(database: &Database) -> Vec<Value> {
    let folder = Folder::new();
    export(database, &[], &folder.0.join("archive.jsonl"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Lines without what only the store of each says: when it accepted something, and where that stands.
fn essence(lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    for line in &mut lines {
        let fields = line.as_object_mut().unwrap();
        fields.remove("acceptedAt");
        fields.remove("position");
    }
    lines
}

fn of_type<'a>(lines: &'a [Value], name: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == name).collect()
}

/// The text of each message, with its author.
fn texts(lines: &[Value]) -> Vec<(String, String)> {
    let author = |line: &Value| line["id"].as_str().unwrap().split_once('.').unwrap().1.to_owned();
    let text = |line: &&Value| (author(line), line["content"]["text"].as_str().unwrap_or_default().to_owned());
    of_type(lines, "message").iter().map(text).collect()
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(author, text)| ((*author).to_owned(), (*text).to_owned())).collect()
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// Where each stream of the tenant stands.
async fn heads(store: &dyn Store) -> BTreeMap<StreamId, u64> {
    let tenant = TenantId::parse("acme").unwrap();
    let (mut heads, mut last) = (BTreeMap::new(), None);
    while let Some(next) = store.records().next_stream(Some(&tenant), last.as_ref()).await.unwrap() {
        let head = store.stream_head(&tenant, &next.1).await.unwrap();
        heads.insert(next.1.clone(), head.position.number());
        last = Some(next);
    }
    heads
}

async fn x1_what_is_exported_and_imported_is_exported_the_same(database: Database) {
    let folder = Folder::new();
    let archive = folder.file("everything.jsonl", everything::text());
    let report = imported(&database, &archive, "tidings", &[]).await;
    let first = exported(&database);
    let wanted = lines(&everything::text());
    let sorted = |lines: &[Value]| {
        let mut lines: Vec<String> = essence(lines).iter().map(Value::to_string).collect();
        lines.sort();
        lines
    };
    let (mut missing, mut more) = (sorted(&wanted), sorted(&first));
    (missing, more) = (
        missing.iter().filter(|line| !more.contains(line)).cloned().collect(),
        more.iter().filter(|line| !missing.contains(line)).cloned().collect(),
    );
    assert!(missing.is_empty() && more.is_empty(), "{missing:#?}\n{more:#?}");
    assert_eq!(wanted.len(), first.len(), "{report}");
    let again = folder.0.join("again.jsonl");
    export(&database, &[], &again);
    let other = Database::sqlite();
    imported(&other, &again, "tidings", &[]).await;
    assert_eq!(essence(&exported(&other)), essence(&first));
}

async fn x2_an_import_that_is_made_again_brings_nothing_twice(database: Database) {
    let folder = Folder::new();
    let archive = folder.file("everything.jsonl", everything::text());
    for (path, from) in [
        (archive, "tidings"),
        (fixture("slack"), "slack"),
        (fixture("zulip"), "zulip"),
        (fixture("telegram.json"), "telegram"),
        (fixture("whatsapp_ios_en.txt"), "whatsapp"),
    ] {
        let first = imported(&database, &path, from, &[]).await;
        let store = database.open().await;
        let before = heads(&*store).await;
        let second = imported(&database, &path, from, &[]).await;
        assert_eq!(heads(&*store).await, before, "{from}: {second}");
        assert_eq!((second.written, second.there_already), (0, first.written), "{from}");
        store.close().await;
    }
}

async fn x2_an_import_that_was_cut_goes_on(database: Database) {
    let folder = Folder::new();
    let text = everything::text();
    let whole = folder.file("everything.jsonl", &text);
    for part in [3, 2] {
        let cut = folder.file("cut.jsonl", &text[..text.len() * (part - 1) / part]);
        let error = import(&database, &cut, "tidings", &[]).await.unwrap_err();
        assert_eq!(error.code(), "transfer_format_invalid", "{error}");
    }
    import(&database, &whole, "tidings", &[]).await.unwrap();
    let sorted = |lines: &[Value]| {
        let mut lines: Vec<String> = essence(lines).iter().map(Value::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&exported(&database)), sorted(&lines(&text)));
    verify(&database.address);
}

async fn x3_an_export_that_was_cut_goes_on(database: Database) {
    let folder = Folder::new();
    imported(&database, &folder.file("everything.jsonl", everything::text()), "tidings", &[]).await;
    let file = folder.0.join("archive.jsonl");
    let whole = export(&database, &[], &file);
    let text = fs::read_to_string(&file).unwrap();
    let ends = text.match_indices('\n').map(|(end, _)| end + 1);
    for cut in ends.step_by(3).flat_map(|end| [end, end.saturating_sub(7)]).chain([0, text.len()]) {
        fs::write(&file, &text[..cut]).unwrap();
        assert_eq!(export(&database, &["--resume"], &file), whole, "cut at {cut}");
    }
    // A file that is there is not written over, and one that is no archive is not gone on with.
    let refused = |more: &[&str]| {
        let own = ["export", "--tenant", "acme", "--store", &database.address, "--output", file.to_str().unwrap()];
        String::from_utf8(program(&[&own, more].concat()).output().unwrap().stderr).unwrap()
    };
    assert!(refused(&[]).starts_with("tidings-server: transfer_file_failed: "));
    fs::write(&file, "{}\n").unwrap();
    assert!(refused(&["--resume"]).starts_with("tidings-server: transfer_not_resumable: "));
}

async fn x4_a_workspace_of_slack_is_imported(database: Database) {
    let folder = Folder::new();
    let senders = folder.file("senders.csv", "sender,account\nann@x.example,ann\n");
    let report = imported(&database, &fixture("slack"), "slack", &["--senders", senders.to_str().unwrap()]).await;
    let found = (report.conversations, report.messages, report.threads, report.in_threads, report.reactions);
    assert_eq!(found, (2, 6, 1, 2, 1), "{report}");
    assert_eq!((report.edits, report.pins, report.members), (1, 1, 4), "{report}");
    let unplaced = [
        ("files, of which the names are kept", 1),
        ("notices: channel_join", 1),
        ("reactions with a picture of its own", 1),
    ];
    assert_eq!(report.unplaced, counts(&unplaced));
    let made_up: Vec<&str> = report.unmapped.keys().map(String::as_str).collect();
    assert_eq!(made_up, ["B1", "U2 (Bea)"]);
    let lines = exported(&database);
    let mut texts = texts(&lines);
    texts.sort();
    let wanted = [
        ("ann", "Ship ahoy, @Bea! 🎉"),
        ("ann", "📎 pier.jpg"),
        ("slack.B1", "Rain & wind"),
        ("slack.U2", "In a thread"),
        ("slack.U2", "Just us"),
        ("slack.U2", "Later in the thread"),
    ];
    assert_eq!(texts, told(&wanted));
    let ahoy = lines.iter().find(|line| line["content"]["text"] == "Ship ahoy, @Bea! 🎉").unwrap();
    assert_eq!(ahoy["createdAt"], 1_705_344_300_000_u64);
    assert_eq!(ahoy["editedAt"], 1_705_344_350_000_u64);
    assert_eq!(ahoy["mentions"][0], "slack.U2");
    assert_eq!(ahoy["reactions"][0]["accounts"][0], "slack.U2");
    assert_eq!(ahoy["pinned"]["by"], "slack.U2");
    let thread = &ahoy["opens"]["thread"];
    let in_thread = lines.iter().filter(|line| line["type"] == "message" && line["thread"] == *thread);
    assert_eq!(in_thread.count(), 2);
    let general = lines.iter().find(|line| line["title"] == "general").unwrap();
    assert_eq!((&general["name"], &general["scope"]), (&"general".into(), &"public".into()));
}

async fn x4_an_organization_of_zulip_is_imported(database: Database) {
    let folder = Folder::new();
    let senders = folder.file("senders.json", r#"{"10": "ann", "bea@x.example": "bea"}"#);
    let report = imported(&database, &fixture("zulip"), "zulip", &["--senders", senders.to_str().unwrap()]).await;
    let found = (report.conversations, report.messages, report.threads, report.in_threads, report.reactions);
    assert_eq!(found, (2, 4, 1, 1, 1), "{report}");
    let unplaced = [
        ("messages with files, of which the links are kept", 1),
        ("notes to oneself", 1),
        ("reactions with a picture of its own", 1),
    ];
    assert_eq!(report.unplaced, counts(&unplaced));
    assert!(report.unmapped.is_empty(), "{report}");
    let lines = exported(&database);
    let ahoy = lines.iter().find(|line| line["content"]["text"] == "Ship ahoy, @**Bea**!").unwrap();
    assert_eq!(ahoy["opens"]["title"], "painting");
    assert_eq!((&ahoy["createdAt"], &ahoy["editedAt"]), (&1_705_344_300_250_u64.into(), &1_705_344_350_000_u64.into()));
    assert_eq!((&ahoy["mentions"][0], &ahoy["reactions"][0]["emoji"]), (&"bea".into(), &"👍".into()));
    let reply = lines.iter().find(|line| line["content"]["text"] == "In the topic").unwrap();
    assert_eq!(reply["thread"], ahoy["opens"]["thread"]);
    // A group of two is the direct conversation of both.
    let direct: Vec<&Value> =
        of_type(&lines, "conversation").into_iter().filter(|line| line["kind"] == "direct").collect();
    assert_eq!(direct.len(), 1);
    // The same comes out of the compressed archive.
    let packed = folder.0.join("export.tar.gz");
    let file = flate2::write::GzEncoder::new(fs::File::create(&packed).unwrap(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(file);
    builder.append_dir_all("zulip-export", fixture("zulip")).unwrap();
    builder.into_inner().unwrap().finish().unwrap();
    let again = imported(&database, &packed, "zulip", &["--senders", senders.to_str().unwrap()]).await;
    assert_eq!((again.written, again.there_already), (0, 4), "{again}");
}

async fn x4_a_chat_of_whatsapp_is_imported(database: Database) {
    let folder = Folder::new();
    let senders = folder.file("senders.json", r#"{"Ann": "ann", "Bea": "bea", "Cid": "cid"}"#);
    let senders = ["--senders", senders.to_str().unwrap()];
    let report = imported(&database, &fixture("whatsapp_ios_en.txt"), "whatsapp", &senders).await;
    assert_eq!((report.conversations, report.members, report.messages, report.edits), (1, 3, 7, 1), "{report}");
    let unplaced = [
        ("calls", 1),
        ("files, of which the names are kept", 1),
        ("messages that were deleted", 1),
        ("polls, of which the words are kept", 1),
        ("system lines", 1),
    ];
    assert_eq!(report.unplaced, counts(&unplaced));
    let lines = exported(&database);
    let wanted = [
        ("ann", "Ship ahoy!"),
        ("bea", "Two lines:\nthe second one, at 10:30"),
        ("ann", "📎"),
        ("ann", "ok"),
        ("ann", "ok"),
        ("cid", "at nine"),
        ("cid", "POLL:\nWhen?\nOPTION: Now (2 votes)"),
    ];
    assert_eq!(texts(&lines), told(&wanted));
    assert_eq!(of_type(&lines, "message")[0]["createdAt"], 1_705_344_312_000_u64);
    // A later export of the same chat brings what is new.
    let text = fs::read_to_string(fixture("whatsapp_ios_en.txt")).unwrap();
    let longer = folder.file("whatsapp_ios_en.txt", format!("{text}[17/01/2024, 09:00:00] Ann: new\n"));
    let report = imported(&database, &longer, "whatsapp", &senders).await;
    assert_eq!((report.written, report.there_already), (1, 7), "{report}");
    // In German, in a zip file, on a phone in Berlin.
    let zipped = folder.0.join("WhatsApp Chat mit Boote.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&zipped).unwrap());
    archive.start_file("_chat.txt", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut archive, &fs::read(fixture("whatsapp_android_de.txt")).unwrap()).unwrap();
    archive.finish().unwrap();
    let more = ["--time-zone", "Europe/Berlin", "--title", "Boote"];
    let report = imported(&database, &zipped, "whatsapp", &more).await;
    assert_eq!((report.messages, report.unmapped.len()), (4, 2), "{report}");
    let lines = exported(&database);
    let group = lines.iter().find(|line| line["title"] == "Boote").unwrap();
    let of_group: Vec<Value> = lines
        .iter()
        .filter(|line| line["type"] == "message" && line["conversation"] == group["conversation"])
        .cloned()
        .collect();
    let said: Vec<String> = texts(&of_group).into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, ["Ahoi!", "📎", "📎 IMG-20240115-WA0001.jpg\nDas Boot", "schön"]);
    assert_eq!(of_group[0]["createdAt"], 1_705_340_700_000_u64);
    // Two people have a direct conversation.
    let report = imported(&database, &fixture("whatsapp_android_us.txt"), "whatsapp", &senders).await;
    assert_eq!(report.messages, 2);
    assert!(exported(&database).iter().any(|line| line["kind"] == "direct"));
    // A group is opened in its own name; what somebody writes later in the same words is theirs.
    let opened = "15.04.2016, 15:04 - Boat Club: Messages and calls are end-to-end encrypted. Tap to learn more.\n\
        15.04.2016, 15:05 - Ann: hello\n15.04.2016, 15:06 - Bea: Messages and calls are end-to-end encrypted?\n";
    let club = folder.file("club.txt", opened);
    let report = imported(&database, &club, "whatsapp", &[&senders[..], &["--title", "Boat Club"]].concat()).await;
    assert_eq!((report.members, report.messages, report.unmapped.len()), (2, 2, 0), "{report}");
    assert_eq!(report.unplaced, counts(&[("system lines", 1)]));
}

async fn x4_chats_of_telegram_are_imported(database: Database) {
    let report = imported(&database, &fixture("telegram.json"), "telegram", &[]).await;
    let found = (report.conversations, report.messages, report.replies, report.reactions, report.edits, report.pins);
    assert_eq!(found, (2, 6, 1, 1, 1, 1), "{report}");
    let unplaced = [
        ("calls", 1),
        ("files, of which the names are kept", 1),
        ("notices: create_group", 1),
        ("polls, of which the words are kept", 1),
        ("reactions of which it is not told whose they are", 2),
        ("reactions with a picture of its own", 1),
        ("saved messages", 1),
    ];
    assert_eq!(report.unplaced, counts(&unplaced));
    let lines = exported(&database);
    let mut said: Vec<String> = texts(&lines).into_iter().map(|(_, text)| text).collect();
    said.sort();
    let wanted = [
        "",
        "Just us",
        "See the page (https://x.example) Ann",
        "Ship ahoy!",
        "📊 When?\n– Now\n– Later",
        "📎 photo_1.jpg\nThe pier",
    ];
    assert_eq!(said, wanted);
    let place = lines.iter().find(|line| line["content"]["kind"] == "location").unwrap();
    assert_eq!((&place["content"]["latitude"], &place["content"]["longitude"]), (&52.1.into(), &(-4.5).into()));
    let see = lines.iter().find(|line| line["replyTo"].is_string()).unwrap();
    let ahoy = lines.iter().find(|line| line["content"]["text"] == "Ship ahoy!").unwrap();
    assert_eq!((&see["replyTo"], &see["mentions"][0]), (&ahoy["id"], &"telegram.user1".into()));
    assert_eq!(ahoy["pinned"]["by"], "telegram.user2");
}

async fn x5_long_texts_are_split_and_pages_close(database: Database) {
    let folder = Folder::new();
    let word = "0123456789";
    let long: String = (0..1_400).map(|index| format!("{word}{index:04} ")).collect();
    let mut text = String::new();
    for index in 0..60 {
        text.push_str(&format!("[15/01/2024, 18:45:{index:02}] Ann: message {index}\n"));
    }
    text.push_str(&format!("[15/01/2024, 18:46:00] Bea: {long}\n[15/01/2024, 18:47:00] Bea: last\n"));
    let chat = folder.file("chat.txt", text);
    let limits = ["--page-changes-soft", "10", "--page-changes-max", "40"];
    let store = database.open().await;
    let all = [&limits[..], &["--store", &database.address]].concat();
    let report = import_into(Some(Arc::clone(&store)), request(&chat, "whatsapp", &all)).await.unwrap();
    assert!(report.refused.is_empty(), "{report}");
    assert_eq!((report.messages, report.split, report.written), (62, 1, 67), "{report}");
    let tenant = TenantId::parse("acme").unwrap();
    let direct = heads(&*store).await.into_keys().find(|stream| stream.conversation().is_some()).unwrap();
    let head = store.stream_head(&tenant, &direct).await.unwrap();
    assert_eq!(head.page, 7);
    let lines = exported(&database);
    let said: Vec<String> = texts(&lines).into_iter().map(|(_, text)| text).collect();
    assert_eq!(said.len(), 67);
    assert_eq!(said[60..66].concat(), long.trim_end());
    assert!(said.iter().all(|text| text.chars().count() <= 4_000));
    // Nobody finds a history unread.
    let receipts = store.receipts(&tenant, direct.conversation().unwrap()).await.unwrap();
    assert!(receipts.len() == 2 && receipts.iter().all(|(_, receipt)| receipt.read == head.position), "{receipts:?}");
    store.close().await;
}

/// Counts the commits of a store.
struct Counting {
    store: Arc<dyn Store>,
    commits: AtomicUsize,
}

impl Gate for Counting {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    async fn pass<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if call == StoreCall::Commit {
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
        work.await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn x5_many_messages_are_committed_together() {
    let (folder, database) = (Folder::new(), Database::sqlite());
    let line = |index: usize| format!("[15/01/2024, {:02}:{:02}:00] Ann: {index}\n", index / 60, index % 60);
    let chat: String = (0..1_200).map(line).chain(["[16/01/2024, 09:00:00] Bea: last\n".to_owned()]).collect();
    let chat = folder.file("chat.txt", chat);
    let store = Arc::new(Counting { store: database.open().await, commits: AtomicUsize::new(0) });
    let counted: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
    let request = request(&chat, "whatsapp", &["--store", &database.address]);
    let report = import_into(Some(counted), request).await.unwrap();
    assert_eq!(report.written, 1_201, "{report}");
    let commits = store.commits.load(Ordering::Relaxed);
    assert!(commits <= 120, "{commits} commits of 1,201 messages");
    store.store.close().await;
}

#[tokio::test]
async fn x6_a_dry_run_counts_and_writes_nothing() {
    let folder = Folder::new();
    let archive = folder.file("everything.jsonl", everything::text());
    let report = import_into(None, request(&archive, "tidings", &["--dry-run"])).await.unwrap();
    assert!(report.dry_run && report.written == 0 && report.messages > 0, "{report}");
    // It takes no store.
    let arguments =
        ["import", fixture("slack").to_str().unwrap(), "--from", "slack", "--dry-run", "--store", "sqlite:/no/such.db"]
            .map(str::to_owned);
    let output = program(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("messages: 6") && said.contains("dry run"), "{said}");
}

#[tokio::test]
async fn x6_what_brings_nothing_is_an_error() {
    let folder = Folder::new();
    let empty = folder.file("empty.txt", "");
    let no_chat = folder.file("notes.txt", "just some notes\nof mine\n");
    let no_messages = folder.file("result.json", r#"{"chats": {"list": []}}"#);
    let only_system = folder.file("chat.txt", "15.01.24, 18:45 - You created this group\n");
    let begun = folder.file("archive.jsonl", "{\"type\":\"archive\",\"version\":1,\"tenant\":\"acme\"}\n{\"type\":\"end\",\"accounts\":0,\"conversations\":0,\"threads\":0,\"messages\":0}\n");
    let other_version = folder.file("later.jsonl", "{\"type\":\"archive\",\"version\":2,\"tenant\":\"acme\"}\n");
    for (path, from, code) in [
        (&empty, "whatsapp", "transfer_format_invalid"),
        (&no_chat, "whatsapp", "transfer_format_invalid"),
        (&only_system, "whatsapp", "transfer_format_invalid"),
        (&no_messages, "telegram", "transfer_format_invalid"),
        (&no_chat, "telegram", "transfer_format_invalid"),
        (&no_chat, "slack", "transfer_format_invalid"),
        (&no_chat, "zulip", "transfer_format_invalid"),
        (&no_chat, "tidings", "transfer_format_invalid"),
        (&empty, "tidings", "transfer_format_invalid"),
        (&begun, "tidings", "transfer_empty"),
        (&other_version, "tidings", "transfer_format_invalid"),
        (&folder.0.join("missing"), "slack", "transfer_file_failed"),
    ] {
        let error = import_into(None, request(path, from, &[])).await.unwrap_err();
        assert_eq!(error.code(), code, "{from} {}: {error}", path.display());
    }
    let senders = folder.file("senders.csv", "U1,not an account\n");
    let more = ["--senders", senders.to_str().unwrap()];
    let error = import_into(None, request(&fixture("slack"), "slack", &more)).await.unwrap_err();
    assert!(error.to_string().contains("not an account"), "{error}");
    let more = ["--time-zone", "Mars/Olympus"];
    let error = import_into(None, request(&fixture("whatsapp_ios_en.txt"), "whatsapp", &more)).await.unwrap_err();
    assert_eq!(error.code(), "transfer_option_invalid", "{error}");
}

/// Changes of the bytes of a file.
fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, Option<u8>)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<Option<u8>>()), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn x7_no_file_makes_an_import_panic(which in 0..6usize, damage in damage(), end in any::<prop::sample::Index>()) {
        let folder = Folder::new();
        let names = ["whatsapp_ios_en.txt", "telegram.json", "slack/general/2024-01-15.json", "slack/users.json", "zulip/realm.json", "zulip/messages-000001.json"];
        let name = names[which];
        let mut bytes = fs::read(fixture(name)).unwrap();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            match byte {
                Some(byte) => bytes[place] = byte,
                None => drop(bytes.remove(place)),
            }
        }
        bytes.truncate(end.index(bytes.len() * 4).max(1));
        let from = name.split(['_', '.', '/']).next().unwrap();
        let path = if name.contains('/') {
            copy(&fixture(from), &folder.0.join(from));
            fs::write(folder.0.join(name), bytes).unwrap();
            folder.0.join(from)
        } else {
            folder.file(name, bytes)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(import_into(None, request(&path, from, &[])));
        if let Err(error) = outcome {
            prop_assert!(!error.to_string().contains("panic"), "{error}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => assert!(fs::copy(&path, to.join(name)).is_ok()),
        }
    }
}
