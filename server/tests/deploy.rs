//! The files of server/deploy as an operator uses them: what they name is there,
//! and the commands and variables in them start a real server.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use clap::{CommandFactory as _, Parser as _};
use tidings_server::config::{Cli, Command as Told, Config};
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{
    database::{Database, unique},
    process::{Process, program},
};

const DOCKERFILE: &str = include_str!("../deploy/Dockerfile");
const DOCKERIGNORE: &str = include_str!("../deploy/Dockerfile.dockerignore");
const COMPOSE: &str = include_str!("../deploy/compose.yaml");
const UNIT: &str = include_str!("../deploy/tidings-server.service");
const SETTINGS: &str = include_str!("../deploy/server.env");
const SECRET: &str = "a secret of the tests, of at least 32 bytes";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The settings of a command line and of the variables that go with it, which this process does not have.
fn settings(arguments: &[&str]) -> Config {
    match Cli::try_parse_from([&["tidings-server"], arguments].concat()).unwrap().command {
        Told::Serve(config) => *config,
        other => panic!("{other:?} serves nothing"),
    }
}

/// Runs a server as it is told, in a folder of its own.
fn serve(arguments: &[&str], variables: &BTreeMap<String, String>, folder: &Path) -> Process {
    let mut command = program(arguments);
    // Whoever runs the tests has the port already, or runs them twice.
    let any_port = |value: &String| value.replace(":4870", ":0");
    command.current_dir(folder).envs(variables.iter().map(|(name, value)| (name, any_port(value))));
    Process::spawn(command)
}

/// Asks a server how it is, as a check that was written for the usual port does.
fn check_health(check: &[String], server: &Process) -> String {
    assert_eq!(check[0], "/tidings-server");
    let port = format!(":{}", server.address.port());
    let arguments: Vec<String> = check[1..].iter().map(|word| word.replace(":4870", &port)).collect();
    let output = program(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An image is named with its version, or it is another one tomorrow.
#[track_caller]
fn assert_pinned(image: &str) {
    let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
    assert!(tag.contains(|character: char| character.is_ascii_digit()) && !tag.contains("latest"), "{image}");
}

/// A folder for one test, gone with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The instructions of a container file: name and arguments.
fn instructions() -> Vec<(&'static str, String)> {
    let lines: Vec<&str> = DOCKERFILE.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut is_open = false;
    for line in lines.into_iter().filter(|line| !line.trim().is_empty()) {
        let (text, goes_on) = line.strip_suffix('\\').map_or((line, false), |text| (text, true));
        if is_open {
            found.last_mut().unwrap().1.push_str(text.trim());
        } else {
            let (name, arguments) = text.split_once(' ').unwrap();
            found.push((name, arguments.trim_start().to_owned()));
        }
        found.last_mut().unwrap().1.push(' ');
        is_open = goes_on;
    }
    found.into_iter().map(|(name, arguments)| (name, arguments.trim().to_owned())).collect()
}

/// The instructions of the stage that becomes the image.
fn image() -> Vec<(&'static str, String)> {
    let all = instructions();
    let last = all.iter().rposition(|(name, _)| *name == "FROM").unwrap();
    all[last..].to_vec()
}

/// What the image says with one instruction.
fn said(name: &str) -> String {
    let image = image();
    let found: Vec<_> = image.iter().filter(|(found, _)| *found == name).collect();
    let [(_, arguments)] = found[..] else { panic!("one {name}, not {found:?}") };
    arguments.clone()
}

/// A command in the form that needs no shell: there is none in the image.
fn words(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_else(|_| panic!("not the form without a shell: {json}"))
}

/// What the image sets.
fn image_variables() -> BTreeMap<String, String> {
    let pairs = said("ENV");
    let pairs = pairs.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What the image runs, less the program's name.
fn image_arguments() -> Vec<String> {
    assert_eq!(words(&said("ENTRYPOINT")), ["/tidings-server"]);
    words(&said("CMD"))
}

#[test]
fn an_image_is_made_of_pinned_ones_and_runs_as_nobody() {
    let version = |text: &str| text.split(['.', '-']).take(2).map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    for (_, from) in instructions().iter().filter(|(name, _)| *name == "FROM") {
        let image = from.split(' ').next().unwrap();
        if image != "scratch" {
            assert_pinned(image);
        }
        if let Some(tag) = image.strip_prefix("rust:") {
            assert!(version(tag) >= version(env!("CARGO_PKG_RUST_VERSION")), "{image} compiles the server");
        }
    }
    let user = said("USER");
    let ids: Vec<u32> = user.split(':').map(|id| id.parse().expect("a number: scratch knows no names")).collect();
    assert!(ids.iter().all(|id| *id > 0), "{user}");
    assert_eq!(said("STOPSIGNAL"), "SIGTERM");
    // Nothing is there to run.
    assert!(image()[0].1 == "scratch" && !image().iter().any(|(name, _)| *name == "RUN"));
    let port = said("EXPOSE");
    assert!(settings(&["serve"]).listen.ends_with(&format!(":{port}")));
    assert_eq!(image_variables()["TIDINGS_LISTEN"], format!("0.0.0.0:{port}"));
    assert_eq!(said("VOLUME"), said("WORKDIR"));
    let owner = format!("--chown={user} ");
    assert!(image().iter().any(|(name, from)| *name == "COPY" && from.contains(&owner) && from.ends_with("/data")));
}

#[test]
fn what_an_image_is_built_from_is_there_and_makes_a_workspace() {
    let folder = Folder::new();
    let copies = instructions().into_iter().filter(|(name, from)| *name == "COPY" && !from.contains("--from="));
    let mut count = 0;
    for (_, arguments) in copies {
        let mut paths: Vec<&str> = arguments.split(' ').collect();
        let to = folder.0.join(paths.pop().unwrap());
        for path in paths {
            assert!(DOCKERIGNORE.lines().any(|line| line.strip_prefix('!') == Some(path)), "{path} is kept out");
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            let copied = Command::new("cp").arg("-R").arg(root().join(path)).arg(&to).status().unwrap();
            assert!(copied.success(), "{path}");
            count += 1;
        }
    }
    assert!(count > 5);
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata = ["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"];
    let output = Command::new(cargo).args(metadata).current_dir(&folder.0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"name\":\"tidings-server\""));
}

#[tokio::test]
async fn what_an_image_runs_is_well_by_its_own_check() {
    let folder = Folder::new();
    let mut variables = image_variables();
    variables.insert("TIDINGS_JWT_SECRET".to_owned(), SECRET.to_owned());
    let arguments = image_arguments();
    let server = serve(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &variables, &folder.0);
    let check = said("HEALTHCHECK");
    assert_eq!(check_health(&words(check.split_once("CMD ").unwrap().1), &server), "ok\n");
    assert!(folder.0.join("tidings.db").is_file(), "the store is in the folder of the volume");
    server.drain().await;
}

/// A document of YAML.
fn compose() -> Yaml {
    YamlLoader::load_from_str(COMPOSE).unwrap().remove(0)
}

/// The names and values of a mapping.
fn pairs(yaml: &Yaml) -> BTreeMap<String, String> {
    let pairs = yaml.as_hash().unwrap().iter();
    pairs.map(|(name, value)| (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())).collect()
}

fn list(yaml: &Yaml) -> Vec<String> {
    yaml.as_vec().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs(text.strip_suffix('s').unwrap().parse().unwrap())
}

/// Files that may have to be open at once.
fn files_needed(config: &Config) -> u64 {
    (config.node.sessions_max + config.node.connections_max) as u64 + u64::from(config.store_connections_max) + 64
}

#[test]
fn services_wait_for_one_another_and_have_time_to_end() {
    let (compose, config) = (compose(), settings(&["serve"]));
    let (server, postgres) = (&compose["services"]["server"], &compose["services"]["postgres"]);
    assert_eq!(server["depends_on"]["postgres"]["condition"].as_str(), Some("service_healthy"));
    assert!(list(&postgres["healthcheck"]["test"]).contains(&"pg_isready".to_owned()));
    assert_pinned(postgres["image"].as_str().unwrap());
    assert_eq!(server["image"].as_str(), Some(concat!("tidings-server:", env!("CARGO_PKG_VERSION"))));
    let context = root().join("server/deploy").join(server["build"]["context"].as_str().unwrap());
    assert_eq!(context.canonicalize().unwrap(), root().canonicalize().unwrap());
    assert!(context.join(server["build"]["dockerfile"].as_str().unwrap()).is_file());
    assert!(seconds(server["stop_grace_period"].as_str().unwrap()) > config.node.drain_timeout);
    assert!(server["ulimits"]["nofile"].as_i64().unwrap() as u64 >= files_needed(&config));
    // On this machine only: TLS is the proxy's.
    assert_eq!(list(&server["ports"]), [format!("127.0.0.1:{0}:{0}", said("EXPOSE"))]);
    let volumes = compose["volumes"].as_hash().unwrap();
    for mount in list(&postgres["volumes"]) {
        assert!(volumes.contains_key(&Yaml::String(mount.split(':').next().unwrap().to_owned())), "{mount}");
    }
    // Neither has a secret that is written here.
    for variables in [&server["environment"], &postgres["environment"]] {
        let secrets =
            pairs(variables).into_iter().filter(|(name, _)| ["PASSWORD", "SECRET"].iter().any(|s| name.contains(s)));
        secrets.for_each(|(name, value)| assert!(value.starts_with("${"), "{name}: {value}"));
    }
}

mod postgres {
    use super::*;

    #[tokio::test]
    async fn a_service_serves_on_postgres_and_is_ready_by_its_own_check() {
        let (folder, database, compose) = (Folder::new(), Database::postgres().await, compose());
        let service = &compose["services"]["server"];
        let mut variables = image_variables();
        variables.extend(pairs(&service["environment"]));
        let address = "postgres://tidings:${POSTGRES_PASSWORD:?set it in .env}@postgres:5432/tidings";
        let secret = "${TIDINGS_JWT_SECRET:?set it in .env}";
        for (name, written, given) in
            [("TIDINGS_STORE", address, database.address.as_str()), ("TIDINGS_JWT_SECRET", secret, SECRET)]
        {
            let value = variables.insert(name.to_owned(), given.to_owned());
            assert_eq!(value.as_deref(), Some(written));
        }
        let arguments = image_arguments();
        let server = serve(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &variables, &folder.0);
        let check = list(&service["healthcheck"]["test"]);
        assert_eq!(check[0], "CMD");
        assert_eq!(check_health(&check[1..], &server), "ready\n");
        let log = server.drain().await;
        assert!(log.contains("\"store\":\"postgres\"") && log.contains("\"schema\":"), "{log}");
    }
}

/// Every variable of a server that a file names is one.
#[test]
fn no_file_names_a_variable_that_there_is_not() {
    fn variables(command: &clap::Command, known: &mut BTreeSet<String>) {
        let names = command.get_arguments().filter_map(clap::Arg::get_env);
        known.extend(names.map(|name| name.to_str().unwrap().to_owned()));
        command.get_subcommands().for_each(|command| variables(command, known));
    }
    let mut known = BTreeSet::new();
    variables(&Cli::command(), &mut known);
    let folder = std::fs::read_dir(root().join("server/deploy")).unwrap().map(|entry| entry.unwrap().path());
    let pages = ["docs/operating.md", "README.md"].map(|page| root().join(page));
    let mut count = 0;
    for file in folder.chain(pages) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("TIDINGS_") {
            let is_of_name = |character: char| character.is_ascii_uppercase() || character == '_';
            let name: String = text[at..].chars().take_while(|character| is_of_name(*character)).collect();
            assert!(known.contains(&name), "{} names {name}", file.display());
            count += 1;
        }
    }
    assert!(count > 10);
}

/// The values of a key of the unit.
fn unit(key: &str) -> Vec<&'static str> {
    let lines = UNIT.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(found, _)| *found == key).map(|(_, value)| value).collect()
}

fn unit_value(key: &str) -> &'static str {
    let [value] = unit(key)[..] else { panic!("one {key}") };
    value
}

#[tokio::test]
async fn a_unit_starts_reloads_and_ends_a_server() {
    let folder = Folder::new();
    let lines = SETTINGS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    let mut variables: BTreeMap<String, String> =
        lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    variables.insert("TIDINGS_JWT_SECRET".to_owned(), SECRET.to_owned());
    let mut arguments = unit_value("ExecStart").split(' ');
    assert!(arguments.next().unwrap().ends_with("/tidings-server"));
    let arguments: Vec<&str> = arguments.collect();
    let config = settings(&arguments);
    assert!(seconds(unit_value("TimeoutStopSec")) > config.node.drain_timeout);
    assert!(unit_value("LimitNOFILE").parse::<u64>().unwrap() >= files_needed(&config));
    let server = serve(&arguments, &variables, &folder.0);
    let reload = unit_value("ExecReload").replace("$MAINPID", &server.id().to_string());
    assert!(Command::new("sh").args(["-euc", &reload]).status().unwrap().success());
    server.logged("asked to read the key set again").await;
    assert!(folder.0.join("tidings.db").is_file(), "the store is in the folder of the state");
    server.drain().await;
}

#[cfg(target_os = "linux")]
mod systemd {
    use super::*;

    /// What systemd says of the unit, in good order.
    fn analyze(arguments: &[&str], unit: &Path) -> String {
        let mut command = Command::new("systemd-analyze");
        let output = command.args(arguments).arg(unit).stdin(Stdio::null()).output().expect("systemd is installed");
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{said}");
        said
    }

    #[test]
    fn a_unit_is_right_and_exposes_little() {
        let folder = Folder::new();
        let file = folder.0.join("tidings-server.service");
        std::fs::write(&file, UNIT.replace("/usr/local/bin/tidings-server", env!("CARGO_BIN_EXE_tidings-server")))
            .unwrap();
        assert_eq!(analyze(&["verify", "--man=no"], &file), "");
        // In tenths: 100 is what a unit without any of it has.
        analyze(&["security", "--offline=true", "--threshold=15"], &file);
    }
}
