// The demo's page: two or three people's screens side by side, each in a frame of its own, so that
// they share nothing but the server.

import { button, element } from "../dom";
import { addressOf, SCENES, screenOf, type Scene, type SceneName } from "../scene";
import { initialName } from "../session";
import { invitedBy } from "../texts";

/** Shows the people's screens; on a narrow page one at a time, with tabs. */
export function showStage(root: HTMLElement, scene: Scene): void {
  const { accounts } = scene;
  const [one = "", other = ""] = accounts.map(initialName);
  const frames = accounts.map((account) =>
    element("iframe", {
      class: "frame",
      src: frameOf(scene, account),
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
        sceneSwitch(scene),
        element("p", { class: "stage-words" }, SCENES[scene.name].words(one, other)),
        element(
          "nav",
          { class: "stage-links", "aria-label": "One screen alone" },
          ...accounts.map((account) =>
            element(
              "a",
              { href: frameOf(scene, account), "data-testid": `alone-${account}` },
              `${initialName(account)} alone`,
            ),
          ),
          scene.name === "chat" && thirdPerson(scene),
        ),
      ),
      tablist,
      element("main", { class: "frames" }, ...frames),
    ),
  );
}

/** The links to the scenes, the shown one marked. */
function sceneSwitch(shown: Scene): HTMLElement {
  return element(
    "nav",
    { class: "scenes", "aria-label": "Scene" },
    ...(Object.keys(SCENES) as SceneName[]).map((name) =>
      element(
        "a",
        {
          class: "scene",
          href: addressOf({ name, accounts: SCENES[name].accounts }),
          "aria-current": name === shown.name ? "page" : undefined,
          "data-testid": `scene-${name}`,
        },
        SCENES[name].title,
      ),
    ),
  );
}

function thirdPerson({ name, accounts }: Scene): HTMLElement {
  return accounts.includes("carol")
    ? element("a", { href: "/", "data-testid": "remove-third" }, "Two people")
    : element(
        "a",
        { href: addressOf({ name, accounts: [...accounts, "carol"] }), "data-testid": "add-third" },
        "Add a third person",
      );
}

/** The address of somebody's screen; an invite link of this page is passed on to it. */
function frameOf(scene: Scene, account: string): string {
  return `${screenOf(scene, account)}${invitedBy(new URL(location.href)) === undefined ? "" : location.hash}`;
}
