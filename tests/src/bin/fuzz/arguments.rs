//! Command line of the fuzzer.

use std::path::{Path, PathBuf};

use tidings_tests::fuzz::{self, TARGETS, Target};

pub const USAGE: &str = "\
usage: fuzz TARGET [--seconds N] [--inputs N] [--seed S] [--keep FOLDER]
       fuzz TARGET --replay FILE

  --seconds N     how long; 60 unless told, or unless inputs are counted
  --inputs N      how many inputs: the same seed then runs the same inputs
  --seed S        where chance begins; 1 unless told
  --keep FOLDER   at the end, writes there a few inputs that brought most of
                  what was new
  --replay FILE   runs one input and tells what became of it";

/// Duration of a run unless told otherwise.
const SECONDS: u64 = 60;

/// The role of this process.
#[derive(Debug, PartialEq)]
pub enum Mode {
    /// Starts another process that runs inputs, and supervises it.
    Watch,
    /// Runs inputs.
    Work,
    /// Runs the input in a file.
    Replay(PathBuf),
}

/// The parsed command line.
#[derive(Debug)]
pub struct Arguments {
    pub mode: Mode,
    pub target: Target,
    pub seconds: Option<u64>,
    pub inputs: Option<u64>,
    pub seed: u64,
    pub keep: Option<PathBuf>,
    /// The file in which a worker leaves the input it runs.
    pub current: PathBuf,
    /// Findings so far: a worker continues past them.
    pub known: Vec<String>,
}

impl Arguments {
    /// Parses the words after the program's name.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut words = words.iter().map(String::as_str);
        let names = || TARGETS.map(|target| target.name).join(", ");
        let name = words.next().ok_or_else(|| format!("no target; there are {}", names()))?;
        let target = fuzz::target(name).ok_or_else(|| format!("no target `{name}`; there are {}", names()))?;
        let mut arguments = Self {
            mode: Mode::Watch,
            target,
            seconds: None,
            inputs: None,
            seed: 1,
            keep: None,
            current: PathBuf::new(),
            known: Vec::new(),
        };
        while let Some(flag) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{flag}` needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("`{value}` is not a number"));
            match flag {
                "--seconds" => arguments.seconds = Some(number()?),
                "--inputs" => arguments.inputs = Some(number()?),
                "--seed" => arguments.seed = number()?,
                "--keep" => arguments.keep = Some(value.into()),
                "--replay" => arguments.mode = Mode::Replay(value.into()),
                // Passed by the supervising process to its worker.
                "--work" => (arguments.mode, arguments.current) = (Mode::Work, value.into()),
                "--known" => arguments.known.push(value.to_owned()),
                _ => return Err(format!("no option `{flag}`")),
            }
        }
        if arguments.seconds.is_none() && arguments.inputs.is_none() {
            arguments.seconds = Some(SECONDS);
        }
        Ok(arguments)
    }

    /// The arguments that make a worker of this program.
    pub fn for_worker<'a>(
        &self,
        seed: u64,
        seconds: Option<u64>,
        current: &Path,
        known: impl Iterator<Item = &'a str>,
    ) -> Vec<String> {
        let mut words = vec![self.target.name.to_owned(), "--seed".into(), seed.to_string()];
        let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
        seconds.into_iter().for_each(|seconds| add("--seconds", seconds.to_string()));
        self.inputs.into_iter().for_each(|inputs| add("--inputs", inputs.to_string()));
        self.keep.iter().for_each(|keep| add("--keep", keep.display().to_string()));
        add("--work", current.display().to_string());
        known.for_each(|known| add("--known", known.to_owned()));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Arguments::parse(&words)
    }

    #[test]
    fn a_worker_is_told_what_its_watcher_was() {
        let watcher = parse("frame --inputs 9 --seed 4 --keep there").unwrap();
        assert_eq!((watcher.seconds, watcher.inputs), (None, Some(9)));
        let words = watcher.for_worker(5, Some(7), Path::new("here"), ["panic at x"].into_iter());
        let worker = Arguments::parse(&words).unwrap();
        assert_eq!((worker.mode, worker.seed, worker.seconds, worker.inputs), (Mode::Work, 5, Some(7), Some(9)));
        assert_eq!(worker.known, ["panic at x"]);
        assert_eq!((worker.current, worker.keep), ("here".into(), Some("there".into())));
    }

    #[test]
    fn unknown_words_are_refused() {
        for line in ["", "nothing", "frame --fast 1", "frame --seed", "frame --seed x"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("frame").unwrap().seconds, Some(SECONDS));
    }
}
