// The subscribers of a channel in its panel: no document lists them, so staff ask the server, a page
// at a time, and get the progress of all.

import type { ConversationDetail, Subscriber } from "tidings";

import { button, element, replaceContent } from "../dom";
import { reasonOf, type Person } from "../person";
import { createSection, type Section } from "../section";

const PAGE = 50;

/** Returns true for staff of a channel. */
const isStaff = (detail: ConversationDetail): boolean =>
  detail.kind === "channel" && detail.status === "active" && detail.role !== "subscriber";

/** Creates the part with the subscribers of a channel. */
export function createSubscribers(person: Person, conversation: string): Section {
  const told = element("p", { class: "quiet", role: "status", "data-testid": "subscribers-told" });
  const list = element("ul", { class: "subscriber-list", role: "list", "aria-label": "Subscribers" });
  const ask = button({ class: "button small", "data-testid": "subscribers-ask" }, () => void load([]), "Who subscribes?");
  const more = button({ class: "button small", "data-testid": "subscribers-more", hidden: true }, () => void load(rows), "More");
  let rows: readonly Subscriber[] = [];

  /** Loads the page after these. */
  async function load(known: readonly Subscriber[]): Promise<void> {
    ask.disabled = more.disabled = true;
    try {
      const after = known.at(-1)?.account;
      const page = await person.client.subscribers(conversation, { limit: PAGE, ...(after !== undefined && { after }) });
      rows = [...known, ...page.subscribers];
      const people = `${page.count} ${page.count === 1 ? "subscriber" : "subscribers"}`;
      told.textContent = `${people}. The newest message reached ${page.delivered}, read by ${page.read}.`;
      more.hidden = page.subscribers.length < PAGE;
      const row = ({ account }: Subscriber): HTMLElement =>
        element("li", { "data-testid": "subscriber" }, person.nameOf(account));
      replaceContent(list, rows.map(row));
      ask.textContent = "Ask again";
    } catch (error) {
      told.textContent = reasonOf(error);
    } finally {
      ask.disabled = more.disabled = false;
    }
  }

  return createSection(
    element("section", { class: "details-section", hidden: true }),
    isStaff,
    (detail) => (isStaff(detail) ? [element("h3", {}, "Subscribers"), told, list, more, ask] : []),
  );
}
