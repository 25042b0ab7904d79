// The messages of a conversation, in the package's order: days, groups, older ones on scrolling up,
// and receipts.

import type { Timeline, TimelineChange, TimelineRow } from "tidings";

import { button, element, KeyedList } from "../dom";
import { icon } from "../icons";
import type { Person } from "../person";
import { counterpartsOf } from "../proposal";
import { dayKey, dayName } from "../times";
import { drawMessage, openMessageMenu, type MessageActions, type MessagePlace } from "./message";

/** Messages of one author closer than this are grouped. */
const GROUP_MS = 5 * 60_000;
/** Distance to the top at which older messages are requested. */
const OLDER_PX = 240;
/** Distance to the end that counts as the end. */
const END_PX = 48;
/** Maximum number of requests for older messages to reach a message. */
const JUMP_LOADS_MAX = 50;
/** Time after which older messages are requested again, if none came. */
const OLDER_AGAIN_MS = 3000;

type Item =
  | { readonly type: "day"; readonly key: string; readonly at: number }
  | { readonly type: "new"; readonly key: string }
  | {
      readonly type: "message";
      readonly key: string;
      readonly row: TimelineRow;
      readonly first: boolean;
      readonly last: boolean;
      readonly counterpart: TimelineRow | undefined;
    };

/** A timeline on screen. */
export interface TimelineView {
  readonly element: HTMLElement;
  /** Redraws every message: permissions or names have changed. */
  redraw(): void;
  /** Scrolls to a message, loading older ones if necessary. */
  jump(message: string): void;
  /** The newest own message that can be edited. */
  lastOwn(): TimelineRow | undefined;
  typing(on: boolean): void;
  close(): void;
}

/** Opens the timeline of a conversation, or of a thread of it; `tail` is placed after its messages. */
export function createTimeline(
  person: Person,
  conversation: string,
  unread: number,
  actions: MessageActions,
  tail: HTMLElement,
  thread?: string,
): TimelineView {
  let rows: readonly TimelineRow[] = [];
  let hasOlder = false;
  let loaded = false;
  let loadingSince: number | undefined;
  let firstUnread: string | undefined;
  let markedPosition = 0;
  let unseen = 0;
  // The end stays in view as content grows, until somebody scrolls up.
  let following = true;
  let lastTop = 0;
  let active: string | undefined;
  let goal: { readonly message: string; loads: number } | undefined;
  let places = new Map<string, string>();
  // Undefined while the first rows come, which may be before the subscription is at hand.
  let timeline: Timeline | undefined;

  const top = element("div", { class: "timeline-top quiet" });
  const list = element("ol", { class: "timeline-list", role: "list" });
  const log = element(
    "div",
    { class: "timeline", role: "log", "aria-live": "polite", "aria-label": "Messages", "data-testid": "timeline" },
    top,
    list,
    tail,
  );
  const pill = button({ class: "pill", "data-testid": "new-messages", hidden: true }, () => toEnd(true));
  const root = element("div", { class: "timeline-frame" }, log, pill);

  const shown = new KeyedList<Item>(list, {
    key: (item) => item.key,
    create: (item) => {
      const made = element("li");
      draw(made, item);
      return made;
    },
    update: draw,
  });

  function draw(target: HTMLElement, item: Item): void {
    if (item.type === "message") {
      drawMessage(target, item.row, item, actions);
      makeTabbable(target, item.row.id === active);
      return;
    }
    const words = item.type === "day" ? dayName(item.at, Date.now()) : "New";
    target.className = item.type === "day" ? "day" : "day new";
    target.dataset["testid"] = item.type === "day" ? "day-separator" : "new-separator";
    target.replaceChildren(element("span", {}, words));
  }

  function receive(change: TimelineChange): void {
    const opening = !loaded;
    const follow = opening || following;
    const anchor = follow ? undefined : anchorElement();
    const anchorTop = anchor?.getBoundingClientRect().top ?? 0;
    const olderCame = !opening && rows.length > 0 && change.rows[0]?.id !== rows[0]?.id;
    const known = new Set(rows.map((row) => row.id));
    const added = opening || change.restart ? [] : newAmong(change.rows, known);

    rows = change.rows;
    hasOlder = change.hasOlder;
    loaded = true;
    if (olderCame || !hasOlder) {
      loadingSince = undefined;
    }
    if (opening && rows.length > 0) {
      firstUnread = findFirstUnread(rows, unread);
    }
    // Older messages, or all of them at once, are not news to be read out.
    log.setAttribute("aria-live", opening || olderCame || change.restart ? "off" : "polite");
    show(change.restart ? undefined : new Set(change.changed));
    drawTop();

    if (follow || added.some((row) => row.own)) {
      toEnd(false);
    } else {
      unseen += added.filter((row) => !row.own).length;
      if (anchor?.isConnected === true) {
        log.scrollTop += anchor.getBoundingClientRect().top - anchorTop;
      }
    }
    drawPill();
    markRead();
    pursue();
  }

  function show(changed: ReadonlySet<string> | undefined): void {
    const items = itemsOf(rows, firstUnread);
    const nextPlaces = new Map<string, string>();
    if (!rows.some((row) => row.id === active) || !list.contains(document.activeElement)) {
      active = rows.at(-1)?.id;
    }
    for (const item of items) {
      nextPlaces.set(item.key, item.type === "message" ? placeOf(item) : "");
    }
    shown.show(
      items,
      (item) =>
        item.type === "day" ||
        changed === undefined ||
        changed.has(item.key) ||
        nextPlaces.get(item.key) !== places.get(item.key),
    );
    places = nextPlaces;
    setActive(active);
  }

  function drawTop(): void {
    const offline = person.client.connection.type !== "online";
    log.setAttribute("aria-busy", String(!loaded));
    if (!loaded) {
      top.textContent = "";
    } else if (hasOlder) {
      top.textContent = offline ? "Older messages load when you are online." : "Loading older messages…";
    } else {
      top.textContent = rows.length === 0 ? "No messages yet. Say hello." : "This is where it begins.";
    }
  }

  function atEnd(): boolean {
    return log.scrollHeight - log.scrollTop - log.clientHeight < END_PX;
  }

  /** The first visible message: it stays in place when others arrive. Days come and go. */
  function anchorElement(): HTMLElement | undefined {
    const edge = log.getBoundingClientRect().top;
    for (const [, shownElement] of shown.entries()) {
      if (shownElement.dataset["id"] !== undefined && shownElement.getBoundingClientRect().bottom > edge) {
        return shownElement;
      }
    }
    return undefined;
  }

  function toEnd(smooth: boolean): void {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    log.scrollTo({ top: log.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    following = true;
    unseen = 0;
    drawPill();
  }

  function drawPill(): void {
    const away = log.scrollHeight - log.scrollTop - log.clientHeight > log.clientHeight / 2;
    pill.hidden = unseen === 0 && !away;
    const words = unseen === 0 ? "" : unseen === 1 ? "New message" : `${unseen} new messages`;
    pill.classList.toggle("pill-round", words === "");
    pill.setAttribute("aria-label", words === "" ? "Go to the newest message" : words);
    pill.replaceChildren(words, icon("down"));
  }

  /** Only what somebody can have seen is marked read: at the end, in view, with the focus here. */
  function markRead(): void {
    const position = rows.findLast((row) => row.position !== undefined)?.position ?? 0;
    if (
      timeline !== undefined &&
      position > markedPosition &&
      atEnd() &&
      document.visibilityState === "visible" &&
      document.hasFocus()
    ) {
      markedPosition = position;
      timeline.markRead();
    }
  }

  function loadOlder(): void {
    const now = Date.now();
    if (timeline !== undefined && hasOlder && (loadingSince === undefined || now - loadingSince > OLDER_AGAIN_MS)) {
      loadingSince = now;
      timeline.loadOlder();
    }
  }

  function onScroll(): void {
    if (atEnd()) {
      following = true;
      unseen = 0;
    } else if (log.scrollTop < lastTop) {
      following = false;
    }
    lastTop = log.scrollTop;
    drawPill();
    markRead();
    // Last, because the package may call back before this returns.
    if (loaded && log.scrollTop < OLDER_PX) {
      loadOlder();
    }
  }

  function pursue(): void {
    if (goal === undefined) {
      return;
    }
    const target = shown.get(goal.message);
    if (target !== undefined) {
      goal = undefined;
      setActive(target.dataset["id"]);
      target.scrollIntoView({ block: "center" });
      target.focus({ preventScroll: true });
      target.classList.remove("flash");
      requestAnimationFrame(() => target.classList.add("flash"));
    } else if (hasOlder && goal.loads < JUMP_LOADS_MAX) {
      goal.loads += 1;
      loadingSince = undefined;
      loadOlder();
    } else {
      goal = undefined;
      person.say("That message is not on this device.");
    }
  }

  function setActive(message: string | undefined): void {
    const before = active === undefined ? undefined : shown.get(active);
    if (before !== undefined && active !== message) {
      makeTabbable(before, false);
    }
    active = message;
    const now = message === undefined ? undefined : shown.get(message);
    if (now !== undefined) {
      makeTabbable(now, true);
    }
  }

  list.addEventListener("focusin", (event) => {
    const item = event.target instanceof Element ? event.target.closest<HTMLElement>(".message") : null;
    if (item !== null) {
      setActive(item.dataset["id"]);
    }
  });
  list.addEventListener("keydown", (event) => {
    const item = event.target instanceof Element ? event.target.closest<HTMLElement>(".message") : null;
    if (item === null) {
      return;
    }
    if (event.key === "Enter" && event.target === item) {
      event.preventDefault();
      openMessageMenu(item);
      return;
    }
    const messages = [...list.querySelectorAll<HTMLElement>(".message")];
    const at = messages.indexOf(item);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: messages.length - 1 }[event.key];
    const next = target === undefined ? undefined : messages[target];
    if (next !== undefined) {
      event.preventDefault();
      next.focus();
    }
  });
  log.addEventListener("scroll", onScroll, { passive: true });
  const controller = new AbortController();
  const { signal } = controller;
  window.addEventListener("focus", markRead, { signal });
  document.addEventListener("visibilitychange", markRead, { signal });
  const stopConnection = person.client.onConnection(() => {
    loadingSince = undefined;
    drawTop();
    if (loaded && log.scrollTop < OLDER_PX) {
      loadOlder();
    }
  });
  // A growing composer or an opening keyboard must not hide the end.
  const sizes = new ResizeObserver(() => {
    if (following) {
      toEnd(false);
    }
  });
  sizes.observe(log);
  sizes.observe(tail);

  timeline = person.client.timeline(conversation, receive, thread);
  markRead();
  return {
    element: root,
    redraw: () => show(undefined),
    jump: (message) => {
      goal = { message, loads: 0 };
      pursue();
    },
    lastOwn: () => rows.findLast((row) => row.own && row.content?.kind === "text"),
    typing: (on) => timeline?.typing(on),
    close: () => {
      controller.abort();
      stopConnection();
      sizes.disconnect();
      timeline?.close();
    },
  };
}

/** Everything about a message's surroundings that it is drawn from. */
function placeOf({ first, last, counterpart }: MessagePlace): string {
  return JSON.stringify([first, last, counterpart?.id, counterpart?.state, counterpart?.deletedBy]);
}

/** Days, the line above new messages, and messages in groups. */
function itemsOf(rows: readonly TimelineRow[], firstUnread: string | undefined): Item[] {
  const items: Item[] = [];
  const counterparts = counterpartsOf(rows);
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    const after = rows[index + 1];
    // The package orders by arrival, so days are days of arrival too.
    const day = dayKey(arrivalOf(row));
    if (before === undefined || dayKey(arrivalOf(before)) !== day) {
      items.push({ type: "day", key: `day ${row.id}`, at: arrivalOf(row) });
    }
    if (row.id === firstUnread) {
      items.push({ type: "new", key: "new" });
    }
    const first = before === undefined || !together(before, row) || row.id === firstUnread;
    const last = after === undefined || !together(row, after) || after.id === firstUnread;
    items.push({ type: "message", key: row.id, row, first, last, counterpart: counterparts.get(row.id) });
  });
  return items;
}

function arrivalOf(row: TimelineRow): number {
  return row.acceptedAt ?? row.createdAt;
}

function together(one: TimelineRow, next: TimelineRow): boolean {
  const apart = Math.abs(arrivalOf(next) - arrivalOf(one));
  return one.author === next.author && apart < GROUP_MS && dayKey(arrivalOf(one)) === dayKey(arrivalOf(next));
}

/** Messages that are new after the known ones; older ones come before them. */
function newAmong(rows: readonly TimelineRow[], known: ReadonlySet<string>): TimelineRow[] {
  const from = Math.max(
    0,
    rows.findIndex((row) => known.has(row.id)),
  );
  return rows.slice(from).filter((row) => !known.has(row.id));
}

function findFirstUnread(rows: readonly TimelineRow[], unread: number): string | undefined {
  const others = rows.filter((row) => !row.own && row.position !== undefined);
  return unread > 0 && unread <= others.length ? others[others.length - unread]?.id : undefined;
}

/** The active message is in the tab order, with its controls. */
function makeTabbable(item: HTMLElement, on: boolean): void {
  item.tabIndex = on ? 0 : -1;
  for (const control of item.querySelectorAll<HTMLElement>("button, a")) {
    control.tabIndex = on ? 0 : -1;
  }
}
