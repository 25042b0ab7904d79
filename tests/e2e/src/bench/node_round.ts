/** One round in Node.js: reads the records of a device that was there before, and starts it anew. */
import { readFile } from "node:fs/promises";
import { deserialize } from "node:v8";

import type { Opening, Sending } from "./acts.js";
import type { Plan } from "./plan.js";

const [, , records = "", given = ""] = process.argv;
const stored = deserialize(await readFile(records)) as { records: { key: string; value: Uint8Array<ArrayBuffer> }[] };
const { device, long, peer } = JSON.parse(given) as Plan & { peer: string };

const begun = performance.now();
const { MemoryStore } = await import("tidings");
const importMs = performance.now() - begun;
// Only types come from there before the clock is read.
const { direct, open, send, setNetwork, start } = await import("./acts.js");
const { openingParts, startParts } = await import("./figures.js");
const { SENT, TALK, WARM_UP } = await import("./plan.js");

const store = new MemoryStore();
await store.run({ type: "write", writes: stored.records.map((record) => ({ type: "put", ...record })) });
const startBegun = performance.now() - importMs;
const parts = startParts(await start({ ...device, store }), startBegun);
const heapStarted = heap();
const [cold, warm]: [Opening[], Opening[]] = [[], []];
for (const openings of [cold, warm]) {
  for (const conversation of long) {
    openings.push(await open(conversation));
  }
}
const heapOpened = heap();
const conversation = await direct(peer);
await send({ conversation, count: WARM_UP });
const online = await cost({ count: SENT });
const talk = await cost(TALK);
await setNetwork(false);
const offline = await cost({ count: SENT });
const figures = {
  page_start: parts,
  open: openingParts(cold, warm),
  heap_started: heapStarted,
  heap_opened: heapOpened,
  send: { online_ms: online, talk_ms: talk, offline_ms: offline },
};
process.stdout.write(JSON.stringify(figures), () => process.exit());

/** The memory of the module and of objects; KiB. */
function heap(): Record<string, number> {
  globalThis.gc?.();
  const wasmBytes = globalThis.bench?.memory?.buffer.byteLength ?? Number.NaN;
  return { wasm_kib: wasmBytes / 1024, scripts_kib: process.memoryUsage().heapUsed / 1024 };
}

/** The processor time of a message, of every thread; ms. */
async function cost(sending: Omit<Sending, "conversation">): Promise<number> {
  const before = process.cpuUsage();
  await send({ conversation, ...sending });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / sending.count;
}
