//! Somebody who writes changes as a client does, without an engine: planned by the commands on a stream of
//! their own. One author may write as many accounts in turn.

use tidings_core::{
    authority::{Session, Stream},
    command::{AddMember, Command, CreateConversation, Planning, SendMessage},
    doc::{Document, RestoreDocumentError},
    ids::{AccountId, ConversationId, DeviceId, Stamp, StreamId, TenantId, TimelineId},
    journal::Position,
    limits::Limits,
    model::{ConversationKind, JoinPolicy, Policy, Role},
    wire::{DocumentSnapshot, Fetched, PushedChange},
};

use super::measure::wall_now;
use crate::random::Random;

/// The tenant of everything here.
pub fn tenant() -> TenantId {
    TenantId::parse("bench").expect("a constant id parses")
}

/// An account by its name.
pub fn account(name: &str) -> AccountId {
    AccountId::parse(name).expect("names here are ids")
}

/// A unique device.
pub fn device(account: &AccountId, number: u64) -> DeviceId {
    let mut random = Random::new(
        account
            .to_string()
            .bytes()
            .fold(number, |hash, byte| hash.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(byte))),
    );
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random.number().to_be_bytes());
    bytes[8..].copy_from_slice(&random.number().to_be_bytes());
    DeviceId::from_bytes(bytes)
}

/// The conversation with this number.
pub fn conversation(number: u64) -> ConversationId {
    let mut random = Random::new(number ^ 0xc0_4e5a);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random.number().to_be_bytes());
    bytes[8..].copy_from_slice(&random.number().to_be_bytes());
    ConversationId::from_bytes(bytes)
}

/// A conversation with everything that was written into it.
#[derive(Clone)]
pub struct Author {
    stream: Stream,
    conversation: ConversationId,
    random: Random,
    words: Words,
    last: String,
    count: u16,
}

impl Author {
    /// An author who has written nothing yet.
    pub fn new(conversation: ConversationId) -> Self {
        let mut stream = Stream::new(tenant(), StreamId::Conversation(conversation));
        stream.insert(Document::new(TimelineId::of(conversation).document()));
        let seed = wall_now().as_millis();
        Self { stream, conversation, random: Random::new(seed), words: Words::new(seed), last: String::new(), count: 0 }
    }

    /// The stream it writes.
    pub fn stream(&self) -> StreamId {
        self.stream.id().clone()
    }

    /// Writes the change of a command.
    pub fn write(&mut self, who: &AccountId, device: DeviceId, command: impl Into<Command>) -> PushedChange {
        let session = Session { tenant: tenant(), account: who.clone(), device, administrator: false };
        let (at, limits) = (wall_now(), Limits::default());
        let planning = Planning { session: &session, stream: &self.stream, at, limits: &limits };
        let plan = command.into().plan(&planning);
        let plan = plan.expect("the command is allowed").expect("the command changes something");
        let written = self.stream.write(device, &plan.document, at, &plan.facts);
        let (change, _) = written.expect("the plan changes something");
        PushedChange { document: plan.document, change: change.bytes().to_vec() }
    }

    /// The position up to which it has received the stream.
    pub fn position(&self) -> Position {
        self.stream.position()
    }

    /// Applies a fetched answer after its position; only the newest page stays in memory.
    pub fn apply_fetched(&mut self, fetched: &Fetched) -> anyhow::Result<()> {
        if fetched.restart {
            self.stream = Stream::at(tenant(), self.stream(), fetched.at(), fetched.page);
            for document in &fetched.documents {
                self.stream.insert(restore(fetched, document)?);
            }
        } else {
            for entry in &fetched.entries {
                self.stream.apply_entry(entry)?;
            }
        }
        for page in 1..self.stream.page() {
            self.stream.remove(&TimelineId::of(self.conversation).page(page));
        }
        self.stream.drop_fallbacks();
        Ok(())
    }

    /// The last text that was sent.
    pub fn last_text(&self) -> &str {
        &self.last
    }

    /// Creates the conversation as a group.
    pub fn create(&mut self, who: &AccountId, device: DeviceId, members: &[AccountId]) -> PushedChange {
        let group = CreateConversation::group(Some("Bench".into()), members.to_vec());
        self.write(who, device, CreateConversation { conversation: self.conversation, ..group })
    }

    /// Creates the conversation as a channel that anybody may join.
    pub fn create_channel(&mut self, who: &AccountId, device: DeviceId) -> PushedChange {
        let group = CreateConversation::group(Some("Bench".into()), Vec::new());
        let (conversation, policies) = (self.conversation, vec![Policy::Join(JoinPolicy::Open)]);
        let channel = CreateConversation { conversation, kind: ConversationKind::Channel, policies, ..group };
        self.write(who, device, channel)
    }

    /// Adds a member.
    pub fn add(&mut self, who: &AccountId, device: DeviceId, account: AccountId) -> PushedChange {
        self.write(who, device, AddMember { conversation: self.conversation, account, role: Role::Member })
    }

    /// Sends a text of about sixty characters.
    pub fn say(&mut self, who: &AccountId, device: DeviceId) -> PushedChange {
        let text = self.words.text();
        self.last.clone_from(&text);
        self.say_text(who, device, text)
    }

    /// Sends a text.
    pub fn say_text(&mut self, who: &AccountId, device: DeviceId, text: String) -> PushedChange {
        self.count = self.count.wrapping_add(1);
        let stamp = Stamp::new(wall_now(), self.count, self.random.number().to_be_bytes());
        let conversation = self.conversation;
        let command = SendMessage { stamp, ..SendMessage::new(conversation, text) };
        let change = self.write(who, device, command);
        self.stream.drop_fallbacks();
        change
    }
}

/// A document of an answer, with the entries after its snapshot.
pub fn restore(fetched: &Fetched, document: &DocumentSnapshot) -> Result<Document, RestoreDocumentError> {
    let tail: Vec<_> = fetched.entries.iter().filter(|entry| entry.document == document.document).cloned().collect();
    let snapshot = (document.position, document.data.as_slice(), document.admissions.as_slice());
    Document::restore(document.document.clone(), Some(snapshot), &tail)
}

/// Texts that deflate like prose: words of a vocabulary, the common ones often.
#[derive(Clone)]
pub struct Words {
    vocabulary: Vec<String>,
    random: Random,
}

/// Approximate number of characters of a text.
const TEXT_CHARACTERS: usize = 58;
const VOCABULARY: u64 = 8_000;
const SYLLABLES: [&str; 24] = [
    "an", "be", "co", "da", "el", "fo", "ga", "hi", "in", "ju", "ka", "lo", "me", "no", "or", "pa", "qui", "re", "so",
    "ta", "un", "ve", "wi", "ya",
];

impl Words {
    /// A source of texts.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(1);
        let word = |_| (0..1 + random.below(4)).map(|_| *random.pick(&SYLLABLES)).collect::<String>();
        Self { vocabulary: (0..VOCABULARY).map(word).collect(), random: Random::new(seed) }
    }

    /// The next text.
    pub fn text(&mut self) -> String {
        let mut text = String::new();
        while text.len() < TEXT_CHARACTERS {
            if !text.is_empty() {
                text.push(' ');
            }
            // A word's rank, uniform in its logarithm: Zipf's law.
            let share = self.random.below(1_000_000) as f64 / 1e6;
            let rank = (VOCABULARY as f64).powf(share) - 1.0;
            text.push_str(&self.vocabulary[rank as usize]);
        }
        text
    }
}
