// A part of the panel beside a conversation. It is not redrawn while nothing in it changes, because
// somebody may be using it.

import type { ConversationDetail } from "tidings";

import { replaceContent, type Child } from "./dom";

/** A part of the panel. */
export interface Section {
  readonly element: HTMLElement;
  show(detail: ConversationDetail): void;
}

/** A part that is its content: redrawn when its input changes, hidden while it draws nothing. */
export function createSection(
  root: HTMLElement,
  from: (detail: ConversationDetail) => unknown,
  draw: (detail: ConversationDetail) => readonly Child[],
): Section {
  let drawn: string | undefined;
  return {
    element: root,
    show: (detail) => {
      const next = JSON.stringify(from(detail));
      if (next !== drawn) {
        drawn = next;
        const content = draw(detail);
        root.hidden = content.length === 0;
        replaceContent(root, content);
      }
    },
  };
}
