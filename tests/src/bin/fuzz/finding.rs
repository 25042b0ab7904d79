//! An input that found something: how it ended, minimized, and kept with the earlier ones.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use sha2::{Digest, Sha256};
use tidings_tests::fuzz::{Target, panics::Panic};

/// Maximum number of attempts to minimize one finding.
const ATTEMPTS_MAX: usize = 400;

/// Exit codes of a process that ran inputs. Any other code, or a signal, means that it died.
const PANICKED: u8 = 1;
pub const TOO_LONG: u8 = 3;
const TOO_MUCH_MEMORY: u8 = 4;

/// The way an input ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    Well,
    Panicked(Panic),
    TooLong,
    TooMuchMemory,
}

impl Ended {
    /// The common feature of inputs that found the same thing.
    pub fn signature(&self) -> String {
        match self {
            Self::Well => "nothing".into(),
            Self::Panicked(panic) => format!("panic at {}", panic.place),
            Self::TooLong => "too long".into(),
            Self::TooMuchMemory => "too much memory".into(),
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Well => 0,
            Self::Panicked(_) => PANICKED,
            Self::TooLong => TOO_LONG,
            Self::TooMuchMemory => TOO_MUCH_MEMORY,
        })
    }
}

/// Something found.
#[derive(Debug)]
pub struct Finding {
    pub signature: String,
    file: PathBuf,
}

impl Finding {
    /// The finding of a worker that ended, from the input it left; none if it ended before its first one.
    pub fn of(target: &Target, current: &Path) -> Option<Self> {
        let record = fs::read(current).ok()?;
        let (length, bytes) = record.split_at_checked(8)?;
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
        let input = bytes[..length.min(bytes.len())].to_vec();
        let signature = try_out(target, current, &input);
        // An input that does not reproduce, as when the worker was killed by hand, is kept as it is.
        let again = signature != Ended::Well.signature();
        let small =
            if again { minimize(input, |smaller| try_out(target, current, smaller) == signature) } else { input };
        let name: String = Sha256::digest(&small).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let folder = folder("found", target);
        fs::create_dir_all(&folder).expect("the folder of findings can be written");
        let file = folder.join(name);
        fs::write(&file, small).expect("the folder of findings can be written");
        Some(Self { signature, file })
    }

    /// Prints the finding and how to reproduce it.
    pub fn print(&self, target: &Target) {
        let program = env::current_exe().expect("a process knows its program");
        println!(
            "{}: {}\n  {} {} --replay {}",
            target.name,
            self.signature,
            program.display(),
            target.name,
            self.file.display()
        );
    }
}

/// The folder of inputs that a target starts with, beside its seeds.
pub fn corpus_folder(target: &Target) -> PathBuf {
    folder("corpus", target)
}

fn folder(kind: &str, target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind).join(target.name)
}

/// Runs an input in a process of its own; returns its finding.
fn try_out(target: &Target, scratch: &Path, input: &[u8]) -> String {
    let file = scratch.with_extension("try");
    fs::write(&file, input).expect("the folder of inputs can be written");
    let mut process = Command::new(env::current_exe().expect("a process knows its program"));
    let output = process.args([target.name, "--replay"]).arg(&file).output().expect("the own program can be started");
    match output.status.code() {
        Some(0) => Ended::Well.signature(),
        Some(_) => String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned(),
        None => "the process died".into(),
    }
}

/// Minimizes an input that still finds the same: removes runs of bytes, from half of it down to single ones,
/// then tries zeros.
fn minimize(mut input: Vec<u8>, mut finds: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut attempts = 0;
    let mut try_one = |smaller: &[u8]| {
        attempts += 1;
        attempts <= ATTEMPTS_MAX && finds(smaller)
    };
    let mut step = input.len().div_ceil(2);
    while step > 0 {
        let mut at = 0;
        while at < input.len() {
            let end = (at + step).min(input.len());
            let smaller = [&input[..at], &input[end..]].concat();
            if try_one(&smaller) {
                input = smaller;
            } else {
                at = end;
            }
        }
        step /= 2;
    }
    for at in 0..input.len() {
        let former = core::mem::replace(&mut input[at], 0);
        if former != 0 && !try_one(&input) {
            input[at] = former;
        }
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_goes() {
        let finds = |input: &[u8]| input.contains(&7) && input.iter().position(|byte| *byte == 9) > Some(0);
        let small = minimize((0..60).collect(), finds);
        assert_eq!(small, [7, 9]);
        assert_eq!(minimize(vec![5; 40], |input| input.len() > 3), [0; 4]);
    }
}
