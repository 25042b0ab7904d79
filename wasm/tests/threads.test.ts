/** Threads as an app opens them and writes in them, on a device alone. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Client, init, textOf, type ConversationDetail, type TimelineRow } from "tidings";

import { offline, withClient } from "./offline.js";

before(() => init());

/** A conversation or a thread on a screen: its rows and its detail, as they are now. */
function shown(client: Client, conversation: string, thread?: string) {
  let rows: readonly TimelineRow[] = [];
  let detail: ConversationDetail | undefined;
  const timeline = client.timeline(conversation, (change) => (rows = change.rows), thread);
  const panel = client.conversation(conversation, (told) => (detail = told), thread);
  return {
    rows: () => rows,
    detail: () => detail,
    close: () => {
      timeline.close();
      panel.close();
    },
  };
}

test("a thread is opened and written in without a network, and so is a thread in it", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ title: "Walks", members: ["bob"] });
    const group = shown(client, conversation);
    const { message = "" } = await client.sendMessage(conversation, "where to?");
    const thread = client.threadOf(conversation, message);
    const open = shown(client, conversation, thread);
    assert.deepEqual(open.rows(), []);
    assert.equal(open.detail(), undefined);
    await assert.rejects(client.sendMessage(conversation, "too early", { thread }), { code: "conversation_unknown" });

    await client.createThread(conversation, message);
    await client.createThread(conversation, message);
    const reply = await client.sendMessage(conversation, "to the sea", { thread });
    assert.deepEqual(open.rows().map((row) => [textOf(row.content), row.state]), [["to the sea", "pending"]]);
    assert.equal(open.detail()?.kind, "thread");
    assert.deepEqual(open.detail()?.parent, { conversation, message, depth: 1 });
    assert.equal(open.detail()?.members.length, 2);
    assert.deepEqual(group.rows().map((row) => [textOf(row.content), row.thread?.id, row.thread?.replies]), [
      ["where to?", thread, 1],
    ]);

    const deeper = client.threadOf(conversation, reply.message ?? "");
    await client.createThread(conversation, reply.message ?? "", "Which one?");
    const deep = shown(client, conversation, deeper);
    assert.equal(deep.detail()?.parent?.depth, 2);
    assert.equal(deep.detail()?.title, "Which one?");
    assert.equal(open.rows()[0]?.thread?.id, deeper);

    await client.setThread(conversation, thread, { title: "The sea" });
    await client.setThread(conversation, thread, { locked: true });
    assert.equal(open.detail()?.title, "The sea");
    assert.equal(open.detail()?.locked, true);
    await client.setThread(conversation, thread, { state: "closed" });
    assert.equal(open.detail()?.state, "closed");
    await assert.rejects(client.sendMessage(conversation, "over", { thread }), { code: "conversation_closed" });
    const other = await client.sendMessage(conversation, "and when?");
    await client.setPolicy(conversation, { subrooms: "nobody" });
    await assert.rejects(client.createThread(conversation, other.message ?? ""), { code: "policy_forbids" });
    group.close();
    open.close();
    deep.close();
  });
});

test("an id that is none is told", async () => {
  await withClient(offline(), async (client) => {
    assert.throws(() => client.threadOf("no conversation", "no message"), { code: "id_invalid" });
    await Promise.resolve();
  });
});
