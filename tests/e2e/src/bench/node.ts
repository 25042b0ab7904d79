/** The package in Node.js, on the store in memory: each round in a process that has compiled nothing yet. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { serialize } from "node:v8";

import { MemoryStore } from "tidings";

import { close, open, settle, start } from "./acts.js";
import { figuresOf, type Figures } from "./figures.js";
import { CONVERSATIONS } from "./history.js";
import type { Plan } from "./plan.js";

const ROUND = fileURLToPath(new URL("node_round.js", import.meta.url));

/** Measures; figures by what they are of. */
export async function inNode(plan: Plan): Promise<Figures> {
  const store = new MemoryStore();
  await start({ ...plan.device, store });
  await settle(CONVERSATIONS);
  for (const conversation of plan.long) {
    await open(conversation);
  }
  await close();
  const folder = await mkdtemp(join(tmpdir(), "tidings-bench-"));
  try {
    const records = join(folder, "records");
    await writeFile(records, serialize(await store.run({ type: "read", prefixes: [""] })));
    const rounds = [];
    for (let round = 0; round < plan.rounds; round += 1) {
      const given = JSON.stringify({ ...plan, peer: `anybody-${round}` });
      const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", ROUND, records, given]);
      rounds.push(JSON.parse(stdout) as Record<string, Record<string, number>>);
    }
    return figuresOf(rounds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
