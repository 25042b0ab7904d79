//! The program: parse the command line, do what it says, end with one clear
//! line when that fails.

use std::process::ExitCode;

use clap::Parser as _;
use tidings_server::{
    config::{Cli, Command},
    error::ServeError,
    health,
    http::v1,
    operate::{self, send, squash},
    start,
    transfer::cli as transfer,
    webhook::cli as webhook,
};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(config) => run(start::serve(*config)),
        Command::Suspend(request) => run(operate::suspend(request)),
        Command::Erase(request) => run(operate::erase(request)),
        Command::Verify(request) => run(operate::verify(request)),
        Command::Mend(request) => run(operate::mend(request)),
        Command::Migrate(request) => run(operate::migrate(request)),
        Command::Restored(request) => run(operate::restored(request)),
        Command::Backup(request) => run(operate::backup(request)),
        Command::Send(request) => run(send::send(request)),
        Command::Squash(request) => run(squash::squash(request)),
        Command::Export(request) => run(transfer::export(request)),
        Command::Import(request) => run(transfer::import(*request)),
        Command::Webhook(request) => run(webhook::run(request)),
        Command::Openapi => match v1::description().to_pretty_json() {
            Ok(description) => {
                println!("{description}");
                ExitCode::SUCCESS
            }
            Err(error) => fail("internal", &error),
        },
        Command::Health(request) => run(health::health(request)),
        Command::Token(request) => match start::issue_token(&request) {
            Ok(token) => {
                println!("{token}");
                ExitCode::SUCCESS
            }
            Err(error) => fail(error.code(), &error),
        },
    }
}

fn run(work: impl Future<Output = Result<(), ServeError>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail("runtime_failed", &error),
    };
    match runtime.block_on(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.code(), &error),
    }
}

fn fail(code: &str, error: &dyn std::error::Error) -> ExitCode {
    // One line, whatever the cause says.
    let text = error.to_string().replace('\n', " ");
    eprintln!("tidings-server: {code}: {text}");
    ExitCode::FAILURE
}
