//! Costs of the authority: each step of admitting an honest change to a page of a given length.

use std::hint::black_box;

use tidings_core::{
    authority::{Session, Stream, step},
    doc::{Change, Document, Fact},
    ids::{AccountId, ConversationId, DeviceId, DocumentId, MessageId, Stamp, StreamId, TenantId, TimelineId},
    limits::Limits,
    model::{ConversationKind, Created, MessageBody, Role},
    time::WallTime,
    wire::PushedChange,
};

use crate::{
    bench::{Clock, median},
    random::Random,
    roster::first_members,
};

/// The steps in their order.
pub const STEPS: [&str; 8] =
    ["pre-scan", "decode", "header", "canonical", "operations", "predecessors", "decision", "apply"];

const CONVERSATION: ConversationId = ConversationId::from_bytes([7; 16]);
/// Devices that take turns writing.
const AUTHORS: usize = 20;
/// Changes measured on each page.
const MEASURED: u32 = 300;
/// Percentage of changes that have not seen the previous one, by another author.
const CONCURRENT_PERCENT: u64 = 15;
/// One reaction, to the previous message, after this many messages.
const REACTION_EVERY: u32 = 10;

/// Cost of admitting one change, microseconds.
#[derive(Debug, Clone)]
pub struct Cost {
    /// Changes on the page before the first that was measured.
    pub page: u32,
    /// The median of each step.
    pub steps: [f64; STEPS.len()],
    /// The median of the whole, without reading the clock in between.
    pub admit: f64,
}

/// Measures honest messages and reactions on a page that already has `page` changes.
pub fn measure(page: u32, clock: Clock<'_>) -> Cost {
    let mut writer = Writer::new();
    let mut stream = writer.empty();
    let admit = |stream: &mut Stream, (session, pushed): &(Session, PushedChange)| {
        for missing in stream.missing(&pushed.document) {
            stream.insert(Document::new(missing));
        }
        stream.admit(session, pushed, NOW, &LIMITS).expect(HONEST);
    };
    admit(&mut stream, &writer.create());
    for _ in 0..page {
        admit(&mut stream, &writer.write());
    }
    stream.drop_fallbacks();
    let pushed: Vec<(Session, PushedChange)> = (0..MEASURED).map(|_| writer.write()).collect();
    let mut stepwise = stream.clone();
    let whole = pushed.iter().map(|pushed| {
        let start = clock();
        admit(&mut stream, pushed);
        clock() - start
    });
    let whole = median(whole.collect());
    let mut times: [Vec<f64>; STEPS.len()] = Default::default();
    for (session, pushed) in &pushed {
        let costs = admit_by_steps(&mut stepwise, session, pushed, clock);
        for (times, cost) in times.iter_mut().zip(costs) {
            times.push(cost);
        }
    }
    Cost { page, steps: times.map(median), admit: whole }
}

fn admit_by_steps(
    stream: &mut Stream,
    session: &Session,
    pushed: &PushedChange,
    clock: Clock<'_>,
) -> [f64; STEPS.len()] {
    let document = stream.document(&pushed.document).expect("the page is loaded");
    let mut marks = [clock(); STEPS.len() + 1];
    step::prescan(&pushed.change, &LIMITS).expect(HONEST);
    marks[1] = clock();
    let (change, decoded) = Change::decode(&pushed.change).expect(HONEST);
    marks[2] = clock();
    step::header(document, &change, NOW, &LIMITS).expect(HONEST);
    marks[3] = clock();
    step::canonical(&change, decoded, &pushed.change).expect(HONEST);
    marks[4] = clock();
    let facts = step::operations(&pushed.document, &change, &LIMITS).expect(HONEST);
    marks[5] = clock();
    step::predecessors(document, &change).expect(HONEST);
    marks[6] = clock();
    stream.decide(session, &pushed.document, &facts, NOW, &LIMITS).expect(HONEST);
    marks[7] = clock();
    stream.apply_pending(&pushed.document, &change).expect(HONEST);
    marks[8] = clock();
    black_box(facts);
    core::array::from_fn(|step| marks[step + 1] - marks[step])
}

const HONEST: &str = "an honest change passes";
const NOW: WallTime = WallTime::from_millis(1_800_000_000_000);
/// The page never closes.
const LIMITS: Limits = Limits {
    page_changes_soft: u32::MAX,
    page_changes_max: u32::MAX,
    page_bytes_soft: u32::MAX,
    page_bytes_max: u32::MAX,
    ..Limits::DEFAULT
};

/// Honest members of one group who take turns writing, on two replicas: one has seen everything, the other
/// everything but the last change.
struct Writer {
    ahead: Stream,
    behind: Stream,
    last: Option<(usize, DocumentId, Change)>,
    sessions: Vec<Session>,
    random: Random,
    written: u32,
    message: Option<MessageId>,
}

impl Writer {
    fn new() -> Self {
        let tenant = TenantId::parse("acme").expect("a legal id");
        let sessions = (0..AUTHORS)
            .map(|index| Session {
                tenant: tenant.clone(),
                account: AccountId::parse(&format!("account{index}")).expect("a legal id"),
                device: DeviceId::from_bytes([u8::try_from(index + 1).expect("few authors"); 16]),
                administrator: false,
            })
            .collect();
        let stream = Stream::new(tenant, StreamId::Conversation(CONVERSATION));
        let behind = stream.clone();
        Self { ahead: stream, behind, last: None, sessions, random: Random::new(1), written: 0, message: None }
    }

    fn empty(&self) -> Stream {
        Stream::new(self.ahead.tenant().clone(), self.ahead.id().clone())
    }

    fn create(&mut self) -> (Session, PushedChange) {
        let by = self.sessions[0].account.clone();
        let mut facts = vec![Fact::Created(Created::new(ConversationKind::Group, by.clone(), NOW))];
        let role = |account: &AccountId| if *account == by { Role::Owner } else { Role::Member };
        let members = self.sessions.iter().map(|session| (session.account.clone(), role(&session.account)));
        facts.extend(first_members(&by, NOW, members));
        self.push(0, TimelineId::of(CONVERSATION).document(), &facts)
    }

    fn write(&mut self) -> (Session, PushedChange) {
        let author = usize::try_from(self.random.below(AUTHORS as u64)).expect("few authors");
        self.written += 1;
        let account = self.sessions[author].account.clone();
        let fact = match self.message.clone() {
            Some(message) if self.written.is_multiple_of(REACTION_EVERY) => {
                Fact::Reaction(message, "👍".into(), account, true)
            }
            _ => {
                let at = WallTime::from_millis(NOW.as_millis() - 1_000_000 + u64::from(self.written));
                let id = MessageId { stamp: Stamp::new(at, 0, self.random.number().to_be_bytes()), author: account };
                self.message = Some(id.clone());
                let body = MessageBody {
                    content: "the quick brown fox jumps over the lazy dog, and then again".into(),
                    reply_to: None,
                    mentions: None,
                };
                Fact::Message(id, body)
            }
        };
        self.push(author, TimelineId::of(CONVERSATION).page(1), &[fact])
    }

    fn push(&mut self, author: usize, document: DocumentId, facts: &[Fact]) -> (Session, PushedChange) {
        let session = self.sessions[author].clone();
        let last = self.last.take();
        let concurrent = self.written > 1
            && last.as_ref().is_some_and(|(other, ..)| *other != author)
            && self.random.chance(CONCURRENT_PERCENT);
        let writes = if concurrent { &mut self.behind } else { &mut self.ahead };
        let (change, _) = writes.write(session.device, &document, NOW, facts).expect("it states something new");
        if let Some((_, document, last)) = &last {
            self.behind.apply_pending(document, last).expect(HONEST);
        }
        if concurrent {
            self.ahead.apply_pending(&document, &change).expect(HONEST);
        } else {
            self.last = Some((author, document.clone(), change.clone()));
        }
        let pushed = PushedChange { document, change: change.bytes().to_vec() };
        (session, pushed)
    }
}
