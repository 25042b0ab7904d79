// The dialogs that lead into a conversation: with one person, a new group or channel, or an
// existing one.

import type { NewConversation, Stored } from "tidings";

import { element } from "../dom";
import { field, openDialog } from "../dialog";
import { outcome, reasonOf, type Person } from "../person";
import { readLink } from "../texts";

const ACCOUNT = /^[!#-&(-.0-[\]-_a-~]{1,128}$/;
const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

/** Asks for the account to write to; works offline too. */
export function openNewDirect(person: Person, known: readonly string[], open: (conversation: string) => void): void {
  const account = accountInput("new-direct-account");
  const about = element("input", {
    type: "text",
    maxlength: 64,
    autocomplete: "off",
    "data-testid": "new-direct-about",
  });
  const { act, then } = beginning(open);
  openDialog({
    title: "New chat",
    fields: [
      field("Account", account, "The account id of the person, such as bob. It works offline too."),
      field("About", about, "An item of theirs to ask about, if any. Each item has a chat of its own."),
      suggestions(known),
    ],
    agree: "Start",
    act: async () => {
      const peer = account.value.trim();
      if (!ACCOUNT.test(peer)) {
        return "That is not an account id.";
      }
      if (peer === person.client.account) {
        return "That is you.";
      }
      const thing = about.value.trim();
      const { client } = person;
      return act(thing === "" ? client.createDirect(peer) : client.createResource(thing, { owner: peer, title: thing }));
    },
    then,
  });
}

/**
 * Asks for an invite link, or for confirmation of the given one. Works offline too: the server is
 * asked when it can be.
 */
export function openJoin(person: Person, followed = ""): void {
  const link = element("input", {
    type: "text",
    value: followed,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "data-testid": "join-link",
  });
  openDialog({
    title: "Join by a link",
    fields: [field("Invite link", link, "Or the id of a conversation that is open to everybody. It works offline too.")],
    agree: "Join",
    act: async () => {
      const { conversation, code } = readLink(link.value) ?? {};
      if (conversation === undefined) {
        return "That is not an invite link.";
      }
      const problem = await outcome(person.client.join(conversation, code));
      if (problem === undefined && person.client.connection.type !== "online") {
        person.say("You will join when you are online again.");
      }
      return problem;
    },
  });
}

/** The kinds with several members that can be created. */
const ROSTERS = {
  group: { title: "New group", about: "Everybody can write." },
  channel: { title: "New channel", about: "You and your admins write, everybody else can read." },
} as const;

/** Asks for the title and the members of a group or a channel. */
export function openNewRoster(
  person: Person,
  kind: keyof typeof ROSTERS,
  known: readonly string[],
  open: (conversation: string) => void,
): void {
  const title = element("input", {
    type: "text",
    maxlength: 200,
    autocomplete: "off",
    "data-testid": `new-${kind}-title`,
  });
  const members = element("input", {
    type: "text",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "data-testid": `new-${kind}-members`,
  });
  const name = element("input", {
    type: "text",
    maxlength: 64,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "data-testid": `new-${kind}-name`,
  });
  const hint =
    known.length === 0
      ? "Account ids, separated by commas."
      : `Account ids, separated by commas. You know ${known.slice(0, 4).join(", ")}.`;
  const { act, then } = beginning(open);
  openDialog({
    title: ROSTERS[kind].title,
    fields: [
      element("p", { class: "quiet" }, ROSTERS[kind].about),
      field("Title", title),
      field("Members", members, hint),
      field("Public name", name, "With a name, everybody can find and join it. Without one it is private."),
    ],
    agree: "Create",
    act: async () => {
      const words = members.value.split(/[\s,;]+/).filter((word) => word !== "");
      const wrong = words.find((word) => !ACCOUNT.test(word));
      if (wrong !== undefined) {
        return `“${wrong}” is not an account id.`;
      }
      const others = [...new Set(words)].filter((word) => word !== person.client.account);
      const named = title.value.trim();
      const found = name.value.trim();
      if (found !== "" && !NAME.test(found)) {
        return "Use lower-case letters and digits, with - _ or dots between them.";
      }
      const started: NewConversation = {
        members: others,
        ...(named !== "" && { title: named }),
        ...(found !== "" && { name: found, scope: "public", policies: [{ join: "open" }] }),
      };
      return act(person.client.createConversation(kind, started));
    },
    then,
  });
}

/** An input for an account id, completed from those that are known. */
export function accountInput(testid: string): HTMLInputElement {
  return element("input", {
    type: "text",
    list: "known-accounts",
    maxlength: 64,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "data-testid": testid,
  });
}

/** The suggestions of an account input. */
export function suggestions(known: readonly string[]): HTMLElement {
  return element(
    "datalist",
    { id: "known-accounts" },
    ...known.map((account) => element("option", { value: account })),
  );
}

/** How a dialog begins a conversation: it is opened once the dialog is gone, so that the focus goes there. */
export function beginning(open: (conversation: string) => void): {
  act(command: Promise<Stored>): Promise<string | undefined>;
  then(): void;
} {
  let begun: string | undefined;
  return {
    act: async (command) => {
      try {
        begun = (await command).conversation;
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
    then: () => {
      if (begun !== undefined) {
        open(begun);
      }
    },
  };
}
