/** One history of a conversation, by a real server: the module makes the hash that the server made. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { init, textOf } from "tidings";

import { timelineUntil } from "./offline.js";
import { online, untilAdmitted } from "./online.js";
import { startServer, type Running } from "./packaging/src/server.js";

let server: Running;

before(async () => {
  await init();
  server = await startServer();
});

after(() => server.end());

test("E133 devices that were told the same history tell one hash, made here or by the server", async () => {
  const [ada, root] = await Promise.all([online(server, "ada"), online(server, "root", ["admin"])]);
  const faults: string[] = [];
  for (const client of [ada, root]) {
    client.onServerFault((fault) => faults.push(fault.code));
  }
  const { conversation = "" } = await ada.createGroup({ title: "Walks", members: ["bob", "root"] });
  assert.equal(await ada.head("00000000000000000000000000"), undefined, "of what is not there nothing is known");
  await ada.sendMessage(conversation, "one");
  await timelineUntil(root, conversation, (rows) => rows.some((row) => textOf(row.content) === "one"));
  await root.sendMessage(conversation, "two");
  await Promise.all([ada, root].map((client) => untilAdmitted(client)));
  await timelineUntil(ada, conversation, (rows) => rows.some((row) => textOf(row.content) === "two"));
  const head = await ada.head(conversation);
  assert.match(head?.hash ?? "", /^[0-9a-f]{64}$/);
  assert.equal(head?.position, 3);
  assert.deepEqual(await root.head(conversation), head);
  // Whoever comes now is told the head by the server.
  const bob = await online(server, "bob");
  await timelineUntil(bob, conversation, (rows) => rows.length === 2);
  assert.deepEqual(await bob.head(conversation), head);
  await ada.sendMessage(conversation, "three");
  await untilAdmitted(ada);
  assert.notEqual((await ada.head(conversation))?.hash, head?.hash);
  assert.deepEqual(faults, []);
  await Promise.all([ada, bob, root].map((client) => client.close()));
});
