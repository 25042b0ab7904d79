// A conversation as seen from outside: that one was invited or waits for approval, and what one
// can do.

import type { ConversationRow } from "tidings";

import { button, element, replaceContent } from "../dom";
import { attempt, type Person } from "../person";
import { calledOf } from "../texts";

/** The gate of one conversation. */
export interface GateView {
  readonly element: HTMLElement;
  /** Shows it to accounts that are not members, and nothing to anybody else. Returns true if it is shown. */
  show(row: ConversationRow): boolean;
}

/** Makes the gate. */
export function createGate(person: Person): GateView {
  const { client } = person;
  const root = element("section", { class: "gate", "data-testid": "gate", hidden: true });
  const answer = (testid: string, command: (conversation: string) => Promise<unknown>, words: string, main = false) =>
    (row: ConversationRow): HTMLElement =>
      button(
        { class: main ? "button primary" : "button", "data-testid": testid },
        () => void attempt(person, command(row.conversation)),
        words,
      );
  const accept = answer("gate-accept", (conversation) => client.acceptInvitation(conversation), "Accept", true);
  const decline = answer("gate-decline", (conversation) => client.declineInvitation(conversation), "Decline");
  const takeBack = answer("gate-take-back", (conversation) => client.declineInvitation(conversation), "Withdraw");

  return {
    element: root,
    show: (row) => {
      const isInvited = row.status === "invited";
      root.hidden = !isInvited && row.status !== "requested";
      root.dataset["status"] = row.status;
      replaceContent(
        root,
        root.hidden
          ? []
          : [
              element(
                "p",
                {},
                isInvited ? `You were invited to “${calledOf(row.name)}”.` : "You asked to join. Somebody has to approve your request first.",
              ),
              element(
                "div",
                { class: "gate-buttons" },
                ...(isInvited ? [decline(row), accept(row)] : [takeBack(row)]),
              ),
            ],
      );
      return !root.hidden;
    },
  };
}
