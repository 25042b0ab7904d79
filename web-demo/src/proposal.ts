// Proposals and the responses to them: in words, and which belong together.

import type { Content, MeetingKind, ProposalKind, ProposalStatus, ResponseKind, TimelineRow } from "tidings";

import { spanIn, type Span } from "./zone";

/** The content of a proposal. */
export type Proposal = Extract<Content, { kind: "proposal" }>;

/** The content of a response to one. */
export type Response = Extract<Content, { kind: "proposal_response" }>;

const STATUSES: Readonly<Record<ProposalStatus, string>> = {
  pending: "Pending",
  accepted: "Accepted",
  rejected: "Declined",
  reschedule_requested: "Another time asked",
  expired: "Expired",
  unknown: "Answered",
};

const KINDS: Readonly<Record<ProposalKind, string>> = {
  visit: "Visit",
  booking_manual: "Booking",
  unknown: "Proposal",
};

const MEETINGS: Readonly<Record<MeetingKind, string>> = {
  on_site: "On site",
  video_call: "Video call",
  unknown: "Some other way",
};

const RESPONSES: Readonly<Record<ResponseKind, string>> = {
  accept: "Accepted",
  reject: "Declined",
  request_change: "Asked for another time",
  unknown: "Answered",
};

/** The status of a proposal. */
export function statusWords(status: ProposalStatus): string {
  return STATUSES[status];
}

/** The kind of a proposal. */
export function kindWords(kind: ProposalKind): string {
  return KINDS[kind];
}

/** The kind of a meeting. */
export function meetingWords(kind: MeetingKind): string {
  return MEETINGS[kind];
}

/** A response without its comment. */
export function responseWords({ response }: Response): string {
  return RESPONSES[response];
}

/** A proposal in one line: what is proposed, and when. */
export function proposalLine(proposal: Proposal): string {
  return `${kindWords(proposal.proposalType)}, ${spanIn(spanOf(proposal), proposal.timezone)}`;
}

/** When what is proposed takes place. */
export function spanOf({ timeStart, timeEnd }: Proposal): Span {
  return { start: timeStart, end: timeEnd };
}

/** By message: the response that gave a proposal its status, and the proposal that a response answers. */
export function counterpartsOf(rows: readonly TimelineRow[]): Map<string, TimelineRow> {
  const proposals = new Map(rows.filter((row) => row.proposal !== undefined).map((row) => [row.id, row]));
  const found = new Map<string, TimelineRow>();
  for (const row of rows) {
    const proposal = row.content?.kind === "proposal_response" ? proposals.get(row.content.proposal) : undefined;
    if (proposal !== undefined) {
      found.set(row.id, proposal);
      if (proposal.proposal?.response === row.id) {
        found.set(proposal.id, row);
      }
    }
  }
  return found;
}
