// Shown in place of a screen: while it opens, and when it cannot.

import { button, element } from "../dom";

/** Shows that the screen is opening. */
export function showOpening(root: HTMLElement): void {
  root.replaceChildren(
    element(
      "main",
      { class: "opening", role: "status" },
      element("span", { class: "spinner", "aria-hidden": "true" }),
      element("p", { class: "quiet" }, "Opening…"),
    ),
  );
}

/** Shows that another tab has the screen, which moves here by itself when that tab is closed. */
export function showElsewhere(root: HTMLElement, asAnother: string): void {
  root.replaceChildren(
    element(
      "main",
      { class: "opening", role: "status", "data-testid": "elsewhere" },
      element("h1", {}, "Open in another tab"),
      element("p", {}, "Your chats are open in another tab of this browser. They open here when you close it."),
      element(
        "div",
        { class: "opening-buttons" },
        element("a", { class: "button", href: asAnother, "data-testid": "other-device" }, "Open as another device"),
      ),
    ),
  );
}

/** Shows why there is no screen, and what can be done. */
export function showFailure(root: HTMLElement, code: string, words: string, again: () => void): void {
  root.replaceChildren(
    element(
      "main",
      { class: "opening", role: "alert", "data-testid": "failure", "data-code": code },
      element("h1", {}, "Tidings cannot start"),
      element("p", {}, words),
      element(
        "div",
        { class: "opening-buttons" },
        button({ class: "button primary", "data-testid": "try-again" }, again, "Try again"),
      ),
    ),
  );
}
