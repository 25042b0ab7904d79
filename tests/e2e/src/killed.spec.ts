/** The package where it is hurt most: its browser killed while it writes, and everything behind it killed in turn. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";

import { Client, init, textOf, type TimelineRow } from "tidings";
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
      const { rows, hasOlder } = timeline;
      return { shown: rows.length, hasOlder, connection: client.connection, newest: textOf(rows.at(-1)?.content) };
    },
    ({ shown, hasOlder }) => shown >= count && !hasOlder,
  );
  const { rows } = timeline;
  timeline.close();
  return rows;
}

const options = { timeout: TEST_MS_MAX };

/** What stands behind a browser that is killed: a server, a site with the package, and a profile. */
async function withBrowser(play: (ann: Writer, profile: Profile) => Promise<void>): Promise<void> {
  const [server, site, profile] = await Promise.all([Server.start("SQLite"), PackageSite.open(), Profile.create()]);
  try {
    await play(new Writer(server, site, profile, await issueToken("ann", "1h")), profile);
    await server.verify();
  } finally {
    await Promise.all([profile.remove(), site.close(), server.remove()]);
  }
}

/** Ann in a browser that is killed while she writes to Bob. */
class Writer {
  /** What she was told is saved. */
  readonly saved: string[] = [];
  conversation = "";
  #kills = 0;
  readonly #server: Server;
  readonly #site: PackageSite;
  readonly #profile: Profile;
  readonly #token: string;

  constructor(server: Server, site: PackageSite, profile: Profile, token: string) {
    this.#server = server;
    this.#site = site;
    this.#profile = profile;
    this.#token = token;
  }

  /** Writes, and is killed somewhere in it. */
  async writeAndBeKilled(online: boolean): Promise<void> {
    const page = await this.#profile.start();
    await page.exposeFunction("tellSaved", (text: string) => this.saved.push(text));
    await page.goto(this.#site.url);
    this.#kills += 1;
    this.conversation = await page.evaluate(
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
            await client.sendMessage(conversation, text);
            await tellSaved(text);
          }
        };
        for (let writer = 0; writer < atOnce; writer += 1) {
          void write();
        }
        return conversation;
      },
      { url: this.#server.url, token: this.#token, kill: this.#kills, online, atOnce: AT_ONCE },
    );
    const goal = this.saved.length + randomInt(8, 30);
    await until("messages are saved", () => this.saved.length, (count) => count >= goal);
    await this.#profile.kill();
  }

  /** Opens the package once more, and waits until everything is sent; answers how many commands were refused. */
  async sendAll(): Promise<number> {
    const page = await this.#profile.start();
    await page.goto(this.#site.url);
    return page.evaluate(
      async ({ url, token }) => {
        const { Client, init } = await import("tidings");
        await init();
        const client = await Client.open({ url, account: "ann", token: () => token, store: "indexeddb" });
        let refused = 0;
        client.refused((rows) => (refused = rows.length));
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
        return refused;
      },
      { url: this.#server.url, token: this.#token },
    );
  }

  /** Fails unless Bob reads all that she was told is saved, and nothing twice. */
  async checkReceived(): Promise<void> {
    const read = (bob: Client): Promise<readonly TimelineRow[]> =>
      messagesOf(bob, this.conversation, this.saved.length);
    const texts = (await deviceOf(this.#server, "bob", read)).map(({ content }) => textOf(content));
    assert.deepEqual(this.saved.filter((text) => !texts.includes(text)), [], "what was saved is there");
    assert.equal(new Set(texts).size, texts.length, "nothing is there twice");
  }
}

test("a browser killed while it writes keeps what it said was saved, and sends it once", options, async () => {
  await withBrowser(async (ann) => {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await ann.writeAndBeKilled(kill % 2 === 0);
    }
    assert.equal(await ann.sendAll(), 0);
    await ann.checkReceived();
  });
});

for (const [network, online] of [["online", true], ["offline", false]] as const) {
  test(`a browser that throws its database away, torn by a kill ${network}, keeps what was saved`, options, async () => {
    await withBrowser(async (ann, profile) => {
      await ann.writeAndBeKilled(online);
      await profile.tear();
      // It writes behind what is torn, and with the next start it finds that out.
      await ann.writeAndBeKilled(false);
      assert.equal(await ann.sendAll(), 0);
      await ann.checkReceived();
    });
  });
}

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
        await client.sendMessage(conversation, text);
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
    const [ofAnn = [], ofBob = []] = shown.map((rows) => rows.map(({ id, content }) => [id, textOf(content)]));
    assert.deepEqual(ofAnn, ofBob);
    for (const [account, texts] of [["ann", written[0]], ["bob", written[1]]] as const) {
      const own = shown[0]?.filter(({ author }) => author === account).map(({ content }) => textOf(content));
      assert.deepEqual(own, texts);
    }
    await server.verify();
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.remove();
  }
});
