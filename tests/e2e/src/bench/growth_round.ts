/**
 * What grows, one round of it: each case is about a client whose work must follow what changed, and
 * neither how much was there before nor how many conversations are open. It runs in Node.js and in a page.
 */
import { Client, init, type ClientOptions, type Timeline } from "tidings";

/** Messages of one sender, and of the timeline that is scrolled back. */
export const SENT = 5_000;
const HISTORY = 10_000;
/** Messages of which the mean is taken, at the beginning and behind the others. */
const SAMPLE = 100;
/** Written without a network, and by the other one meanwhile. */
export const BURST = 200;
export const MISSED = 500;
/** Timelines on the screen. */
const OPEN = 300;
/** Who come into a conversation one after another, each with it on the screen from then on. */
const JOINS = 100;

/** What a round is about. */
export interface GrowthPlan {
  readonly url: string;
  /** Sets the accounts of this round apart. */
  readonly round: string;
  /** The bearer tokens of its accounts. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** What only the place can give that a round runs in. */
export interface Place {
  /** Where a device keeps its state, and what its sockets are. */
  device(name: string): Pick<ClientOptions, "store" | "storeName" | "webSocket">;
  /** What this process has used of processors; ms, and no number where that is not told. */
  processor(): number;
}

/** The accounts of a round. */
export function accountsOf(round: string): string[] {
  return [`writer-${round}`, `follower-${round}`, ...joinersOf(round)];
}

function joinersOf(round: string): string[] {
  return Array.from({ length: JOINS }, (_, index) => `joiner-${round}-${index}`);
}

/** Measures each case once. */
export async function measureRound(plan: GrowthPlan, place: Place): Promise<Record<string, number>> {
  await init();
  const open = (account: string, name = account): Promise<Client> => openDevice(plan, place, account, name);
  const [writer = "", reader = ""] = accountsOf(plan.round);
  const [ann, bob] = [await open(writer), await open(reader)];
  const { conversation = "" } = await ann.createDirect(reader);
  await settled(ann);
  const written = ann.timeline(conversation, () => undefined);
  const followed = bob.timeline(conversation, () => undefined);
  await write(ann, conversation, SAMPLE);
  const early = await costOfOne(place, ann, conversation);
  const last = newest(written) + SENT;
  const sent = await spent(place, async () => {
    await write(ann, conversation, SENT);
    await until(() => newest(followed) >= last);
  });
  const late = await costOfOne(place, ann, conversation);
  await write(ann, conversation, HISTORY - SENT - 3 * SAMPLE);
  const device = await open(reader, `${reader}-again`);
  const scrolled = await spent(place, () => scrollBack(device, conversation));
  await device.close();
  const burst = await converge(place, ann, bob, conversation, written, followed);
  const input = await inputWithManyOpen(place, ann, written);
  const joins = await joinOneByOne(place, ann, joinersOf(plan.round), open);
  await Promise.all([ann.close(), bob.close()]);
  return {
    sender_per_second: (SENT / sent.ms) * 1_000,
    sender_cpu_ms: sent.processor / SENT,
    late_to_early: late / early,
    scrolled_ms: scrolled.ms,
    scrolled_cpu_ms: scrolled.processor,
    burst_ms: burst.ms,
    burst_cpu_ms: burst.processor,
    joins_ms: joins.ms,
    joins_cpu_ms: joins.processor,
    input_ms: input,
  };
}

/** All of a long timeline, by a device that comes for the first time. */
async function scrollBack(device: Client, conversation: string): Promise<void> {
  const timeline = device.timeline(conversation, () => undefined);
  await until(() => timeline.rows.length > 0);
  while (timeline.hasOlder) {
    const had = timeline.rows.length;
    timeline.loadOlder();
    if (timeline.rows.length === had) {
      await until(() => timeline.rows.length > had || !timeline.hasOlder);
    }
  }
}

/** What was written apart, from the network's return until both have all of it. */
async function converge(
  place: Place,
  ann: Client,
  bob: Client,
  conversation: string,
  written: Timeline,
  followed: Timeline,
): Promise<Spent> {
  bob.setNetwork(false);
  await until(() => bob.connection.type === "off");
  await Promise.all(Array.from({ length: BURST }, (_, index) => bob.sendMessage(conversation, text(index))));
  await write(ann, conversation, MISSED);
  const last = newest(written) + BURST;
  return spent(place, async () => {
    bob.setNetwork(true);
    await until(() => bob.unsynced === 0 && newest(followed) >= last && newest(written) >= last);
  });
}

/** What an input costs while many timelines are on the screen; ms. */
async function inputWithManyOpen(place: Place, device: Client, timeline: Timeline): Promise<number> {
  const timelines = [];
  for (let index = 0; index < OPEN; index += 1) {
    const { conversation = "" } = await device.createGroup({ title: `Open ${index}`, members: [] });
    timelines.push(device.timeline(conversation, () => undefined));
  }
  await settled(device);
  const cost = await spent(place, async () => {
    for (let index = 0; index < SAMPLE; index += 1) {
      timeline.typing(index % 2 === 0);
    }
  });
  timelines.forEach((opened) => opened.close());
  return costOf(cost) / SAMPLE;
}

/**
 * Joins, one after another, of a conversation that everybody who came before has on the screen, until the
 * first one is told of the last. All are connected before.
 */
async function joinOneByOne(
  place: Place,
  owner: Client,
  accounts: readonly string[],
  open: (account: string) => Promise<Client>,
): Promise<Spent> {
  const { conversation = "" } = await owner.createGroup({ title: "Everybody", members: [] });
  await owner.setPolicy(conversation, { join: "link_join" });
  const { code } = await owner.createInvite(conversation);
  await settled(owner);
  let members = 0;
  owner.conversation(conversation, (detail) => (members = detail?.members.length ?? 0));
  const devices: Client[] = [];
  for (const account of accounts) {
    devices.push(await open(account));
  }
  const took = await spent(place, async () => {
    for (const device of devices) {
      await device.join(conversation, code);
      let isThere = false;
      device.timeline(conversation, () => undefined);
      device.conversation(conversation, (detail) => (isThere ||= detail !== undefined));
      await until(() => isThere);
    }
    await until(() => members > devices.length);
  });
  await Promise.all(devices.map((device) => device.close()));
  return took;
}

async function openDevice(plan: GrowthPlan, place: Place, account: string, name: string): Promise<Client> {
  const token = plan.tokens[account] ?? "";
  const device = await Client.open({ url: plan.url, account, token: () => token, ...place.device(name) });
  await until(() => device.connection.type === "online");
  return device;
}

/** Writes at once, and waits until the server has admitted all of it. */
async function write(device: Client, conversation: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => device.sendMessage(conversation, text(index))));
  await settled(device);
}

/** What a message costs, sent one after another, in every client here; ms. */
async function costOfOne(place: Place, device: Client, conversation: string): Promise<number> {
  // Stored behind all that the store has to write yet, which is not what the others cost.
  await device.sendMessage(conversation, text(0));
  const cost = await spent(place, async () => {
    for (let index = 1; index < SAMPLE; index += 1) {
      await device.sendMessage(conversation, text(index));
    }
    await settled(device);
  });
  return costOf(cost) / (SAMPLE - 1);
}

/** What somebody writes. */
export function text(index: number): string {
  return `message ${index}: as many characters as somebody writes in a line`;
}

/** The place of the newest message that a timeline shows as admitted. */
function newest(timeline: Timeline): number {
  return timeline.rows.findLast((row) => row.position !== undefined)?.position ?? 0;
}

async function settled(device: Client): Promise<void> {
  await until(() => device.unsynced === 0);
}

/** What something took: time, and what of processors, where that is told; ms. */
export interface Spent {
  readonly ms: number;
  readonly processor: number;
}

/** What it takes. */
export async function spent(place: Pick<Place, "processor">, work: () => Promise<void>): Promise<Spent> {
  const [begun, before] = [performance.now(), place.processor()];
  await work();
  return { ms: performance.now() - begun, processor: place.processor() - before };
}

/** Of processors, or the time where that is not told; ms. */
function costOf({ ms, processor }: Spent): number {
  return Number.isNaN(processor) ? ms : processor;
}

/** Looks every two milliseconds: what is measured takes hundreds. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
