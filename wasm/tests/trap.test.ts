/**
 * What a client does when the module traps, with the variant of the module that
 * panics when it is asked to: every import of the shipped one leads to it.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { before, test } from "node:test";

import type { Client, ConnectionState } from "tidings";

const HOOK = `
  export async function resolve(specifier, context, next) {
    const resolved = await next(specifier, context);
    return { ...resolved, url: resolved.url.replace(/\\/pkg\\/tidings\\.js$/, "/pkg-testing/tidings.js") };
  }
`;
register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
const { MemoryStore, init, textOf } = await import("tidings");
const { trapAfter } = await import("#testing");
const { listed, offline, timelineUntil, withClient } = await import("./offline.js");

before(async () => {
  console.error = () => undefined;
  await init(await readFile(new URL("../../pkg-testing/tidings_bg.wasm", import.meta.url)));
});

/** Waits until the engine has stopped, or until it has started again. */
function engineNews(client: Client, wanted: "engine_stopped" | undefined): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.onEngine((code) => {
      if (code === wanted) {
        stop();
        resolve();
      }
    });
  });
}

test("e14 a client whose module traps comes back with its outbox and its open timelines", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ title: "Walks", members: ["bob"] });
    await client.sendMessage(conversation, "before");
    let texts: string[] = [];
    const timeline = client.timeline(conversation, ({ rows }) => (texts = rows.map((row) => textOf(row.content))));
    const codes: (string | undefined)[] = [];
    client.onEngine((code) => codes.push(code));

    const isBack = engineNews(client, undefined);
    trapAfter(0);
    const lost = client.sendMessage(conversation, "in the trap");
    await assert.rejects(lost, { name: "TidingsError", code: "engine_stopped", retryable: true });
    await assert.rejects(client.sendMessage(conversation, "too soon"), { code: "engine_stopped", retryable: true });
    await isBack;
    assert.deepEqual(codes, ["engine_stopped", undefined]);
    assert.equal(client.unsynced, 2);
    assert.equal(listed(client)[0]?.name, "Walks");

    await client.sendMessage(conversation, "after");
    assert.deepEqual(texts, ["before", "after"]);
    timeline.close();
    const rows = await timelineUntil(client, conversation, (rows) => rows.length === 2);
    assert.deepEqual(rows.map((row) => row.state), ["pending", "pending"]);
  });
});

test("e14 a command whose fate is not known is told so, and is there once", async () => {
  class SlowStore extends MemoryStore {
    waiting: (() => void)[] | undefined;
    override async run(request: Parameters<InstanceType<typeof MemoryStore>["run"]>[0]): ReturnType<InstanceType<typeof MemoryStore>["run"]> {
      await new Promise<void>((resolve) => (this.waiting === undefined ? resolve() : this.waiting.push(resolve)));
      return super.run(request);
    }
  }
  const store = new SlowStore();
  await withClient(offline({ store }), async (client) => {
    const { conversation = "" } = await client.createGroup({ members: [] });
    store.waiting = [];
    const sent = client.sendMessage(conversation, "on its way");
    const told = assert.rejects(sent, { code: "engine_stopped", retryable: false });
    trapAfter(0);
    assert.throws(() => { client.connectNow(); }, { code: "engine_stopped" });
    const isBack = engineNews(client, undefined);
    const waiting = store.waiting;
    store.waiting = undefined;
    waiting.forEach((resume) => { resume(); });
    await told;
    await isBack;
    const rows = await timelineUntil(client, conversation, (rows) => rows.length > 0);
    assert.deepEqual(rows.map((row) => textOf(row.content)), ["on its way"]);
    assert.equal(client.unsynced, 2);
  });
});

test("e14 a trap of one client starts the others again too, with all they have", async () => {
  await withClient(offline(), async (first) => {
    await withClient(offline({ account: "bob" }), async (second) => {
      await first.createGroup({ title: "First", members: [] });
      await second.createGroup({ title: "Second", members: [] });
      const areBack = [first, second].map((client) => engineNews(client, undefined));
      trapAfter(0);
      await assert.rejects(first.createGroup({ members: [] }), { code: "engine_stopped" });
      await Promise.all(areBack);
      assert.deepEqual(listed(first).map((row) => row.name), ["First"]);
      assert.deepEqual(listed(second).map((row) => row.name), ["Second"]);
      await second.createGroup({ title: "Third", members: [] });
      assert.equal(second.unsynced, 2);
    });
  });
});

test("e14 what the app has switched stays so", async () => {
  await withClient(offline(), async (client) => {
    client.setNetwork(false);
    const isBack = engineNews(client, undefined);
    trapAfter(0);
    await assert.rejects(client.createGroup({ members: [] }), { code: "engine_stopped" });
    await isBack;
    assert.deepEqual(client.connection, { type: "off" });
  });
});

test("e14 an engine that stops again and again is given up, and its store can be opened again", async () => {
  const store = new MemoryStore();
  const { Client } = await import("tidings");
  const client = await Client.open(offline({ store }));
  await client.createGroup({ title: "Kept", members: [] });
  const states: ConnectionState[] = [];
  let stops = 0;
  client.onEngine((code) => {
    if (code !== undefined) {
      stops += 1;
      trapAfter(0);
    }
  });
  const isOver = new Promise<void>((resolve) => {
    client.onConnection((state) => {
      states.push(state);
      if (state.type === "rejected") {
        resolve();
      }
    });
  });
  trapAfter(0);
  await assert.rejects(client.createGroup({ members: [] }), { code: "engine_stopped" });
  await isOver;
  assert.equal(stops, 3);
  const last = states.at(-1);
  assert.equal(last?.type === "rejected" && last.code, "engine_stopped");
  await assert.rejects(client.createGroup({ members: [] }), { code: "engine_stopped" });
  await client.close();
  await withClient(offline({ store }), async (client) => {
    assert.equal(listed(client)[0]?.name, "Kept");
  });
});

test("e14 closing a client in the middle of a stop ends it", async () => {
  const { Client } = await import("tidings");
  const client = await Client.open(offline());
  trapAfter(0);
  await assert.rejects(client.createGroup({ members: [] }), { code: "engine_stopped" });
  await client.close();
  assert.deepEqual(client.connection, { type: "closed" });
  await assert.rejects(client.createGroup({ members: [] }), { code: "client_closed" });
});
