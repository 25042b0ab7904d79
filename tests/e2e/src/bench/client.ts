/**
 * `cargo xtask bench client`: what the package costs in a real Chromium and in
 * Node.js, against a real server. The last line printed is the result.
 */
import { issueToken, Server } from "../support/server.js";
import { inChromium } from "./chromium.js";
import { UNBOUNDED } from "./flags.js";
import { CONVERSATIONS, LONG, LONG_MESSAGES, READER, writeHistory } from "./history.js";
import { inNode } from "./node.js";
import { SENT, type Plan } from "./plan.js";
import { packageSize } from "./size.js";

/** Rounds unless told otherwise. */
const ROUNDS = 7;

const server = await Server.start("SQLite", { flags: UNBOUNDED });
try {
  console.log("writing the history");
  const long = await writeHistory(server);
  const token = await issueToken(READER, "24h");
  const rounds = Number(process.argv[2] ?? ROUNDS);
  const plan: Plan = { device: { url: server.url, account: READER, token }, long, rounds };
  console.log("measuring in Node.js");
  const node = await inNode(plan);
  console.log("measuring in Chromium");
  const chromium = await inChromium(plan);
  const counts = { conversations: CONVERSATIONS, long: LONG, long_messages: LONG_MESSAGES, sent: SENT, rounds };
  console.log(JSON.stringify({ ...counts, package: await packageSize(), node, chromium }));
} finally {
  await server.remove();
}
