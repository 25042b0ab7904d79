//! A server process: started, measured, killed.

use std::{fs, net::SocketAddr, path::Path, process::Stdio};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::PATIENCE;

/// Clock ticks a second in `/proc`, on every Linux there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server; killed when dropped.
pub struct Process {
    /// The address it listens on.
    pub address: SocketAddr,
    id: u32,
    child: Child,
    /// Kept open, because a server that cannot write its log ends.
    _output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a program and waits until it prints its address.
    ///
    /// # Errors
    /// When it ends before that, or prints nothing.
    pub async fn start(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} could not be run", program.display()))?;
        let id = child.id().context("the server ended at once")?;
        let mut output = BufReader::new(child.stdout.take().context("the server has an output")?);
        let address = timeout(PATIENCE, async {
            let mut line = String::new();
            loop {
                line.clear();
                anyhow::ensure!(output.read_line(&mut line).await? > 0, "the server ended before it listened");
                if let Some((_, address)) = line.trim().split_once("listening on http://") {
                    return Ok(address.parse()?);
                }
            }
        });
        let address = address.await.context("the server does not listen in time")??;
        Ok(Self { address, id, child, _output: output })
    }

    /// Kills it and waits until it is gone.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// The processor time used, ms, in steps of ten.
    pub fn cpu_ms(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // The name, in parentheses, may contain spaces; user and system time are the 12th and 13th field
        // after it.
        let (_, fields) = stat.rsplit_once(')').context("a stat line has a name")?;
        let mut ticks = fields.split_whitespace().skip(11);
        let mut next = || -> anyhow::Result<f64> { Ok(ticks.next().context("a stat line has times")?.parse()?) };
        Ok((next()? + next()?) * 1_000.0 / TICKS_PER_SECOND)
    }

    /// Its memory in use, KiB.
    pub fn memory_kib(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process has memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}
