// The dialog that finds public groups and channels, by words or by name, and lets one join.

import type { DirectoryPage, DirectoryRow } from "tidings";

import { avatar } from "../avatar";
import { showModal } from "../dialog";
import { button, element, replaceContent } from "../dom";
import { attempt, reasonOf, type Person } from "../person";

/** Shown beside a row that cannot be joined. */
const STATUS_TEXTS = {
  requested: "Request sent",
  banned: "You are banned",
} as const;

/** Finds public conversations. Choosing one of which the person is a member opens it. */
export function openDiscovery(person: Person, open: (conversation: string) => void): void {
  const { client } = person;
  const search = element("input", {
    type: "search",
    class: "search",
    placeholder: "Words in a title, or @name",
    "aria-label": "Search public groups and channels",
    "data-testid": "discovery-search",
    maxlength: 200,
    autocomplete: "off",
    spellcheck: "false",
  });
  const list = element("ul", { class: "discovery-list", role: "list", "aria-label": "Public groups and channels" });
  const told = element("p", { class: "quiet", role: "status", "data-testid": "discovery-told" });
  const more = button({ class: "button", "data-testid": "discovery-more", hidden: true }, () => void load(), "More");
  const dialog = element(
    "dialog",
    { class: "dialog discovery", "aria-labelledby": "dialog-title", "data-testid": "discovery" },
    element("h2", { id: "dialog-title" }, "Find groups and channels"),
    search,
    list,
    told,
    element(
      "div",
      { class: "dialog-buttons" },
      more,
      button({ class: "button", "data-testid": "dialog-cancel" }, () => close(), "Close"),
    ),
  );
  let rows: readonly DirectoryRow[] = [];
  let next: DirectoryPage["next"];
  // The number of the newest search: results of older ones are dropped.
  let asked = 0;

  /** Searches for the text; loads the next page if there is one and the text is unchanged. */
  async function load(): Promise<void> {
    asked += 1;
    const mine = asked;
    const words = search.value.trim();
    try {
      // Without words every name is shown, in order.
      const found = await client.searchPublic(words === "" ? "@" : words, { limit: 20, ...(next && { after: next }) });
      if (mine === asked) {
        rows = [...rows, ...found.rows];
        next = found.next;
        draw(rows.length > 0 ? "" : next ? "Nothing so far." : words === "" ? "Nothing is public yet." : "Nothing found.");
      }
    } catch (error) {
      if (mine === asked) {
        next = undefined;
        draw(reasonOf(error));
      }
    }
  }

  function draw(words: string): void {
    replaceContent(list, rows.map((row) => drawRow(row)));
    told.textContent = words;
    more.hidden = next === undefined;
  }

  function drawRow(row: DirectoryRow): HTMLElement {
    const name = row.title ?? row.name ?? "Without a title";
    const count = row.memberCount + row.subscriberCount;
    const people = `${count} ${count === 1 ? "person" : "people"}`;
    return element(
      "li",
      { class: "discovery-row", "data-testid": "discovery-row", "data-conversation": row.conversation },
      avatar(row.conversation, name, "small"),
      element(
        "span",
        { class: "discovery-text" },
        element("span", { class: "discovery-name", dir: "auto" }, name),
        element("span", { class: "quiet" }, [row.name && `@${row.name}`, row.kind, people].filter(Boolean).join(" · ")),
      ),
      action(row),
    );
  }

  /** The action of a row: open, join, or nothing. */
  function action(row: DirectoryRow): HTMLElement {
    const { conversation, status } = row;
    if (status === "active" || status === "subscribed" || status === "invited") {
      const go = (): void => {
        close();
        open(conversation);
      };
      return button({ class: "button", "data-testid": "discovery-open" }, go, "Open");
    }
    const isInvited = row.join !== "open";
    if (status === "requested" || status === "banned" || isInvited) {
      const words = status === "requested" || status === "banned" ? STATUS_TEXTS[status] : "By invitation";
      return element("span", { class: "quiet", "data-testid": "discovery-status" }, words);
    }
    const ask = button(
      { class: "button primary", "data-testid": "discovery-join" },
      () => {
        ask.disabled = true;
        void attempt(person, client.join(conversation)).then((went) => {
          ask.disabled = went;
          ask.textContent = !went ? ask.textContent : row.joinApproval ? "Asked" : "Joined";
        });
      },
      row.joinApproval ? "Ask to join" : "Join",
    );
    return ask;
  }

  search.addEventListener("input", () => {
    [rows, next] = [[], undefined];
    void load();
  });
  const close = showModal(dialog, () => {
    asked += 1;
  });
  void load();
}
