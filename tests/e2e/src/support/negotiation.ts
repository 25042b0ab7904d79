/** What a client and an owner do before their screens to agree on a visit. */
import type { Locator } from "playwright-core";

import type { Person } from "./person.js";
import type { Scene } from "./scene.js";
import { untilEqual } from "./until.js";

/** A visit to propose; what is left out stays as the dialog has it. */
export interface Visit {
  readonly date?: string;
  readonly from?: string;
  readonly to?: string;
  readonly zone?: string;
  readonly location?: string;
  readonly note?: string;
}

/** A client who has asked about a flat, and its owner, both with the conversation open. */
export async function negotiators(scene: Scene): Promise<{ client: Person; owner: Person; conversation: string }> {
  const owner = await scene.person("omar");
  const address = { about: "flat-7", title: "Flat 7", owner: owner.account };
  const client = await scene.person("clara", { address });
  await client.find("offer-ask").click();
  await client.agree();
  const conversation = (await client.find("inbox-row").getAttribute("data-conversation")) ?? "";
  await owner.open(conversation);
  return { client, owner, conversation };
}

/** Proposes a visit by the composer's menu. */
export async function propose(owner: Person, visit: Visit): Promise<void> {
  const before = await owner.find("proposal").count();
  await owner.find("attach").click();
  await owner.find("attach-visit").click();
  const { zone, ...fields } = visit;
  if (zone !== undefined) {
    await owner.find("visit-zone").selectOption(zone);
  }
  for (const [name, value] of Object.entries(fields)) {
    await owner.find(`visit-${name}`).fill(value);
  }
  await owner.agree();
  await owner.find("proposal").nth(before).waitFor();
}

/** The card of the proposal with this note. */
export function card(person: Person, note: string): Locator {
  return person.find("proposal").filter({ has: person.screen.getByText(note, { exact: true }) });
}

/** Waits until the statuses of all proposals, in order, are as wanted. */
export async function untilStatuses(person: Person, wanted: readonly string[]): Promise<void> {
  const read = (): Promise<string[]> =>
    person.find("proposal").evaluateAll((cards) => cards.map((shown) => shown.dataset["status"] ?? ""));
  await untilEqual(`the proposals as ${person.account} sees them`, read, [...wanted]);
}

/** Waits until the open conversation's header shows the lead in this stage. */
export async function untilStage(person: Person, wanted: string): Promise<void> {
  const read = (): Promise<string | null> => person.find("lead-badge").getAttribute("data-stage");
  await untilEqual(`the lead as ${person.account} sees it`, read, wanted);
}
