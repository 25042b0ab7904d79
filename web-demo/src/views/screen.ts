// One person's whole screen: the bar, the list, the open conversation and its panel. The open
// conversation is in the address, so that reload and the browser's back button keep it.

import type { Client, ConversationRow } from "tidings";

import { element } from "../dom";
import type { Person } from "../person";
import type { Offer } from "../scene";
import { invitedBy } from "../texts";
import type { Drafts } from "./composer";
import { createConnection } from "./connection";
import { createConversation, type ConversationView } from "./conversation";
import { openJoin } from "./creation";
import { createInbox } from "./inbox";
import { createMoment, createStorage } from "./notices";
import { createOffer } from "./offer";

/** Width from which list and conversation are side by side. */
const WIDE = window.matchMedia("(min-width: 600px)");
/** A device whose pointer hovers has a real keyboard, so the composer may take the focus. */
const KEYBOARD = window.matchMedia("(hover: hover)");

/** Shows a person's screen, with what they are offered to ask about; it lives as long as the page. */
export function showScreen(root: HTMLElement, client: Client, offered?: Offer): Person {
  const moment = createMoment();
  const nicknames = new Map<string, string>();
  client.contacts((contacts) => {
    nicknames.clear();
    for (const { account, nickname } of contacts) {
      if (account !== undefined && nickname !== undefined) {
        nicknames.set(account, nickname);
      }
    }
  });
  const person: Person = {
    client,
    nameOf: (account) => {
      const name = nicknames.get(account) ?? client.profile(account)?.displayName ?? "";
      return name === "" ? account : name;
    },
    say: moment.say,
  };
  const drafts: Drafts = new Map();
  let open: ConversationView | undefined;
  let openRow: ConversationRow | undefined;
  // A conversation that opened by itself may be replaced until somebody does something here.
  let touched = false;
  // The conversation that was chosen by hand, until it has the focus: it may appear in the list later.
  let toFocus: string | undefined;
  let rows: readonly ConversationRow[] = [];

  const empty = element(
    "main",
    { class: "conversation nothing" },
    element("p", { class: "quiet" }, "Choose a chat, or start one."),
  );
  const chooseByHand = (conversation: string): void => choose(conversation, true);
  const offer = offered && createOffer(person, offered, chooseByHand);
  const inbox = createInbox(person, chooseByHand, receive, offer?.element);
  const panes = element("div", { class: "panes" }, inbox.element, empty);
  const scrim = element("div", { class: "scrim", hidden: true });
  scrim.addEventListener("click", () => open?.togglePanel(false));

  function receive(next: readonly ConversationRow[]): void {
    rows = next;
    offer?.show(rows);
    const row = rows.find((other) => other.conversation === openRow?.conversation);
    if (row !== undefined) {
      open?.showRow(row);
    } else if (openRow !== undefined) {
      history.replaceState(null, "", location.pathname + location.search);
      show(undefined);
    }
    // The subscription may call back before the list is at hand.
    queueMicrotask(follow);
  }

  /** A person chose it: updates the address. */
  function choose(conversation: string, focus: boolean): void {
    if (addressed() !== conversation) {
      const address = `#${conversation}`;
      if (WIDE.matches) {
        history.replaceState(null, "", address);
      } else {
        history.pushState({ opened: true }, "", address);
      }
    }
    toFocus = focus && KEYBOARD.matches ? conversation : undefined;
    follow();
  }

  /** Asks for confirmation if the address is an invite link; once, so not again on reload. */
  function followLink(): void {
    const link = invitedBy(new URL(location.href));
    if (link !== undefined) {
      history.replaceState(null, "", location.pathname + location.search);
      openJoin(person, link);
    }
  }

  /** Shows what the address names; otherwise the first conversation, where there is room. */
  function follow(): void {
    followLink();
    const named = addressed();
    const found = rows.find((row) => row.conversation === named);
    if (found !== undefined) {
      show(found);
    } else if (WIDE.matches && (openRow === undefined || (!touched && openRow.kind !== "direct"))) {
      show(firstOf(rows));
    } else if (!WIDE.matches && named === undefined) {
      show(undefined);
    }
    if (toFocus !== undefined && toFocus === openRow?.conversation) {
      toFocus = undefined;
      open?.focusComposer();
    }
  }

  function show(row: ConversationRow | undefined): void {
    if (row?.conversation === openRow?.conversation) {
      return;
    }
    const focusWasInside = open?.element.contains(document.activeElement) === true;
    open?.close();
    openRow = row;
    scrim.hidden = true;
    open =
      row === undefined
        ? undefined
        : createConversation(person, row, { drafts, back, panelToggled: (shown) => (scrim.hidden = !shown) });
    panes.replaceChildren(inbox.element, open?.element ?? empty, ...(open === undefined ? [] : [scrim, open.panel]));
    panes.classList.toggle("has-open", open !== undefined);
    inbox.select(row?.conversation);
    if (focusWasInside && row === undefined) {
      inbox.focus();
    }
  }

  function back(): void {
    // Goes back only over entries that this page has added to the history.
    const state: unknown = history.state;
    if (typeof state === "object" && state !== null && "opened" in state) {
      history.back();
      return;
    }
    history.replaceState(null, "", location.pathname + location.search);
    show(undefined);
    inbox.focus();
  }

  for (const gesture of ["pointerdown", "keydown"]) {
    document.addEventListener(gesture, () => (touched = true), { capture: true, once: true });
  }
  window.addEventListener("popstate", follow);
  window.addEventListener("hashchange", follow);
  WIDE.addEventListener("change", follow);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && open?.element.contains(document.activeElement) === true) {
      inbox.focus();
    }
  });
  root.replaceChildren(
    element("div", { class: "screen" }, createConnection(person), createStorage(client), panes, moment.element),
  );
  return person;
}

/** The conversation that opens by itself: a chat with one person before a group. */
function firstOf(rows: readonly ConversationRow[]): ConversationRow | undefined {
  const kept = rows.filter((row) => row.archivedAt === undefined);
  return kept.find((row) => row.kind === "direct") ?? kept[0];
}

function addressed(): string | undefined {
  const name = location.hash.slice(1);
  return name === "" ? undefined : name;
}
