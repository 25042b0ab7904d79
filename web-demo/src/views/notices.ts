// Notices beside the conversation: short ones when something did not work, and a lasting one while the
// device cannot store.

import type { Client, Code } from "tidings";

import { button, element } from "../dom";
import { icon } from "../icons";
import { NOT_KEPT, sentenceOf } from "../texts";

const MOMENT_MS = 6000;

/** The place for short notices. */
export interface MomentView {
  readonly element: HTMLElement;
  say(words: string): void;
}

/** Creates the place for short notices. */
export function createMoment(): MomentView {
  const root = element("div", { class: "moment", role: "alert", "data-testid": "notice" });
  let going: ReturnType<typeof setTimeout> | undefined;
  return {
    element: root,
    say: (words) => {
      clearTimeout(going);
      root.replaceChildren(element("span", {}, words));
      going = setTimeout(() => root.replaceChildren(), MOMENT_MS);
    },
  };
}

/** Creates the bar that reports a failing store; empty while it works. */
export function createStorage(client: Client): HTMLElement {
  const root = element("div", { class: "storage", role: "alert", "data-testid": "storage" });
  let dismissed = false;
  const draw = (failing: Code | undefined): void => {
    const lasting = failing !== undefined;
    const code = failing ?? (dismissed ? undefined : client.storeFallback);
    root.hidden = code === undefined;
    if (code === undefined) {
      root.replaceChildren();
      return;
    }
    root.dataset["code"] = code;
    const dismiss = (): void => {
      dismissed = true;
      draw(undefined);
    };
    root.replaceChildren(
      icon("warning"),
      element("span", {}, lasting ? sentenceOf(code) : NOT_KEPT),
      ...(lasting ? [] : [button({ class: "icon-button", "aria-label": "Dismiss" }, dismiss, icon("close"))]),
    );
  };
  client.onStorage(draw);
  draw(undefined);
  return root;
}
