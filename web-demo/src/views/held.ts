// Held messages in a conversation's panel, by people who wrote them before they knew that they were
// removed. Shown to those who decide.

import type { HeldRow } from "tidings";

import { lineOf } from "../content";
import { button, element } from "../dom";
import { attempt, type Person } from "../person";
import { createSection, type Section } from "../section";

/** Creates the part with the held messages. */
export function createHeld(person: Person, conversation: string): Section {
  const { client } = person;
  const answer = (row: HeldRow, admitted: boolean, testid: string, words: string): HTMLElement =>
    button(
      { class: "button small", "data-testid": testid, "data-focus": `${testid} ${row.message}` },
      () => void attempt(person, client.answerHeld(conversation, row.message, admitted)),
      words,
    );
  return createSection(
    element("section", { class: "details-section", hidden: true, tabindex: "-1" }),
    (detail) => detail.held,
    (detail) =>
      detail.held.length === 0
        ? []
        : [
            element("h3", {}, "Written before they knew they were removed"),
            element(
              "ul",
              { class: "held-list", role: "list", "aria-label": "Held messages" },
              ...detail.held.map((row) =>
                element(
                  "li",
                  { class: "held", "data-testid": "held" },
                  element("strong", {}, person.nameOf(row.author)),
                  element("p", { class: "held-words", dir: "auto", "data-testid": "held-words" }, row.content === undefined ? "…" : lineOf(row.content)),
                  element(
                    "div",
                    { class: "held-buttons" },
                    answer(row, false, "held-discard", "Discard"),
                    answer(row, true, "held-admit", "Deliver"),
                  ),
                ),
              ),
            ),
          ],
  );
}
