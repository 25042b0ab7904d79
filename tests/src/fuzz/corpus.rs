//! Inputs that are worth mutating: each of them covered something new when it ran. The next input is one of
//! them, edited and spliced at random.

use std::{collections::BTreeSet, fs, io, path::Path};

use crate::{
    fuzz::{Target, Verdict, edit, script::Script},
    random::Random,
};

/// Maximum bytes of an input; beyond it edits only make it slower.
pub const INPUT_BYTES_MAX: usize = 4_096;
/// Maximum number of edits of one input.
const EDITS_MAX: u64 = 6;

/// Inputs, and what they have covered so far.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    inputs: Vec<Vec<u8>>,
    seen: BTreeSet<String>,
}

impl Corpus {
    /// The seeds of a target with the files of a folder, if it exists.
    ///
    /// # Errors
    /// When a file of the folder cannot be read.
    pub fn of(target: &Target, folder: &Path) -> io::Result<Self> {
        let mut inputs = (target.seeds)();
        inputs.extend(read_folder(folder)?.into_iter().map(|(_, input)| input));
        Ok(Self { inputs, seen: BTreeSet::new() })
    }

    /// The inputs.
    pub fn inputs(&self) -> &[Vec<u8>] {
        &self.inputs
    }

    /// Returns true if the verdict contains something new.
    pub fn learn(&mut self, verdict: &Verdict) -> bool {
        let mut new = false;
        for name in verdict.accepted.keys().chain(verdict.refused.keys()) {
            if !self.seen.contains(name) {
                new |= self.seen.insert(name.clone());
            }
        }
        new
    }

    /// Keeps an input to mutate later.
    pub fn keep(&mut self, input: Vec<u8>) {
        self.inputs.push(input);
    }

    /// Returns an input that is most likely new.
    pub fn next(&self, random: &mut Random) -> Vec<u8> {
        let input = random.pick(&self.inputs).clone();
        self.vary(input, random)
    }

    /// The same, each input by turns: what goes on from few of them is drawn as often as all else.
    pub fn next_by_turns(&self, turn: usize, random: &mut Random) -> Vec<u8> {
        self.vary(self.inputs[turn % self.inputs.len()].clone(), random)
    }

    fn vary(&self, mut input: Vec<u8>, random: &mut Random) -> Vec<u8> {
        if random.chance(15) {
            let other = random.pick(&self.inputs);
            let cut = |bytes: &[u8], random: &mut Random| random.below(bytes.len() as u64 + 1) as usize;
            let (end, begin) = (cut(&input, random), cut(other, random));
            input.truncate(end);
            input.extend(&other[begin..]);
        }
        if random.chance(10) {
            let count = random.below(64);
            input.extend((0..count).map(|_| random.number() as u8));
        }
        for _ in 0..=random.below(EDITS_MAX) {
            let choices: Vec<u8> = (0..5).flat_map(|_| random.number().to_le_bytes()).collect();
            input = edit::edit(&mut Script::new(&choices), input);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }
}

/// The files of a folder with their contents, by name; none if there is no such folder. Text files beside the
/// inputs are skipped.
///
/// # Errors
/// When one cannot be read.
pub fn read_folder(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !name.ends_with(".md") {
            files.push((name, fs::read(entry.path())?));
        }
    }
    files.sort();
    Ok(files)
}
