// The panel beside a timeline: what the conversation is called, who is in it
// and who may come in, its rules and roles, and what can be done with all of it.

import type { ConversationDetail } from "tidings";

import { button, element } from "../dom";
import { icon } from "../icons";
import type { Person } from "../person";
import { createAbout } from "./about";
import { createCandidates } from "./candidates";
import { createInvites } from "./invites";
import { createLate } from "./late";
import { createLifecycle } from "./lifecycle";
import { createMembers } from "./members";
import { createRoles } from "./roles";
import { createRules } from "./rules";

/** The panel of one conversation. */
export interface DetailsView {
  readonly element: HTMLElement;
  show(detail: ConversationDetail): void;
  focus(): void;
}

/** Makes the panel. */
export function createDetails(person: Person, conversation: string, close: () => void): DetailsView {
  const closer = button(
    { class: "icon-button", "aria-label": "Close details", "data-testid": "members-close" },
    close,
    icon("close"),
  );
  const sections = [
    createAbout(person, conversation),
    createMembers(person, conversation),
    createCandidates(person, conversation),
    createLate(person, conversation),
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
    show: (detail) => sections.forEach((section) => section.show(detail)),
  };
}
