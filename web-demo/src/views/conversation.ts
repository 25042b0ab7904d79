// One open conversation: its header, pins, timeline, refused messages, who is typing, the composer,
// and the panel with the details.

import type { ConversationDetail, ConversationRow, PinRow, RefusedRow, TimelineRow } from "tidings";

import { avatar } from "../avatar";
import { lineOf } from "../content";
import { button, element, replaceContent } from "../dom";
import { icon } from "../icons";
import { attempt, type Person } from "../person";
import { may } from "../rights";
import { titleOf } from "./about";
import { createComposer, type ComposerView, type Drafts } from "./composer";
import { createDetails } from "./details";
import { createGate } from "./gate";
import { leadBadge } from "./lead";
import type { MessageActions } from "./message";
import { createNegotiation } from "./negotiation";
import { lift } from "./own";
import { createRefused } from "./refused";
import { createThread, type ThreadView } from "./thread";
import { createTimeline } from "./timeline";

/** An open conversation. */
export interface ConversationView {
  readonly element: HTMLElement;
  readonly panel: HTMLElement;
  /** Updates from the conversation list, until and beside the detail. */
  showRow(row: ConversationRow): void;
  focusComposer(): void;
  togglePanel(open: boolean): void;
  close(): void;
}

/** The conversation's view of its frame. */
export interface ConversationFrame {
  readonly drafts: Drafts;
  back(): void;
  panelToggled(open: boolean): void;
}

/** Opens a conversation. */
export function createConversation(person: Person, row: ConversationRow, frame: ConversationFrame): ConversationView {
  const { client } = person;
  const { conversation } = row;
  const typing = new Set<string>();
  let detail: ConversationDetail | undefined;
  let drawnFor = "";
  let panelOpen = false;
  // The thread on top, with those that it was opened from below it.
  const threads: ThreadView[] = [];

  const face = element("span", { class: "head-face" });
  const title = element("h2", { class: "head-title", dir: "auto", "data-testid": "conversation-title" });
  const lock = element("span", { class: "head-lock", "data-testid": "locked", hidden: true }, icon("lock", "Locked"));
  const stage = element("span", { class: "head-stage" });
  const subtitle = element("p", { class: "head-subtitle quiet" });
  const toggle = button(
    {
      class: "icon-button",
      "aria-label": "Details and members",
      title: "Details and members",
      "aria-expanded": "false",
      "data-testid": "members-toggle",
    },
    () => togglePanel(!panelOpen),
    icon("group"),
  );
  const head = element(
    "header",
    { class: "head" },
    button(
      { class: "icon-button back", "aria-label": "Back to the chats", "data-testid": "back" },
      () => frame.back(),
      icon("back"),
    ),
    face,
    element("div", { class: "head-text" }, element("div", { class: "head-line" }, title, lock, stage), subtitle),
    toggle,
  );
  const pins = element("div", { class: "pins", hidden: true });
  const typingLine = element("p", { class: "typing", role: "status", "data-testid": "typing" });
  const refused = createRefused(person);

  const negotiation = createNegotiation(person, { conversation, detail: () => detail });
  const actions: MessageActions = {
    account: client.account,
    group: row.kind !== "direct",
    negotiation,
    can: (permission) => detail !== undefined && may(detail, permission),
    nameOf: (account) => person.nameOf(account),
    reply: (message) => composer.reply(message),
    edit: (message) => composer.edit(message),
    remove: (message) => void attempt(person, client.deleteMessage(conversation, message.id)),
    toggleReaction: (message, emoji) => {
      const own = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.own);
      void attempt(
        person,
        own ? client.unreact(conversation, message.id, emoji) : client.react(conversation, message.id, emoji),
      );
    },
    togglePin: (message) =>
      void attempt(
        person,
        message.pinned ? client.unpinMessage(conversation, message.id) : client.pinMessage(conversation, message.id),
      ),
    jump: (message) => timeline.jump(message),
    openThread,
  };
  const timeline = createTimeline(person, conversation, row.unread, actions, refused.element);
  const composer: ComposerView = createComposer(person, {
    conversation,
    drafts: frame.drafts,
    negotiation,
    typing: (on) => timeline.typing(on),
    lastOwn: () => timeline.lastOwn(),
  });
  const gate = createGate(person);
  const details = createDetails(person, row, () => togglePanel(false));
  details.element.hidden = true;

  const blockedNotice = element("div", { class: "blocked-notice", role: "status", "data-testid": "blocked-notice" });

  /** Somebody outside, or who has blocked the other one, cannot write. */
  function showRow(next: ConversationRow): void {
    details.showRow(next);
    if (detail === undefined) {
      drawHead(next.name, next.others[0]);
    }
    const peer = next.others[0];
    const isOutside = gate.show(next);
    blockedNotice.hidden = !next.blocked || peer === undefined;
    composer.element.hidden = isOutside || !blockedNotice.hidden;
    if (!blockedNotice.hidden && peer !== undefined) {
      blockedNotice.replaceChildren(`You have blocked ${person.nameOf(peer)}.`, lift(person, peer));
    }
  }

  function drawHead(name: string, peer: string | undefined): void {
    title.textContent = name;
    face.replaceChildren(avatar(row.kind === "direct" ? (peer ?? conversation) : conversation, name, "medium"));
  }

  function drawSubtitle(): void {
    if (detail === undefined || detail.status !== "active") {
      subtitle.textContent = "";
      return;
    }
    const others = detail.members.filter((member) => member.account !== client.account);
    const here = others.filter((member) => member.presence !== "offline").length;
    if (detail.resource !== undefined) {
      const peer = detail.party === "client" ? detail.resource.owner : detail.resource.client;
      const member = others.find((other) => other.account === peer);
      const side = detail.party === "client" ? "owner" : "client";
      const presence = (member?.presence ?? "offline") === "offline" ? "offline" : "online";
      subtitle.textContent = `${member?.name ?? person.nameOf(peer)}, ${side}, ${presence}`;
    } else if (detail.kind === "direct") {
      subtitle.textContent = here > 0 ? "online" : "offline";
    } else {
      const kind = detail.kind === "channel" ? "Channel, " : "";
      const members = `${detail.members.length} ${detail.members.length === 1 ? "member" : "members"}`;
      subtitle.textContent = `${kind}${members}${here > 0 ? `, ${here + 1} online` : ""}`;
    }
  }

  function drawPins(rows: readonly PinRow[]): void {
    const newest = rows[0];
    pins.hidden = newest === undefined;
    if (newest === undefined) {
      return;
    }
    const words = newest.preview === undefined ? "Message not available" : lineOf(newest.preview);
    pins.replaceChildren(
      button(
        { class: "pin", "data-testid": "pin", "aria-label": `Pinned: ${words}` },
        () => timeline.jump(newest.message),
        icon("pin"),
        element("span", { class: "pin-words", dir: "auto" }, words),
        rows.length > 1 && element("span", { class: "quiet" }, `and ${rows.length - 1} more`),
      ),
      ...(detail !== undefined && may(detail, "pin:remove")
        ? [
            button(
              { class: "icon-button", "aria-label": "Unpin", title: "Unpin", "data-testid": "unpin" },
              () => void attempt(person, client.unpinMessage(conversation, newest.message)),
              icon("close"),
            ),
          ]
        : []),
    );
  }

  function drawTyping(): void {
    const names = [...typing].map((account) => person.nameOf(account));
    const words =
      names.length > 2
        ? "Several people are typing…"
        : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing…`;
    typingLine.textContent = names.length === 0 ? "" : words;
  }

  /** Opens a thread in place of the details. */
  function openThread(message: TimelineRow): void {
    togglePanel(false);
    openDeeper(message);
  }

  /** Opens a thread of a thread on top of it. */
  function openDeeper(message: TimelineRow): void {
    threads.at(-1)?.element.remove();
    const deeper: MessageActions = { ...actions, openThread: openDeeper };
    const thread = createThread(person, message, {
      conversation,
      drafts: frame.drafts,
      actions: deeper,
      close: closeThread,
    });
    threads.push(thread);
    if (detail !== undefined) {
      thread.show(detail);
    }
    details.element.after(thread.element);
    frame.panelToggled(true);
  }

  /** Closes the thread on top; the one that it was opened from is shown again. */
  function closeThread(): void {
    const thread = threads.pop();
    const had = thread?.element.contains(document.activeElement) === true;
    thread?.close();
    const below = threads.at(-1);
    if (below !== undefined) {
      details.element.after(below.element);
    } else {
      frame.panelToggled(panelOpen);
      if (had) {
        composer.focus();
      }
    }
  }

  function togglePanel(open: boolean): void {
    while (threads.length > 0) {
      closeThread();
    }
    const had = details.element.contains(document.activeElement);
    panelOpen = open;
    details.element.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    frame.panelToggled(open);
    if (open) {
      details.focus();
    } else if (had) {
      toggle.focus();
    }
  }

  const subscription = client.conversation(conversation, (next) => {
    if (next === undefined) {
      // It leaves the list too, and the screen with it.
      return;
    }
    detail = next;
    drawHead(titleOf(next, client.account), next.members.find((member) => member.account !== client.account)?.account);
    lock.hidden = !next.locked;
    replaceContent(stage, [leadBadge(next)]);
    drawSubtitle();
    drawPins(next.pins);
    composer.show(next);
    details.show(next);
    threads.forEach((thread) => thread.show(next));
    // Messages show what the own account may do with them.
    const { permissions, state, locked, role, policies, party } = next;
    const rights = JSON.stringify([permissions, state, locked, role, policies.reactions, party]);
    if (drawnFor !== rights) {
      drawnFor = rights;
      timeline.redraw();
    }
  });
  const refusals = client.refused((rows: readonly RefusedRow[]) =>
    refused.show(rows.filter((refusal) => refusal.conversation === conversation && refusal.thread === undefined)),
  );
  const stopPresence = client.onPresence((presence) => {
    if (presence.conversation !== conversation || presence.account === client.account) {
      return;
    }
    if (presence.kind === "typing") {
      typing.add(presence.account);
    } else {
      typing.delete(presence.account);
    }
    drawTyping();
  });

  showRow(row);
  return {
    element: element(
      "main",
      { class: "conversation", "aria-label": "Conversation" },
      head,
      pins,
      timeline.element,
      typingLine,
      gate.element,
      blockedNotice,
      composer.element,
    ),
    panel: details.element,
    showRow,
    focusComposer: () => composer.focus(),
    togglePanel,
    close: () => {
      threads.forEach((thread) => thread.close());
      composer.close();
      timeline.close();
      subscription.close();
      refusals.close();
      stopPresence();
    },
  };
}
