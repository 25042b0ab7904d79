//! Writes the hostile corpus and the permission matrix, with the authority's answers, to a file, for tests that
//! put them to the same authority elsewhere: `hostile-corpus FILE`.

use std::{env, fs, io, path::PathBuf};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tidings_core::{
    authority::{Judge, Session},
    ids::{ConversationId, TenantId},
    time::WallTime,
    wire::{ClientFrame, DocumentSnapshot, Fetched, Push, PushedChange, ServerFrame, encode},
};
use tidings_tests::{
    hostile::{Case, Setup, corpus},
    matrix::{self, ACTORS, Table, policies_that_matter},
};

fn main() -> io::Result<()> {
    let path = env::args_os().nth(1).map(PathBuf::from).ok_or_else(|| io::Error::other("name the file to write"))?;
    fs::write(path, file().to_string())
}

fn file() -> Value {
    let mut file = hostile();
    file["matrix"] = matrix();
    file
}

fn hostile() -> Value {
    let tenant = TenantId::parse("acme").expect("a legal id");
    let now = WallTime::from_millis(1_767_225_600_000);
    let (mut setup, _) = Setup::new(&tenant, ConversationId::from_bytes([0xb0; 16]), now);
    let court = Court::new(&setup.attacker.clone(), fetched(&setup), now);
    let push = |pushed: &PushedChange| {
        let stream = court.fetched.stream.clone();
        Push { request: 7, stream, changes: vec![pushed.clone()] }
    };
    let cases: Vec<Case> = corpus(&setup).into_iter().filter(Case::fits_a_frame).collect();
    let cases: Vec<Value> = cases.iter().map(|case| court.case(case.to_string(), push(&case.pushed))).collect();
    let honest = setup.next_message(&setup.attacker.clone());
    let mut file = court.file(cases);
    file["honest"] = court.case("honest".to_owned(), push(&honest));
    file
}

/// Every actor in every scene of the matrix.
fn matrix() -> Value {
    let table = Table::read();
    let mut courts = Vec::new();
    let sections = ["active", "locked", "archived", "closed", "deleted"];
    for (section, policy) in
        sections.iter().flat_map(|section| policies_that_matter().into_iter().map(move |policy| (section, policy)))
    {
        let setup = matrix::Setup::new(section, policy);
        for actor in ACTORS {
            let court = Court::new(&matrix::session(actor), setup.fetched(), matrix::NOW);
            let lines = table.under(section, policy);
            let name = |action: &str| format!("{actor}: {action}, {section}, {policy:?}");
            let cases = lines.iter().map(|line| court.case(name(&line.action), setup.push(actor, &line.action)));
            courts.push(court.file(cases.collect()));
        }
    }
    courts.into()
}

/// One session before the authority of one stream.
struct Court {
    session: Session,
    fetched: Fetched,
    now: WallTime,
    judge: Judge,
}

impl Court {
    fn new(session: &Session, fetched: Fetched, now: WallTime) -> Self {
        let judge = Judge::new(session.clone(), &fetched).expect("what was saved loads");
        Self { session: session.clone(), fetched, now, judge }
    }

    /// A push with its answer.
    fn case(&self, name: String, push: Push) -> Value {
        let answer = encode(&self.judge.judge(&push, self.now));
        json!({
            "name": name,
            "push": BASE64.encode(&encode(&ClientFrame::Push(push))),
            "answer": BASE64.encode(&answer),
        })
    }

    /// Everything that another authority needs to be asked the same.
    fn file(&self, cases: Vec<Value>) -> Value {
        json!({
            "tenant": self.session.tenant.as_str(),
            "account": self.session.account.as_str(),
            "administrator": self.session.administrator,
            "device": BASE64.encode(self.session.device.as_bytes()),
            "acceptedAt": self.now.as_millis(),
            "fetched": BASE64.encode(&encode(&ServerFrame::Fetched(self.fetched.clone()))),
            "cases": cases,
        })
    }
}

/// The stream as a server would send it: snapshots, and the entries after them.
fn fetched(setup: &Setup) -> Fetched {
    let documents: Vec<DocumentSnapshot> = setup
        .earlier
        .documents()
        .map(|document| {
            let (position, data, admissions) = document.save();
            DocumentSnapshot { document: document.id().clone(), position, data, admissions }
        })
        .collect();
    let behind = setup.journal.iter().filter(|entry| entry.position > setup.earlier.position());
    Fetched {
        request: 1,
        stream: setup.stream.id().clone(),
        head: setup.stream.position(),
        page: setup.stream.page(),
        restart: true,
        documents,
        entries: behind.cloned().collect(),
        receipts: Vec::new(),
        threads: Vec::new(),
        lacks: Vec::new(),
        unread: None,
        chain: setup.stream.head().chain,
    }
}
