//! The commands that docs/operating.md shows, as they stand there: each is run by
//! a shell and does what the page says. Only names are put in their place: of
//! folders, of the database, of the identity provider.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clap::Parser as _;
use tidings_core::ids::TenantId;
use tidings_server::{
    auth::Keys,
    clock,
    config::{Cli, Command as Told},
};

use crate::support::{
    author::{Author, account, boats},
    client::{Client, device, hello, stream},
    database::Database,
    plain::request,
    process::{Process, program},
    server::PATIENCE,
};

const PAGE: &str = include_str!("../../docs/operating.md");
const SECRET: &str = "a secret of the tests, of at least 32 bytes";

/// The blocks of a language in a section of the page.
fn blocks(section: &str, language: &str) -> VecDeque<&'static str> {
    let text = PAGE.split("\n## ").find_map(|text| text.strip_prefix(section)).expect("the section is there");
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// An operator's shell, in the folder of a SQLite store.
struct Shell {
    folder: PathBuf,
    /// What stands for a name of the page.
    names: Vec<(&'static str, String)>,
}

impl Shell {
    fn of(sqlite: &Database) -> Self {
        let file = PathBuf::from(sqlite.address.trim_start_matches("sqlite:"));
        let folder = file.parent().unwrap().to_owned();
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::create_dir_all(folder.join("backups")).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tidings-server"), folder.join("bin/tidings-server")).unwrap();
        let names = vec![("/backups/", format!("{}/backups/", folder.display()))];
        Self { folder, names }
    }

    /// A command of the page.
    fn command(&self, text: &str) -> Command {
        let text = self.names.iter().fold(text.to_owned(), |text, (name, place)| text.replace(name, place));
        // Nothing of the environment's settings, as `program` has it.
        let mut command = Command::new("sh");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TIDINGS_")) {
            command.env_remove(name);
        }
        let path = format!("{}:{}", self.folder.join("bin").display(), std::env::var("PATH").unwrap());
        command.args(["-euc", &text]).current_dir(&self.folder).env("PATH", path);
        command.env("TIDINGS_LISTEN", "127.0.0.1:0").env("TIDINGS_JWT_SECRET", SECRET);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a block to its end, which is a good one; what it said.
    #[track_caller]
    fn run(&self, block: &str) -> String {
        let output = self.command(block).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{block}{said}");
        said
    }

    /// Runs a command that serves.
    fn serve(&self, command: &str) -> Process {
        Process::spawn(self.command(&format!("exec {command}")))
    }
}

/// A message more in ann's group, which begins with the first one.
async fn say(server: &Process, author: &mut Option<Author>) {
    let mut ann = Client::at(server.address, "ann", device(1)).await;
    let changes = match author {
        Some(author) => vec![author.say("more")],
        None => {
            let begun = author.insert(Author::of("ann", device(1), boats()));
            vec![begun.create(&["bob"]), begun.say("one")]
        }
    };
    ann.push_accepted(stream(boats()), changes).await;
}

fn entries(store: &str) -> String {
    let output = program(&["verify", "--all", "--store", store]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

mod postgres {
    use super::*;

    /// A shell in the folder of a SQLite store, whose commands reach a Postgres store, too.
    fn beside(sqlite: &Database, postgres: &Database) -> Shell {
        let mut shell = Shell::of(sqlite);
        let addresses = ["postgres://tidings@db/tidings", "postgres://owner@db/tidings"];
        shell.names.extend(addresses.map(|address| (address, postgres.address.clone())));
        shell
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn j35_both_stores_are_copied_and_put_back() {
        let (sqlite, postgres) = (Database::sqlite(), Database::postgres().await);
        let shell = beside(&sqlite, &postgres);
        let (mut copies, mut restores) = (blocks("Back up", "sh"), blocks("Restore", "sh"));
        assert_eq!((copies.len(), restores.len()), (2, 2));
        for database in [&sqlite, &postgres] {
            let server = Process::start(&database.address, &["--dev"]);
            let mut author = None;
            say(&server, &mut author).await;
            // The copy is made while it is served, and what comes later is not in it.
            shell.run(copies.pop_front().unwrap());
            say(&server, &mut author).await;
            server.drain().await;
            assert!(entries(&database.address).contains("3 entries"));
            let said = shell.run(restores.pop_front().unwrap());
            assert!(said.contains("the store is incarnation"), "{said}");
            assert!(entries(&database.address).contains("2 entries"));
            let server = Process::start(&database.address, &["--dev"]);
            server.drain().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn j35_tables_are_made_before_a_node_serves_them() {
        let (sqlite, postgres) = (Database::sqlite(), Database::postgres().await);
        let shell = beside(&sqlite, &postgres);
        let commands: Vec<&str> = blocks("Upgrade", "sh").into_iter().flat_map(str::lines).collect();
        let [migrate, serve] = commands[..] else { panic!("two commands, not {commands:?}") };
        let refused = shell.command(serve).output().unwrap();
        assert!(String::from_utf8(refused.stderr).unwrap().contains("store_schema_differs"));
        shell.run(migrate);
        shell.serve(serve).drain().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn j35_a_store_is_looked_after_while_it_is_served() {
    let sqlite = Database::sqlite();
    let shell = Shell::of(&sqlite);
    let server = Process::start(&sqlite.address, &["--dev"]);
    // Ann, of the tenant that is meant when none is named.
    let tenant = TenantId::parse("default").unwrap();
    let token =
        Keys::development().issue(&tenant, &account("ann"), &[], clock::wall_now(), Duration::from_secs(600)).unwrap();
    let mut ann = Client::dial(server.address).await;
    ann.send(&tidings_core::wire::ClientFrame::Hello(hello(token, device(1), None))).await;
    ann.wait("Welcome", |frame| matches!(frame, tidings_core::wire::ServerFrame::Welcome(_)).then_some(())).await;
    let block = blocks("Look after it", "sh").pop_front().unwrap();
    let said = shell.run(block);
    assert!(said.contains("all as they must be") && said.contains("0 rows put right"), "{said}");
    assert_eq!(ann.closed_code().await, tidings_core::code::Code::AccountSuspended);
    server.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j35_a_message_is_sent_on_behalf_of_an_account() {
    let sqlite = Database::sqlite();
    let mut shell = Shell::of(&sqlite);
    shell.names.push(("$CONVERSATION", boats().to_string()));
    let server = Process::start(&sqlite.address, &["--dev"]);
    say(&server, &mut None).await;
    let mut bob = Client::at(server.address, "bob", device(2)).await;
    let said = shell.run(blocks("Write on behalf of an account", "sh").pop_front().unwrap());
    assert!(said.ends_with(" at position 3\n"), "{said}");
    bob.entries_to(&stream(boats()), 3).await;
    server.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j35_a_document_is_written_anew() {
    let sqlite = Database::sqlite();
    let mut shell = Shell::of(&sqlite);
    shell.names.push(("$CONVERSATION", boats().to_string()));
    let server = Process::start(&sqlite.address, &["--dev"]);
    say(&server, &mut None).await;
    let mut bob = Client::at(server.address, "bob", device(2)).await;
    let said = shell.run(blocks("Write a document anew", "sh").pop_front().unwrap());
    assert_eq!(said, "written anew at position 3\n");
    bob.entries_to(&stream(boats()), 3).await;
    server.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j35_a_key_set_is_read_at_the_start_and_when_it_is_asked_for() {
    let sqlite = Database::sqlite();
    let mut shell = Shell::of(&sqlite);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = format!("http://{}", listener.local_addr().unwrap());
    let times = Arc::new(AtomicUsize::new(0));
    // The identity provider, as far as a server asks it.
    std::thread::spawn({
        let times = Arc::clone(&times);
        move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                // Up to the empty line behind the head of a request.
                if !BufReader::new(&socket).lines().map_while(Result::ok).any(|line| line.is_empty()) {
                    continue;
                }
                // The public key of RFC 8037, appendix A.2.
                let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJHURSo"}"#;
                let body = format!(r#"{{"keys":[{key}]}}"#);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                socket.write_all(format!("{head}{body}").as_bytes()).unwrap();
                times.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    shell.names.push(("https://login.example.com", provider));
    let mut commands = blocks("Keys", "sh");
    let server = shell.serve(commands.pop_front().unwrap());
    read_more_often(&times, 0).await;
    let before = times.load(Ordering::SeqCst);
    shell.names.push(("$(pidof tidings-server)", server.id().to_string()));
    shell.run(commands.pop_front().unwrap());
    read_more_often(&times, before).await;
    assert_eq!(commands.len(), 0);
    server.drain().await;
}

async fn read_more_often(times: &AtomicUsize, than: usize) {
    let read = tokio::time::timeout(PATIENCE, async {
        while times.load(Ordering::SeqCst) <= than {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    read.await.expect("the key set is read");
}

#[tokio::test(flavor = "multi_thread")]
async fn j35_a_server_is_asked_how_it_is() {
    let sqlite = Database::sqlite();
    let mut shell = Shell::of(&sqlite);
    let server = Process::start(&sqlite.address, &["--dev"]);
    shell.names.push(("127.0.0.1:4870", server.address.to_string()));
    assert_eq!(shell.run(blocks("See how it is", "sh").pop_front().unwrap()), "ready\n");
    server.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j35_secrets_of_containers_are_drawn_and_kept_from_others() {
    let sqlite = Database::sqlite();
    let mut shell = Shell::of(&sqlite);
    shell.names.push(("server/deploy", shell.folder.display().to_string()));
    shell.run(blocks("Run it in containers", "sh").pop_front().unwrap());
    let file = shell.folder.join(".env");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let drawn = std::fs::read_to_string(file).unwrap();
    let drawn: Vec<(&str, &str)> = drawn.lines().map(|line| line.split_once('=').unwrap()).collect();
    let [("POSTGRES_PASSWORD", password), ("TIDINGS_JWT_SECRET", secret)] = drawn[..] else { panic!("{drawn:?}") };
    assert!(password != secret && [password, secret].iter().all(|drawn| drawn.len() == 64), "{drawn:?}");
    let command = ["tidings-server", "verify", "--all"];
    assert!(PAGE.contains("exec server /tidings-server verify --all") && Cli::try_parse_from(command).is_ok());
    Process::start(&sqlite.address, &["--jwt-secret", secret]).drain().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn j35_a_service_is_installed() {
    let sqlite = Database::sqlite();
    let mut shell = Shell::of(&sqlite);
    let (deploy, folder) = (concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/"), shell.folder.display());
    shell.names.extend([
        (" tidings-server ", format!(" {} ", env!("CARGO_BIN_EXE_tidings-server"))),
        (" server/deploy/", format!(" {deploy}")),
        (" /usr/local/", format!(" {folder}/usr/local/")),
        (" /etc/", format!(" {folder}/etc/")),
    ]);
    shell.run(blocks("Run it as a service", "sh").pop_front().unwrap());
    let mode = |path: &str| shell.folder.join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("etc/tidings/server.env"), 0o600);
    assert_eq!(mode("etc/systemd/system/tidings-server.service"), 0o644);
    let installed = shell.folder.join("usr/local/bin/tidings-server");
    assert!(Command::new(installed).arg("--version").status().unwrap().success());
    // Where the unit looks for them.
    let unit = std::fs::read_to_string(shell.folder.join("etc/systemd/system/tidings-server.service")).unwrap();
    let looked_for = ["ExecStart=/usr/local/bin/tidings-server serve", "EnvironmentFile=/etc/tidings/server.env"];
    assert!(looked_for.iter().all(|line| unit.contains(line)));
}

mod proxy {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn j35_caddy_takes_its_file() {
        let sqlite = Database::sqlite();
        let mut shell = Shell::of(&sqlite);
        shell.names.push(("server/deploy/", concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/").to_owned()));
        let home = format!("export HOME={}\n", shell.folder.display());
        let said = shell.run(&(home + blocks("Behind a proxy", "sh").pop_front().unwrap()));
        assert!(said.contains("Valid configuration"), "{said}");
    }
}

/// Both proxies are told of the address on which a server listens unless told otherwise.
#[test]
fn proxies_are_told_of_the_address_that_is_the_default() {
    let Told::Serve(config) = Cli::try_parse_from(["tidings-server", "serve"]).unwrap().command else { unreachable!() };
    let files = [include_str!("../deploy/Caddyfile"), include_str!("../deploy/nginx.conf")];
    assert!(files.iter().all(|file| file.contains(&config.listen)));
}

#[tokio::test(flavor = "multi_thread")]
async fn j35_the_operators_page_is_there_with_a_secret() {
    let sqlite = Database::sqlite();
    let mut shell = Shell::of(&sqlite);
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // The shell becomes the server.
    shell.names.extend([
        (" tidings-server serve", "; export TIDINGS_ADMIN_SECRET; exec tidings-server serve".to_owned()),
        ("127.0.0.1:4871", metrics.to_string()),
        (" …", String::new()),
    ]);
    let block = blocks("Look at it in a browser", "sh").pop_front().unwrap();
    let _server = Process::spawn(shell.command(block));
    assert_eq!(request(metrics, "GET", "/admin").await.0, 401, "it asks for the secret");
}

/// No block of the page is left out above.
#[test]
fn j35_every_command_of_the_page_is_run() {
    let run = [
        "Run it as a service",
        "Run it in containers",
        "See how it is",
        "Behind a proxy",
        "Back up",
        "Restore",
        "Upgrade",
        "Keys",
        "Look after it",
        "Look at it in a browser",
        "Write on behalf of an account",
        "Write a document anew",
    ];
    let run: usize = run.iter().map(|section| blocks(section, "sh").len()).sum();
    assert_eq!(PAGE.matches("```sh\n").count(), run);
}
