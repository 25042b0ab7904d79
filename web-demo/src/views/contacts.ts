// The address book: favorites first, a chat with each contact that has an account, and the blocked
// accounts. Everything works offline, except finding out who has an account.

import type { BlockedRow, ContactRow, NewContact, Reachability } from "tidings";

import { avatar } from "../avatar";
import { field, openDialog, showModal } from "../dialog";
import { button, element, type Child } from "../dom";
import { icon } from "../icons";
import { attempt, outcome, reasonOf, type Person } from "../person";
import { openMenu, type MenuItem } from "../popover";
import { accountInput, suggestions } from "./creation";

const REACHABILITIES: Readonly<Record<Exclude<Reachability, "unknown">, string>> = {
  everybody: "Everybody",
  contacts: "My contacts",
  nobody: "Nobody",
};

/** Shows the address book until it is closed. */
export function openContacts(person: Person, known: readonly string[], open: (conversation: string) => void): void {
  const { client } = person;
  let contacts: ContactRow[] = [];
  let blocked: BlockedRow[] = [];

  const list = element("ul", { class: "contacts", "aria-label": "Contacts", "data-testid": "contacts" });
  const outcasts = element("section", { class: "contacts-blocked", "aria-label": "Blocked" });
  const reach = element(
    "select",
    { "data-testid": "reachability" },
    ...Object.entries(REACHABILITIES).map(([value, words]) => element("option", { value }, words)),
  );
  reach.addEventListener("change", () => {
    const chosen = Object.keys(REACHABILITIES).find((name): name is Reachability => name === reach.value);
    void attempt(person, client.setReachability(chosen ?? "everybody"));
  });
  const dialog = element(
    "dialog",
    { class: "dialog", "aria-labelledby": "contacts-title" },
    element(
      "div",
      { class: "contacts-head" },
      element("h2", { id: "contacts-title" }, "Contacts"),
      button(
        { class: "button", "data-testid": "contact-add" },
        () => askForContact(person, known, undefined),
        "Add",
      ),
      button(
        { class: "icon-button", "aria-label": "Close", "data-testid": "contacts-close" },
        () => close(),
        icon("close"),
      ),
    ),
    list,
    field("Who may invite me, add me or write to me first", reach),
    outcasts,
  );

  function isBlocked(account: string | undefined): boolean {
    return account !== undefined && blocked.some((row) => row.account === account);
  }

  function draw(): void {
    const sorted = [...contacts].sort(
      (one, other) => Number(other.favorite) - Number(one.favorite) || nameOf(person, one).localeCompare(nameOf(person, other)),
    );
    list.replaceChildren(
      ...(sorted.length === 0
        ? [element("li", { class: "quiet" }, "Nobody yet. Add somebody by account, phone number or e-mail address.")]
        : sorted.map(drawContact)),
    );
    outcasts.hidden = blocked.length === 0;
    outcasts.replaceChildren(
      element("h3", {}, "Blocked"),
      element(
        "ul",
        { class: "contacts" },
        ...blocked.map((row) =>
          element(
            "li",
            { class: "contact", "data-testid": "blocked-account", "data-account": row.account },
            avatar(row.account, person.nameOf(row.account)),
            element("span", { class: "contact-text", dir: "auto" }, person.nameOf(row.account)),
            button(
              { class: "button", "data-testid": "unblock" },
              () => void attempt(person, client.unblock(row.account)),
              "Unblock",
            ),
          ),
        ),
      ),
    );
  }

  function drawContact(row: ContactRow): HTMLElement {
    const name = nameOf(person, row);
    const { account } = row;
    const reached = [account, row.phone, row.email].filter((words) => words !== undefined && words !== name);
    const more = button(
      { class: "icon-button", "aria-label": `More about ${name}`, "aria-haspopup": "menu", "data-testid": "contact-menu" },
      () => openMenu(more, name, menuItems(row)),
      icon("more"),
    );
    return element(
      "li",
      { class: "contact", "data-testid": "contact", "data-account": account },
      avatar(account ?? row.id, name),
      element(
        "span",
        { class: "contact-text" },
        element("span", { class: "contact-name", "data-testid": "contact-name" }, name),
        element(
          "span",
          { class: "quiet" },
          [...reached, ...(isBlocked(account) ? ["blocked"] : [])].join(" · "),
        ),
      ),
      button(
        {
          class: row.favorite ? "icon-button favorite" : "icon-button",
          "aria-label": `${name} is a favorite`,
          "aria-pressed": String(row.favorite),
          "data-testid": "contact-favorite",
        },
        () => void attempt(person, client.addContact({ ...fieldsOf(row), favorite: !row.favorite })),
        icon("star"),
      ),
      account !== undefined &&
        button(
          { class: "button primary", "data-testid": "contact-chat" },
          () => void start(account),
          "Chat",
        ),
      more,
    );
  }

  function menuItems(row: ContactRow): MenuItem[] {
    const { account } = row;
    const blocking: MenuItem[] =
      account === undefined
        ? []
        : [
            {
              label: isBlocked(account) ? "Unblock" : "Block",
              icon: "block",
              testid: "contact-block",
              danger: !isBlocked(account),
              choose: () => void attempt(person, isBlocked(account) ? client.unblock(account) : client.block(account)),
            },
          ];
    return [
      { label: "Edit", icon: "edit", testid: "contact-edit", choose: () => askForContact(person, known, row) },
      ...blocking,
      {
        label: "Remove",
        icon: "trash",
        testid: "contact-remove",
        danger: true,
        choose: () => void attempt(person, client.removeContact(row.id)),
      },
    ];
  }

  async function start(peer: string): Promise<void> {
    try {
      const { conversation } = await client.createDirect(peer);
      close();
      if (conversation !== undefined) {
        open(conversation);
      }
    } catch (error) {
      person.say(reasonOf(error));
    }
  }

  const subscriptions = [
    client.contacts((rows) => {
      contacts = rows;
      draw();
    }),
    client.blocked((rows) => {
      blocked = rows;
      draw();
    }),
    client.reachability((reachability) => {
      reach.value = reachability;
    }),
  ];
  const stopProfiles = client.onProfile(draw);
  const close = showModal(dialog, () => {
    subscriptions.forEach((subscription) => subscription.close());
    stopProfiles();
  });
}

/** The name to show for a contact. */
function nameOf(person: Person, row: ContactRow): string {
  return row.nickname ?? (row.account === undefined ? undefined : person.nameOf(row.account)) ?? row.phone ?? row.email ?? "Nobody";
}

/** A contact as commands take it. */
function fieldsOf(row: ContactRow): NewContact {
  const { id, kind, account, nickname, favorite, phone, email } = row;
  return {
    id,
    kind,
    favorite,
    ...(account !== undefined && { account }),
    ...(nickname !== undefined && { nickname }),
    ...(phone !== undefined && { phone }),
    ...(email !== undefined && { email }),
  };
}

/** Asks for a contact's fields; the account is looked up by number or address if there is a server. */
function askForContact(person: Person, known: readonly string[], former: ContactRow | undefined): void {
  const text = (name: string, type: string, value: string | undefined): HTMLInputElement =>
    element("input", { type, maxlength: 254, autocomplete: "off", value: value ?? "", "data-testid": `contact-${name}` });
  const nickname = text("nickname", "text", former?.nickname);
  const phone = text("phone", "tel", former?.phone);
  const email = text("email", "text", former?.email);
  const account = accountInput("contact-account");
  account.value = former?.account ?? "";
  openDialog({
    title: former === undefined ? "Add a contact" : "Edit the contact",
    fields: [
      field("Name", nickname),
      field("Phone", phone, "With a + and the country code, like +4930123456."),
      field("E-mail", email),
      field("Account", account, "If left empty, it is looked up by phone and e-mail."),
      suggestions(known),
    ] satisfies Child[],
    agree: "Save",
    act: () => outcome(save()),
  });

  async function save(): Promise<void> {
    const [called, number, address] = [nickname.value.trim(), phone.value.trim(), email.value.trim()];
    const linked = account.value.trim() || (await find([number, address]));
    await person.client.addContact({
      favorite: former?.favorite ?? false,
      ...(former !== undefined && { id: former.id, kind: former.kind }),
      ...(linked !== "" && { account: linked }),
      ...(called !== "" && { nickname: called }),
      ...(number !== "" && { phone: number }),
      ...(address !== "" && { email: address }),
    });
  }

  /** The account with one of these contact points, if the server is connected and knows one. */
  async function find(points: readonly string[]): Promise<string> {
    const asked = points.filter((point) => point !== "");
    if (asked.length === 0) {
      return "";
    }
    try {
      const [found] = await person.client.matchContacts(asked);
      return found?.account ?? "";
    } catch {
      return "";
    }
  }
}
