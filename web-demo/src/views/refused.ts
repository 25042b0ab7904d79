// Cards of refused commands: what was written, why it was refused, and what can be done about it.

import type { Code, RefusedRow } from "tidings";

import { lineOf } from "../content";
import { button, element, KeyedList, replaceContent } from "../dom";
import { icon } from "../icons";
import { attempt, type Person } from "../person";
import { refusedTitle, sentenceOf } from "../texts";
import { timeInShort } from "../times";

/** Codes of messages that exist or may still be admitted: sent again they would be there twice. */
const WRITTEN: ReadonlySet<Code> = new Set<Code>(["message_held", "held_admitted"]);
/** Codes of responses that would be refused in the same way however often they are sent. */
const OVER: ReadonlySet<Code> = new Set<Code>(["proposal_settled", "proposal_expired"]);

/** A list of cards. */
export interface RefusedView {
  readonly element: HTMLElement;
  show(rows: readonly RefusedRow[]): void;
}

/** Creates an empty list. */
export function createRefused(person: Person): RefusedView {
  const list = element("ul", { class: "refused-list", role: "list", "aria-label": "Refused by the server" });
  const cards = new KeyedList<RefusedRow>(list, {
    key: (row) => String(row.id),
    create: (row) => {
      const card = element("li", { class: "refused", "data-testid": "refused" });
      draw(card, row);
      return card;
    },
    update: draw,
  });

  function draw(card: HTMLElement, row: RefusedRow): void {
    const words = row.content === undefined ? (row.words ?? "") : lineOf(row.content);
    const isText = row.content === undefined || row.content.kind === "text";
    card.dataset["code"] = row.code;
    card.tabIndex = -1;
    replaceContent(card, [
      element(
        "div",
        { class: "refused-head" },
        icon("warning"),
        element("strong", {}, refusedTitle(row)),
        element("span", { class: "quiet" }, timeInShort(row.createdAt, Date.now())),
      ),
      words !== "" && element("blockquote", { class: "refused-words", dir: "auto", "data-testid": "refused-words" }, words),
      element(
        "p",
        { class: "refused-reason", "data-testid": "refused-reason", title: row.detail },
        sentenceOf(row.code),
      ),
      element(
        "div",
        { class: "refused-buttons" },
        !WRITTEN.has(row.code) && !OVER.has(row.code) && button(
          { class: "button", "data-testid": "refused-retry", "data-focus": "retry" },
          () => void attempt(person, person.client.retryRefused(row.id)),
          "Retry",
        ),
        words !== "" &&
          isText &&
          !WRITTEN.has(row.code) &&
          button(
            { class: "button", "data-testid": "refused-edit", "data-focus": "edit" },
            () => edit(card, row, words),
            "Edit and retry",
          ),
        button(
          { class: "button quiet-button", "data-testid": "refused-discard", "data-focus": "discard" },
          () => person.client.discardRefused(row.id),
          "Discard",
        ),
      ),
    ]);
  }

  function edit(card: HTMLElement, row: RefusedRow, words: string): void {
    const text = element(
      "textarea",
      { class: "refused-edit", rows: 3, "aria-label": "New words", "data-testid": "refused-edit-words" },
      words,
    );
    const send = async (): Promise<void> => {
      const changed = text.value.trim();
      if (changed !== "") {
        await attempt(person, person.client.retryRefused(row.id, changed));
      }
    };
    card.querySelector(".refused-words")?.replaceWith(text);
    card.querySelector(".refused-buttons")?.replaceChildren(
      button({ class: "button primary", "data-testid": "refused-edit-send" }, () => void send(), "Send again"),
      button({ class: "button", "data-testid": "refused-edit-cancel" }, () => draw(card, row), "Cancel"),
    );
    text.focus();
  }

  return {
    element: list,
    show: (rows) => {
      list.hidden = rows.length === 0;
      // A held message is decided in the end; nothing else of a card changes.
      cards.show(rows, (row) => cards.get(String(row.id))?.dataset["code"] !== row.code);
    },
  };
}
