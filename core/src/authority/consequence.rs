//! Consequences: what the system's account states because something else was admitted. A response makes
//! something of its proposal, and a message of the client reopens an archived or closed resource
//! conversation (A102, A106). The server writes them in the transaction of their cause; whoever takes the
//! cause in knows them from then on, so a client sees them before the server has answered.

use std::sync::Arc;

use crate::{
    authority::{Context, Refusal, Stream, lead, refuse, shape, stream::facts_of},
    code::Code,
    doc::{Document, Fact, Key},
    ids::{DocumentId, MessageId, TimelineId},
    journal::{Entry, Position},
    limits::Limits,
    model::{
        Content, Conversation, ConversationState, LeadOpened, MessageBody, Party,
        content::{ProposalAnswer, ProposalResponse},
    },
    sorted::SortedMap,
};

/// Facts that the system's account has to state in one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// The document.
    pub document: DocumentId,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// The consequences of applied facts that have not been applied themselves yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    /// By proposal: its page, and the answer that a response gave it.
    answers: SortedMap<MessageId, (DocumentId, ProposalAnswer)>,
    /// The facts that reopen the conversation.
    reopening: Vec<Fact>,
}

impl Due {
    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.reopening.is_empty()
    }

    /// Returns true if an answer to a proposal has to be stated on a page.
    pub(super) fn has_answer_on(&self, page: &DocumentId) -> bool {
        self.answers.values().any(|(document, _)| document == page)
    }
}

impl Stream {
    /// The consequences to write now as the system's account, in this order.
    pub fn consequences(&self) -> Vec<Consequence> {
        let answers = self.due.answers.iter().map(|(proposal, (document, answer))| Consequence {
            document: document.clone(),
            facts: vec![Fact::ProposalAnswer(proposal.clone(), answer.clone())],
        });
        let conversation = self.id().conversation().filter(|_| !self.due.reopening.is_empty());
        let reopening = conversation.map(|conversation| Consequence {
            document: TimelineId::of(conversation).document(),
            facts: self.due.reopening.clone(),
        });
        answers.chain(reopening).collect()
    }

    /// The answer to a proposal on a loaded page, by the last response that counted, if there was one.
    pub fn proposal_answer(&self, page: &Document, proposal: &MessageId) -> Option<ProposalAnswer> {
        if let Some((_, answer)) = self.due.answers.get(proposal) {
            return Some(answer.clone());
        }
        match page.fact(&Key::ProposalAnswer(proposal.clone())) {
            Some(Fact::ProposalAnswer(_, answer)) => Some(answer),
            _ => None,
        }
    }

    /// Records what follows from facts of a document, and what need no longer be written. `at` is the position at
    /// which they were admitted, if they were: documents are loaded as of different positions, and one that is
    /// past it was written with their consequences. Returns true if one of them reopens the conversation.
    pub(super) fn note_consequences(&mut self, document: &DocumentId, facts: &[Fact], at: Option<Position>) -> bool {
        let mut reopens = false;
        for fact in facts {
            match fact {
                Fact::Message(message, MessageBody { content, .. }) => {
                    if let Content::ProposalResponse(response) = content {
                        self.note_response(document, message, response, at);
                    }
                    reopens |= self.note_message(document, message, at);
                }
                Fact::ProposalAnswer(proposal, _) => {
                    self.due.answers.remove(proposal);
                }
                Fact::State(_) if document.thread().is_none() => self.due.reopening.clear(),
                _ => {}
            }
        }
        reopens
    }

    fn note_response(
        &mut self,
        document: &DocumentId,
        message: &MessageId,
        response: &ProposalResponse,
        at: Option<Position>,
    ) {
        let Some(page) = document.timeline().map(|timeline| timeline.page(response.page)) else { return };
        if self.is_past(&page, at) && self.document(&page).is_some_and(|page| is_answered(page, response)) {
            return;
        }
        let answer = ProposalAnswer { status: response.response.status(), response: message.clone() };
        self.due.answers.insert(response.proposal.clone(), (page, answer));
    }

    fn note_message(&mut self, document: &DocumentId, message: &MessageId, at: Option<Position>) -> bool {
        let conversation = self.id().conversation().map(|conversation| TimelineId::of(conversation).document());
        let is_past = conversation.is_some_and(|conversation| self.is_past(&conversation, at));
        if document.thread().is_some() || is_past {
            return false;
        }
        let facts = reopening(self.conversation(), message);
        let reopens = !facts.is_empty();
        if reopens {
            Arc::make_mut(&mut self.conversation).assume(&facts);
            self.due.reopening = facts;
        }
        reopens
    }

    /// Stops assuming consequences that have not arrived. Returns true if there were any.
    pub fn drop_consequences(&mut self) -> bool {
        if self.due.is_empty() {
            return false;
        }
        self.due = Due::default();
        let conversation = self.id().conversation().map(|conversation| TimelineId::of(conversation).document());
        if let Some(document) = conversation.and_then(|conversation| self.document(&conversation)) {
            self.conversation = Arc::new(Conversation::read(document));
        }
        true
    }

    /// Returns true if a loaded document is past a position.
    fn is_past(&self, document: &DocumentId, at: Option<Position>) -> bool {
        let loaded = self.document(document).map(Document::position);
        loaded.zip(at).is_some_and(|(loaded, at)| loaded > at)
    }
}

fn is_answered(page: &Document, response: &ProposalResponse) -> bool {
    page.get(&Key::ProposalAnswer(response.proposal.clone())).is_some()
}

/// The facts by which a client's message reopens an archived or closed resource conversation: with the current
/// lead if that is open, otherwise with a new one.
fn reopening(conversation: &Conversation, message: &MessageId) -> Vec<Fact> {
    let is_over = matches!(conversation.state(), ConversationState::Archived | ConversationState::Closed);
    if !is_over || conversation.party(&message.author) != Some(Party::Client) {
        return Vec::new();
    }
    let mut facts = vec![Fact::State(ConversationState::Active)];
    match conversation.lead() {
        Some(lead) if !lead.stage.is_closed() => {
            facts.extend(lead.is_archived.then_some(Fact::LeadArchived(lead.number, false)));
        }
        former => {
            let number = former.map_or(0, |lead| lead.number).saturating_add(1);
            let (by, at) = (message.author.clone(), message.created_at());
            facts.push(Fact::LeadOpened(number, LeadOpened { by, at, intent: None, contact_channel: None }));
        }
    }
    facts
}

/// Returns true for facts that only a consequence states in the system's name.
pub(super) fn is_one(facts: &[Fact]) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::State(_) | Fact::ProposalAnswer(..)))
}

/// Returns true if an entry states such facts.
pub(super) fn is_entry_of_one(entry: &Entry) -> bool {
    let read = || shape::read(&entry.change, &Limits::WIDEST).ok();
    // The account rules out most entries without decoding their change.
    let change = entry.account.is_system().then(read).flatten();
    change.is_some_and(|(change, _)| is_one(&facts_of(&entry.document, &change)))
}

/// Checks that the system states what is due, and nothing else.
pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let mut due = context.stream.consequences().into_iter();
    match due.any(|due| due.document == *context.document && due.facts == facts) {
        true => Ok(()),
        false => refuse(Code::PermissionDenied, "nothing was admitted from which this follows"),
    }
}

/// Checks that nobody speaks of the state or a lead between a message that reopens the conversation and the reopening:
/// whoever did, in the same push, has not seen it stated.
pub(super) fn check_order(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let is_due = !context.stream.due.reopening.is_empty() && !context.account().is_system();
    let concerns = |fact: &Fact| matches!(fact, Fact::State(_)) || lead::number(fact).is_some();
    match is_due && context.document.thread().is_none() && facts.iter().any(concerns) {
        true => refuse(Code::Stale, "written before the reopening was stated"),
        false => Ok(()),
    }
}
