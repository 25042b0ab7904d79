// A person's own settings of a conversation: notifications and, in a direct conversation, a block.

import type { ConversationDetail, ConversationRow, NotificationLevel } from "tidings";

import { field, openDialog } from "../dialog";
import { button, element, replaceContent } from "../dom";
import { icon } from "../icons";
import { attempt, outcome, type Person } from "../person";
import type { Section } from "../section";

const LEVELS: Readonly<Record<Exclude<NotificationLevel, "unknown">, string>> = {
  all: "Every message",
  mentions: "Only when I am mentioned",
  none: "Nothing",
};

/** A part that also draws from the row. */
export interface OwnSection extends Section {
  showRow(row: ConversationRow): void;
}

/** Creates the part. */
export function createOwn(person: Person, first: ConversationRow): OwnSection {
  const { client } = person;
  const { conversation } = first;
  let row = first;
  let detail: ConversationDetail | undefined;
  let drawn = "";
  const root = element("section", { class: "details-section", "aria-label": "For me", tabindex: "-1" });

  function draw(): void {
    const peer = row.kind === "direct" ? row.others[0] : undefined;
    const next = JSON.stringify([row.notifications, row.blocked, peer, detail?.status]);
    if (next === drawn) {
      return;
    }
    drawn = next;
    root.hidden = detail?.status !== "active";
    const level = element(
      "select",
      { "data-testid": "notifications", "data-focus": "notifications" },
      ...Object.entries(LEVELS).map(([value, words]) =>
        element("option", { value, selected: value === row.notifications }, words),
      ),
    );
    level.addEventListener("change", () => {
      const chosen = Object.keys(LEVELS).find((name): name is NotificationLevel => name === level.value);
      void attempt(person, client.setNotifications(conversation, chosen ?? "all"));
    });
    replaceContent(root, [
      element("h3", {}, "For me"),
      field("Notify me of", level),
      peer !== undefined && (row.blocked ? lift(person, peer) : block(peer)),
    ]);
  }

  function block(peer: string): HTMLElement {
    return button(
      { class: "panel-action danger", "data-testid": "block", "data-focus": "block" },
      () =>
        openDialog({
          title: `Block ${person.nameOf(peer)}?`,
          fields: [
            element("p", {}, "Their messages to you are not delivered, they cannot add you anywhere, and you no longer see their presence. They are not told."),
          ],
          agree: "Block",
          danger: true,
          act: () => outcome(client.block(peer)),
        }),
      icon("block"),
      element("span", { class: "panel-action-text" }, `Block ${person.nameOf(peer)}`),
    );
  }

  return {
    element: root,
    show: (next) => {
      detail = next;
      draw();
    },
    showRow: (next) => {
      row = next;
      draw();
    },
  };
}

/** The button that lifts a block. */
export function lift(person: Person, peer: string): HTMLElement {
  return button(
    { class: "button", "data-testid": "lift-block", "data-focus": "block" },
    () => void attempt(person, person.client.unblock(peer)),
    `Unblock ${person.nameOf(peer)}`,
  );
}
