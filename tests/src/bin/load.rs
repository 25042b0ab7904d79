//! The load client: `cargo xtask bench server` calls it. Prints one JSON result.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};
use serde_json::{Map, Value, json};
use tidings_tests::load::{self, Bench, Stores};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure a server on the given stores.
    Run {
        /// The server's program.
        #[arg(long)]
        server: PathBuf,
        /// Measure on SQLite, in this folder.
        #[arg(long)]
        sqlite: Option<PathBuf>,
        /// Measure on Postgres, in the cluster of this URL.
        #[arg(long)]
        postgres: Option<String>,
        /// Seconds for which a member floods a conversation.
        #[arg(long, default_value_t = 600)]
        flood_seconds: u64,
        /// Run only the scenarios with these names.
        #[arg(long)]
        only: Vec<String>,
    },
    /// Run the bare server that figures are compared with.
    Raw {
        /// The URL of its store.
        #[arg(long)]
        store: String,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Raw { store } => load::raw::serve(&store).await,
        Command::Run { server, sqlite, postgres, flood_seconds, only } => {
            let flood = Duration::from_secs(flood_seconds);
            let stores = [("sqlite", sqlite.map(Stores::Sqlite)), ("postgres", postgres.map(Stores::Postgres))];
            let mut result = Map::new();
            for name in load::NAMES.iter().filter(|name| only.is_empty() || only.iter().any(|only| only == *name)) {
                let mut by_store = Map::new();
                for (kind, stores) in stores.iter().filter_map(|(kind, stores)| Some((*kind, stores.clone()?))) {
                    let figures = load::run(name, &Bench { server: server.clone(), stores, flood }).await?;
                    eprintln!("{name} on {kind}: {figures}");
                    by_store.insert(kind.to_owned(), figures);
                }
                result.insert((*name).to_owned(), Value::Object(by_store));
            }
            println!("{}", json!(result));
            Ok(())
        }
    }
}
