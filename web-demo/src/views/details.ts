// The panel beside a timeline: title, members and who may join, settings and roles, and the actions on
// all of it.

import type { ConversationDetail, ConversationRow } from "tidings";

import { button, element } from "../dom";
import { icon } from "../icons";
import type { Person } from "../person";
import { createAbout } from "./about";
import { createCandidates } from "./candidates";
import { createFormer } from "./former";
import { createInvites } from "./invites";
import { createHeld } from "./held";
import { createLead } from "./lead";
import { createLifecycle } from "./lifecycle";
import { createMembers } from "./members";
import { createOwn } from "./own";
import { createRoles } from "./roles";
import { createRules } from "./rules";
import { createSubscribers } from "./subscribers";

/** The panel of one conversation. */
export interface DetailsView {
  readonly element: HTMLElement;
  show(detail: ConversationDetail): void;
  /** Updates from the conversation list, for the person's own settings. */
  showRow(row: ConversationRow): void;
  focus(): void;
}

/** Makes the panel. */
export function createDetails(person: Person, row: ConversationRow, close: () => void): DetailsView {
  const { conversation } = row;
  const own = createOwn(person, row);
  const closer = button(
    { class: "icon-button", "aria-label": "Close details", "data-testid": "members-close" },
    close,
    icon("close"),
  );
  const sections = [
    createAbout(person, conversation),
    createLead(person, conversation),
    own,
    createMembers(person, conversation),
    createCandidates(person, conversation),
    createFormer(person),
    createSubscribers(person, conversation),
    createHeld(person, conversation),
    createInvites(person, conversation),
    createRules(person, conversation),
    createRoles(person, conversation),
    createLifecycle(person, conversation),
  ];
  const root = element(
    "aside",
    { class: "details", "aria-label": "Details", "data-testid": "members-panel" },
    element("div", { class: "details-head" }, element("h2", {}, "Details"), closer),
    element("div", { class: "details-scroll" }, ...sections.map((section) => section.element)),
  );
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });
  return {
    element: root,
    focus: () => closer.focus(),
    showRow: own.showRow,
    show: (detail) => sections.forEach((section) => section.show(detail)),
  };
}
