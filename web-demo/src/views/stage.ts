// The demo's page: two or three people's screens side by side, each in a frame of its own, so that
// they share nothing but the server.

import { button, element } from "../dom";
import { initialName } from "../session";
import { invitedBy } from "../texts";

/** Shows the people's screens; on a narrow page one at a time, with tabs. */
export function showStage(root: HTMLElement, accounts: readonly string[]): void {
  const frames = accounts.map((account) =>
    element("iframe", {
      class: "frame",
      src: screenOf(account),
      title: `${initialName(account)}'s screen`,
      "data-testid": `frame-${account}`,
      id: `frame-${account}`,
    }),
  );
  const tabs = accounts.map((account, index) =>
    button(
      {
        class: "tab",
        role: "tab",
        id: `tab-${account}`,
        "aria-controls": `frame-${account}`,
        "data-testid": `tab-${account}`,
      },
      () => choose(index),
      initialName(account),
    ),
  );
  const tablist = element("div", { class: "tabs", role: "tablist", "aria-label": "Whose screen" }, ...tabs);

  function choose(chosen: number): void {
    tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(index === chosen));
      tab.tabIndex = index === chosen ? 0 : -1;
      frames[index]?.classList.toggle("chosen", index === chosen);
    });
  }

  tablist.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step !== undefined) {
      const at = tabs.findIndex((tab) => tab === document.activeElement);
      const next = (at + step + tabs.length) % tabs.length;
      choose(next);
      tabs[next]?.focus();
    }
  });
  choose(0);
  root.replaceChildren(
    element(
      "div",
      { class: "stage" },
      element(
        "header",
        { class: "stage-bar" },
        element("h1", { class: "stage-name" }, "Tidings"),
        element(
          "p",
          { class: "stage-words" },
          "Write as anybody. Switch a network off, go on writing, switch it on again.",
        ),
        element(
          "nav",
          { class: "stage-links", "aria-label": "One screen alone" },
          ...accounts.map((account) =>
            element(
              "a",
              { href: screenOf(account), "data-testid": `alone-${account}` },
              `${initialName(account)} alone`,
            ),
          ),
          thirdPerson(accounts),
        ),
      ),
      tablist,
      element("main", { class: "frames" }, ...frames),
    ),
  );
}

function thirdPerson(accounts: readonly string[]): HTMLElement {
  return accounts.includes("carol")
    ? element("a", { href: "/", "data-testid": "remove-third" }, "Two people")
    : element(
        "a",
        { href: `/?people=${[...accounts, "carol"].join(",")}`, "data-testid": "add-third" },
        "Add a third person",
      );
}

/** The address of somebody's screen; an invite link of this page is passed on to it. */
function screenOf(account: string): string {
  return `/?account=${encodeURIComponent(account)}${invitedBy(new URL(location.href)) === undefined ? "" : location.hash}`;
}
