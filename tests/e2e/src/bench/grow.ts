/**
 * `cargo xtask bench growth`: what must not grow with a history, in Node.js, in a real Chromium, and beside a bare
 * client. The last line printed is the result.
 */
import { Server } from "../support/server.js";
import { bare } from "./bare.js";
import { UNBOUNDED } from "./flags.js";
import { inChromium, inNode } from "./growth.js";

/** Rounds unless told otherwise. */
const ROUNDS = 3;

const server = await Server.start("SQLite", { flags: UNBOUNDED });
try {
  const rounds = Number(process.argv[2] ?? ROUNDS);
  console.log("measuring a bare client");
  const least = await bare(rounds);
  console.log("measuring in Node.js");
  const node = await inNode(server, rounds);
  console.log("measuring in Chromium");
  const chromium = await inChromium(server, rounds);
  console.log(JSON.stringify({ rounds, node, chromium, bare: least }));
} finally {
  await server.remove();
}
