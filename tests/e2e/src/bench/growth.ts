/**
 * What grows, in Node.js: each case is about a client whose work must follow what changed, and
 * neither how much was there before nor how many conversations are open.
 */
import { Client, init, type Timeline } from "tidings";
import { WebSocket } from "ws";

import { issueToken, type Server } from "../support/server.js";
import { figuresOf, type Figures } from "./figures.js";

/** Messages of one sender, and of the timeline that is scrolled back. */
const SENT = 5_000;
const HISTORY = 10_000;
/** Messages of which the mean is taken, at the beginning and behind the others. */
const SAMPLE = 100;
/** Written without a network, and by the other one meanwhile. */
const [BURST, MISSED] = [200, 500];
/** Timelines on the screen. */
const OPEN = 300;

/** Measures each case so often, each round between accounts of its own. */
export async function growth(server: Server, rounds: number): Promise<Figures> {
  await init();
  const measured = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push({ growth: await measureRound(server, round) });
  }
  return figuresOf(measured);
}

async function measureRound(server: Server, round: number): Promise<Record<string, number>> {
  const [writer, reader] = [`writer-${round}`, `follower-${round}`];
  const ann = await open(server, writer);
  const bob = await open(server, reader);
  const { conversation = "" } = await ann.createDirect(reader);
  await settled(ann);
  const written = ann.timeline(conversation, () => undefined);
  const followed = bob.timeline(conversation, () => undefined);
  await write(ann, conversation, SAMPLE);
  const early = await costOf(ann, conversation);
  const begun = performance.now();
  const last = newest(written) + SENT;
  await write(ann, conversation, SENT);
  await until(() => newest(followed) >= last);
  const perSecond = (SENT / (performance.now() - begun)) * 1_000;
  const late = await costOf(ann, conversation);
  await write(ann, conversation, HISTORY - SENT - 3 * SAMPLE);
  const scrolled = await scrollBack(server, reader, conversation);
  const burst = await converge(ann, bob, conversation, written, followed);
  const input = await inputWithManyOpen(ann, written);
  await Promise.all([ann.close(), bob.close()]);
  return {
    sender_per_second: perSecond,
    late_to_early: late / early,
    scrolled_ms: scrolled,
    burst_ms: burst,
    input_ms: input,
  };
}

/** All of a long timeline, by a device that comes for the first time; ms. */
async function scrollBack(server: Server, account: string, conversation: string): Promise<number> {
  const device = await open(server, account);
  const begun = performance.now();
  const timeline = device.timeline(conversation, () => undefined);
  await until(() => timeline.rows.length > 0);
  while (timeline.hasOlder) {
    const had = timeline.rows.length;
    timeline.loadOlder();
    if (timeline.rows.length === had) {
      await until(() => timeline.rows.length > had || !timeline.hasOlder);
    }
  }
  const took = performance.now() - begun;
  await device.close();
  return took;
}

/** What was written apart, until both have all of it; ms from the network's return. */
async function converge(
  ann: Client,
  bob: Client,
  conversation: string,
  written: Timeline,
  followed: Timeline,
): Promise<number> {
  bob.setNetwork(false);
  await until(() => bob.connection.type === "off");
  await Promise.all(Array.from({ length: BURST }, (_, index) => bob.sendText(conversation, text(index))));
  await write(ann, conversation, MISSED);
  const last = newest(written) + BURST;
  const begun = performance.now();
  bob.setNetwork(true);
  await until(() => bob.unsynced === 0 && newest(followed) >= last && newest(written) >= last);
  return performance.now() - begun;
}

/** What an input costs while many timelines are on the screen; ms of processor. */
async function inputWithManyOpen(device: Client, timeline: Timeline): Promise<number> {
  for (let index = 0; index < OPEN; index += 1) {
    const { conversation = "" } = await device.createGroup({ title: `Open ${index}`, members: [] });
    device.timeline(conversation, () => undefined);
  }
  await settled(device);
  const before = processor();
  for (let index = 0; index < SAMPLE; index += 1) {
    timeline.typing(index % 2 === 0);
  }
  return (processor() - before) / SAMPLE;
}

async function open(server: Server, account: string): Promise<Client> {
  const token = await issueToken(account, "2h");
  const options = { url: server.url, account, token: () => token, webSocket: WebSocket };
  const device = await Client.open({ ...options, store: "memory" });
  await until(() => device.connection.type === "online");
  return device;
}

/** Writes at once, and waits until the server has admitted all of it. */
async function write(device: Client, conversation: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => device.sendText(conversation, text(index))));
  await settled(device);
}

/** The processor time of a message, sent one after another, in every client here; ms. */
async function costOf(device: Client, conversation: string): Promise<number> {
  const before = processor();
  for (let index = 0; index < SAMPLE; index += 1) {
    await device.sendText(conversation, text(index));
  }
  await settled(device);
  return (processor() - before) / SAMPLE;
}

function text(index: number): string {
  return `message ${index}: as many characters as somebody writes in a line`;
}

/** The place of the newest message that a timeline shows as admitted. */
function newest(timeline: Timeline): number {
  return timeline.rows.findLast((row) => row.position !== undefined)?.position ?? 0;
}

async function settled(device: Client): Promise<void> {
  await until(() => device.unsynced === 0);
}

/** Looks every two milliseconds: what is measured takes hundreds. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
