// A resource that the person can ask its owner about: a card above the list until they have, and the dialog
// that begins the conversation.

import type { ConversationRow, Stored } from "tidings";

import { field, openDialog } from "../dialog";
import { button, element } from "../dom";
import { icon } from "../icons";
import type { Person } from "../person";
import type { Offer } from "../scene";
import { initialName } from "../session";
import { beginning } from "./creation";

/** What a client can want, and how they can be reached, in this app's names. */
const INTENTS = { rent: "To rent it", buy: "To buy it", question: "Just a question" } as const;
const CHANNELS = { chat: "Here", phone: "By phone", email: "By e-mail" } as const;

/** The card of an offer. */
export interface OfferView {
  readonly element: HTMLElement;
  /** The card is there while no conversation is about the resource. */
  show(rows: readonly ConversationRow[]): void;
}

/** Creates the card. */
export function createOffer(person: Person, offer: Offer, open: (conversation: string) => void): OfferView {
  const root = element(
    "section",
    { class: "offer", "aria-label": "Offer", "data-testid": "offer", hidden: true },
    element(
      "p",
      { class: "offer-text" },
      element("strong", { dir: "auto" }, offer.title),
      element("span", { class: "quiet" }, `Offered by ${initialName(offer.owner)}`),
    ),
    button({ class: "button primary", "data-testid": "offer-ask" }, () => ask(person, offer, open), icon("calendar"), "Ask about it"),
  );
  return {
    element: root,
    show: (rows) => {
      root.hidden = rows.some((row) => row.resource === offer.resource);
    },
  };
}

/** Asks what to write to the owner; works offline too. */
function ask(person: Person, offer: Offer, open: (conversation: string) => void): void {
  const { client } = person;
  const intent = choice("ask-intent", INTENTS);
  const channel = choice("ask-channel", CHANNELS);
  const message = element(
    "textarea",
    { rows: 3, required: true, maxlength: 4000, "data-testid": "ask-message" },
    `Hello ${initialName(offer.owner)}, is it still free? I would like to see it.`,
  );
  const begin = async (): Promise<Stored> => {
    const words = message.value.trim();
    const stored = await client.createResource(offer.resource, {
      owner: offer.owner,
      title: offer.title,
      clientName: person.nameOf(client.account),
      intent: intent.value,
      contactChannel: channel.value,
    });
    if (stored.conversation !== undefined) {
      await client.sendMessage(stored.conversation, words);
    }
    return stored;
  };
  const { act, then } = beginning(open);
  openDialog({
    title: offer.title,
    fields: [
      element("div", { class: "field-pair" }, field("What for", intent), field("How to reach you", channel)),
      field("Message", message),
    ],
    agree: "Ask",
    act: () => act(begin()),
    then,
  });
}

function choice(testid: string, options: Readonly<Record<string, string>>): HTMLSelectElement {
  return element(
    "select",
    { "data-testid": testid },
    ...Object.entries(options).map(([value, words]) => element("option", { value }, words)),
  );
}
