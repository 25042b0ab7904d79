/** The package where it is hurt most: its browser killed while it writes, and everything behind it killed in turn. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";

import { Client, init, type TimelineRow } from "tidings";
import { WebSocket } from "ws";

import { Cluster } from "./support/cluster.js";
import { deviceOf } from "./support/device.js";
import { PackageSite, Profile } from "./support/profile.js";
import { issueToken, Server } from "./support/server.js";
import { until } from "./support/until.js";

/** A test that takes longer hangs. */
const TEST_MS_MAX = 120_000;
/** How often a browser is killed: online in every second round. */
const KILLS = 4;
/** Commands whose promises a page waits for at a time. */
const AT_ONCE = 4;

/** The messages of a conversation as a device sees them, from the first one on, once there are so many. */
async function messagesOf(client: Client, conversation: string, count: number): Promise<readonly TimelineRow[]> {
  const timeline = client.timeline(conversation, () => undefined);
  await until(
    `${count} messages`,
    () => {
      timeline.loadOlder();
      return [timeline.rows.length, timeline.hasOlder] as const;
    },
    ([shown, hasOlder]) => shown >= count && !hasOlder,
  );
  const { rows } = timeline;
  timeline.close();
  return rows;
}

const options = { timeout: TEST_MS_MAX };

test("a browser killed while it writes keeps what it said was saved, and sends it once", options, async () => {
  const [server, site, profile] = await Promise.all([Server.start("SQLite"), PackageSite.open(), Profile.create()]);
  try {
    const token = await issueToken("ann", "1h");
    const saved: string[] = [];
    let conversation = "";
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const page = await profile.start();
      await page.exposeFunction("tellSaved", (text: string) => saved.push(text));
      await page.goto(site.url);
      conversation = await page.evaluate(
        async ({ url, token, kill, online, atOnce }) => {
          const { Client, init } = await import("tidings");
          await init();
          const client = await Client.open({ url, account: "ann", token: () => token, store: "indexeddb" });
          client.setNetwork(online);
          const { conversation = "" } = await client.createDirect("bob");
          const { tellSaved } = globalThis as unknown as { tellSaved: (text: string) => Promise<void> };
          let count = 0;
          const write = async (): Promise<void> => {
            for (;;) {
              count += 1;
              const text = `${kill}.${count}`;
              await client.sendText(conversation, text);
              await tellSaved(text);
            }
          };
          for (let writer = 0; writer < atOnce; writer += 1) {
            void write();
          }
          return conversation;
        },
        { url: server.url, token, kill, online: kill % 2 === 0, atOnce: AT_ONCE },
      );
      const goal = saved.length + randomInt(8, 30);
      await until("messages are saved", () => saved.length, (count) => count >= goal);
      await profile.kill();
    }

    const page = await profile.start();
    await page.goto(site.url);
    const { refused, storage } = await page.evaluate(
      async ({ url, token }) => {
        const { Client, init } = await import("tidings");
        await init();
        const client = await Client.open({ url, account: "ann", token: () => token, store: "indexeddb" });
        let refused = 0;
        let storage: string | undefined;
        client.refused((rows) => (refused = rows.length));
        client.onStorage((code) => (storage = code));
        await new Promise<void>((resolve) => {
          const look = (): void => {
            if (client.connection.type === "online" && client.unsynced === 0) {
              resolve();
            }
          };
          client.onConnection(look);
          client.onUnsynced(look);
          look();
        });
        return { refused, storage };
      },
      { url: server.url, token },
    );
    assert.deepEqual([refused, storage], [0, undefined]);

    const messages = await deviceOf(server, "bob", (bob) => messagesOf(bob, conversation, saved.length));
    const texts = messages.map(({ text }) => text);
    assert.deepEqual(saved.filter((text) => !texts.includes(text)), [], "what was saved is there");
    assert.equal(new Set(texts).size, texts.length, "nothing is there twice");
    await server.verify();
  } finally {
    await Promise.all([profile.remove(), site.close(), server.remove()]);
  }
});

test("clients get through a server and a Postgres that are killed in turn", options, async () => {
  await init();
  const cluster = await Cluster.start();
  const server = await Server.on(cluster);
  const clients: Client[] = [];
  try {
    await server.run();
    for (const account of ["ann", "bob"]) {
      const token = await issueToken(account, "1h");
      clients.push(
        await Client.open({ url: server.url, account, token: () => token, store: "memory", webSocket: WebSocket }),
      );
    }
    let isOver = false;
    const talk = async (client: Client, peer: string): Promise<string[]> => {
      const { conversation = "" } = await client.createDirect(peer);
      const texts: string[] = [];
      while (!isOver) {
        const text = `${peer}, ${texts.length}`;
        await client.sendText(conversation, text);
        texts.push(text);
        await until("most of it is sent", () => client.unsynced, (count) => count < 5);
      }
      return texts;
    };
    const [ann, bob] = clients as [Client, Client];
    const talking = Promise.all([talk(ann, "bob"), talk(bob, "ann")]);
    const { conversation = "" } = await ann.createDirect("bob");
    const timeline = ann.timeline(conversation, () => undefined);
    for (const victim of [server, cluster, server, cluster]) {
      const goal = timeline.rows.length + randomInt(5, 15);
      await until("they talk", () => timeline.rows.length, (count) => count >= goal);
      await victim.kill();
      await victim.run();
    }
    isOver = true;
    const written = await talking;
    await until("all is sent", () => clients.map(({ unsynced }) => unsynced), ([one, other]) => one === 0 && other === 0);

    const shown = await Promise.all(clients.map((client) => messagesOf(client, conversation, written.flat().length)));
    const [ofAnn = [], ofBob = []] = shown.map((rows) => rows.map(({ id, text }) => [id, text]));
    assert.deepEqual(ofAnn, ofBob);
    for (const [account, texts] of [["ann", written[0]], ["bob", written[1]]] as const) {
      const own = shown[0]?.filter(({ author }) => author === account).map(({ text }) => text);
      assert.deepEqual(own, texts);
    }
    await server.verify();
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.remove();
  }
});
