/** What a device does alone: everything but the server's answer. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import {
  Client,
  MemoryStore,
  init,
  textOf,
  type ClientOptions,
  type Content,
  type ConnectionState,
  type ConversationRow,
  type ConversationsChange,
  type TidingsError,
  type TimelineChange,
} from "tidings";

import { listed, offline, timelineUntil, withClient } from "./offline.js";

before(() => init());

test("a group made offline is listed, and its messages are pending", async () => {
  await withClient(offline(), async (client) => {
    const changes: ConversationsChange[] = [];
    const subscription = client.conversations((change) => changes.push(change));
    assert.deepEqual(changes, [{ rows: [], changed: [] }]);

    const { conversation } = await client.createGroup({ title: "Walks", members: ["bob"] });
    assert.ok(conversation !== undefined);
    assert.deepEqual(changes.at(-1)?.changed, [conversation]);
    const { message } = await client.sendMessage(conversation, "Sunday?");
    const rows = await timelineUntil(client, conversation, (rows) => rows.length === 1);

    assert.equal(rows[0]?.id, message);
    assert.equal(textOf(rows[0]?.content), "Sunday?");
    assert.equal(rows[0]?.state, "pending");
    assert.equal(rows[0]?.position, undefined);
    assert.equal(rows[0]?.author, "ada");
    assert.equal(rows[0]?.own, true);
    const [row] = listed(client);
    assert.equal(row?.name, "Walks");
    assert.equal(row?.kind, "group");
    assert.equal(row?.role, "owner");
    assert.equal(row?.pending, 2);
    assert.equal(client.unsynced, 2);
    subscription.close();
  });
});

test("what was written offline is there after the store is opened again", async () => {
  const store = new MemoryStore();
  let conversation = "";
  await withClient(offline({ store }), async (client) => {
    conversation = (await client.createDirect("bob")).conversation ?? "";
    await client.sendMessage(conversation, "one");
    await client.sendMessage(conversation, "two");
  });
  await withClient(offline({ store }), async (client) => {
    assert.equal(client.unsynced, 3);
    assert.equal(listed(client)[0]?.conversation, conversation);
    const rows = await timelineUntil(client, conversation, (rows) => rows.length === 2);
    assert.deepEqual(rows.map((row) => textOf(row.content)), ["one", "two"]);
  });
});

test("the newest rows of the list are told before a client is open, in order", async () => {
  const store = new MemoryStore();
  await withClient(offline({ store }), async (client) => {
    await client.createGroup({ title: "Walks" });
    await client.createGroup({ title: "Talks" });
  });
  const told: string[][] = [];
  let isOpen = false;
  const onFirstRows = (rows: readonly ConversationRow[]): void => {
    assert.equal(isOpen, false);
    told.push(rows.map((row) => row.conversation));
  };
  await withClient(offline({ store, onFirstRows }), async (client) => {
    isOpen = true;
    assert.deepEqual(told, [listed(client).map((row) => row.conversation)]);
  });
});

test("both sides derive the same direct", async () => {
  const ids: (string | undefined)[] = [];
  for (const [account, peer] of [["ada", "bob"], ["bob", "ada"]] as const) {
    await withClient(offline({ account }), async (client) => {
      ids.push((await client.createDirect(peer)).conversation);
    });
  }
  assert.equal(ids[0], ids[1]);
});

test("d25 a message says a place, or what an app defines for itself", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ members: [] });
    const timeline = client.timeline(conversation, () => undefined);
    const pier: Content = { kind: "location", name: "The pier", latitude: 52.1234567, longitude: -179.9999999 };
    const dice: Content = { kind: "custom", type: "demo.dice", text: "rolled a 4", payload: { pips: [4, "⚃"] } };
    const { message: place = "" } = await client.sendMessage(conversation, pier);
    const { message: roll = "" } = await client.sendMessage(conversation, dice, { replyTo: place });
    assert.deepEqual(timeline.rows.map((row) => row.content), [pier, dice]);
    assert.deepEqual(timeline.rows.map((row) => textOf(row.content)), ["The pier", "rolled a 4"]);
    assert.deepEqual(timeline.rows[1]?.replyTo?.preview, pier);
    const { payload, ...preview } = dice;
    assert.deepEqual(listed(client)[0]?.lastMessage?.preview, preview, "a list has no payload");

    await client.editMessage(conversation, roll, { ...dice, text: "rolled a 5", payload: { pips: 5 } });
    assert.deepEqual(timeline.rows[1]?.content, { ...dice, text: "rolled a 5", payload: { pips: 5 } });
    await assert.rejects(client.editMessage(conversation, roll, "words"), { code: "wrong_kind" });
    await client.deleteMessage(conversation, roll);
    assert.equal(timeline.rows[1]?.content, undefined);
    assert.equal(listed(client)[0]?.lastMessage?.preview, undefined);

    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    for (const payload of [undefined, circle, 1n, () => payload]) {
      await assert.rejects(client.sendMessage(conversation, { ...dice, payload }), { code: "value_invalid" });
    }
    await assert.rejects(client.sendMessage(conversation, { ...dice, payload: "x".repeat(8_000) }), { code: "text_too_long" });
    for (const latitude of [91, Number.NaN, Infinity]) {
      await assert.rejects(client.sendMessage(conversation, { ...pier, latitude }), { code: "value_invalid" });
    }
    timeline.close();
  });
});

test("a timeline tells only what changed, and keeps the other rows as they are", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ members: [] });
    const first = (await client.sendMessage(conversation, "first")).message ?? "";
    const changes: TimelineChange[] = [];
    const timeline = client.timeline(conversation, (change) => changes.push(change));
    const second = (await client.sendMessage(conversation, "second", { replyTo: first, mentions: ["ada"] })).message ?? "";
    const before = timeline.rows;
    assert.deepEqual(before.map((row) => row.id), [first, second]);
    assert.equal(textOf(before[1]?.replyTo?.preview), "first");
    assert.deepEqual(before[1]?.mentions, ["ada"]);

    changes.length = 0;
    await client.editMessage(conversation, second, "second, edited");
    assert.deepEqual(changes.flatMap((change) => change.changed), [second]);
    assert.equal(timeline.rows[0], before[0]);
    assert.equal(textOf(timeline.rows[1]?.content), "second, edited");
    assert.notEqual(timeline.rows[1]?.editedAt, undefined);

    await client.react(conversation, first, "👍");
    assert.deepEqual(timeline.rows[0]?.reactions, [{ emoji: "👍", accounts: ["ada"], own: true }]);
    await client.unreact(conversation, first, "👍");
    assert.deepEqual(timeline.rows[0]?.reactions, []);
    await client.deleteMessage(conversation, first);
    assert.equal(timeline.rows[0]?.deletedBy, "ada");
    timeline.close();
    timeline.close();
    changes.length = 0;
    await client.sendMessage(conversation, "unseen");
    assert.deepEqual(changes, []);
  });
});

test("two subscriptions share a conversation until the last is closed", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ title: "Two", members: ["bob"] });
    await client.sendMessage(conversation, "hello");
    await timelineUntil(client, conversation, (rows) => rows.length === 1);
    const one = client.timeline(conversation, () => undefined);
    await timelineUntil(client, conversation, (rows) => rows.length === 1);
    const titles: (string | undefined)[] = [];
    const panel = client.conversation(conversation, (detail) => {
      titles.push(detail?.title);
      assert.deepEqual(detail?.members.map((member) => [member.account, member.role]), [["ada", "owner"], ["bob", "member"]]);
    });
    one.close();
    await client.setTitle(conversation, "Three");
    assert.equal(titles.at(-1), "Three");
    panel.close();
  });
});

test("a command that is not allowed rejects at once, with a code, offline", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ members: [] });
    await assert.rejects(client.sendMessage(conversation, ""), { name: "TidingsError", code: "text_empty", retryable: false });
    await assert.rejects(client.sendMessage(conversation, "x".repeat(4_001)), { code: "text_too_long" });
    await assert.rejects(client.leave(conversation), { code: "last_owner" });
    await assert.rejects(client.createDirect("ada"), { code: "value_invalid" });
    await assert.rejects(client.sendMessage("0".repeat(26), "lost"), { code: "conversation_unknown" });
    await assert.rejects(client.sendMessage("nowhere", "lost"), { code: "id_invalid" });
    assert.throws(() => client.timeline("nowhere", () => undefined), { code: "id_invalid" });
    assert.equal(client.unsynced, 1);
  });
});

test("settings, contacts and the own profile are kept", async () => {
  const store = new MemoryStore();
  let conversation = "";
  await withClient(offline({ store }), async (client) => {
    conversation = (await client.createGroup({ title: "A", members: [] })).conversation ?? "";
    const other = (await client.createGroup({ title: "B", members: [] })).conversation ?? "";
    await client.pinConversation(conversation, true);
    assert.deepEqual(listed(client).map((row) => row.name), ["A", "B"]);
    await client.archiveConversation(conversation, true);
    assert.deepEqual(listed(client).map((row) => row.name), ["B", "A"]);
    await client.mute(other);
    assert.equal(listed(client)[0]?.mutedUntil, 8.64e15);
    await client.mute(other, new Date(4_000_000_000_000));
    assert.equal(listed(client)[0]?.mutedUntil, 4_000_000_000_000);
    await client.mute(other, null);
    assert.equal(listed(client)[0]?.mutedUntil, undefined);
    await client.addContact({ account: "bob", nickname: "Bobby" });
    await client.setProfile({ displayName: "Ada L." });
    assert.equal(client.profile("ada")?.displayName, "Ada L.");
    assert.equal(client.profile("ada")?.createdAt, undefined, "no server has accepted it yet");
  });
  await withClient(offline({ store }), async (client) => {
    await until((done) => client.contacts((contacts) => contacts.length === 1 && done()).close);
    client.contacts(([contact]) => {
      const bobby = { kind: "person", account: "bob", nickname: "Bobby", favorite: false };
      assert.deepEqual({ ...contact, id: "" }, { id: "", ...bobby });
    });
    assert.equal(client.profile("ada")?.displayName, "Ada L.");
  });
});

test("contacts without an account are several", async () => {
  await withClient(offline(), async (client) => {
    await client.addContact({ nickname: "Plumber" });
    await client.addContact({ nickname: "Baker", kind: "service" });
    let names: (string | undefined)[] = [];
    client.contacts((contacts) => (names = contacts.map((contact) => contact.nickname)));
    assert.deepEqual(names.sort(), ["Baker", "Plumber"]);
  });
});

test("one store in memory serves one client at a time", async () => {
  const store = new MemoryStore();
  await withClient(offline({ store }), async () => {
    await assert.rejects(Client.open(offline({ store })), { code: "store_in_use", retryable: true });
  });
  await withClient(offline({ store }), async () => undefined);
});

test("the network switch is off until it is turned on", async () => {
  await withClient(offline(), async (client) => {
    const states: ConnectionState["type"][] = [];
    client.onConnection((state) => states.push(state.type));
    client.setNetwork(false);
    assert.deepEqual(client.connection, { type: "off" });
    client.setNetwork(true);
    await until((done) => client.onConnection((state) => state.type === "waiting" && done()));
    assert.deepEqual(states, ["off", "connecting", "waiting"]);
  });
});

test("v90 a token that the app cannot give is asked for again later, and why is told", async (context) => {
  const warn = context.mock.method(console, "warn", () => undefined);
  const lost = new Error("signed out");
  const wrong: [unknown, RegExp][] = [
    [() => Promise.reject(lost), /signed out/],
    [() => ({ token: "in an object" }), /gave object instead of a token/],
    [() => "", /gave an empty text/],
  ];
  for (const [token, words] of wrong) {
    warn.mock.resetCalls();
    await withClient(offline({ token: token as () => string }), async (client) => {
      const told: TidingsError[] = [];
      client.onTokenError((error) => told.push(error));
      for (let asked = 1; asked <= 2; asked += 1) {
        await until((done) => {
          if (told.length >= asked) { done(); }
          return client.onTokenError(done);
        });
        const state = client.connection;
        assert.equal(state.type === "waiting" && state.code, "token_unavailable");
        assert.match(state.type === "waiting" ? (state.detail ?? "") : "", words);
        client.connectNow();
      }
      assert.equal(told[0]?.code, "token_unavailable");
      assert.match(told[0]?.message ?? "", words);
    });
    assert.equal(warn.mock.callCount(), 1, "the console is told once of the same failure");
  }
});

test("without a callback for tokens there is no client", async () => {
  const options = { ...offline(), token: undefined } as unknown as ClientOptions;
  await assert.rejects(Client.open(options), { code: "value_invalid", message: /options\.token/ });
});

test("a screen that outlives its client shows nothing, and throws nothing", async () => {
  const client = await Client.open(offline());
  const { conversation = "" } = await client.createGroup({ members: [] });
  await client.close();
  const told: unknown[] = [];
  const timeline = client.timeline(conversation, (change) => told.push(change));
  const detail = client.conversation(conversation, (change) => told.push(change));
  timeline.loadOlder();
  timeline.markRead();
  timeline.typing(true);
  assert.deepEqual([timeline.rows, timeline.hasOlder, told], [[], false, []]);
  timeline.close();
  detail.close();
  client.conversations(({ rows }) => told.push(rows.length)).close();
  assert.deepEqual(told, [1]);
});

test("a closed client takes nothing, and closing it again does nothing", async () => {
  const client = await Client.open(offline());
  const { conversation = "" } = await client.createGroup({ members: [] });
  const timeline = client.timeline(conversation, () => undefined);
  const closed = client.close();
  await assert.rejects(client.sendMessage(conversation, "late"), { code: "client_closed" });
  await closed;
  await client.close();
  assert.equal(client.connection.type, "closed");
  assert.throws(() => { client.connectNow(); }, { code: "client_closed" });
  timeline.close();
});

test("a command given just before the close is kept", async () => {
  const store = new MemoryStore();
  const client = await Client.open(offline({ store }));
  const written = client.createGroup({ title: "Kept", members: [] });
  await Promise.all([client.close(), written]);
  await withClient(offline({ store }), async (client) => {
    assert.equal(listed(client)[0]?.name, "Kept");
  });
});

test("a listener that throws keeps nobody else from being told", async () => {
  const reported: unknown[] = [];
  globalThis.reportError = (error) => reported.push(error);
  await withClient(offline(), async (client) => {
    client.onUnsynced(() => {
      throw new Error("of the app");
    });
    const counts: number[] = [];
    client.onUnsynced((count) => counts.push(count));
    await client.createGroup({ members: [] });
    assert.deepEqual(counts, [1]);
  });
  assert.deepEqual(reported.map(String), ["Error: of the app"]);
});

test("a command given from within a listener is taken in its turn", async () => {
  await withClient(offline(), async (client) => {
    const answers: Promise<unknown>[] = [];
    const stop = client.onUnsynced((count) => {
      if (count < 3) { answers.push(client.createGroup({ title: `after ${count}`, members: [] })); }
    });
    await client.createGroup({ title: "first", members: [] });
    await until((done) => client.onUnsynced((count) => count === 3 && done()), () => client.unsynced === 3);
    stop();
    await Promise.all(answers);
    assert.equal(listed(client).length, 3);
  });
});

test("options that are wrong are refused with a code", async () => {
  await assert.rejects(Client.open(offline({ url: "not a url" })), { code: "value_invalid" });
  await assert.rejects(Client.open(offline({ url: "ftp://example.com" })), { code: "value_invalid" });
  await assert.rejects(Client.open(offline({ account: "no spaces" })), { code: "id_invalid" });
  await assert.rejects(Client.open(offline({ tenant: "ä" })), { code: "id_invalid" });
  await assert.rejects(Client.open(offline({ store: "indexeddb" })), { code: "storage_gone" });
});

test("a store that answers nonsense ends the client with a code, and loses nothing", async () => {
  class BrokenStore extends MemoryStore {
    isBroken = false;
    override run(request: Parameters<MemoryStore["run"]>[0]): ReturnType<MemoryStore["run"]> {
      const nonsense = { records: "nonsense" } as unknown as Awaited<ReturnType<MemoryStore["run"]>>;
      return this.isBroken ? Promise.resolve(nonsense) : super.run(request);
    }
  }
  const store = new BrokenStore();
  const client = await Client.open(offline({ store }));
  const { conversation = "" } = await client.createGroup({ title: "Kept", members: [] });
  const states: ConnectionState[] = [];
  client.onConnection((state) => states.push(state));
  store.isBroken = true;
  await assert.rejects(client.sendMessage(conversation, "never stored"), { code: "value_invalid" });
  assert.deepEqual(states.map((state) => state.type === "rejected" && state.code), ["value_invalid"]);
  assert.throws(() => { client.connectNow(); }, { code: "value_invalid" });
  await client.close();
  store.isBroken = false;
  await withClient(offline({ store }), async (client) => {
    assert.equal(listed(client)[0]?.name, "Kept");
  });
});

test("a stored state that cannot be read is not taken for an empty one", async () => {
  class BlockedStore extends MemoryStore {
    isBlocked = false;
    override run(request: Parameters<MemoryStore["run"]>[0]): ReturnType<MemoryStore["run"]> {
      return this.isBlocked ? Promise.resolve({ failed: "storage_blocked" }) : super.run(request);
    }
  }
  const store = new BlockedStore();
  await withClient(offline({ store }), async (client) => {
    await client.createGroup({ title: "Kept", members: [] });
  });
  store.isBlocked = true;
  await assert.rejects(Client.open(offline({ store })), { code: "storage_blocked", retryable: true });
  store.isBlocked = false;
  await withClient(offline({ store }), async (client) => {
    assert.equal(listed(client)[0]?.name, "Kept");
  });
});

test("a store that becomes full is told of, and told of again when it recovers", async () => {
  class SmallStore extends MemoryStore {
    isFull = false;
    override run(request: Parameters<MemoryStore["run"]>[0]): ReturnType<MemoryStore["run"]> {
      const isRefused = this.isFull && request.type === "write";
      return isRefused ? Promise.resolve({ failed: "storage_full" }) : super.run(request);
    }
  }
  const store = new SmallStore();
  await withClient(offline({ store }), async (client) => {
    const { conversation = "" } = await client.createGroup({ members: [] });
    const codes: (string | undefined)[] = [];
    client.onStorage((code) => codes.push(code));
    store.isFull = true;
    await assert.rejects(client.sendMessage(conversation, "too much"), { code: "storage_full", retryable: true });
    assert.deepEqual(codes, ["storage_full"]);
    assert.equal(client.unsynced, 1);
    store.isFull = false;
    await until((done) => client.onStorage((code) => code === undefined && done()));
    await client.sendMessage(conversation, "fits");
    const rows = await timelineUntil(client, conversation, (rows) => rows.length > 0);
    assert.deepEqual(rows.map((row) => textOf(row.content)), ["fits"]);
  });
});

test("an engine that traps is started again from the store", async () => {
  const store = new MemoryStore();
  const client = await Client.open(offline({ store }));
  await client.createGroup({ title: "Kept", members: [] });
  // What is thrown into the module from outside leaves it as a panic does: in the middle of a call.
  const { getRandomValues } = crypto;
  crypto.getRandomValues = () => {
    throw new Error("no entropy");
  };
  try {
    await assert.rejects(client.createGroup({ title: "Lost", members: [] }), { code: "engine_stopped", retryable: true });
    await assert.rejects(client.createGroup({ members: [] }), { code: "engine_stopped", retryable: true });
  } finally {
    crypto.getRandomValues = getRandomValues;
  }
  await until((done) => client.onEngine((code) => code === undefined && done()));
  assert.deepEqual(listed(client).map((row) => row.name), ["Kept"]);
  await client.createGroup({ title: "After it", members: [] });
  assert.equal(client.unsynced, 2);
  await client.close();
  await withClient(offline({ store }), async (client) => {
    assert.deepEqual(listed(client).map((row) => row.name).sort(), ["After it", "Kept"]);
  });
});

/** Waits until `done` is called, or until the condition already holds. */
async function until(subscribe: (done: () => void) => () => void, isSo = () => false): Promise<void> {
  if (isSo()) { return; }
  let stop: (() => void) | undefined;
  await new Promise<void>((resolve) => { stop = subscribe(resolve); });
  stop?.();
}
