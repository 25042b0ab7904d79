// One message: its content, what it replies to, reactions, its progress, and the menu of actions.

import type { Permission, ReactionRow, TimelineRow } from "tidings";

import { avatar } from "../avatar";
import { drawContent, lineOf } from "../content";
import { button, element, replaceContent, setAttributes, type Child } from "../dom";
import { icon } from "../icons";
import { openMenu, type MenuItem } from "../popover";
import { sentenceOf } from "../texts";
import { timeBeside, timeInFull, timeOfDay } from "../times";
import { openEmoji } from "./emoji";
import type { Negotiation } from "./negotiation";
import { drawProposal, drawResponse } from "./proposal";

/** Delays beyond this are shown. */
const LATE_MS = 60_000;

/** Actions on a message, and names. */
export interface MessageActions {
  readonly account: string;
  readonly group: boolean;
  readonly negotiation: Negotiation;
  can(permission: Permission): boolean;
  nameOf(account: string): string;
  reply(row: TimelineRow): void;
  edit(row: TimelineRow): void;
  remove(row: TimelineRow): void;
  toggleReaction(row: TimelineRow, emoji: string): void;
  togglePin(row: TimelineRow): void;
  jump(message: string): void;
  openThread(row: TimelineRow): void;
}

/** The place of a message in a run of one author's messages, and the message that it is drawn with. */
export interface MessagePlace {
  readonly first: boolean;
  readonly last: boolean;
  /** The response that gave a proposal its status, or the proposal that a response answers; if it is loaded. */
  readonly counterpart: TimelineRow | undefined;
}

/** Draws a message into its element, new or known. */
export function drawMessage(item: HTMLElement, row: TimelineRow, place: MessagePlace, actions: MessageActions): void {
  const deleted = isDeleted(row);
  const classes = [
    "message",
    row.own ? "own" : "other",
    place.first && "first",
    place.last && "last",
    deleted && "deleted",
    row.mentions.includes(actions.account) && "mentioned",
  ];
  setAttributes(item, {
    class: classes.filter((name) => name !== false).join(" "),
    "data-testid": "message",
    "data-id": row.id,
    "data-state": row.state,
    "data-own": String(row.own),
    "data-unsynced": row.unsynced,
  });
  replaceContent(item, [
    !row.own &&
      actions.group &&
      (place.last ? avatar(row.author, row.authorName, "small") : element("span", { class: "avatar-gap" })),
    element(
      "div",
      { class: "message-body" },
      element(
        "span",
        { class: !row.own && actions.group && place.first ? "message-author" : "unseen" },
        row.own ? "You" : row.authorName,
      ),
      element(
        "div",
        { class: "bubble" },
        quote(row, actions),
        element("div", { class: "message-content" }, words(row, place.counterpart, actions), meta(row)),
      ),
      !deleted &&
        row.reactions.length > 0 &&
        element(
          "div",
          { class: "reactions" },
          ...row.reactions.map((reaction) => reactionButton(row, reaction, actions)),
        ),
      threadButton(row, actions),
    ),
    tools(item, row, actions),
  ]);
}

/** Opens the menu of a message that is shown. */
export function openMessageMenu(item: HTMLElement): void {
  item.querySelector<HTMLElement>("[data-testid=message-menu]")?.click();
}

/** Returns true if the message was deleted. */
export function isDeleted(row: TimelineRow): boolean {
  return row.deletedBy !== undefined;
}

function words(row: TimelineRow, counterpart: TimelineRow | undefined, actions: MessageActions): HTMLElement {
  if (row.content?.kind === "proposal") {
    return drawProposal(row, row.content, counterpart, actions);
  }
  if (row.content?.kind === "proposal_response") {
    return drawResponse(row, row.content, counterpart, actions);
  }
  if (row.content !== undefined) {
    const attributes = { class: "message-text", dir: "auto", "data-testid": "message-text" };
    return element("span", attributes, ...drawContent(row.content));
  }
  const by = row.deletedBy === row.author ? "" : ` by ${actions.nameOf(row.deletedBy ?? "")}`;
  return element("span", { class: "message-text placeholder", dir: "auto", "data-testid": "message-text" }, `Message deleted${by}`);
}

function quote(row: TimelineRow, actions: MessageActions): Child {
  const answered = row.replyTo;
  // A response names its proposal itself.
  if (answered === undefined || isDeleted(row) || row.content?.kind === "proposal_response") {
    return undefined;
  }
  const words = answered.preview === undefined ? "Message not available" : lineOf(answered.preview);
  return button(
    {
      class: "quote",
      tabindex: "-1",
      "data-testid": "quote",
      "data-focus": "quote",
      "aria-label": `Answers ${answered.authorName}: ${words}`,
    },
    () => actions.jump(answered.id),
    element("span", { class: "quote-author", dir: "auto" }, answered.authorName),
    element("span", { class: "quote-words", dir: "auto" }, words),
  );
}

function meta(row: TimelineRow): HTMLElement {
  const edited = row.editedAt !== undefined && !isDeleted(row);
  return element(
    "span",
    { class: "meta" },
    row.pinned && icon("pin", "Pinned"),
    row.unsynced &&
      element(
        "span",
        {
          class: "meta-unsynced",
          "data-testid": "message-unsynced",
          title: "A change to this message is not sent yet",
        },
        icon("clock"),
        "change not sent yet",
      ),
    edited && element("span", { "data-testid": "message-edited", title: timeInFull(row.editedAt ?? 0) }, "edited"),
    row.waits !== undefined &&
      element(
        "span",
        { class: "meta-unsynced", "data-testid": "message-waits", title: sentenceOf(row.waits.code) },
        `waits until ${timeOfDay(row.waits.until)}`,
      ),
    timeOf(row),
    row.own && stateIcon(row),
  );
}

function timeOf(row: TimelineRow): HTMLElement {
  const arrived = row.acceptedAt ?? row.createdAt;
  const title = timeInFull(row.createdAt);
  const time = element("time", { datetime: new Date(row.createdAt).toISOString(), title }, timeOfDay(row.createdAt));
  if (arrived - row.createdAt > LATE_MS) {
    time.textContent = `sent ${timeBeside(row.createdAt, arrived)}, arrived ${timeOfDay(arrived)}`;
  }
  return time;
}

function stateIcon(row: TimelineRow): SVGSVGElement {
  switch (row.state) {
    case "pending":
      return icon("clock", "Not sent yet");
    case "sent":
    case "unknown":
      return icon("check", "Sent");
    case "delivered":
      return icon("double_check", "Delivered");
    case "read": {
      const read = icon("double_check", row.readBy > 1 ? `Read by ${row.readBy}` : "Read");
      read.classList.add("is-read");
      return read;
    }
    case "refused":
      return icon("warning", "Refused");
  }
}

function reactionButton(row: TimelineRow, reaction: ReactionRow, actions: MessageActions): HTMLElement {
  const names = reaction.accounts
    .map((account) => (account === actions.account ? "you" : actions.nameOf(account)))
    .join(", ");
  return button(
    {
      class: "reaction",
      "aria-pressed": String(reaction.own),
      "aria-label": `${reaction.emoji} ${reaction.accounts.length}, by ${names}`,
      title: names,
      tabindex: "-1",
      disabled: !actions.can("message:react"),
      "data-testid": "reaction",
      "data-emoji": reaction.emoji,
      "data-count": reaction.accounts.length,
      "data-focus": `reaction ${reaction.emoji}`,
    },
    () => actions.toggleReaction(row, reaction.emoji),
    element("span", { class: "reaction-emoji" }, reaction.emoji),
    String(reaction.accounts.length),
  );
}

/** The button of the thread that starts from it. */
function threadButton(row: TimelineRow, actions: MessageActions): Child {
  const { thread } = row;
  if (thread === undefined) {
    return undefined;
  }
  const replies = thread.replies === 1 ? "1 reply" : `${thread.replies} replies`;
  const names = thread.participants
    .map((account) => (account === actions.account ? "you" : actions.nameOf(account)))
    .join(", ");
  return button(
    {
      class: "thread-link",
      tabindex: "-1",
      title: names,
      "data-testid": "thread",
      "data-count": thread.replies,
      "data-focus": "thread",
    },
    () => actions.openThread(row),
    icon("reply"),
    replies,
    thread.lastReplyAt !== undefined &&
      element("span", { class: "quiet" }, `last ${timeBeside(thread.lastReplyAt, Date.now())}`),
  );
}

function tools(item: HTMLElement, row: TimelineRow, actions: MessageActions): Child {
  const react = button(
    {
      class: "icon-button",
      "aria-label": "React",
      title: "React",
      "aria-haspopup": "dialog",
      "aria-expanded": "false",
      tabindex: "-1",
      "data-testid": "message-react",
      "data-focus": "react",
    },
    () => openEmoji(react, (emoji) => actions.toggleReaction(row, emoji)),
    icon("smile"),
  );
  const more = button(
    {
      class: "icon-button",
      "aria-label": "Message actions",
      title: "Actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      tabindex: "-1",
      "data-testid": "message-menu",
      "data-focus": "more",
    },
    () => openMenu(more, "Message actions", menuItems(more, row, actions)),
    icon("more"),
  );
  const any = menuItems(more, row, actions).length > 0;
  item.oncontextmenu = (event) => {
    // A link keeps the browser's own menu.
    if (any && !(event.target instanceof HTMLAnchorElement)) {
      event.preventDefault();
      more.click();
    }
  };
  return (
    any && element("div", { class: "message-tools" }, actions.can("message:react") && !isDeleted(row) && react, more)
  );
}

function menuItems(anchor: HTMLElement, row: TimelineRow, actions: MessageActions): MenuItem[] {
  if (isDeleted(row)) {
    return [];
  }
  const items: (MenuItem | false)[] = [
    actions.can("message:send") && {
      label: "Reply",
      icon: "reply",
      testid: "action-reply",
      choose: () => actions.reply(row),
    },
    (actions.can("thread:create") || row.thread !== undefined) && {
      label: row.thread === undefined ? "Reply in thread" : "Open thread",
      icon: "reply",
      testid: "action-thread",
      choose: () => actions.openThread(row),
    },
    actions.can("message:react") && {
      label: "React",
      icon: "smile",
      testid: "action-react",
      choose: () => openEmoji(anchor, (emoji) => actions.toggleReaction(row, emoji)),
    },
    row.own &&
      row.content?.kind === "text" &&
      actions.can("message:edit") && {
        label: "Edit",
        icon: "edit",
        testid: "action-edit",
        choose: () => actions.edit(row),
      },
    actions.can(row.pinned ? "pin:remove" : "pin:add") && {
      label: row.pinned ? "Unpin" : "Pin",
      icon: "pin",
      testid: "action-pin",
      choose: () => actions.togglePin(row),
    },
    actions.can(row.own ? "message:delete" : "message:delete_any") && {
      label: "Delete",
      icon: "trash",
      testid: "action-delete",
      danger: true,
      choose: () => actions.remove(row),
    },
  ];
  return items.filter((item) => item !== false);
}
