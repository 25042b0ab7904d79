//! One suite for every store of the client: a list of requests, each with the
//! answer a correct store gives. The runner carries them out in order.

use crate::storage::{Record, StorageAnswer, StorageError, StorageRequest, Write};

/// One request of the suite.
#[derive(Debug, Clone)]
pub struct ContractStep {
    /// The behaviour it shows.
    pub name: &'static str,
    /// The request.
    pub request: StorageRequest,
}

/// The suite, at some step.
#[derive(Debug)]
pub struct Contract {
    steps: std::vec::IntoIter<(ContractStep, StorageAnswer)>,
    expected: Option<StorageAnswer>,
}

impl Default for Contract {
    fn default() -> Self {
        Self::new()
    }
}

impl Contract {
    /// The suite at its first step; the store is empty.
    pub fn new() -> Self {
        Self { steps: steps().into_iter(), expected: None }
    }

    /// The next request; none at the end.
    pub fn next_step(&mut self) -> Option<ContractStep> {
        let (step, expected) = self.steps.next()?;
        self.expected = Some(expected);
        Some(step)
    }

    /// Compares the store's answer to the last request with the correct one.
    ///
    /// # Errors
    /// The expected answer.
    pub fn check(&mut self, answer: &Result<StorageAnswer, StorageError>) -> Result<(), String> {
        match (answer, self.expected.take()) {
            (Ok(answer), Some(expected)) if *answer == expected => Ok(()),
            (answer, expected) => Err(format!("{answer:?} instead of {expected:?}")),
        }
    }
}

fn steps() -> Vec<(ContractStep, StorageAnswer)> {
    let read = |prefixes: &[&str]| StorageRequest::Read(prefixes.iter().map(|&prefix| prefix.to_owned()).collect());
    let put = |key: &str, value: &[u8]| Write::Put(key.to_owned(), value.to_vec());
    let delete = |key: &str| Write::Delete(key.to_owned());
    let records = |records: &[(&str, &[u8])]| {
        let own = |&(key, value): &(&str, &[u8])| -> Record { (key.to_owned(), value.to_vec()) };
        StorageAnswer::Records(records.iter().map(own).collect())
    };
    let written = || StorageAnswer::Written;
    let large = vec![7u8; 300_000];
    let step = |name, request, answer| (ContractStep { name, request }, answer);
    vec![
        step("an empty store has no record", read(&[""]), records(&[])),
        step(
            "a transaction writes all of its records",
            StorageRequest::Write(vec![put("b/2", b"two"), put("a/1", b"one"), put("b/10", b"ten"), put("c", b"")]),
            written(),
        ),
        step("records come by rising key", read(&["b/"]), records(&[("b/10", b"ten"), ("b/2", b"two")])),
        step("a whole key reads its record", read(&["a/1"]), records(&[("a/1", b"one")])),
        step(
            "several prefixes are read as one, each record once",
            read(&["c", "a/", "a/1"]),
            records(&[("a/1", b"one"), ("c", b"")]),
        ),
        step("an unknown prefix reads nothing", read(&["x/"]), records(&[])),
        step("an empty list reads nothing", read(&[]), records(&[])),
        step(
            "later writes of a transaction see the earlier ones",
            StorageRequest::Write(vec![
                put("a/1", b"uno"),
                delete("c"),
                delete("never"),
                put("d", b"x"),
                Write::DeletePrefix("b/".into()),
                put("b/3", b"three"),
                delete("d"),
            ]),
            written(),
        ),
        step("what was deleted is gone", read(&[""]), records(&[("a/1", b"uno"), ("b/3", b"three")])),
        step("large values are whole", StorageRequest::Write(vec![put("large", &large)]), written()),
        step("and read back whole", read(&["large"]), records(&[("large", &large)])),
        step(
            "keys sort by their bytes",
            StorageRequest::Write(vec![put("k/é", b"1"), put("k/z", b"2"), put("k/Z", b"3"), put("k/😀", b"4")]),
            written(),
        ),
        step(
            "upper case before lower, ASCII before the rest",
            read(&["k/"]),
            records(&[("k/Z", b"3"), ("k/z", b"2"), ("k/é", b"1"), ("k/😀", b"4")]),
        ),
        step("an empty transaction is complete", StorageRequest::Write(vec![]), written()),
    ]
}
