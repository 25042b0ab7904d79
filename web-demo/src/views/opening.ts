// What stands in place of a screen: while it opens, and when it cannot.

import { button, element, type Child } from "../dom";

/** Says that the screen is on its way. */
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

/** Says why there is no screen, and what can be done. */
export function showFailure(
  root: HTMLElement,
  code: string,
  words: string,
  again: () => void,
  ...more: readonly Child[]
): void {
  root.replaceChildren(
    element(
      "main",
      { class: "opening", role: "alert", "data-testid": "failure", "data-code": code },
      element("h1", {}, code === "store_in_use" ? "Open in another tab" : "Tidings cannot start"),
      element("p", {}, words),
      element(
        "div",
        { class: "opening-buttons" },
        button({ class: "button primary", "data-testid": "try-again" }, again, "Try again"),
        ...more,
      ),
    ),
  );
}
