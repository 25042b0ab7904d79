// What one person can do about proposals: make them as the owner, respond to them as the client. Both are
// messages, so they work offline like any other.

import type { ConversationDetail, ResponseKind, Slot, TimelineRow } from "tidings";

import { field, openDialog } from "../dialog";
import { button, element } from "../dom";
import { attempt, outcome, type Person } from "../person";
import { spanOf, type Proposal, type Response } from "../proposal";
import { mayPropose, mayRespond } from "../rights";
import { isZone, ownZone, type Span } from "../zone";
import { createSpanFields, ENDS_BEFORE, type SpanFields } from "./span";
import { openVisit, type Wish } from "./visit";

/** Maximum number of times that can be suggested at once: as many as fit a dialog. */
const SLOTS_MAX = 3;
const COMMENT_CHARACTERS_MAX = 1000;
const DAY_MS = 86_400_000;

/** What a person can do about the proposals of a timeline. */
export interface Negotiation {
  /** Returns true if the own account may respond to proposals now. */
  mayRespond(): boolean;
  /** Responds to a proposal, after asking for a comment where one is usual. */
  respond(proposal: TimelineRow, response: ResponseKind): void;
  /** Returns true if the own account may make proposals now. */
  mayPropose(): boolean;
  /** Asks for a visit to propose. */
  propose(wish?: Wish): void;
}

/** The timeline that is negotiated in. */
export interface NegotiationFrame {
  readonly conversation: string;
  /** The thread, if it is one. */
  readonly thread?: string;
  /** The conversation as it is now. */
  detail(): ConversationDetail | undefined;
}

/** Creates the actions for one timeline. */
export function createNegotiation(person: Person, frame: NegotiationFrame): Negotiation {
  const { client } = person;
  const { conversation, thread } = frame;

  function send(proposal: string, response: Omit<Response, "kind" | "proposal">): Promise<unknown> {
    return client.sendMessage(
      conversation,
      { kind: "proposal_response", proposal, ...response },
      { replyTo: proposal, ...(thread !== undefined && { thread }) },
    );
  }

  function askToDecline(proposal: string): void {
    const comment = commentInput();
    openDialog({
      title: "Decline this proposal?",
      fields: [field("Comment", comment, "If you want to say why.")],
      agree: "Decline",
      danger: true,
      act: () => outcome(send(proposal, { response: "reject", ...commentOf(comment) })),
    });
  }

  function askForAnotherTime(proposal: string, content: Proposal): void {
    const slots = createSlots(content);
    const comment = commentInput();
    openDialog({
      title: "Ask for another time",
      fields: [slots.element, field("Comment", comment)],
      agree: "Ask",
      act: async () => {
        const suggestedSlots = slots.read();
        const ends = suggestedSlots.every((slot) => slot.startDateTime < slot.endDateTime);
        return ends
          ? outcome(send(proposal, { response: "request_change", suggestedSlots, ...commentOf(comment) }))
          : ENDS_BEFORE;
      },
    });
  }

  return {
    mayPropose: () => {
      const detail = frame.detail();
      return detail !== undefined && mayPropose(detail);
    },
    propose: (wish) => {
      const detail = frame.detail();
      if (detail !== undefined) {
        openVisit(person, detail, wish);
      }
    },
    mayRespond: () => {
      const detail = frame.detail();
      return detail !== undefined && mayRespond(detail);
    },
    respond: ({ id, content }, response) => {
      if (response === "reject") {
        askToDecline(id);
      } else if (response === "request_change" && content?.kind === "proposal") {
        askForAnotherTime(id, content);
      } else {
        void attempt(person, send(id, { response }));
      }
    },
  };
}

function commentInput(): HTMLTextAreaElement {
  return element("textarea", { rows: 2, maxlength: COMMENT_CHARACTERS_MAX, "data-testid": "response-comment" });
}

function commentOf(input: HTMLTextAreaElement): { comment?: string } {
  const comment = input.value.trim();
  return comment === "" ? {} : { comment };
}

/** The times that are suggested instead of a proposal's own: one at first, in its time zone. */
function createSlots(proposal: Proposal): { readonly element: HTMLElement; read(): Slot[] } {
  const zone = isZone(proposal.timezone) ? proposal.timezone : ownZone();
  const slots: SpanFields[] = [];
  const list = element("div", { class: "slots" });
  const more = button({ class: "link", "data-testid": "slot-more" }, () => add().focus(), "Suggest another time");

  function add(): SpanFields {
    const slot = createSpanFields("slot", zone, later(spanOf(proposal), slots.length + 1), () => {
      slots.splice(slots.indexOf(slot), 1);
      slot.element.remove();
      more.hidden = false;
      more.focus();
    });
    slots.push(slot);
    list.append(slot.element);
    more.hidden = slots.length === SLOTS_MAX;
    return slot;
  }

  add();
  return {
    element: element("div", { class: "slots" }, list, more),
    read: () =>
      slots.flatMap((slot) => {
        const span = slot.read();
        return span === undefined ? [] : [{ startDateTime: span.start, endDateTime: span.end, timezone: zone }];
      }),
  };
}

/** The same span some days later. */
function later({ start, end }: Span, days: number): Span {
  return { start: start + days * DAY_MS, end: end + days * DAY_MS };
}
