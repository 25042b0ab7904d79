/** The package in a real Chromium, on IndexedDB. */
import type { CDPSession, Page } from "playwright-core";

import { PackageSite, Profile } from "../support/profile.js";
import {
  close,
  direct,
  open,
  send,
  setNetwork,
  settle,
  start,
  type DeviceOptions,
  type Opening,
  type Sending,
  type Start,
} from "./acts.js";
import { bundled } from "./bundle.js";
import { figuresOf, openingParts, startParts, type Figures } from "./figures.js";
import { CONVERSATIONS } from "./history.js";
import { SENT, TALK, WARM_UP, type Plan } from "./plan.js";

/** What an app's server says of files whose names change with their content. */
const KEPT = "public, max-age=31536000, immutable";

/** Where the page finds the package, and what its head says so that both are fetched side by side. */
const SCRIPT = "/dist/index.js";
const HEAD = `<link rel="modulepreload" href="${SCRIPT}">
<link rel="preload" href="/pkg/tidings_bg.wasm" as="fetch" crossorigin>`;

/** Measures; figures by what they are of. */
export async function inChromium(plan: Plan): Promise<Figures> {
  const site = await PackageSite.open({
    head: HEAD,
    cacheControl: KEPT,
    scripts: { [SCRIPT]: await bundled() },
  });
  const profile = await Profile.create();
  const device: DeviceOptions = { ...plan.device, store: "bench" };
  try {
    const page = await profile.start();
    await page.goto(site.url);
    await page.evaluate(start, device);
    await page.evaluate(settle, CONVERSATIONS);
    for (const conversation of plan.long) {
      await page.evaluate(open, conversation);
    }
    await page.evaluate(close);
    await profile.kill();
    const rounds = [];
    for (let round = 0; round < plan.rounds; round += 1) {
      rounds.push(await measureRound(profile, site.url, device, plan, `somebody-${round}`));
    }
    return figuresOf(rounds);
  } finally {
    await Promise.all([profile.remove(), site.close()]);
  }
}

/** A browser that starts, with a first page, and then another one, on which everything else is measured. */
async function measureRound(
  profile: Profile,
  url: string,
  device: DeviceOptions,
  plan: Plan,
  peer: string,
): Promise<Record<string, Record<string, number>>> {
  const first = await profile.start();
  const firstStart = await coldStart(first, url, device);
  await first.evaluate(settle, CONVERSATIONS);
  await first.evaluate(close);
  const page = await first.context().newPage();
  await first.close();
  const secondStart = await coldStart(page, url, device);
  await page.evaluate(settle, CONVERSATIONS);
  const devtools = await page.context().newCDPSession(page);
  const heapStarted = await heap(page, devtools);
  const [cold, warm]: [Opening[], Opening[]] = [[], []];
  for (const openings of [cold, warm]) {
    for (const conversation of plan.long) {
      openings.push(await page.evaluate(open, conversation));
    }
  }
  const heapOpened = await heap(page, devtools);
  const conversation = await page.evaluate(direct, peer);
  await page.evaluate(send, { conversation, count: WARM_UP });
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const cost = async (sending: Omit<Sending, "conversation">): Promise<number> => {
    const before = await cpuMs(devtools);
    await page.evaluate(send, { conversation, ...sending });
    return ((await cpuMs(devtools)) - before) / sending.count;
  };
  const online = await cost({ count: SENT });
  const talk = await cost(TALK);
  await page.evaluate(setNetwork, false);
  const offline = await cost({ count: SENT });
  await page.evaluate(setNetwork, true);
  await page.evaluate(settle, CONVERSATIONS);
  await page.evaluate(close);
  await profile.kill();
  return {
    browser_start: startParts(firstStart),
    page_start: startParts(secondStart),
    open: openingParts(cold, warm),
    heap_started: heapStarted,
    heap_opened: heapOpened,
    send: { online_ms: online, talk_ms: talk, offline_ms: offline },
  };
}

/** Loads a page that starts the device at once, as an app's would; the clock begins with the navigation. */
async function coldStart(page: Page, url: string, device: DeviceOptions): Promise<Start> {
  const act = `globalThis.started = (${start.toString()})(${JSON.stringify(device)});`;
  await page.addInitScript(`addEventListener("DOMContentLoaded", () => { ${act} });`);
  await page.goto(url);
  return page.evaluate(() => (globalThis as unknown as { started: Promise<Start> }).started);
}

/** The memory of the module and of the page's objects; KiB. */
async function heap(page: Page, devtools: CDPSession): Promise<Record<string, number>> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const wasmBytes = await page.evaluate(() => globalThis.bench?.memory?.buffer.byteLength ?? Number.NaN);
  return { wasm_kib: wasmBytes / 1024, scripts_kib: usedSize / 1024 };
}

/** What the page's thread has used of a processor; ms. */
async function cpuMs(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  const duration = metrics.find(({ name }) => name === "TaskDuration");
  return (duration?.value ?? Number.NaN) * 1_000;
}
