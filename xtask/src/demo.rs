//! `cargo xtask demo`: one command from a clone to a page in the browser.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context;

use crate::step::{self, Ended};
use crate::wasm::{self, Build};
use crate::{machine, npm, workspace};

/// What the demo runs on.
#[derive(Debug, PartialEq, clap::Args)]
pub struct Demo {
    /// Keep the journal in this Postgres, not in an SQLite file under target/demo/, which outlives the demo.
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// The TCP port of the page and of the server behind it.
    #[arg(long, value_name = "N", default_value_t = 4870)]
    pub port: u16,
}

/// Builds everything, serves it until Ctrl-C, and ends as the server ended.
///
/// # Errors
/// When a part fails to build or the server cannot be started.
pub fn run(demo: &Demo) -> anyhow::Result<ExitCode> {
    machine::ensure_node()?;
    wasm::build_package(Build::Shipped)?;
    build_page()?;
    step::run("server", &mut workspace::cargo(&["build", "--package", "tidings-server"]))?;
    serve(demo)
}

/// Builds the page that the server hands out.
///
/// # Errors
/// When its types do not check or it does not build.
pub fn build_page() -> anyhow::Result<()> {
    let folder = workspace::web_demo();
    npm::install(&folder)?;
    step::run(&npm::title(&folder, "npm run build"), &mut npm::script(&folder, "build"))?;
    Ok(())
}

fn serve(demo: &Demo) -> anyhow::Result<ExitCode> {
    let store = match &demo.postgres {
        Some(url) => url.clone(),
        None => {
            let folder = workspace::target().join("demo");
            fs::create_dir_all(&folder)?;
            format!("sqlite:{}", folder.join("tidings.sqlite").display())
        }
    };
    let address = format!("127.0.0.1:{}", demo.port);
    // Whoever listens there already would answer in the server's place; the
    // server then says so itself and ends.
    let mut announced = answers(&address);
    let mut server = Command::new(workspace::program("tidings-server"))
        .args(["serve", "--dev", "--listen", &address, "--store", &store, "--demo"])
        .arg(workspace::web_demo().join("dist"))
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .context("the server could not be started")?;
    let ended = step::wait(&mut server, None, || {
        if !announced && answers(&address) {
            announced = true;
            println!("\nTidings is at http://{address}  (Ctrl-C ends it)\n");
        }
    })?;
    Ok(match ended {
        // The signal was the wish of whoever watches the demo, not a failure.
        Ended::Interrupted(status) if status.success() => ExitCode::SUCCESS,
        Ended::ByItself(status) | Ended::Interrupted(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Ended::TooLong => unreachable!("Invariant: the demo has no longest duration"),
    })
}

fn answers(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}
