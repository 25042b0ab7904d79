/** What is public is found, by its words or its name, and joined; and what one left is listed by the server. */
import assert from "node:assert/strict";

import type { Client } from "tidings";

import { deviceOf } from "./support/device.js";
import type { Person } from "./support/person.js";
import { onEachStore } from "./support/scene.js";
import { until, untilEqual } from "./support/until.js";

/** Types into the search for what is public, and waits until these are found; those that one word finds stand in no order. */
async function untilFound(person: Person, words: string, conversations: readonly string[]): Promise<void> {
  await person.find("discovery-search").fill(words);
  const rows = () =>
    person
      .find("discovery-row")
      .evaluateAll((shown) => shown.map((row) => (row as HTMLElement).dataset["conversation"] ?? "").sort());
  await untilEqual(`what ${person.account} finds under ${words}`, rows, [...conversations].sort());
}

onEachStore("discovery", ({ test }) => {
  test("a public channel is found by how its words or its name begin, and joined", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const boats = await ann.startChannel("Old Boats", [], "boats");
    await ann.say("welcome on board");
    const ships = await ann.startChannel("Ships of old", [], "ships");
    await ann.untilSynced();
    await bob.find("discover").click();
    await untilFound(bob, "old", [boats, ships]);
    await untilFound(bob, "OLD bo", [boats]);
    await untilFound(bob, "@shi", [ships]);
    await untilFound(bob, "nothing like it", []);
    await bob.find("discovery-told").filter({ hasText: "Nothing found." }).waitFor();
    await untilFound(bob, "boats", [boats]);
    await bob.find("discovery-join").click();
    await bob.find("discovery-join").filter({ hasText: "Joined" }).waitFor();
    await bob.find("dialog-cancel").click();
    await bob.open(boats);
    await bob.untilTexts(["welcome on board"]);

    await bob.find("discover").click();
    await untilFound(bob, "boats", [boats]);
    await bob.find("discovery-open").click();
    await bob.find("discovery").waitFor({ state: "detached" });
    await bob.goOffline();
    await bob.find("discover").click();
    await bob.find("discovery-told").filter({ hasText: "cannot be reached" }).waitFor();
  });

  test("a thing of somebody's is asked about offline, in a chat of its own, and found by what it is", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const direct = await bob.startDirect(ann.account);
    await bob.say("hello");
    await bob.goOffline();
    const conversation = await bob.askAbout("flat 7", ann.account);
    await bob.say("is it free?");
    assert.notEqual(conversation, direct);
    await bob.goOnline();
    await bob.untilSynced();
    await ann.open(conversation);
    await ann.untilTexts(["is it free?"]);
    await ann.say("from May on");
    await bob.untilTexts(["is it free?", "from May on"]);
    await ann.find("inbox-filter").selectOption({ label: "Things" });
    await untilEqual("the things that Ann is asked about", () => ann.conversations(), [conversation]);
  });

  test("what an account left is listed on a device that never held it", async (scene) => {
    const ann = await scene.person("ann");
    const harbour = await ann.startChannel("The Harbour", [], "harbour");
    await ann.untilSynced();
    const account = `friend-of-${ann.account}`;
    const left = (device: Client) =>
      until(
        "what the friend left is told by the server",
        () => device.list({ statuses: ["left"] }),
        ({ rows, complete }) => complete && rows.length > 0,
      );
    await deviceOf(scene.server, account, async (device) => {
      await untilEqual("the connection", () => device.connection.type, "online");
      const { rows } = await device.searchPublic("harbour");
      assert.deepEqual(
        rows.map((row) => [row.conversation, row.name, row.status]),
        [[harbour, "harbour", undefined]],
      );
      await device.join(harbour);
      await until("the friend is in", () => device.list({ statuses: ["subscribed"] }), (page) => page.rows.length === 1);
      await device.leave(harbour);
      await left(device);
    });
    await deviceOf(scene.server, account, async (device) => {
      assert.deepEqual(
        (await left(device)).rows.map((row) => [row.conversation, row.status, row.title]),
        [[harbour, "left", "The Harbour"]],
      );
      assert.deepEqual((await device.list()).rows, []);
    });
  });
});
