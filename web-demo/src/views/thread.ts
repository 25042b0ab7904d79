// The panel of a thread: the message that it starts from, its messages, and a composer that opens the
// thread with the first message.

import type { ConversationDetail, TimelineRow } from "tidings";

import { lineOf } from "../content";
import { button, element } from "../dom";
import { icon } from "../icons";
import type { Person } from "../person";
import { createComposer, type ComposerView, type Drafts } from "./composer";
import type { MessageActions } from "./message";
import { createNegotiation } from "./negotiation";
import { createRefused } from "./refused";
import { createTimeline, type TimelineView } from "./timeline";

/** A thread on screen. */
export interface ThreadView {
  readonly element: HTMLElement;
  /** Members and rights from the conversation, until the thread has its own detail. */
  show(detail: ConversationDetail): void;
  close(): void;
}

/** The thread's view of its conversation. */
export interface ThreadFrame {
  readonly conversation: string;
  readonly drafts: Drafts;
  readonly actions: MessageActions;
  close(): void;
}

/** Opens the thread of a message. */
export function createThread(person: Person, row: TimelineRow, frame: ThreadFrame): ThreadView {
  const { client } = person;
  const { conversation } = frame;
  const thread = client.threadOf(conversation, row.id);
  let isOpened = false;
  let now: ConversationDetail | undefined;

  const closer = button(
    { class: "icon-button", "aria-label": "Close the thread", "data-testid": "thread-close" },
    frame.close,
    icon("close"),
  );
  const title = element("h2", {}, "Thread");
  const parent = element(
    "div",
    { class: "thread-parent", "data-testid": "thread-parent" },
    element("strong", {}, row.own ? "You" : row.authorName),
    element("span", { class: "quiet", dir: "auto" }, row.content === undefined ? "Message deleted" : lineOf(row.content)),
  );
  const refused = createRefused(person);
  const negotiation = createNegotiation(person, { conversation, thread, detail: () => now });
  const actions: MessageActions = {
    ...frame.actions,
    group: true,
    negotiation,
    reply: (message) => composer.reply(message),
    edit: (message) => composer.edit(message),
    jump: (message) => timeline.jump(message),
  };
  const timeline: TimelineView = createTimeline(person, conversation, 0, actions, refused.element, thread);
  const composer: ComposerView = createComposer(person, {
    conversation,
    thread,
    drafts: frame.drafts,
    negotiation,
    // Opening it again changes nothing.
    before: async () => {
      if (!isOpened) {
        await client.createThread(conversation, row.id);
      }
    },
    typing: () => undefined,
    lastOwn: () => timeline.lastOwn(),
  });
  const root = element(
    "aside",
    { class: "details thread", "aria-label": "Thread", "data-testid": "thread-panel" },
    element("div", { class: "details-head" }, title, closer),
    parent,
    timeline.element,
    composer.element,
  );
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.stopPropagation();
      frame.close();
    }
  });

  const subscription = client.conversation(
    conversation,
    (detail) => {
      isOpened = detail !== undefined;
      now = detail ?? now;
      title.textContent = detail?.title ?? "Thread";
      if (detail !== undefined) {
        composer.show(detail);
      }
      timeline.redraw();
    },
    thread,
  );
  const refusals = client.refused((rows) => refused.show(rows.filter((refusal) => refusal.thread === thread)));
  queueMicrotask(() => composer.focus());
  return {
    element: root,
    show: (detail) => {
      if (!isOpened) {
        composer.show(detail);
      }
    },
    close: () => {
      composer.close();
      timeline.close();
      subscription.close();
      refusals.close();
      root.remove();
    },
  };
}
