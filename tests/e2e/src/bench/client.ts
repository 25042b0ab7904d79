/**
 * `cargo xtask bench client`: what the package costs in a real Chromium and in
 * Node.js, against a real server. The last line printed is the result.
 */
import { issueToken, Server } from "../support/server.js";
import { bare } from "./bare.js";
import { inChromium } from "./chromium.js";
import { growth, growthInChromium } from "./growth.js";
import { CONVERSATIONS, LONG, LONG_MESSAGES, READER, writeHistory } from "./history.js";
import { inNode } from "./node.js";
import { SENT, type Plan } from "./plan.js";
import { packageSize } from "./size.js";

/** Rounds unless told otherwise. */
const ROUNDS = 7;

/** Of the long cases. */
const GROWTH_ROUNDS = 3;

/** As it ships, but for the bounds on how fast one account may write. */
const UNBOUNDED = [
  "--changes-burst=1000000",
  "--changes-per-second=1000000",
  "--account-changes=1000000+1000000/s",
];

const server = await Server.start("SQLite", { flags: UNBOUNDED });
try {
  console.log("writing the history");
  const long = await writeHistory(server);
  const token = await issueToken(READER, "24h");
  const rounds = Number(process.argv[2] ?? ROUNDS);
  const plan: Plan = { device: { url: server.url, account: READER, token }, long, rounds };
  console.log("measuring in Node.js");
  const node = { ...(await inNode(plan)), ...(await growth(server, GROWTH_ROUNDS)) };
  console.log("measuring in Chromium");
  const chromium = { ...(await inChromium(plan)), ...(await growthInChromium(server, GROWTH_ROUNDS)) };
  console.log("measuring a bare client");
  const counts = { conversations: CONVERSATIONS, long: LONG, long_messages: LONG_MESSAGES, sent: SENT, rounds };
  console.log(JSON.stringify({ ...counts, package: await packageSize(), node, chromium, bare: await bare(GROWTH_ROUNDS) }));
} finally {
  await server.remove();
}
