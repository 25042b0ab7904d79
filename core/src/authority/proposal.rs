//! Who may propose and respond in a resource conversation, and which proposals are still open to responses
//! (A100 to A103). `content` checks what a proposal may contain.

use crate::{
    authority::{Context, Refusal, Stream, refuse, shape, stream::facts_of},
    code::Code,
    doc::{Document, Fact, Message},
    ids::{DocumentId, PageNumber},
    limits::Limits,
    model::{
        Content, ConversationKind, Edit, MessageBody, Party,
        content::{Proposal, ProposalResponse},
    },
};

/// The kind of a response in the bytes of a change.
const RESPONSE: &[u8] = b"proposal_response";

/// Room that a page needs for an answer: about what its change has with the longest ids.
const ANSWER_BYTES: u64 = 512;

/// The page of the proposal that a change responds to, if the page exists. The bytes are a stranger's, and not
/// checked yet.
pub(super) fn page_in(stream: &Stream, document: &DocumentId, change: &[u8]) -> Option<DocumentId> {
    let is_possible =
        stream.conversation().kind() == Some(ConversationKind::Resource) && matches!(document, DocumentId::Page(..));
    // Decoded only if there may be one: the columns of a change are not deflated.
    if !is_possible || !change.windows(RESPONSE.len()).any(|window| window == RESPONSE) {
        return None;
    }
    let (change, _) = shape::read(change, &Limits::WIDEST).ok()?;
    facts_of(document, &change).iter().find_map(|fact| match fact {
        Fact::Message(_, MessageBody { content: Content::ProposalResponse(response), .. }) => {
            page_of(stream, document, response.page)
        }
        _ => None,
    })
}

/// A page of the same timeline, if it exists.
fn page_of(stream: &Stream, document: &DocumentId, number: PageNumber) -> Option<DocumentId> {
    let timeline = document.timeline()?;
    (1..=stream.newest_page(timeline)).contains(&number).then(|| timeline.page(number))
}

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    for fact in facts {
        match fact {
            Fact::Message(_, MessageBody { content: Content::Proposal(proposal), .. }) => {
                check_proposal(context, proposal)?;
            }
            Fact::Message(_, MessageBody { content: Content::ProposalResponse(response), .. }) => {
                check_response(context, response)?;
            }
            Fact::Edit(_, Edit { content: Content::Proposal(_) | Content::ProposalResponse(_), .. }) => {
                return refuse(Code::WrongKind, "proposals and responses stay as they were sent");
            }
            Fact::ProposalAnswer(..) => {
                return refuse(Code::PermissionDenied, "only the system states what became of a proposal");
            }
            _ => {}
        }
    }
    Ok(())
}

/// The party of the session's account.
fn party(context: &Context<'_>) -> Result<Party, Refusal> {
    if context.conversation().kind() != Some(ConversationKind::Resource) {
        return Err(Refusal::new(Code::WrongKind, "proposals are made in resource conversations"));
    }
    match context.conversation().party(context.account()) {
        Some(party) => Ok(party),
        None if context.session.administrator => Ok(Party::Root),
        None => Err(Refusal::new(Code::NotAMember, "the account is not a member")),
    }
}

fn check_proposal(context: &Context<'_>, proposal: &Proposal) -> Result<(), Refusal> {
    let party = party(context)?;
    if party == Party::Client && !context.session.administrator {
        return refuse(Code::PermissionDenied, "the client responds to proposals, and makes none");
    }
    match proposal.created_by_role {
        Some(stated) if stated == party => Ok(()),
        _ => refuse(Code::NotTheAuthor, format!("its author takes part as {party}")),
    }
}

fn check_response(context: &Context<'_>, response: &ProposalResponse) -> Result<(), Refusal> {
    let party = party(context)?;
    if party != Party::Client && !context.session.administrator {
        return refuse(Code::PermissionDenied, "only the client responds to a proposal");
    }
    let page = page_of(context.stream, context.document, response.page);
    let page = page.and_then(|page| context.stream.document(&page));
    let found = page.and_then(|page| Some((page, Message::read(page, &response.proposal)?)));
    let Some((page, message)) = found else {
        return refuse(Code::MessageUnknown, "no such proposal on this page");
    };
    if message.deletion.is_some() {
        return refuse(Code::MessageDeleted, "the proposal was taken back");
    }
    let Content::Proposal(proposal) = &message.body.content else {
        return refuse(Code::WrongKind, "not a proposal");
    };
    check_open(context, page, response, proposal)
}

/// Checks that a proposal is still open to responses.
fn check_open(
    context: &Context<'_>,
    page: &Document,
    response: &ProposalResponse,
    proposal: &Proposal,
) -> Result<(), Refusal> {
    let answer = context.stream.proposal_answer(page, &response.proposal);
    if let Some(answer) = answer.filter(|answer| answer.status.is_settled()) {
        return refuse(Code::ProposalSettled, format!("the proposal was {} before", answer.status));
    }
    // An import brings in what was responded in time, elsewhere.
    if proposal.is_expired(context.accepted_at) && !context.session.administrator {
        return refuse(Code::ProposalExpired, "the time to respond to the proposal is over");
    }
    // The answer is stated on the proposal's page.
    let bytes = page.change_bytes() + ANSWER_BYTES;
    if page.changes() >= context.limits.page_changes_max || bytes > u64::from(context.limits.page_bytes_max) {
        return refuse(Code::PageFull, "the page of the proposal takes no more changes");
    }
    Ok(())
}
