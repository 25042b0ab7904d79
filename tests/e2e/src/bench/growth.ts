/** What grows, in Node.js with every device's state in memory, and in Chromium with it in IndexedDB. */
import { WebSocket } from "ws";

import { PackageSite, Profile } from "../support/profile.js";
import { issueToken, type Server } from "../support/server.js";
import { bundled, growthScript } from "./bundle.js";
import { caseFigures, type Figures } from "./figures.js";
import { accountsOf, measureRound, type GrowthPlan, type Place } from "./growth_round.js";

/** What Node.js gives. */
export const NODE: Place = {
  device: () => ({ store: "memory", webSocket: WebSocket }),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

/** Where a page finds the package, and the round that it runs. */
const PACKAGE = "/dist/index.js";
const ROUND = "/bench/growth_round.js";

/** Measures each case so often, each round between accounts of its own. */
export async function inNode(server: Server, rounds: number): Promise<Figures> {
  const measured = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push(await measureRound(await planOf(server, `node-${round}`), NODE));
  }
  return caseFigures(measured);
}

/** The same in a page of a real Chromium. */
export async function inChromium(server: Server, rounds: number): Promise<Figures> {
  const site = await PackageSite.open({ scripts: { [PACKAGE]: await bundled(), [ROUND]: await growthScript() } });
  const profile = await Profile.create();
  try {
    const measured = [];
    for (let round = 0; round < rounds; round += 1) {
      const page = await profile.start();
      await page.goto(site.url);
      const given = { script: ROUND, plan: await planOf(server, `chromium-${round}`) };
      measured.push(await page.evaluate(runRound, given));
      await profile.kill();
    }
    return caseFigures(measured);
  } finally {
    await Promise.all([profile.remove(), site.close()]);
  }
}

/** Runs in the page, which is given it as text. */
async function runRound({ script, plan }: { script: string; plan: GrowthPlan }): Promise<Record<string, number>> {
  const round = (await import(script)) as { measureRound: typeof measureRound };
  return round.measureRound(plan, {
    device: (name) => ({ store: "indexeddb", storeName: name }),
    processor: () => Number.NaN,
  });
}

async function planOf(server: Server, round: string): Promise<GrowthPlan> {
  const tokens: Record<string, string> = {};
  for (const account of accountsOf(round)) {
    tokens[account] = await issueToken(account, "2h");
  }
  return { url: server.url, round, tokens };
}
