// Cards of proposals, with what became of them and who may respond, and of the responses to them.

import type { ProposalStatus, ResponseKind, TimelineRow } from "tidings";

import { button, element, type Child } from "../dom";
import { icon, type IconName } from "../icons";
import { authorOf } from "../person";
import {
  kindWords,
  meetingWords,
  proposalLine,
  responseWords,
  spanOf,
  statusWords,
  type Proposal,
  type Response,
} from "../proposal";
import { timeBeside } from "../times";
import { dayIn, hoursIn, isZone, ownZone, spanIn, zoneName } from "../zone";
import type { MessageActions } from "./message";

/** Draws a proposal. `response` is the one that determined its status, if it is loaded. */
export function drawProposal(
  row: TimelineRow,
  proposal: Proposal,
  response: TimelineRow | undefined,
  actions: MessageActions,
): HTMLElement {
  const status = row.proposal?.status ?? "unknown";
  const title = kindWords(proposal.proposalType);
  return element(
    "div",
    {
      class: "proposal",
      role: "group",
      "aria-label": `Proposed: ${proposalLine(proposal)}`,
      "data-testid": "proposal",
      "data-status": status,
    },
    element(
      "div",
      { class: "proposal-head" },
      icon("calendar"),
      element("strong", {}, title),
      element("span", { class: "proposal-status", "data-testid": "proposal-status" }, statusWords(status)),
    ),
    when(proposal),
    place(proposal),
    expiry(proposal, status),
    (proposal.text ?? "") !== "" &&
      element("p", { class: "message-text", dir: "auto", "data-testid": "message-text" }, proposal.text),
    outcome(row, response, actions),
    status !== "accepted" && status !== "rejected" && status !== "expired" && choices(row, actions),
  );
}

/** Draws a response. `proposal` is what it answers, if it is loaded. */
export function drawResponse(
  row: TimelineRow,
  response: Response,
  proposal: TimelineRow | undefined,
  actions: MessageActions,
): HTMLElement {
  const answered = proposal?.content ?? row.replyTo?.preview;
  const subject = answered?.kind === "proposal" ? proposalLine(answered) : "A proposal";
  return element(
    "div",
    { class: "proposal response", "data-testid": "response", "data-response": response.response },
    button(
      {
        class: "quote",
        tabindex: "-1",
        "data-testid": "response-proposal",
        "data-focus": "proposal",
        "aria-label": `Answers the proposal: ${subject}`,
      },
      () => actions.jump(response.proposal),
      element("span", { class: "quote-words" }, subject),
    ),
    element(
      "p",
      { class: "response-words" },
      icon(RESPONSE_ICONS[response.response]),
      element("strong", {}, responseWords(response)),
    ),
    (response.comment ?? "") !== "" &&
      element("p", { class: "message-text", dir: "auto", "data-testid": "message-text" }, response.comment),
    slots(response, answered?.kind === "proposal" ? answered : undefined, actions),
  );
}

const RESPONSE_ICONS: Readonly<Record<ResponseKind, IconName>> = {
  accept: "check",
  reject: "close",
  request_change: "clock",
  unknown: "reply",
};

/** When it is, by the clocks of its own time zone; and by the reader's, if they show something else. */
function when(proposal: Proposal): HTMLElement {
  const span = spanOf(proposal);
  const own = ownZone();
  const zone = isZone(proposal.timezone) ? proposal.timezone : own;
  const isElsewhere = spanIn(span, zone) !== spanIn(span, own);
  return element(
    "div",
    { class: "proposal-when" },
    element("p", { class: "proposal-day", "data-testid": "proposal-day" }, dayIn(span, zone)),
    element(
      "p",
      { "data-testid": "proposal-hours" },
      element("span", { class: "proposal-hours" }, hoursIn(span, zone)),
      element("span", { class: "quiet" }, ` ${zoneName(zone)} time`),
    ),
    isElsewhere &&
      element("p", { class: "quiet", "data-testid": "proposal-own-hours" }, `${spanIn(span, own)} for you`),
  );
}

function place({ meetingType, location, fromResourceAddress }: Proposal): Child {
  if (meetingType === undefined && location === undefined) {
    return undefined;
  }
  const how = meetingType === undefined ? undefined : meetingWords(meetingType);
  const where = fromResourceAddress && location !== undefined ? `${location} (its own address)` : location;
  return element(
    "p",
    { class: "proposal-line", "data-testid": "proposal-place" },
    icon(meetingType === "video_call" ? "video" : "compass"),
    element("span", { dir: "auto" }, [how, where].filter((part) => part !== undefined && part !== "").join(" · ")),
  );
}

function expiry({ expiresAt }: Proposal, status: ProposalStatus): Child {
  if (expiresAt === undefined || status === "accepted" || status === "rejected") {
    return undefined;
  }
  const time = timeBeside(expiresAt, Date.now());
  const words = status === "expired" ? `Could be answered until ${time}` : `Can be answered until ${time}`;
  return element("p", { class: "proposal-line quiet", "data-testid": "proposal-expiry" }, icon("clock"), words);
}

/** Who gave it its status, as a way to the response. */
function outcome(row: TimelineRow, response: TimelineRow | undefined, actions: MessageActions): Child {
  const id = row.proposal?.response;
  if (id === undefined) {
    return undefined;
  }
  const author = authorOf(id);
  const isUnsent = response?.state === "pending";
  return element(
    "p",
    { class: "proposal-line quiet", "data-testid": "proposal-outcome" },
    icon(isUnsent ? "clock" : "reply"),
    element(
      "span",
      {},
      button(
        { class: "link", tabindex: "-1", "data-testid": "proposal-response", "data-focus": "response" },
        () => actions.jump(id),
        author === actions.account ? "Your answer" : `Answer by ${actions.nameOf(author)}`,
      ),
      isUnsent && element("span", { "data-testid": "proposal-unsent" }, ", not sent yet"),
    ),
  );
}

function choices(row: TimelineRow, actions: MessageActions): Child {
  const { negotiation } = actions;
  if (row.own || !negotiation.mayRespond()) {
    return undefined;
  }
  const choice = (name: string, kind: string, response: ResponseKind, words: string): HTMLElement =>
    button(
      { class: kind, tabindex: "-1", "data-testid": `proposal-${name}`, "data-focus": name },
      () => negotiation.respond(row, response),
      words,
    );
  return element(
    "div",
    { class: "proposal-buttons", role: "group", "aria-label": "Respond" },
    choice("accept", "button primary", "accept", "Accept"),
    choice("decline", "button", "reject", "Decline"),
    choice("change", "button", "request_change", "Another time"),
  );
}

/** The times that a response suggests; whoever may propose can take one of them up, at the former place. */
function slots({ suggestedSlots = [] }: Response, former: Proposal | undefined, actions: MessageActions): Child {
  if (suggestedSlots.length === 0) {
    return undefined;
  }
  return element(
    "ul",
    { class: "proposal-slots", role: "list", "aria-label": "Suggested times" },
    ...suggestedSlots.map((slot) => {
      const words = spanIn({ start: slot.startDateTime, end: slot.endDateTime }, slot.timezone);
      return element(
        "li",
        { "data-testid": "slot" },
        element("span", {}, words),
        element("span", { class: "quiet" }, `${zoneName(slot.timezone)} time`),
        actions.negotiation.mayPropose() &&
          button(
            { class: "link", tabindex: "-1", "data-testid": "slot-propose", "data-focus": `slot ${slot.startDateTime}` },
            () => actions.negotiation.propose({ slot, former }),
            "Propose this",
          ),
      );
    }),
  );
}
