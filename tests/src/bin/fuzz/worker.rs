//! Runs inputs in this process, one after another, each within limits of time and memory. A violation ends the
//! process, with the input in a file.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
    process::{self, ExitCode},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use tidings_tests::{
    fuzz::{Target, Verdict, corpus::Corpus, panics},
    random::Random,
};

use crate::{
    ALLOCATOR,
    arguments::Arguments,
    finding::{self, Ended},
    report::Report,
};

/// Maximum duration of one input. The slowest honest one takes a thousandth of it.
const INPUT_DURATION_MAX: Duration = Duration::from_secs(10);
/// Interval between looks at the clock.
const LOOK: Duration = Duration::from_millis(100);
/// Memory beyond which the process ends itself.
const PROCESS_BYTES_MAX: usize = 1 << 30;

/// Maximum number of inputs that `--keep` writes: the repository keeps them for ever.
const KEPT_MAX: usize = 24;

/// Runs inputs until the time is over, all have run, or one finds something.
pub fn work(arguments: &Arguments) -> ExitCode {
    let target = arguments.target;
    let clock = Clock::start();
    let current = File::create(&arguments.current).expect("the file of the current input can be written");
    let mut corpus = Corpus::of(&target, &finding::corpus_folder(&target)).expect("the kept corpus is read");
    let mut random = Random::new(arguments.seed);
    let mut report = Report::start(&target);
    let mut kept: Vec<(Vec<u8>, BTreeSet<String>)> = Vec::new();
    let first = corpus.inputs().to_vec();
    let drawn = arguments.inputs.unwrap_or(u64::MAX);
    let deadline = arguments.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    for number in 0..drawn.saturating_add(first.len() as u64) {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
        let from_corpus = first.get(number as usize).cloned();
        let is_new = from_corpus.is_none();
        let by_turns = (number % 2 == 0).then_some(number as usize / 2);
        let input = from_corpus.unwrap_or_else(|| match by_turns {
            Some(turn) => corpus.next_by_turns(turn, &mut random),
            None => corpus.next(&mut random),
        });
        leave(&current, &input);
        match run(&target, &clock, &input) {
            (Ended::Well, verdict) => {
                report.count(&verdict);
                if corpus.learn(&verdict) {
                    let names = verdict.accepted.into_keys().chain(verdict.refused.into_keys()).collect();
                    kept.push((input.clone(), names));
                    if is_new {
                        corpus.keep(input);
                    }
                }
            }
            (ended, _) if arguments.known.contains(&ended.signature()) => report.passed_over += 1,
            (ended, _) => {
                report.print();
                return ended.exit_code();
            }
        }
    }
    report.print();
    if let Some(folder) = &arguments.keep {
        keep(folder, kept);
    }
    ExitCode::SUCCESS
}

/// Runs one file.
pub fn replay(target: &Target, file: &Path) -> ExitCode {
    let input = match fs::read(file) {
        Ok(input) => input,
        Err(error) => {
            eprintln!("fuzz: {} cannot be read: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    let clock = Clock::start();
    let (ended, verdict) = run(target, &clock, &input);
    match &ended {
        Ended::Well => {
            for (name, count) in &verdict.accepted {
                println!("accepted {count} × {name}");
            }
            for (name, count) in &verdict.refused {
                println!("refused {count} × {name}");
            }
        }
        ended => println!("{}", ended.signature()),
    }
    if let Ended::Panicked(panic) = &ended {
        eprintln!("{}", panic.message);
    }
    ended.exit_code()
}

fn run(target: &Target, clock: &Clock, input: &[u8]) -> (Ended, Verdict) {
    let (allocated, peak) = (ALLOCATOR.allocated(), ALLOCATOR.max_allocated());
    clock.begin();
    let answer = panics::run(target, input);
    clock.end();
    match answer {
        Err(panic) => (Ended::Panicked(panic), Verdict::default()),
        Ok(verdict) => {
            let peak_after = ALLOCATOR.max_allocated();
            let bytes = peak_after.saturating_sub(allocated);
            // An earlier peak says nothing about this input.
            if peak_after > peak && bytes > (target.memory_bytes_max)(input.len()) {
                (Ended::TooMuchMemory, verdict)
            } else {
                (Ended::Well, verdict)
            }
        }
    }
}

/// Leaves the input where it is found if this process dies of it: its length first, because an earlier one may
/// have been longer.
fn leave(current: &File, input: &[u8]) {
    let record = [&(input.len() as u64).to_le_bytes()[..], input].concat();
    current.write_all_at(&record, 0).expect("the file of the current input can be written");
}

/// Writes the inputs that cover most names, chosen greedily: first those with the most missing names and, among
/// equals, the shortest.
fn keep(folder: &Path, mut inputs: Vec<(Vec<u8>, BTreeSet<String>)>) {
    fs::create_dir_all(folder).expect("the folder can be written");
    for number in 0..KEPT_MAX {
        let best = inputs.iter().max_by_key(|(input, names)| (names.len(), core::cmp::Reverse(input.len()))).cloned();
        let Some((input, names)) = best.filter(|(_, names)| !names.is_empty()) else { return };
        for (_, others) in &mut inputs {
            others.retain(|name| !names.contains(name));
        }
        fs::write(folder.join(format!("{number:02}")), input).expect("the folder can be written");
    }
}

/// Ends the process when an input takes too long.
struct Clock {
    /// When the current input began, in ms from the start plus 1; 0 for none.
    began: Arc<AtomicU64>,
    started: Instant,
    /// Dropped with the clock, which ends its thread.
    _alive: mpsc::Sender<()>,
}

impl Clock {
    fn start() -> Self {
        ALLOCATOR.set_limit(PROCESS_BYTES_MAX).expect("a process begins small");
        let (alive, gone) = mpsc::channel::<()>();
        let began = Arc::new(AtomicU64::new(0));
        let (seen, started) = (began.clone(), Instant::now());
        thread::spawn(move || {
            while gone.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let began = seen.load(Ordering::Relaxed);
                let elapsed = Duration::from_millis(started.elapsed().as_millis() as u64 + 1 - began.min(1));
                if began != 0 && elapsed.saturating_sub(Duration::from_millis(began)) > INPUT_DURATION_MAX {
                    println!("{}", Ended::TooLong.signature());
                    process::exit(finding::TOO_LONG.into());
                }
            }
        });
        Self { began, started, _alive: alive }
    }

    fn begin(&self) {
        self.began.store(self.started.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
    }

    fn end(&self) {
        self.began.store(0, Ordering::Relaxed);
    }
}
