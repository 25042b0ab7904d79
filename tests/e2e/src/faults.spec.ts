/** What goes wrong around the app: the server dies, sign-ins expire or are wrong, the disk is full. */
import assert from "node:assert/strict";

import type { BrowserContext, CDPSession } from "playwright-core";

import { deviceOf } from "./support/device.js";
import type { Person } from "./support/person.js";
import { onEachStore, type Scene } from "./support/scene.js";
import { loadAll, untilEqualScreens } from "./support/screens.js";
import { issueToken } from "./support/server.js";
import { until, untilEqual } from "./support/until.js";

/** How many messages each person writes while the server is killed. */
const MESSAGES = 30;
/** Room for the store and its second copy, which take 74 kB each when they are empty, and some long messages. */
const QUOTA_BYTES = 200_000;

/** Says one message after another, as fast as a hand on the keyboard could. */
async function talk(person: Person, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    await person.say(text);
  }
}

/** The ids of the own messages that the app shows as sent. */
async function acknowledged(person: Person): Promise<string[]> {
  const messages = await person.messages();
  return messages.filter(({ isOwn, state }) => isOwn && state !== "pending").map(({ id }) => id);
}

async function untilAcknowledged(person: Person, count: number): Promise<void> {
  await until(
    `${count} messages of ${person.account} are sent`,
    () => acknowledged(person),
    (ids) => ids.length >= count,
  );
}

/** How much the browser lets a page store. Set before the page opens: the browser remembers for a while what was free. */
class Quota {
  readonly #session: CDPSession;
  readonly #origin: string;

  private constructor(session: CDPSession, origin: string) {
    this.#session = session;
    this.#origin = origin;
  }

  static async of(device: BrowserContext, origin: string): Promise<Quota> {
    return new Quota(await device.newCDPSession(await device.newPage()), origin);
  }

  async limit(bytes: number): Promise<void> {
    await this.#session.send("Storage.overrideQuotaForOrigin", { origin: this.#origin, quotaSize: bytes });
  }

  async lift(): Promise<void> {
    await this.#session.send("Storage.overrideQuotaForOrigin", { origin: this.#origin });
  }
}

async function chatOn(
  scene: Scene,
  server = scene.server,
): Promise<{ ann: Person; bob: Person; conversation: string }> {
  const [ann, bob] = await Promise.all([scene.person("ann", { server }), scene.person("bob", { server })]);
  const conversation = await ann.startDirect(bob.account);
  await bob.open(conversation);
  return { ann, bob, conversation };
}

onEachStore("faults", ({ test }) => {
  test("a server killed while messages flow loses nothing that was sent and doubles nothing", async (scene) => {
    const server = await scene.ownServer();
    const { ann, bob, conversation } = await chatOn(scene, server);
    const ofAnn = Array.from({ length: MESSAGES }, (_, index) => `ann ${index}.`);
    const ofBob = Array.from({ length: MESSAGES }, (_, index) => `bob ${index}.`);
    const talking = Promise.all([talk(ann, ofAnn), talk(bob, ofBob)]);

    const sent = new Set<string>();
    for (const count of [3, 8, 14]) {
      await untilAcknowledged(ann, count);
      await server.kill();
      for (const id of [...(await acknowledged(ann)), ...(await acknowledged(bob))]) {
        sent.add(id);
      }
      await server.run();
    }
    await talking;
    await Promise.all([ann.untilSynced(), bob.untilSynced()]);

    // A device that has nothing of its own sees what the server has.
    const reader = await scene.visitor("bob", { server, account: bob.account });
    await reader.untilConnection("online");
    await reader.open(conversation);
    await until(
      "all messages are there",
      () => reader.messages(),
      (messages) => messages.length >= 50,
    );
    await loadAll(reader);
    await loadAll(ann);
    await loadAll(bob);
    const seen = await untilEqualScreens(ann, bob, reader);

    const texts = seen.map(({ text }) => text);
    assert.deepEqual(
      texts.filter((text) => text.startsWith("ann")),
      ofAnn,
    );
    assert.deepEqual(
      texts.filter((text) => text.startsWith("bob")),
      ofBob,
    );
    assert.equal(texts.length, 2 * MESSAGES);
    const ids = new Set(seen.map(({ id }) => id));
    assert.ok(sent.size >= 14, "messages were sent before the server was killed");
    assert.deepEqual(
      [...sent].filter((id) => !ids.has(id)),
      [],
      "what was shown as sent is there",
    );
  });

  test("a network that comes and goes while both write loses and doubles nothing", async (scene) => {
    const { ann, bob } = await chatOn(scene);
    const ofAnn = Array.from({ length: MESSAGES }, (_, index) => `ann ${index}.`);
    const ofBob = Array.from({ length: MESSAGES }, (_, index) => `bob ${index}.`);
    const talking = Promise.all([talk(ann, ofAnn), talk(bob, ofBob)]);
    for (const count of [2, 5, 9]) {
      await untilAcknowledged(ann, count);
      ann.network.cut();
      await ann.untilConnection("waiting");
      ann.network.restore();
      await untilAcknowledged(bob, count);
      bob.network.cut();
      await bob.untilConnection("waiting");
      bob.network.restore();
    }
    await talking;
    await Promise.all([ann.untilSynced(), bob.untilSynced()]);
    await Promise.all([loadAll(ann), loadAll(bob)]);
    const texts = (await untilEqualScreens(ann, bob)).map(({ text }) => text);
    assert.deepEqual(
      texts.filter((text) => text.startsWith("ann")),
      ofAnn,
    );
    assert.deepEqual(
      texts.filter((text) => text.startsWith("bob")),
      ofBob,
    );
    assert.equal(texts.length, 2 * MESSAGES);
  });

  test("a tab that crashes while it sends loses and doubles nothing that was stored", async (scene) => {
    const { ann, bob, conversation } = await chatOn(scene);
    ann.network.cut();
    await ann.untilConnection("waiting");
    await ann.say("before the crash");
    ann.network.restore();
    await ann.untilState("before the crash", "read");
    const texts = Array.from({ length: 8 }, (_, index) => `quick ${index}`);
    await talk(ann, texts);
    await ann.untilStored();
    const crashed = new Promise((resolve) => ann.page.once("crash", resolve));
    // The address that makes a tab crash never answers.
    ann.page.goto("chrome://crash").catch(() => undefined);
    await crashed;

    const again = await scene.tab(ann.page.context(), ann.network, ann.account);
    await again.open(conversation);
    await again.untilSynced();
    await again.untilTexts(["before the crash", ...texts]);
    await untilEqualScreens(again, bob);
  });

  test("what is sent faster than the server allows is sent later, in order", async (scene) => {
    const server = await scene.ownServer({ flags: ["--changes-burst", "10", "--changes-per-second", "20"] });
    const ann = await scene.person("ann", { server });
    const texts = Array.from({ length: 80 }, (_, index) => `fast ${index}.`);
    const conversation = await deviceOf(server, scene.account("bob"), async (device) => {
      const { conversation: made } = await device.createDirect(ann.account);
      assert.ok(made !== undefined);
      for (const text of texts) {
        await device.sendMessage(made, text);
      }
      return made;
    });
    await ann.open(conversation);
    await ann.message(texts.at(-1) ?? "").waitFor();
    await loadAll(ann);
    await ann.untilTexts(texts);
  });

  test("a server that drains and starts again is not noticed in what is written", async (scene) => {
    const server = await scene.ownServer();
    const { ann, bob } = await chatOn(scene, server);
    await ann.say("before the restart");
    await bob.message("before the restart").waitFor();
    await server.stop();
    await ann.say("during the restart");
    assert.equal(await ann.stateOf("during the restart"), "pending");
    await server.run();
    await bob.message("during the restart").waitFor();
    await untilEqualScreens(ann, bob);
  });

  test("a session whose token expires gets a new one and goes on", async (scene) => {
    const bob = await scene.person("bob");
    const network = await scene.network(scene.server);
    network.giveTokens((account) => issueToken(account, "2s"));
    const ann = await scene.tab(await scene.device(), network, scene.account("ann"));
    await ann.untilSettled();
    const conversation = await ann.startDirect(bob.account);
    await bob.open(conversation);
    for (const round of [1, 2, 3]) {
      await until(
        "a new token was asked for",
        () => network.tokensGiven,
        (count) => count > round,
      );
      await ann.say(`round ${round}`);
      await bob.message(`round ${round}`).waitFor();
    }
    await bob.say("I hear you");
    await ann.message("I hear you").waitFor();
    await bob.untilTexts(["round 1", "round 2", "round 3", "I hear you"]);
  });

  test("a token that expires while its person is offline is replaced on return", async (scene) => {
    const network = await scene.network(scene.server);
    network.giveTokens((account) => issueToken(account, "3s"));
    const ann = await scene.tab(await scene.device(), network, scene.account("ann"));
    await ann.untilSettled();
    await ann.goOffline();
    const expiry = Date.now() + 3000;
    await ann.startDirect(scene.account("bob"));
    await ann.say("written while it expired");
    await until(
      "the token has expired",
      () => Date.now(),
      (now) => now > expiry,
    );
    network.giveTokens(undefined);
    await ann.find("network-switch").click();
    await ann.untilState("written while it expired", "sent");
    await ann.untilSynced();
  });

  test("a wrong token is told in words, and the right one brings the person online", async (scene) => {
    const network = await scene.network(scene.server);
    network.giveTokens((account) => issueToken(account, "1h", "a secret that the server does not have"));
    const ann = await scene.tab(await scene.device(), network, scene.account("ann"));
    await ann.untilConnection("rejected");
    assert.match(await ann.connectionWords(), /Not connected/);
    const reason = await ann.find("connection").getAttribute("title");
    assert.equal(reason, "The server did not accept your sign-in. Sign in again.");
    const conversation = await ann.startDirect(scene.account("bob"));
    await ann.say("written without a sign-in");
    assert.equal(await ann.stateOf("written without a sign-in"), "pending");

    network.giveTokens(undefined);
    await ann.find("connect-now").click();
    await ann.untilSettled();
    await ann.untilState("written without a sign-in", "sent");
    assert.deepEqual(await ann.conversations(), [conversation]);
  });

  test("without a server the connection says so in words and comes back with it", async (scene) => {
    const server = await scene.ownServer();
    const ann = await scene.person("ann", { server });
    await ann.startDirect(scene.account("bob"));
    await ann.untilSynced();
    await server.kill();
    await ann.untilConnection("waiting");
    await until(
      "the words",
      () => ann.connectionWords(),
      (words) => /^Reconnecting/.test(words),
    );
    await ann.say("into the void");
    await until(
      "the words",
      () => ann.connectionWords(),
      (words) => /1 not sent yet/.test(words),
    );

    await server.run();
    await ann.untilState("into the void", "sent");
    await ann.untilSynced();
    assert.match(await ann.connectionWords(), /^Online/);
  });

  test("a link that has gone silent is noticed and replaced", async (scene) => {
    const server = await scene.ownServer({ flags: ["--heartbeat-ms", "1000"] });
    const { ann, bob } = await chatOn(scene, server);
    await ann.say("loud and clear");
    await bob.message("loud and clear").waitFor();
    bob.network.silence();
    await ann.say("can you hear me?");
    await ann.untilState("can you hear me?", "sent");
    await bob.message("can you hear me?").waitFor();
    await bob.untilConnection("online");
    ann.network.silence();
    await ann.say("and now?");
    await bob.message("and now?").waitFor();
    await ann.untilSynced();
    await untilEqualScreens(ann, bob);
  });

  test("with a full quota a message stays in the composer, and goes when there is room", async (scene) => {
    const network = await scene.network(scene.server);
    const device = await scene.device();
    const quota = await Quota.of(device, network.url);
    await quota.limit(QUOTA_BYTES);
    const ann = await scene.tab(device, network, scene.account("ann"));
    const bob = await scene.person("bob");
    await ann.untilSettled();
    await bob.open(await ann.startDirect(bob.account));

    // The disk fills up as people write; what was refused is told, and still there to send.
    const written: string[] = [];
    let words = "";
    do {
      words = `${written.length} ${"long ".repeat(600)}end`;
      await ann.send(words);
      await until(
        "it is sent or refused",
        async () => [await ann.stateOf(words), await ann.find("composer-problem").innerText()],
        ([state, problem]) => (state ?? "pending") !== "pending" || problem !== "",
      );
      written.push(words);
    } while ((await ann.find("composer-problem").innerText()) === "" && written.length < 100);
    assert.match(await ann.find("composer-problem").innerText(), /no space left/);
    assert.equal(await ann.find("composer").inputValue(), words);
    const storage = ann.find("storage").filter({ hasText: "no space left" });
    await storage.waitFor();
    assert.equal(await storage.getAttribute("data-code"), "storage_full");
    await ann.untilTexts(written.slice(0, -1));

    await quota.lift();
    // The app notices by itself that there is room again.
    await storage.waitFor({ state: "hidden" });
    await ann.find("send").click();
    await bob.message(words).waitFor();
    await ann.untilTexts(written);
    await bob.untilTexts(written);
    await untilEqual("the composer", () => ann.find("composer").inputValue(), "");
  });
});
