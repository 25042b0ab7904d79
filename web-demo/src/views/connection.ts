// The bar at the top of a person's screen: who they are, the state of the connection, and the switch
// that cuts it.

import type { Client } from "tidings";

import { avatar } from "../avatar";
import { button, element } from "../dom";
import { attempt, type Person } from "../person";
import { field, openDialog } from "../dialog";
import { connectionWords, sentenceOf, unsyncedWords } from "../texts";

/** Creates the bar; it lives as long as the screen. */
export function createConnection(person: Person): HTMLElement {
  const { client } = person;
  const identity = button({ class: "identity", "data-testid": "identity" }, () => openProfile(person));
  const words = element("span", { class: "connection-words" });
  const unsynced = element("span", { class: "unsynced", "data-testid": "unsynced" });
  const state = element(
    "div",
    { class: "connection", "data-testid": "connection" },
    element("span", { class: "connection-dot", "aria-hidden": "true" }),
    words,
    unsynced,
  );
  const retry = button(
    { class: "link", "data-testid": "connect-now", hidden: true },
    () => client.connectNow(),
    "Try now",
  );
  // Updated once per state: a countdown must not be read out second by second.
  const spoken = element("span", { class: "unseen", role: "status" });
  const network = button(
    { class: "switch", role: "switch", "aria-label": "Network", "data-testid": "network-switch" },
    () => client.setNetwork(client.connection.type === "off"),
    element("span", { class: "switch-label", "aria-hidden": "true" }, "Network"),
    element("span", { class: "switch-track", "aria-hidden": "true" }),
  );

  const drawIdentity = (): void => {
    const name = person.nameOf(client.account);
    identity.replaceChildren(
      avatar(client.account, name, "small"),
      element("span", { class: "identity-name" }, name, element("span", { class: "unseen" }, ", your profile")),
    );
    document.title = `${name} – Tidings`;
  };
  const draw = (): void => {
    const connection = client.connection;
    if (state.dataset["state"] !== connection.type) {
      spoken.textContent = connectionWords(connection, Date.now());
    }
    state.dataset["state"] = connection.type;
    network.setAttribute("aria-checked", String(connection.type !== "off"));
    words.textContent = connectionWords(connection, Date.now());
    state.title = reasonFor(client) ?? "";
    retry.hidden = connection.type !== "waiting" && connection.type !== "rejected";
    unsynced.dataset["count"] = String(client.unsynced);
    unsynced.textContent = `\u00a0– ${unsyncedWords(connection, client.unsynced)}`;
    unsynced.hidden = client.unsynced === 0;
    schedule();
  };
  let ticking: ReturnType<typeof setTimeout> | undefined;
  // Only waiting needs a countdown.
  const schedule = (): void => {
    clearTimeout(ticking);
    ticking = client.connection.type === "waiting" ? setTimeout(draw, 1000) : undefined;
  };

  client.onConnection(draw);
  client.onUnsynced(draw);
  client.onProfile(drawIdentity);
  drawIdentity();
  draw();
  return element(
    "header",
    { class: "bar" },
    identity,
    element("div", { class: "bar-state" }, state, retry, spoken),
    network,
  );
}

function reasonFor(client: Client): string | undefined {
  const connection = client.connection;
  const code = connection.type === "waiting" || connection.type === "rejected" ? connection.code : undefined;
  return code === undefined ? undefined : sentenceOf(code);
}

function openProfile(person: Person): void {
  const { client } = person;
  const profile = client.profile(client.account);
  const name = element("input", {
    type: "text",
    maxlength: 120,
    value: profile?.displayName ?? "",
    autocomplete: "off",
  });
  openDialog({
    title: "Your profile",
    fields: [
      element("p", { class: "quiet" }, "Your account is ", element("code", {}, client.account), "."),
      field("Name for others", name),
    ],
    agree: "Save",
    act: async () => {
      const displayName = name.value.trim();
      if (displayName === "") {
        return "Enter a name.";
      }
      return (await attempt(person, client.setProfile({ ...profile, displayName })))
        ? undefined
        : "It was not saved.";
    },
  });
}
