// The lead of a conversation about a resource: its stage in the header, and in the panel who opened it and
// what the owner and their staff can make of it.

import type { ConversationDetail, Lead, LeadOutcome, LeadStage } from "tidings";

import { field, openDialog } from "../dialog";
import { button, element, type Child } from "../dom";
import { icon } from "../icons";
import { attempt, outcome, type Person } from "../person";
import { mayCloseLead } from "../rights";
import { createSection, type Section } from "../section";
import { timeBeside, timeInFull } from "../times";

const REASON_CHARACTERS_MAX = 500;

/** The stages that this app offers, from the first on; other apps of the operator may have set others. */
const STAGES: readonly LeadStage[] = ["open", "visit_planned", "offer_made", "contract_sent"];

const FIXED_STAGES: Readonly<Record<string, string>> = { closed_won: "Closed as won", closed_lost: "Closed as lost" };

/** Draws the stage for the header; nothing where there is no lead. */
export function leadBadge({ lead }: ConversationDetail): Child {
  return (
    lead !== undefined &&
    element(
      "span",
      { class: "lead-badge", "data-testid": "lead-badge", "data-stage": lead.stage, title: `Lead ${lead.number}` },
      stageWords(lead.stage),
      lead.isArchived && ", archived",
    )
  );
}

/** Creates the part of the panel. */
export function createLead(person: Person, conversation: string): Section {
  const { client } = person;

  function stageChoice(lead: Lead): HTMLElement {
    const stages = STAGES.includes(lead.stage) ? STAGES : [lead.stage, ...STAGES];
    const select = element(
      "select",
      { "data-testid": "lead-stage", "data-focus": "stage" },
      ...stages.map((stage) => element("option", { value: stage, selected: stage === lead.stage }, stageWords(stage))),
    );
    select.addEventListener("change", () => void attempt(person, client.setLeadStage(conversation, select.value)));
    return field("Stage", select);
  }

  function finalizer(): HTMLElement {
    return button(
      { class: "panel-action", "data-testid": "lead-finalize", "data-focus": "finalize" },
      () => askToFinalize(person, conversation),
      icon("check"),
      element(
        "span",
        { class: "panel-action-text" },
        "Finalize",
        element("span", { class: "quiet" }, "Closes the lead, and the conversation with it."),
      ),
    );
  }

  function draw(detail: ConversationDetail): Child[] {
    const { lead } = detail;
    if (lead === undefined) {
      return [];
    }
    const mayChange = mayCloseLead(detail) && !isClosed(lead);
    return [
      element("h3", {}, `Lead ${lead.number}`),
      element(
        "dl",
        { class: "lead-facts" },
        ...(mayChange ? [] : fact("Stage", stageWords(lead.stage), "lead-stage-words")),
        ...fact("Opened", openedWords(person, detail, lead), "lead-opened", timeInFull(lead.openedAt)),
        ...(lead.intent === undefined ? [] : fact("Wish", nameWords(lead.intent), "lead-intent")),
        ...(lead.contactChannel === undefined ? [] : fact("Reach by", nameWords(lead.contactChannel), "lead-channel")),
        ...(lead.isArchived ? fact("Archived", "Until the client writes again", "lead-archived") : []),
        ...(lead.closureReason === undefined ? [] : fact("Reason", lead.closureReason, "lead-reason")),
      ),
      mayChange && stageChoice(lead),
      mayChange && finalizer(),
    ];
  }

  return createSection(
    element("section", { class: "details-section", "aria-label": "Lead", "data-testid": "lead", tabindex: "-1" }),
    (detail) => [detail.lead, mayCloseLead(detail), detail.resource, person.nameOf(detail.lead?.openedBy ?? "")],
    draw,
  );
}

/** A stage in words. */
function stageWords(stage: LeadStage): string {
  return FIXED_STAGES[stage] ?? nameWords(stage);
}

/** A name of the operator's in words: `visit_planned` as “Visit planned”. */
function nameWords(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function isClosed({ stage }: Lead): boolean {
  return stage.startsWith("closed_");
}

/** Who opened the lead; a later one because the client wrote again, or because the owner's side reopened. */
function openedWords(person: Person, detail: ConversationDetail, lead: Lead): string {
  const name = lead.openedBy === person.client.account ? "you" : person.nameOf(lead.openedBy);
  const at = timeBeside(lead.openedAt, Date.now());
  if (lead.number === 1) {
    return `By ${name}, ${at}`;
  }
  const how = lead.openedBy === detail.resource?.client ? `a message of ${name === "you" ? "yours" : name}` : name;
  return `By ${how}, ${at}, after lead ${lead.number - 1} was closed`;
}

function fact(name: string, words: string, testid: string, title?: string): HTMLElement[] {
  return [element("dt", {}, name), element("dd", { dir: "auto", title, "data-testid": testid }, words)];
}

function askToFinalize(person: Person, conversation: string): void {
  const input = (value: LeadOutcome): HTMLInputElement =>
    element("input", { type: "radio", name: "outcome", value, required: true, "data-testid": `lead-${value}` });
  const won = input("won");
  const lost = input("lost");
  const reason = element("textarea", { rows: 2, maxlength: REASON_CHARACTERS_MAX, "data-testid": "lead-reason-input" });
  openDialog({
    title: "Finalize this lead?",
    fields: [
      element("p", {}, "This closes the conversation. If the client writes again, a new lead begins."),
      element(
        "div",
        { class: "choices", role: "radiogroup", "aria-label": "Outcome" },
        element("label", { class: "choice" }, won, "Won"),
        element("label", { class: "choice" }, lost, "Lost"),
      ),
      field("Reason", reason, "Everybody in the conversation sees it."),
    ],
    agree: "Finalize",
    act: () => {
      const words = reason.value.trim() || undefined;
      return outcome(person.client.finalizeLead(conversation, won.checked ? "won" : "lost", words));
    },
  });
}
