// The conversation list: search, unread counts, the last message of each, and a menu to mute, pin or
// archive one.

import { textOf, type ConversationRow, type MemberStatus, type RefusedRow } from "tidings";

import { avatar } from "../avatar";
import { lineOf } from "../content";
import { button, element, KeyedList, replaceContent } from "../dom";
import { icon } from "../icons";
import { attempt, authorOf, type Person } from "../person";
import { openMenu, type MenuItem } from "../popover";
import { calledOf } from "../texts";
import { timeInFull, timeInShort } from "../times";
import { openContacts } from "./contacts";
import { openJoin, openNewDirect, openNewRoster } from "./creation";
import { openDiscovery } from "./discovery";
import { createRefused } from "./refused";

const UNREAD_MAX = 9999;
const HOUR_MS = 3_600_000;

/** Shown instead of the last message to accounts that are not members. */
const STATUS_TEXTS: Readonly<Record<Exclude<MemberStatus, "active">, string>> = {
  invited: "You were invited",
  requested: "You asked to join",
  left: "You left",
  removed: "You were removed",
  banned: "You were banned",
  subscribed: "You subscribed",
  unknown: "Reload the page to see this chat",
};

/** Filters of the list, by kind or own status. */
const FILTERS = {
  all: ["All", () => true],
  direct: ["People", (row) => row.kind === "direct"],
  group: ["Groups", (row) => row.kind === "group"],
  channel: ["Channels", (row) => row.kind === "channel"],
  resource: ["Things", (row) => row.kind === "resource"],
  outside: ["Waiting", (row) => row.status === "invited" || row.status === "requested"],
  ended: ["Left", (row) => ["left", "removed", "banned"].includes(row.status)],
} as const satisfies Readonly<Record<string, readonly [string, (row: ConversationRow) => boolean]>>;

/** The list, and what its frame needs from it. */
export interface InboxView {
  readonly element: HTMLElement;
  /** Marks the conversation that is open. */
  select(conversation: string | undefined): void;
  /** Puts the focus on the open conversation, or the first. */
  focus(): void;
  rows(): readonly ConversationRow[];
}

/** Creates the list. `changed` is called after each change is drawn; `notice` is placed above the list. */
export function createInbox(
  person: Person,
  open: (conversation: string) => void,
  changed: (rows: readonly ConversationRow[]) => void,
  notice?: HTMLElement,
): InboxView {
  const { client } = person;
  let rows: readonly ConversationRow[] = [];
  let refusedRows: readonly RefusedRow[] = [];
  let selected: string | undefined;
  let archive = false;
  let loaded = false;

  const search = element("input", {
    type: "search",
    class: "search",
    placeholder: "Search",
    "aria-label": "Search conversations",
    "data-testid": "inbox-search",
    autocomplete: "off",
  });
  const filter = element(
    "select",
    { class: "inbox-filter", "aria-label": "Which chats", "data-testid": "inbox-filter" },
    ...Object.entries(FILTERS).map(([name, [words]]) => element("option", { value: name }, words)),
  );
  const list = element("ul", { class: "inbox-list", role: "list", "aria-label": "Conversations" });
  const empty = element("p", { class: "inbox-empty quiet" });
  const refused = createRefused(person);
  const archived = button({ class: "archive-toggle", "data-testid": "archive-toggle" }, () => {
    archive = !archive;
    draw();
  });
  const declineAll = button({ class: "archive-toggle", "data-testid": "decline-all", hidden: true }, () => {
    void attempt(person, client.declineAll());
  });
  const known = (): string[] => [...new Set(rows.flatMap((row) => row.others))].sort();
  const root = element(
    "nav",
    { class: "inbox", "aria-label": "Conversations" },
    element(
      "div",
      { class: "inbox-head" },
      element("h1", {}, "Chats"),
      button(
        { class: "icon-button", "aria-label": "Contacts", title: "Contacts", "data-testid": "contacts-open" },
        () => openContacts(person, known(), open),
        icon("contacts"),
      ),
      button(
        { class: "icon-button", "aria-label": "New chat", title: "New chat", "data-testid": "new-direct" },
        () => openNewDirect(person, known(), open),
        icon("person_add"),
      ),
      button(
        { class: "icon-button", "aria-label": "New group", title: "New group", "data-testid": "new-group" },
        () => openNewRoster(person, "group", known(), open),
        icon("group"),
      ),
      button(
        { class: "icon-button", "aria-label": "New channel", title: "New channel", "data-testid": "new-channel" },
        () => openNewRoster(person, "channel", known(), open),
        icon("channel"),
      ),
      button(
        { class: "icon-button", "aria-label": "Find", title: "Find groups and channels", "data-testid": "discover" },
        () => openDiscovery(person, open),
        icon("compass"),
      ),
      button(
        { class: "icon-button", "aria-label": "Join by a link", title: "Join by a link", "data-testid": "join" },
        () => openJoin(person),
        icon("link"),
      ),
    ),
    element("div", { class: "search-field" }, icon("search"), search, filter),
    element("div", { class: "inbox-scroll" }, notice, refused.element, list, empty),
    declineAll,
    archived,
  );

  const shown = new KeyedList<ConversationRow>(list, {
    key: (row) => row.conversation,
    create: (row) => {
      const item = element("li", { class: "inbox-item" });
      drawRow(item, row);
      return item;
    },
    update: drawRow,
  });

  function drawRow(item: HTMLElement, row: ConversationRow): void {
    const muted = isMuted(row);
    const words = preview(person, row);
    const name = calledOf(row.name);
    const main = button(
      {
        class: row.unread > 0 && !muted ? "inbox-row unread" : "inbox-row",
        "data-testid": "inbox-row",
        "data-conversation": row.conversation,
        "data-unread": row.unread,
        "data-focus": "row",
        "aria-current": row.conversation === selected ? "true" : undefined,
        tabindex: "-1",
      },
      () => open(row.conversation),
      avatar(row.kind === "direct" ? (row.others[0] ?? row.conversation) : row.conversation, name),
      element(
        "span",
        { class: "inbox-text" },
        element(
          "span",
          { class: "inbox-line" },
          element("span", { class: "inbox-name", dir: "auto", "data-testid": "inbox-name" }, name),
          ...marks(row, muted),
          element(
            "time",
            { class: "inbox-time", title: timeInFull(row.activityAt) },
            timeInShort(row.activityAt, Date.now()),
          ),
        ),
        element(
          "span",
          { class: "inbox-line" },
          element("span", { class: "inbox-preview", dir: "auto", "data-testid": "inbox-preview" }, words),
          badge(row, muted),
        ),
      ),
    );
    const more = button(
      {
        class: "icon-button inbox-more",
        "aria-label": `More about ${name}`,
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        "data-testid": "inbox-menu",
        "data-focus": "more",
        tabindex: "-1",
      },
      () => openMenu(more, name, menuItems(person, row)),
      icon("more"),
    );
    replaceContent(item, [main, more]);
    item.oncontextmenu = (event) => {
      event.preventDefault();
      openMenu(more, name, menuItems(person, row));
    };
  }

  function draw(changedRows?: ReadonlySet<string>): void {
    const wanted = search.value.trim().toLowerCase();
    const [, isAsked] = FILTERS[filter.value as keyof typeof FILTERS];
    const asked = rows.filter(isAsked);
    const matching = asked.filter((row) => (wanted === "" ? isArchived(row) === archive : matches(row, wanted)));
    shown.show(matching, (row) => changedRows === undefined || changedRows.has(row.conversation));
    const archivedCount = rows.filter(isArchived).length;
    archived.hidden = archivedCount === 0 && !archive;
    archived.replaceChildren(
      icon(archive ? "back" : "archive"),
      archive ? "Back to all chats" : `Archived (${archivedCount})`,
    );
    const invitations = rows.filter((row) => row.status === "invited").length;
    declineAll.hidden = filter.value !== "outside" || invitations === 0;
    declineAll.replaceChildren(`Decline ${invitations === 1 ? "the invitation" : `all ${invitations} invitations`}`);
    const here = new Set(rows.map((row) => row.conversation));
    refused.show(refusedRows.filter((row) => row.conversation === undefined || !here.has(row.conversation)));
    empty.hidden = !loaded || matching.length > 0;
    empty.textContent =
      wanted !== "" || filter.value !== "all"
        ? "Nothing found."
        : archive
          ? "Nothing is archived."
          : "No chats yet. Start one with the button above: all you need is an account id, such as ann or bob.";
    makeTabbable();
  }

  /** One row is in the tab order; arrow keys reach the others. */
  function makeTabbable(wanted?: HTMLElement): void {
    const controls = [...list.querySelectorAll<HTMLElement>(".inbox-row")];
    const current =
      wanted ??
      controls.find((control) => control === document.activeElement) ??
      controls.find((control) => control.ariaCurrent === "true") ??
      controls[0];
    for (const control of controls) {
      control.tabIndex = control === current ? 0 : -1;
      const more = control.nextElementSibling;
      if (more instanceof HTMLElement) {
        more.tabIndex = control.tabIndex;
      }
    }
  }

  list.addEventListener("keydown", (event) => {
    const controls = [...list.querySelectorAll<HTMLElement>(".inbox-row")];
    const at = controls.findIndex((control) => control.parentElement?.contains(document.activeElement));
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: controls.length - 1 }[event.key];
    const next = target === undefined ? undefined : controls[target];
    if (next !== undefined) {
      event.preventDefault();
      makeTabbable(next);
      next.focus();
    } else if (event.key === "ArrowUp" && at === 0) {
      search.focus();
    }
  });
  search.addEventListener("input", () => draw());
  filter.addEventListener("change", () => draw());
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      list.querySelector<HTMLElement>(".inbox-row")?.focus();
    } else if (event.key === "Escape" && search.value !== "") {
      event.stopPropagation();
      search.value = "";
      draw();
    }
  });
  client.conversations((change) => {
    loaded = true;
    // Nobody can read a deleted conversation.
    rows = change.rows.filter((row) => row.state !== "deleted");
    draw(new Set(change.changed));
    changed(rows);
  });
  client.refused((refusals) => {
    refusedRows = refusals;
    draw(new Set());
  });
  client.onProfile(() => draw());

  return {
    element: root,
    rows: () => rows,
    select: (conversation) => {
      selected = conversation;
      for (const control of list.querySelectorAll<HTMLElement>(".inbox-row")) {
        control.ariaCurrent = control.dataset["conversation"] === conversation ? "true" : null;
      }
      makeTabbable();
    },
    focus: () => list.querySelector<HTMLElement>(".inbox-row[tabindex='0']")?.focus(),
  };
}

function isArchived(row: ConversationRow): boolean {
  return row.archivedAt !== undefined;
}

function isPinned(row: ConversationRow): boolean {
  return row.pinnedAt !== undefined;
}

function isMuted(row: ConversationRow): boolean {
  return (row.mutedUntil ?? 0) > Date.now();
}

function matches(row: ConversationRow, wanted: string): boolean {
  return [calledOf(row.name), textOf(row.lastMessage?.preview), ...row.others].some((words) =>
    words.toLowerCase().includes(wanted),
  );
}

function preview(person: Person, row: ConversationRow): string {
  if (row.status !== "active") {
    return STATUS_TEXTS[row.status];
  }
  const last = row.lastMessage;
  if (last === undefined) {
    return row.kind === "direct" ? "Say hello" : `${row.memberCount} ${row.memberCount === 1 ? "member" : "members"}`;
  }
  const author = authorOf(last.message);
  const words = last.preview === undefined ? "Message deleted" : lineOf(last.preview);
  if (author === person.client.account) {
    return `You: ${words}`;
  }
  return row.kind === "direct" ? words : `${person.nameOf(author)}: ${words}`;
}

function marks(row: ConversationRow, muted: boolean): SVGSVGElement[] {
  const channel = row.kind === "channel" ? [icon("channel", "Channel")] : [];
  const pinned = isPinned(row) ? [icon("pin", "Pinned")] : [];
  const silent = muted || row.notifications === "none" ? [icon("bell_off", muted ? "Muted" : "No notifications")] : [];
  const blocked = row.blocked ? [icon("block", "Blocked")] : [];
  return [...channel, ...pinned, ...silent, ...blocked];
}

function badge(row: ConversationRow, muted: boolean): HTMLElement | SVGSVGElement | undefined {
  if (row.unread > 0) {
    const count = row.unread > UNREAD_MAX ? `${UNREAD_MAX}+` : String(row.unread);
    return element(
      "span",
      { class: muted ? "badge badge-muted" : "badge", "data-testid": "unread" },
      count,
      element("span", { class: "unseen" }, " unread"),
    );
  }
  return row.pending > 0 ? icon("clock", `${row.pending} not sent yet`) : undefined;
}

function menuItems(person: Person, row: ConversationRow): MenuItem[] {
  const { client } = person;
  const { conversation } = row;
  const muting: MenuItem[] = isMuted(row)
    ? [
        {
          label: "Unmute",
          icon: "bell_off",
          testid: "action-unmute",
          choose: () => void attempt(person, client.mute(conversation, null)),
        },
      ]
    : [
        {
          label: "Mute for 8 hours",
          icon: "bell_off",
          testid: "action-mute",
          choose: () => void attempt(person, client.mute(conversation, new Date(Date.now() + 8 * HOUR_MS))),
        },
        {
          label: "Mute for good",
          icon: "bell_off",
          testid: "action-mute-for-good",
          choose: () => void attempt(person, client.mute(conversation)),
        },
      ];
  return [
    {
      label: isPinned(row) ? "Unpin from the top" : "Pin to the top",
      icon: "pin",
      testid: "action-pin-conversation",
      choose: () => void attempt(person, client.pinConversation(conversation, !isPinned(row))),
    },
    ...muting,
    {
      label: isArchived(row) ? "Unarchive" : "Archive",
      icon: "archive",
      testid: "action-archive",
      choose: () => void attempt(person, client.archiveConversation(conversation, !isArchived(row))),
    },
  ];
}
