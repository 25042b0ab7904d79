// Messages that are held in a conversation's panel: of people who wrote them
// before they knew that they were removed. Shown to those who decide.

import type { LateRow } from "tidings";

import { lineOf } from "../content";
import { button, element } from "../dom";
import { attempt, type Person } from "../person";
import { createSection, type Section } from "../section";

/** Makes the part with the messages that are held. */
export function createLate(person: Person, conversation: string): Section {
  const { client } = person;
  const answer = (row: LateRow, admitted: boolean, testid: string, words: string): HTMLElement =>
    button(
      { class: "button small", "data-testid": testid, "data-focus": `${testid} ${row.message}` },
      () => void attempt(person, client.answerLate(conversation, row.message, admitted)),
      words,
    );
  return createSection(
    element("section", { class: "details-section", hidden: true, tabindex: "-1" }),
    (detail) => detail.late,
    (detail) =>
      detail.late.length === 0
        ? []
        : [
            element("h3", {}, "Written before they knew of their removal"),
            element(
              "ul",
              { class: "late-list", role: "list", "aria-label": "Held messages" },
              ...detail.late.map((row) =>
                element(
                  "li",
                  { class: "late", "data-testid": "late" },
                  element("strong", {}, person.nameOf(row.author)),
                  element("p", { class: "late-words", dir: "auto", "data-testid": "late-words" }, row.content === undefined ? "…" : lineOf(row.content)),
                  element(
                    "div",
                    { class: "late-buttons" },
                    answer(row, false, "late-discard", "Discard"),
                    answer(row, true, "late-admit", "Let in"),
                  ),
                ),
              ),
            ),
          ],
  );
}
